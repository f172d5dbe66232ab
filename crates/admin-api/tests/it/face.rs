//! What both faces ask of every request.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use usher_admin_api::Peer;

use crate::world::World;

#[tokio::test]
async fn the_published_face_tells_its_version() {
    let world = World::start().await;
    let answer = world.get("/pf-admin-api/v1/version").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body, json!({"version": "12.1.0.0"}));
}

#[tokio::test]
async fn a_request_without_the_header_that_other_sites_cannot_send_is_refused() {
    let world = World::start().await;
    let request = Request::get("/pf-admin-api/v1/version")
        .extension(Peer("test".to_owned()))
        .body(Body::empty())
        .expect("a request");
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    assert_eq!(answer.body["resultId"], "missing_xsrf_header");
}

#[tokio::test]
async fn nobody_is_let_in_without_signing_in() {
    let world = World::start().await;
    let request = Request::get("/pf-admin-api/v1/version")
        .header("X-XSRF-Header", "test")
        .body(Body::empty())
        .expect("a request");
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert!(answer.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_of_each_face() {
    let world = World::start().await;
    let published = world.get("/pf-admin-api/v1/nothing").await;
    assert_eq!(published.status, StatusCode::NOT_FOUND, "{published:?}");
    assert_eq!(published.body["resultId"], "resource_not_found");
    let own = world.get("/api/v1/nothing").await;
    assert_eq!(own.status, StatusCode::NOT_FOUND, "{own:?}");
    assert_eq!(own.headers["content-type"], "application/problem+json");
    assert_eq!(own.body["code"], "not_found");
}
