//! Why there is no page, as a page.

use askama::Template;
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use usher_engine::EngineError;
use usher_engine::access::{AccessError, SignInError};
use usher_store::StoreError;

use super::page::{Frame, see};
use crate::form::Form;
use crate::sign_in;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody is signed in, or not any more. What was sent is kept in the form that asks for it.
    SignIn {
        /// Where to go on.
        to: String,
        /// What was being sent there.
        sent: Option<Form>,
    },
    /// There is no operator yet.
    FirstRun,
    /// Another page says why.
    Told {
        /// The status.
        status: StatusCode,
        /// In a few words.
        title: String,
        /// What was expected, what was found.
        detail: String,
        /// What to do next.
        hint: String,
    },
}

impl Fault {
    pub(crate) fn told(
        status: StatusCode,
        title: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Told {
            status,
            title: title.into(),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    /// There is no such thing.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        let hint = "It may have been removed or renamed meanwhile.";
        Self::told(StatusCode::NOT_FOUND, "Not found", what, hint)
    }

    /// Something of ours is broken.
    pub(crate) fn defect() -> Self {
        Self::told(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This page could not be made",
            "It hit a defect of this service. Nothing was changed by it.",
            "The log has what happened.",
        )
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let (status, title) = match &error {
            EngineError::Forbidden(_) => (StatusCode::FORBIDDEN, "Not allowed"),
            EngineError::Configuration(_)
            | EngineError::Refused(_)
            | EngineError::PlanChanged { .. }
            | EngineError::Busy { .. }
            | EngineError::Store(StoreError::Conflict { .. }) => (StatusCode::CONFLICT, "Not done"),
            EngineError::Source(_) => (StatusCode::BAD_GATEWAY, "The directory did not answer"),
            EngineError::Target(_) => (StatusCode::BAD_GATEWAY, "The target did not answer"),
            EngineError::Store(StoreError::Full(_)) => {
                (StatusCode::INSUFFICIENT_STORAGE, "The disk is full")
            }
            EngineError::Store(StoreError::Moved { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The state was moved")
            }
            EngineError::Store(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The state cannot be read or written",
            ),
        };
        Self::told(status, title, error.to_string(), "")
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<SignInError> for Fault {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        let status = match error {
            SignInError::Refused => StatusCode::UNAUTHORIZED,
            SignInError::Wait { .. } | SignInError::Busy => StatusCode::TOO_MANY_REQUESTS,
            SignInError::Engine(error) => return error.into(),
        };
        Self::told(status, "Not signed in", text, "")
    }
}

impl From<AccessError> for Fault {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound(text) => Self::missing(text),
            AccessError::Invalid(_) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::told(status, "Not done", error.to_string(), "")
            }
            AccessError::SignIn(error) => error.into(),
            AccessError::Engine(error) => error.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "frame/fault.html")]
struct FaultPage {
    frame: Frame,
    detail: String,
    hint: String,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { to, sent } => sign_in::asked(&to, sent),
            Self::FirstRun => see(sign_in::FIRST_RUN),
            Self::Told {
                status,
                title,
                detail,
                hint,
            } => {
                let frame = Frame::open(title);
                let made = FaultPage {
                    frame,
                    detail,
                    hint,
                };
                match made.render() {
                    Ok(text) => (status, Html(text)).into_response(),
                    Err(_) => (status, [(header::CONTENT_TYPE, "text/plain")], "not done\n")
                        .into_response(),
                }
            }
        }
    }
}

/// There is no page at this address.
pub(crate) async fn nowhere(uri: Uri) -> Fault {
    Fault::missing(format!("There is no page at {}.", uri.path()))
}

impl From<usher_admin_api::work::NotDone> for Fault {
    fn from(error: usher_admin_api::work::NotDone) -> Self {
        let hint = "Go back to the channel and look at what is under way there.";
        Self::told(error.status(), "Not done", error.detail(), hint)
    }
}
