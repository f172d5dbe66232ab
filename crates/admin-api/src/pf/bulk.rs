//! `/bulk`

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::error::{ApiError, ValidationError};
use super::request::{Conditions, Document};
use super::{Caller, answer, change};
use crate::Api;

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

/// Whether the first problem ends an import. All are told and nothing is saved, so that it makes no difference; what is no
/// truth value was meant otherwise.
pub(super) struct FailFast;

impl FromRequestParts<Api> for FailFast {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, api).await;
        let query = query.map(|Query(pairs)| pairs).unwrap_or_default();
        let mut given = query.iter().filter(|(name, _)| name == "failFast");
        if given.all(|(_, value)| matches!(value.as_str(), "true" | "false")) {
            return Ok(Self);
        }
        Err(ApiError::wrong_query(vec![ValidationError {
            error_id: "invalid_value".to_owned(),
            message: "expected true or false, found something else".to_owned(),
            field_path: "failFast".to_owned(),
        }]))
    }
}

pub(super) async fn import(
    Caller(admin): Caller,
    conditions: Conditions,
    _: FailFast,
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
