//! Whether the service lives, and whether it does its work: for whoever watches it, without a sign-in and
//! without a word about anybody.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Api;
use crate::near::may_see;

/// How it is.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// It lives: whoever asks is answered.
pub(crate) async fn live() -> Response {
    answer(StatusCode::OK, "live", Vec::new())
}

/// It does its work: the state can be read and written, the leases are held, the key is there.
///
/// What is wrong names SP connections and files: whoever may not look gets the status alone.
pub(crate) async fn ready(State(api): State<Api>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let (ready, mut problems) = how(&api).await;
    if !problems.is_empty() && !may_see(&parts, &api).await {
        problems.clear();
    }
    if ready {
        answer(StatusCode::OK, "ready", problems)
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, "not_ready", problems)
    }
}

async fn how(api: &Api) -> (bool, Vec<String>) {
    let Some(service) = &api.service else {
        return (false, vec!["no service runs here".to_owned()]);
    };
    match service.ready().await {
        Ok(()) => (true, Vec::new()),
        Err(problems) => (false, problems),
    }
}

fn answer(code: StatusCode, status: &'static str, problems: Vec<String>) -> Response {
    (code, Json(Health { status, problems })).into_response()
}
