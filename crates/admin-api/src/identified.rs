//! Every request has an id: in its answer, in a problem's body and in the logs.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static ID: Uuid;
}

/// The id of the request that is being answered.
pub(crate) fn id() -> Uuid {
    // Outside of a request nobody has been told an id.
    ID.try_with(|id| *id).unwrap_or_else(|_| Uuid::now_v7())
}

/// Gives a request its id, and its answer the headers that every answer has.
pub(crate) async fn identified(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %request.method(),
        http.path = request.uri().path(),
    );
    let answered = async {
        let response = next.run(request).await;
        tracing::debug!(http.status = response.status().as_u16(), "answered");
        response
    };
    let mut response = ID.scope(id, answered.instrument(span)).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HEADER, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
