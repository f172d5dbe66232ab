//! Refusals as problem documents (RFC 9457).

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use usher_connector::SourceError;
use usher_engine::EngineError;
use usher_engine::access::SignInError;
use usher_store::StoreError;
use uuid::Uuid;

use crate::caller::Refusal;
use crate::identified;

/// A refusal. `code` is stable and for programs, the texts are for people.
#[derive(Debug)]
pub(crate) struct Problem(Box<Body>);

#[derive(Debug, Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    code: String,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
    request_id: Uuid,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// What the resource is now, where a change came too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Value>,
    #[serde(skip)]
    etag: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// What is wrong at one place of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// A JSON pointer into the body, as a URI fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// A parameter of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    /// What was expected, what was found, what to do.
    pub(crate) detail: String,
}

impl Fault {
    /// About a place of the body; the pointer without its `#`.
    pub(crate) fn at(pointer: impl AsRef<str>, detail: impl Into<String>) -> Self {
        Self {
            pointer: Some(format!("#{}", pointer.as_ref())),
            parameter: None,
            detail: detail.into(),
        }
    }

    /// About a parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: Some(name.to_owned()),
            detail: detail.into(),
        }
    }
}

impl Problem {
    /// A refusal with this status.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Body {
            kind: format!("urn:usher:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            hint: String::new(),
            request_id: identified::id(),
            errors: Vec::new(),
            current: None,
            etag: None,
            retry_after: None,
        }))
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What was expected and what was found.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Its code and its detail.
    pub(super) fn said(self) -> (String, String) {
        (self.0.code, self.0.detail)
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// Everything that is wrong, by place.
    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<Fault>) -> Self {
        self.0.errors = errors;
        self
    }

    /// What is there now, with its tag.
    #[must_use]
    pub(crate) fn current(mut self, current: Value, etag: &str) -> Self {
        self.0.current = Some(current);
        self.0.etag = Some(etag.to_owned());
        self
    }

    /// When to try again, seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Nothing of that name.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// A body that can be read, and cannot be meant.
    pub(crate) fn invalid(errors: Vec<Fault>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            more => format!(
                "{} things are wrong with the request; see `errors`",
                more.len()
            ),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).errors(errors)
    }

    /// Nobody signed in.
    pub(crate) fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "this request names nobody who may make it",
        )
        .hint("send an API token: `Authorization: Bearer TOKEN`; docs/api.md says how to get one")
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let text = error.to_string();
        match error {
            EngineError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "forbidden", text)
                .hint("somebody with that role can do it, or give the role"),
            EngineError::Configuration(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "configuration", text)
            }
            EngineError::Refused(_) => Self::new(StatusCode::CONFLICT, "refused", text),
            EngineError::PlanChanged { .. } => {
                Self::new(StatusCode::CONFLICT, "plan_changed", text)
                    .hint("make a new plan and look at it")
            }
            EngineError::Source(SourceError::Settings(_)) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "source_settings", text)
            }
            EngineError::Source(_) => Self::new(StatusCode::BAD_GATEWAY, "source_failed", text)
                .hint("test the data store: `POST /api/v1/data-stores/{id}/test`"),
            EngineError::Target(_) => Self::new(StatusCode::BAD_GATEWAY, "target_failed", text)
                .hint("test the SP connection: `POST /api/v1/sp-connections/{id}/test`"),
            EngineError::Busy { .. } => {
                Self::new(StatusCode::CONFLICT, "busy", text).retry_after(10)
            }
            EngineError::Store(StoreError::Conflict { .. }) => {
                Self::new(StatusCode::PRECONDITION_FAILED, "stale", text)
                    .hint("read the resource again, and make the change on what is there now")
            }
            EngineError::Store(StoreError::Fenced { .. } | StoreError::Transition { .. }) => {
                Self::new(StatusCode::CONFLICT, "overtaken", text)
            }
            EngineError::Store(StoreError::Full(_)) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", text)
                    .hint("make room on the disk of the state folder; looking goes on with a session, an API token, or a name and a password with each request")
            }
            EngineError::Store(StoreError::Moved { .. }) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "state_moved", text)
            }
            EngineError::Store(_) => {
                tracing::error!(%text, "the state store failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", text)
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotSignedIn => Self::not_signed_in(),
            Refusal::SignIn(error) => error.into(),
            Refusal::Forged(why) => Self::new(StatusCode::FORBIDDEN, "forged", why),
            Refusal::Engine(error) => error.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        let wait = |seconds: u64| {
            Self::new(StatusCode::TOO_MANY_REQUESTS, "wait", text.clone())
                .retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        };
        match error {
            SignInError::Refused => Self::new(StatusCode::UNAUTHORIZED, "sign_in_refused", text),
            SignInError::Wait { seconds } => wait(seconds),
            SignInError::Busy => wait(5),
            SignInError::Engine(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.0;
        let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Texts and numbers always serialise.
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, text).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"usher\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        let etag = body.etag.and_then(|tag| HeaderValue::from_str(&tag).ok());
        if let Some(etag) = etag {
            headers.insert(header::ETAG, etag);
        }
        if let Some(seconds) = body.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What is not there.
pub(super) async fn no_such_resource(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no resource `{}`", uri.path()))
        .hint("docs/api/openapi.json, also at `/api/v1/openapi.json`, lists every resource")
}

/// What cannot be done with a resource.
pub(super) async fn no_such_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{method}` is not possible on `{}`", uri.path()),
    )
    .hint("the header `Allow` has what is")
}
