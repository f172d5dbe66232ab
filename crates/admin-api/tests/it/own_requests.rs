//! What every request to our own face is asked for, and how refusals look.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use usher_admin_api::Peer;

use crate::company::{AT, Company};
use crate::world::World;

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .extension(Peer("test".to_owned()))
}

#[tokio::test]
async fn nobody_is_answered_without_signing_in_and_the_answer_says_how() {
    let world = World::start().await;
    let request = Request::get("/api/v1/channels")
        .body(Body::empty())
        .unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert_eq!(answer.body["code"], "not_signed_in");
    assert!(answer.headers.contains_key("www-authenticate"));
    let open = Request::get("/api/v1/openapi.json")
        .body(Body::empty())
        .unwrap();
    let answer = world.send(open).await;
    assert_eq!(answer.body["openapi"], "3.1.0");
}

#[tokio::test]
async fn each_answer_has_an_id_that_its_problem_repeats() {
    let world = World::start().await;
    let first = world.get("/api/v1/nothing").await;
    let second = world.get("/api/v1/nothing").await;
    assert_eq!(first.headers["content-type"], "application/problem+json");
    let id = first.headers["x-request-id"].to_str().unwrap();
    assert_eq!(first.body["request_id"], id);
    assert_ne!(second.headers["x-request-id"], id);
    assert_eq!(first.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn what_cannot_be_done_with_a_resource_is_told_with_what_can() {
    let world = World::start().await;
    let answer = world.call(Method::DELETE, "/api/v1/channels", None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.body["code"], "method_not_allowed");
    assert!(answer.headers["allow"].to_str().unwrap().contains("GET"));
}

#[tokio::test]
async fn everything_wrong_with_the_parameters_is_told_at_once() {
    let company = Company::of(1).await;
    let answer = company
        .get("/steps?limit=501&verb=create,destroy&state=sent&cursor=x&colour=red")
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    assert_eq!(answer.body["code"], "invalid_parameters");
    let errors = answer.body["errors"].as_array().unwrap();
    let mut names: Vec<&str> = errors
        .iter()
        .map(|e| e["parameter"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["colour", "cursor", "limit", "state", "verb"]);
    // A cursor of another list is no cursor here.
    let cycles = company.get("/cycles?cursor=c3RlcHM6NDI").await;
    assert_eq!(cycles.status, StatusCode::BAD_REQUEST, "{cycles:?}");
}

#[tokio::test]
async fn ids_in_the_address_are_looked_at_before_anything_else() {
    let company = Company::of(1).await;
    for (path, status) in [
        ("/api/v1/channels/..%2f..%2fetc", 400),
        ("/api/v1/channels/%00", 400),
        ("/api/v1/channels/%ff", 400),
        ("/api/v1/channels/unknown", 404),
        ("/api/v1/steps/-1", 400),
        ("/api/v1/steps/99999999999999999999", 400),
        ("/api/v1/steps/7", 404),
        ("/api/v1/cycles/7", 404),
        ("/api/v1/links/7", 404),
    ] {
        let answer = company.world.get(path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let plan = company.get("/plans/not-a-uuid").await;
    assert_eq!(plan.status, 400, "{plan:?}");
}

#[tokio::test]
async fn a_body_is_json_of_a_size_a_depth_and_a_shape() {
    let company = Company::of(1).await;
    let place = format!("{AT}/mode");
    let put = |kind: &'static str, body: String| {
        let request = request(Method::PUT, &place).header("Content-Type", kind);
        company.world.send(request.body(Body::from(body)).unwrap())
    };
    let json = "application/json";
    let wrong_kind = put("text/plain", "{}".to_owned()).await;
    assert_eq!(wrong_kind.status, 415, "{wrong_kind:?}");
    let cut = put(json, "{\"mode\": ".to_owned()).await;
    assert_eq!(
        (cut.status.as_u16(), &cut.body["code"]),
        (400, &json!("malformed"))
    );
    let list = put(json, "[]".to_owned()).await;
    assert_eq!(
        (list.status.as_u16(), &list.body["code"]),
        (400, &json!("malformed"))
    );
    let deep = put(json, "[".repeat(100_000)).await;
    assert_eq!(
        (deep.status.as_u16(), &deep.body["code"]),
        (400, &json!("malformed"))
    );
    let large = put(json, format!("{{\"mode\": \"{}\"}}", "x".repeat(2 << 20))).await;
    assert_eq!(
        (large.status.as_u16(), &large.body["code"]),
        (413, &json!("too_large"))
    );
    let unknown = put(json, "{\"mode\": \"sideways\"}".to_owned()).await;
    assert_eq!(unknown.status, 422, "{unknown:?}");
    assert_eq!(unknown.body["errors"][0]["pointer"], "#/mode");
    let trailing = put(json, "{\"mode\": \"paused\"} {}".to_owned()).await;
    assert_eq!(trailing.status, 400, "{trailing:?}");
}

/// Whoever reviewed the document may have read the other one of the two.
#[tokio::test]
async fn a_key_that_stands_twice_is_refused_with_its_place_by_both_faces() {
    let world = World::start().await;
    let twice = r#"{"usher": 1, "policies": [{"connection": "a", "connection": "b"}]}"#;
    for (method, path) in [
        (Method::PUT, "/api/v1/configuration"),
        (Method::POST, "/api/v1/tokens"),
        (Method::POST, "/pf-admin-api/v1/dataStores"),
        (Method::POST, "/pf-admin-api/v1/bulk/import"),
    ] {
        let request = request(method, path)
            .header("X-XSRF-Header", "test")
            .header("Content-Type", "application/json")
            .header("If-Match", "\"1\"")
            .body(Body::from(twice));
        let answer = world.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {answer:?}");
        let told = answer.body.to_string();
        assert!(told.contains("/policies/0/connection"), "{path}: {told}");
    }
}
