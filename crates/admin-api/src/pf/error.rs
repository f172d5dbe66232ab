//! Refusals in the published shape: `ApiResult`.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use usher_engine::EngineError;
use usher_engine::access::SignInError;
use usher_store::StoreError;

use super::change::{OUTSIDE, UNASKED};
use crate::caller::Refusal;
use crate::documents::Refused;

/// The kind of refusal of a document that somebody else changed since it was read.
const CHANGED: &str = "changed_meanwhile";

/// A refusal.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ApiResult,
    /// When to try again, seconds.
    retry_after: Option<u64>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiResult {
    result_id: String,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    validation_errors: Vec<ValidationError>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidationError {
    /// What kind of mistake it is.
    pub(crate) error_id: String,
    /// What was expected, what was found, what to do.
    pub(crate) message: String,
    /// Where, relative to the body.
    pub(crate) field_path: String,
}

impl ApiError {
    /// A refusal with this status.
    pub(crate) fn new(status: StatusCode, id: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ApiResult {
                result_id: id.to_owned(),
                message: message.into(),
                validation_errors: Vec::new(),
            },
            retry_after: None,
        }
    }

    /// A refusal in the words of a page.
    pub(crate) fn refused(refused: Refused) -> Self {
        let errors = refused.mistakes.into_iter();
        let errors = errors.map(|(field_path, message)| ValidationError {
            error_id: "invalid_value".to_owned(),
            message,
            field_path,
        });
        let mut error = Self::invalid(errors.collect());
        if refused.changed_meanwhile {
            CHANGED.clone_into(&mut error.body.result_id);
        }
        error.body.message = refused.message;
        error
    }

    /// The refusal in the words of a page.
    pub(crate) fn told(self) -> Refused {
        let errors = self.body.validation_errors;
        let outside = errors.iter().any(|one| one.error_id == OUTSIDE);
        let mistakes = errors.into_iter();
        let mistakes = mistakes.map(|one| (one.field_path, without_header(&one.message)));
        Refused {
            changed_meanwhile: self.body.result_id == CHANGED,
            outside,
            message: without_header(&self.body.message),
            mistakes: mistakes.collect(),
        }
    }

    /// Too many attempts, or too many at once.
    pub(super) fn wait(seconds: u64, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        error.retry_after = Some(seconds);
        error
    }

    /// 422 with everything that is wrong.
    pub(crate) fn invalid(errors: Vec<ValidationError>) -> Self {
        let mut error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_error",
            "Nothing was saved: see the validation errors.",
        );
        error.body.validation_errors = errors;
        error
    }

    /// 422 with everything that is wrong with the query of an address.
    pub(super) fn wrong_query(errors: Vec<ValidationError>) -> Self {
        let mut error = Self::invalid(errors);
        "The query of the address cannot be used: see the validation errors."
            .clone_into(&mut error.body.message);
        error
    }

    /// 404.
    pub(super) fn missing(address: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "resource_not_found",
            format!("There is no resource `{address}`."),
        )
    }

    /// 422 about the whole request.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_error",
            message,
        )
    }

    /// The same, with places relative to a part of what was looked at.
    pub(super) fn within(mut self, part: &str) -> Self {
        for error in &mut self.body.validation_errors {
            if let Some(rest) = error.field_path.strip_prefix(part) {
                error.field_path = rest.trim_start_matches('.').to_owned();
            }
        }
        self
    }

    pub(super) fn missing_xsrf_header() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "missing_xsrf_header",
            "The header X-XSRF-Header is missing. Add it with any value, such as `X-XSRF-Header: usher`.",
        )
    }

    pub(super) fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Sign in with the user name and password of an administrative account (basic authentication).",
        )
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let (status, id) = match &error {
            EngineError::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            EngineError::Configuration(_)
            | EngineError::Refused(_)
            | EngineError::PlanChanged { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_error")
            }
            EngineError::Source(_) | EngineError::Target(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "external_validation_error",
            ),
            EngineError::Busy { .. } | EngineError::Store(StoreError::Conflict { .. }) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "conflict")
            }
            EngineError::Store(StoreError::Full(_)) => {
                (StatusCode::INSUFFICIENT_STORAGE, "disk_full")
            }
            EngineError::Store(StoreError::Moved { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "state_moved")
            }
            EngineError::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "store_error"),
        };
        Self::new(status, id, error.to_string())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotSignedIn => Self::not_signed_in(),
            Refusal::SignIn(error) => error.into(),
            Refusal::Forged(why) => Self::new(StatusCode::FORBIDDEN, "forbidden", why),
            Refusal::Engine(error) => error.into(),
        }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        match error {
            SignInError::Refused => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", text),
            SignInError::Wait { seconds } => Self::wait(seconds, text),
            SignInError::Busy => Self::wait(5, text),
            SignInError::Engine(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"usher\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What is not there.
pub(super) async fn no_such_resource(uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "resource_not_found",
        format!(
            "There is no resource `{}` in this part of the administrative API.",
            uri.path()
        ),
    )
}

/// What cannot be done with a resource.
pub(super) async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{method}` is not possible on `{}`.", uri.path()),
    )
}
/// A page has a button where the published API has a header.
fn without_header(words: &str) -> String {
    words.replace(&format!("; {UNASKED}"), "")
}
