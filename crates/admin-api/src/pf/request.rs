//! What requests carry: a JSON body, an id, conditions.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::error::ApiError;
use crate::{Api, twice};

/// Largest body, bytes.
const MOST: usize = 4 << 20;

/// A JSON document.
pub(super) struct Document(pub(super) Value);

impl FromRequest<Api> for Document {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be JSON, with the header `Content-Type: application/json`.",
            ));
        }
        let bytes = axum::body::to_bytes(request.into_body(), MOST)
            .await
            .map_err(|_| {
                ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "bad_request",
                    format!(
                        "The body did not arrive whole, or has more than {} MiB.",
                        MOST >> 20
                    ),
                )
            })?;
        if let Some(pointer) = twice::twice(&bytes) {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                format!("Nothing was looked at: {}.", twice::words(&pointer)),
            ));
        }
        // The parser refuses what is nested more than 128 levels deep.
        let document = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                format!("The body is no JSON: {error}. The rest of it was not looked at."),
            )
        })?;
        Ok(Self(document))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let kind = given.and_then(|given| given.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The id in an address.
pub(super) struct Id(pub(super) String);

impl FromRequestParts<Api> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Path(id) = Path::<String>::from_request_parts(parts, api)
            .await
            .map_err(|_| ApiError::missing(parts.uri.path()))?;
        Ok(Self(id))
    }
}

/// What a change depends on.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    /// Nothing outside is asked before saving.
    pub(super) bypass: bool,
    /// The document must still be the one with this tag.
    pub(super) if_match: Option<String>,
}

impl Conditions {
    /// Whether something outside is asked; the document may be any.
    pub(crate) fn asking(ask: bool) -> Self {
        Self {
            bypass: !ask,
            if_match: None,
        }
    }
}

impl FromRequestParts<Api> for Conditions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let bypass = match parts.headers.get("x-bypassexternalvalidation") {
            None => false,
            Some(_) => match header("x-bypassexternalvalidation").map(str::trim) {
                Some(text) if text.eq_ignore_ascii_case("true") => true,
                Some(text) if text.eq_ignore_ascii_case("false") => false,
                _ => {
                    return Err(ApiError::new(
                        StatusCode::BAD_REQUEST,
                        "bad_request",
                        "The header X-BypassExternalValidation must be `true` or `false`.",
                    ));
                }
            },
        };
        Ok(Self {
            bypass,
            if_match: header(IF_MATCH.as_str()).map(str::to_owned),
        })
    }
}
