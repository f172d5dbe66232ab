//! Who looks at a page, and whether the page they sent a form from was ours.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use usher_admin_api::{Acting, Api, browser};
use usher_engine::access::Session;
use usher_engine::admin::{Admin, Permission};

use super::fault::Fault;
use super::page::Done;
use crate::form::Form;

/// Somebody who is signed in and may look.
pub(crate) struct SignedIn {
    /// The service as they may use it.
    pub(crate) admin: Admin,
    /// Their session.
    pub(crate) session: Session,
    /// The path of the page.
    pub(crate) path: String,
    /// What the request before did.
    pub(crate) done: Option<Done>,
}

impl SignedIn {
    /// Whether they may do that: what they may not is not offered.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.session.operator.may(permission)
    }
}

impl FromRequestParts<Api> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Fault> {
        match session(parts, api).await? {
            Some(session) => signed_in(parts, api, session),
            None if api.access.is_first_run().await? => Err(Fault::FirstRun),
            None => Err(Fault::SignIn {
                to: back_to(parts),
                sent: None,
            }),
        }
    }
}

/// A form that somebody who is signed in sent from a page of ours.
pub(crate) struct Posted {
    /// Who.
    pub(crate) who: SignedIn,
    /// What.
    pub(crate) form: Form,
}

impl FromRequest<Api> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        if let Err(why) = browser::require_own_page(&parts.headers) {
            return Err(forged(why));
        }
        let found = session(&parts, api).await?;
        let form = Form::read(&parts, body).await?;
        let Some(session) = found else {
            return Err(Fault::SignIn {
                to: back_to(&parts),
                sent: Some(form),
            });
        };
        if !session.is_csrf(form.text("csrf")) {
            return Err(forged(
                "The form does not belong to this session: it was opened before you signed in, or another site made it.",
            ));
        }
        let who = signed_in(&parts, api, session)?;
        Ok(Self { who, form })
    }
}

fn forged(why: &str) -> Fault {
    let hint = "Open the page anew, and send it from there. Nothing was changed.";
    Fault::told(StatusCode::FORBIDDEN, "Not done", why, hint)
}

async fn session(parts: &Parts, api: &Api) -> Result<Option<Session>, Fault> {
    for token in browser::cookies(&parts.headers) {
        if let Some(session) = api.access.session(token).await? {
            return Ok(Some(session));
        }
    }
    Ok(None)
}

fn signed_in(parts: &Parts, api: &Api, session: Session) -> Result<SignedIn, Fault> {
    if let Some(acting) = parts.extensions.get::<Acting>() {
        acting.note(&session.operator.name);
    }
    let operator = session.operator.clone();
    operator.require(Permission::Look)?;
    Ok(SignedIn {
        admin: Admin {
            operator,
            ..api.admin.clone()
        },
        session,
        path: parts.uri.path().to_owned(),
        done: done(parts),
    })
}

#[derive(serde::Deserialize)]
struct WasDone {
    done: Option<Done>,
}

fn done(parts: &Parts) -> Option<Done> {
    Query::<WasDone>::try_from_uri(&parts.uri).ok()?.0.done
}

/// Where to go on after signing in: the page itself.
fn back_to(parts: &Parts) -> String {
    let uri = &parts.uri;
    match uri.query() {
        Some(query) if parts.method == Method::GET => format!("{}?{query}", uri.path()),
        _ => uri.path().to_owned(),
    }
}
