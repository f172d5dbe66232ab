//! What the published shape lacks: `/api/v1`. One file for each group of resources; a group says in
//! one place where a resource is, what it takes and answers, and who handles it.

mod alerts;
mod audit;
mod backups;
mod catalogue;
mod channels;
mod checks;
mod configuration;
mod cycles;
mod directory;
mod etag;
mod events;
pub(crate) mod given;
pub(crate) mod jobs;
mod links;
pub(crate) mod openapi;
mod page;
mod params;
mod place;
mod plans;
mod policy;
mod preview;
pub(crate) mod problem;
pub(crate) mod runs;
mod saved;
mod secrets;
mod step_view;
mod steps;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use usher_engine::admin::Admin;

use crate::Api;
use crate::caller::admin_of;
use crate::identified::identified;
use openapi::Group;
use problem::Problem;

pub(crate) use events::{Listen, Streams};
pub(crate) use jobs::Jobs;
pub(crate) use openapi::document;

/// Largest body.
const LARGEST: usize = 1 << 20;

/// The groups, in the order of the document.
fn groups() -> Vec<Group> {
    vec![
        openapi::group(),
        channels::group(),
        runs::group(),
        policy::group(),
        catalogue::group(),
        cycles::group(),
        plans::group(),
        steps::group(),
        links::group(),
        alerts::group(),
        audit::group(),
        directory::group(),
        checks::group(),
        preview::group(),
        configuration::group(),
        backups::group(),
        events::group(),
        crate::sign_in::session_group(),
        crate::sign_in::token_group(),
    ]
}

/// The routes, relative to `/api/v1`.
pub(crate) fn routes() -> Router<Api> {
    let mut router = Router::new();
    for group in groups() {
        router = router.merge(group.router);
    }
    router
        .fallback(problem::no_such_resource)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(identified))
}

/// A defect of ours is an answer, and stops no other request.
fn panicked(why: Box<dyn std::any::Any + Send>) -> Response {
    let text = why.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| why.downcast_ref::<&str>().copied());
    tracing::error!(
        panic = text.unwrap_or("unknown"),
        "answering a request failed"
    );
    let detail =
        "the request hit a defect of this service; the log has the request's id and what happened";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "defect", detail).into_response()
}

/// The service as the sender of the request may use it.
pub(crate) struct Caller(pub(crate) Admin);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self(admin_of(parts, api).await?))
    }
}
