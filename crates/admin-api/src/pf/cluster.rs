//! `/cluster`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use usher_engine::admin::Permission;
use usher_pf::{PF_VERSION, date};

use super::error::ApiError;
use super::{Caller, answer};

/// One node, which does everything.
pub(super) async fn status(Caller(admin): Caller) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let configuration = admin.engine.configuration().await?;
    let stores = configuration.data_stores.iter().map(|store| store.dates);
    let connections = configuration.sp_connections.iter().map(|sp| sp.dates);
    let last = stores.chain(connections).filter_map(|dates| dates.modified);
    let mut node = json!({
        "address": "localhost",
        "index": 1,
        "mode": "STANDALONE",
        "version": PF_VERSION,
    });
    let mut document = json!({
        "currentNodeIndex": 1,
        "mixedMode": false,
        "replicationRequired": false,
    });
    if let Some(at) = last.max().map(date) {
        node["configurationTimestamp"] = Value::from(at.as_str());
        document["lastConfigUpdateTime"] = Value::from(at);
    }
    document["nodes"] = Value::from(vec![node]);
    Ok(answer::document(StatusCode::OK, document, &[]))
}
