//! `/version`

use axum::Json;
use serde_json::{Value, json};

use super::Caller;

/// The version of the product whose shape this is.
pub(super) async fn get(_: Caller) -> Json<Value> {
    Json(json!({"version": usher_pf::PF_VERSION}))
}
