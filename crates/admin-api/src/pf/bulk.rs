//! `/bulk`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Conditions, Document};
use super::{Caller, answer, change};

/// The whole configuration. The published shape has no place for policies; they stand beside it in the key
/// `policies`, in the form of the configuration file.
pub(super) async fn export(Caller(admin): Caller) -> Result<Response, ApiError> {
    let configuration = admin.configuration_to_show().await?;
    let file = usher_pf::export(&configuration);
    let mut document = file.pf;
    if let Some(policies) = file.policies.filter(|policies| !policies.is_empty()) {
        document["policies"] = Value::from(policies);
    }
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn import(
    Caller(admin): Caller,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    let changed = change::import(&admin, &document, &conditions).await?;
    let document = json!({
        "revision": changed.configuration.revision,
        "warnings": changed.warnings,
    });
    Ok(answer::document(
        StatusCode::OK,
        document,
        &changed.warnings,
    ))
}
