//! The request log: what was asked, without keys.

use serde_json::{Value, json};
use usher_sandbox::scim::SandboxConfig;

use super::rig::{Rig, user};

/// Requests are kept with method, path, bodies and status; the key is nowhere.
#[tokio::test]
async fn requests_are_kept_with_bodies_and_without_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("requests.jsonl");
    let config = SandboxConfig {
        request_log_file: Some(file.clone()),
        ..SandboxConfig::default()
    };
    let rig = Rig::with(config).await;
    let id = rig.user("ana").await;
    let path = format!("/Users/{id}");
    rig.patch(
        &path,
        json!([{"op": "replace", "path": "active", "value": false}]),
    )
    .await
    .ok(200);
    rig.get("/Users?filter=userName+eq+%22ana%22").await.ok(200);
    let requests = rig.sandbox.requests();
    assert_eq!(requests.len(), 3);
    let patch = &requests[1];
    assert_eq!((patch.method.as_str(), patch.status), ("PATCH", Some(200)));
    assert!(patch.path.ends_with(&path));
    assert_eq!(patch.authorization.as_deref(), Some("Bearer ***"));
    assert_eq!(patch.content_type.as_deref(), Some("application/scim+json"));
    let body: Value = serde_json::from_str(&patch.request_body).expect("JSON");
    assert_eq!(body["Operations"][0]["path"], "active");
    assert_eq!(patch.request_bytes, patch.request_body.len());
    assert!(patch.response_body.contains(&id));
    let text = std::fs::read_to_string(&file).expect("a log");
    assert_eq!(text.lines().count(), 3);
    let line: Value = serde_json::from_str(text.lines().nth(1).expect("a line")).expect("JSON");
    assert_eq!(line["request_body"], json!(patch.request_body));
    let all = format!("{text}{}", serde_json::to_string(&requests).expect("JSON"));
    assert!(!all.contains(&rig.sandbox.key()));
}

/// The ring is bounded, the counters are not.
#[tokio::test]
async fn the_ring_is_bounded_and_the_counters_go_on() {
    let rig = Rig::with(SandboxConfig {
        log_capacity: 2,
        ..SandboxConfig::default()
    })
    .await;
    rig.user("a").await;
    rig.user("b").await;
    rig.post("/Users", user("a"))
        .await
        .scim_error(409, Some("uniqueness"));
    rig.get("/Users?count=1").await.ok(200);
    rig.get("/Users?filter=userName+eq+%22x%22").await.ok(200);
    let numbers: Vec<u64> = rig.sandbox.requests().iter().map(|r| r.number).collect();
    assert_eq!(numbers, [4, 5]);
    let counts = rig.sandbox.counts();
    assert_eq!(counts.total, 5);
    assert_eq!((counts.by_method["POST"], counts.by_method["GET"]), (3, 2));
    assert_eq!((counts.by_class["2xx"], counts.by_class["4xx"]), (4, 1));
    assert_eq!(counts.by_operation["GET /Users?filter"], 1);
    assert!(counts.request_bytes > 0 && counts.response_bytes > 0);
    rig.sandbox.clear_requests();
    assert_eq!(rig.sandbox.counts().total, 0);
}

/// A body above the limit is refused before it is read whole.
#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let rig = Rig::with(SandboxConfig {
        max_body_bytes: 1_000,
        ..SandboxConfig::default()
    })
    .await;
    let mut big = user("ana");
    big["displayName"] = json!("x".repeat(2_000));
    rig.post("/Users", big).await.ok(413);
    rig.user("ana").await;
}

/// Hostile bodies are answered, never fatal.
#[tokio::test]
async fn hostile_bodies_are_answered() {
    let rig = Rig::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let many = json!({"userName": "a", "emails": vec![json!({"value": "x"}); 1_000]}).to_string();
    for body in [
        deep.as_str(),
        many.as_str(),
        "",
        "nul\u{0}",
        "{\"userName\":\"\u{0}\"}",
    ] {
        let request = rig.http.post(format!("{}/Users", rig.sandbox.base_url()));
        let request = request.bearer_auth(rig.sandbox.key()).body(body.to_owned());
        assert_eq!(request.send().await.expect("an answer").status(), 400);
    }
    rig.user("ana").await;
}
