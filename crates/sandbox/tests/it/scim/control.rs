//! The control plane over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sandbox::scim::Knobs;

use super::rig::{Answer, Rig, user};

async fn control(rig: &Rig, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = rig
        .http
        .request(method, format!("{}/_sandbox{path}", rig.sandbox.origin()));
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status,
        body,
        text,
        headers,
    }
}

#[tokio::test]
async fn the_index_tells_base_url_key_and_what_can_be_done() {
    let rig = Rig::new().await;
    for path in ["", "/"] {
        let index = control(&rig, Method::GET, path, None).await.ok(200);
        assert_eq!(
            index.at("/directories/0/base_url"),
            Some(rig.sandbox.base_url().as_str())
        );
        assert_eq!(
            index.at("/directories/0/key"),
            Some(rig.sandbox.key().as_str())
        );
    }
}

#[tokio::test]
async fn knobs_are_read_replaced_and_changed() {
    let rig = Rig::new().await;
    let change = json!({"rename_group": "ignored", "rate_limit": {"per_second": 9}});
    control(&rig, Method::PATCH, "/knobs", Some(change))
        .await
        .ok(200);
    let change = json!({"limits": {"users": 5}, "dropped": ["title"]});
    let knobs = control(&rig, Method::PATCH, "/knobs", Some(change))
        .await
        .ok(200);
    assert_eq!(knobs.at("/rename_group"), Some("ignored"));
    assert_eq!(knobs.body["rate_limit"]["per_second"], 9);
    assert_eq!(
        (
            &knobs.body["limits"]["users"],
            &knobs.body["limits"]["groups"]
        ),
        (&json!(5), &json!(250_000))
    );
    assert_eq!(
        control(&rig, Method::GET, "/knobs", None)
            .await
            .ok(200)
            .body,
        knobs.body
    );
    for bad in [
        json!({"renameGroup": "ignored"}),
        json!({"rename_group": "sometimes"}),
    ] {
        let refused = control(&rig, Method::PATCH, "/knobs", Some(bad)).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
    }
    control(&rig, Method::PUT, "/knobs", Some(json!({"page_cap": 7})))
        .await
        .ok(200);
    assert_eq!(
        rig.sandbox.knobs(),
        Knobs {
            page_cap: 7,
            ..Knobs::default()
        }
    );
}

#[tokio::test]
async fn faults_are_planned_listed_and_forgotten() {
    let rig = Rig::new().await;
    let one = json!({"method": "GET", "times": 1, "kind": {"type": "error", "status": 503}});
    control(&rig, Method::POST, "/faults", Some(one))
        .await
        .ok(200);
    let two = json!([{"kind": {"type": "reset_after_commit"}, "nth": 99}]);
    let listed = control(&rig, Method::POST, "/faults", Some(two))
        .await
        .ok(200);
    assert_eq!(listed.body.as_array().map(Vec::len), Some(2));
    rig.get("/Users").await.scim_error(503, None);
    let listed = control(&rig, Method::GET, "/faults", None).await.ok(200);
    assert_eq!(listed.body[0]["fired"], 1);
    let bad = json!({"kind": {"type": "explode"}});
    assert_eq!(
        control(&rig, Method::POST, "/faults", Some(bad))
            .await
            .status,
        422
    );
    control(&rig, Method::DELETE, "/faults", None).await.ok(204);
    assert!(rig.sandbox.faults().is_empty());
}

#[tokio::test]
async fn seeds_requests_state_and_reset_work_from_outside() {
    let rig = Rig::new().await;
    let seed = async |path: &str, body: Value| control(&rig, Method::POST, path, Some(body)).await;
    seed(
        "/accounts",
        json!({"email": "taken@example.com", "kind": "foreign"}),
    )
    .await
    .ok(200);
    seed("/org-groups", json!({"name": "Finance"}))
        .await
        .ok(204);
    seed("/domains", json!({"name": "second.test"}))
        .await
        .ok(204);
    let id = seed("/users", user("ana")).await.ok(200).id();
    seed(
        "/groups",
        json!({"displayName": "Team", "members": [{"value": id}]}),
    )
    .await
    .ok(200);
    assert_eq!(seed("/users", user("ana")).await.status, 422);
    rig.post("/Users", user("taken"))
        .await
        .scim_error(409, Some("uniqueness"));
    rig.post("/Groups", json!({"displayName": "Finance"}))
        .await
        .scim_error(409, Some("uniqueness"));
    let state = control(&rig, Method::GET, "/state", None).await.ok(200);
    assert_eq!(state.at("/users/0/userName"), Some("ana"));
    assert_eq!(state.at("/groups/0/members/0/value"), Some(id.as_str()));
    let organisation = control(&rig, Method::GET, "/organisation", None)
        .await
        .ok(200);
    assert!(organisation.text.contains("second.test"));
    let asked = control(&rig, Method::GET, "/requests?method=post&last=1", None)
        .await
        .ok(200);
    assert_eq!(
        asked.at("/0/request_body"),
        Some(r#"{"displayName":"Finance"}"#)
    );
    let counts = control(&rig, Method::GET, "/counts", None).await.ok(200);
    assert_eq!(counts.body["by_operation"]["POST /Groups"], 1);
    let (key, base) = (rig.sandbox.key(), rig.sandbox.base_url());
    control(&rig, Method::POST, "/reset", None).await.ok(204);
    assert!(rig.sandbox.snapshot().users.is_empty());
    assert!(rig.sandbox.requests().is_empty());
    assert_eq!((rig.sandbox.key(), rig.sandbox.base_url()), (key, base));
    rig.user("taken").await;
}

#[tokio::test]
async fn key_and_clock_are_steered_from_outside() {
    let rig = Rig::new().await;
    let old = rig.sandbox.key();
    let new = control(&rig, Method::POST, "/key", None).await.ok(200);
    assert_eq!(new.at("/key"), Some(rig.sandbox.key().as_str()));
    assert_ne!(old, rig.sandbox.key());
    let year = json!({"offset_seconds": 400 * 24 * 3600});
    control(&rig, Method::POST, "/clock", Some(year))
        .await
        .ok(204);
    rig.get("/Users").await.failure(401);
    let now = json!({"offset_seconds": 0});
    control(&rig, Method::POST, "/clock", Some(now))
        .await
        .ok(204);
    rig.get("/Users").await.ok(200);
    control(&rig, Method::POST, "/key/expire", None)
        .await
        .ok(204);
    rig.get("/Users").await.failure(401);
}
