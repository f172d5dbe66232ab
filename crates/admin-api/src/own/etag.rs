//! Tags of versions, against lost updates.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use usher_core::model::Hash128;

use super::problem::Problem;
use crate::Api;

/// The tag of a value.
pub(crate) fn tag<T: Serialize + ?Sized>(value: &T) -> String {
    format!("\"{}\"", Hash128::of_json(value))
}

/// A value with its tag.
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, tag(&self.0))], Json(self.0)).into_response()
    }
}

/// What a change was made from.
pub(crate) struct IfMatch(String);

impl FromRequestParts<Api> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let given = parts.headers.get(header::IF_MATCH);
        let text = given.and_then(|value| value.to_str().ok());
        text.map(|text| Self(text.to_owned())).ok_or_else(|| {
            Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "if_match_missing",
                "a change must say which version it was made from",
            )
            .hint("read the resource and send its `ETag` as `If-Match`")
        })
    }
}

impl IfMatch {
    /// Refuses a change that was made from another version than the one that is there.
    pub(crate) fn check<T: Serialize>(&self, current: &T) -> Result<(), Problem> {
        let now = tag(current);
        let fits = |given: &str| given.trim() == now;
        if self.0.trim() == "*" || self.0.split(',').any(fits) {
            return Ok(());
        }
        let current = serde_json::to_value(current).unwrap_or(Value::Null);
        Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "somebody changed it since it was read: nothing was changed now",
        )
        .hint("`current` has what is there now; make the change on that, with the new `ETag`")
        .current(current, &now))
    }
}
