//! Every operation of our own face is called once with success; each answer is held against its description
//! where it is received (see `described`).

use axum::http::Method;
use serde_json::json;

use crate::company::{AT, BASE, Company};
use crate::described::{called, operations};

async fn with_tag(company: &Company, path: &str) {
    let read = company.world.get(path).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let from = [("If-Match", tag.as_str())];
    let put = company
        .world
        .call_with(Method::PUT, path, Some(read.body), &from)
        .await;
    assert!(put.status.is_success(), "{path}: {put:?}");
}

async fn reads(company: &Company) {
    let step = company.get("/steps?limit=1").await.body["items"][0]["id"].clone();
    let cycle = company.get("/cycles?limit=1").await.body["items"][0]["id"].clone();
    let link = company.get("/links?limit=1").await.body["items"][0]["id"].clone();
    for path in [
        "openapi.json".to_owned(),
        "channels".to_owned(),
        "data-stores".to_owned(),
        "data-stores/export".to_owned(),
        "data-stores/export/tree".to_owned(),
        format!("data-stores/export/entry?dn={BASE}"),
        "sp-connections".to_owned(),
        "sp-connections/cloud".to_owned(),
        "templates".to_owned(),
        "directory-templates".to_owned(),
        "audit".to_owned(),
        "alerts".to_owned(),
        "backups".to_owned(),
        "search?q=u0".to_owned(),
        format!("steps/{step}"),
        format!("cycles/{cycle}"),
        format!("links/{link}"),
        format!("links/{link}/story"),
    ] {
        let answer = company.world.get(&format!("/api/v1/{path}")).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
    for path in [
        "",
        "/refusals",
        "/held",
        "/runs",
        "/plans",
        "/explain?who=u01",
    ] {
        let answer = company.get(path).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
}

async fn acts(company: &Company) {
    let configuration = company.world.get("/api/v1/configuration").await.body;
    for (method, path, body) in [
        (
            Method::POST,
            "/api/v1/configuration/diff".to_owned(),
            Some(configuration),
        ),
        (Method::POST, "/api/v1/backups".to_owned(), None),
        (
            Method::POST,
            "/api/v1/data-stores/export/test".to_owned(),
            None,
        ),
        (
            Method::POST,
            "/api/v1/sp-connections/cloud/test".to_owned(),
            None,
        ),
        (
            Method::POST,
            "/api/v1/drafts/data-store/test".to_owned(),
            Some(json!({"hosts": ["127.0.0.1:9"], "security": "plain"})),
        ),
        (
            Method::POST,
            "/api/v1/preview/expression".to_owned(),
            Some(json!({"expression": "mail", "attributes": {"mail": ["a@b"]}})),
        ),
        (
            Method::POST,
            format!("{AT}/preview/mapping"),
            Some(json!({"dn": format!("uid=u01,ou=people,{BASE}")})),
        ),
        (Method::POST, format!("{AT}/preview/correlation"), None),
        (Method::POST, format!("{AT}/scope-count"), None),
        (Method::POST, format!("{AT}/test"), None),
        (
            Method::POST,
            format!("{AT}/held/approve"),
            Some(json!({"all": true})),
        ),
        (
            Method::POST,
            format!("{AT}/held/reject"),
            Some(json!({"all": true})),
        ),
        (
            Method::POST,
            format!("{AT}/parked/retry"),
            Some(json!({"all": true})),
        ),
        (
            Method::PUT,
            format!("{AT}/mode"),
            Some(json!({"mode": "observe"})),
        ),
        (Method::POST, "/api/v1/stop".to_owned(), None),
    ] {
        let answer = company.world.call(method, &path, body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
    for path in ["policy", "name"] {
        with_tag(company, &format!("{AT}/{path}")).await;
    }
    with_tag(company, "/api/v1/configuration").await;
    with_tag(company, "/api/v1/alerts/settings").await;
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let company = Company::of(3).await;
    let began = company.post("/plans", json!({})).await;
    let plan = company.ended(&began).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    company.get(&format!("/plans/{plan}/steps")).await;
    let began = company
        .post(&format!("/plans/{plan}/apply"), json!({}))
        .await;
    company.ended(&began).await;
    let dropped = company
        .world
        .call(Method::DELETE, &format!("{AT}/plans/{plan}"), None)
        .await;
    assert!(dropped.status.is_success(), "{dropped:?}");
    company.run(json!({})).await;
    reads(&company).await;
    acts(&company).await;
    crate::sign_in::walk(&company).await;
    // It never ends; `own_configuration` listens to it.
    let mut missing = operations();
    missing.remove("events");
    // It needs a service and receivers: `own_alerts`.
    missing.remove("testAlerts");
    let missing: Vec<String> = missing.difference(&called()).cloned().collect();
    assert_eq!(missing, [] as [String; 0], "never called with success");
}
