//! Whether the service lives, and whether it does its work: for whoever watches it, without a sign-in and
//! without a word about anybody.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Api;

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
pub(crate) async fn ready(State(api): State<Api>) -> Response {
    let Some(service) = &api.service else {
        let why = "no service runs here".to_owned();
        return answer(StatusCode::SERVICE_UNAVAILABLE, "not_ready", vec![why]);
    };
    match service.ready().await {
        Ok(()) => answer(StatusCode::OK, "ready", Vec::new()),
        Err(problems) => answer(StatusCode::SERVICE_UNAVAILABLE, "not_ready", problems),
    }
}

fn answer(code: StatusCode, status: &'static str, problems: Vec<String>) -> Response {
    (code, Json(Health { status, problems })).into_response()
}
