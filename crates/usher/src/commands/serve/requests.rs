//! Every request: one line in the log, an answer also to a defect, and no body without an end.

use std::time::{Duration, Instant};

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use usher_admin_api::{Acting, Peer};

/// Between two pieces of a body passes no more.
const BODY: Duration = Duration::from_secs(30);
/// Bytes of a body, where nothing else is said.
const BODY_BYTES: usize = 4 << 20;

/// Characters of a path in the log.
const LONGEST: usize = 300;

/// With what holds for every request.
pub(super) fn watched(router: Router) -> Router {
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(RequestBodyTimeoutLayer::new(BODY))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(one_host))
        .layer(middleware::from_fn(told))
}

/// Two names for one host: what stands before us may have looked at the other one.
async fn one_host(request: Request, next: Next) -> Response {
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        let words = "expected one header `Host`, found several\n";
        return (StatusCode::BAD_REQUEST, words).into_response();
    }
    next.run(request).await
}

/// Answers everything with why nothing runs.
pub(super) fn refusing(why: String) -> Router {
    let refuse = move || {
        let why = why.clone();
        async move {
            let body = json!({
                "type": "urn:usher:problem:not_running", "title": "Service Unavailable",
                "status": 503, "code": "not_running", "detail": why,
            });
            let mut response = (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            );
            response
        }
    };
    Router::new()
        .route(
            "/healthz",
            get(|| async { Json(json!({"status": "live"})) }),
        )
        .fallback(refuse)
}

/// One line per request. Of the address only the path: what follows it may be a secret. The names of the
/// fields are a promise: docs/operators-guide.md.
async fn told(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = short(request.method().as_str());
    let path = short(request.uri().path());
    let acting = Acting::default();
    request.extensions_mut().insert(acting.clone());
    let peer = request.extensions().get::<Peer>().cloned();
    let response = next.run(request).await;
    let id = response.headers().get("x-request-id");
    let operator = acting.name().or(peer.as_ref().map(|peer| peer.0.as_str()));
    tracing::info!(
        request.id = id.and_then(|id| id.to_str().ok()).unwrap_or("-"),
        operator.name = operator.unwrap_or("-"),
        http.method = method,
        http.path = path,
        http.status = response.status().as_u16(),
        took_ms = begun.elapsed().as_millis() as u64,
        "answered"
    );
    response
}

/// Nobody fills the log with one request.
fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
