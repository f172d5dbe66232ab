//! What somebody who only looks is refused, whatever they ask for.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use usher_engine::access::{AccountDetails, NewAccount, NewToken};
use usher_engine::admin::{AuditWanted, Operator};

use crate::company::{CHANNEL, Company};
use crate::world::Answer;

/// What only looks although it is no GET.
const LOOKING: [&str; 4] = [
    "plan",
    "dropPlan",
    "previewExpression",
    "previewCorrelation",
];
/// What is read by those only who may change it.
const NOT_FOR_LOOKING: [&str; 2] = ["browse", "getEntry"];

/// What concerns nobody but who asks: signing in and out, and one's own tokens (see `sign_in`).
const OWN: [&str; 5] = [
    "signIn",
    "signOut",
    "redeemFirstLink",
    "addToken",
    "revokeToken",
];

/// An API token of an auditor.
async fn auditor(company: &Company) -> String {
    let access = &company.world.api.access;
    let details = AccountDetails {
        auditor: true,
        active: true,
        ..AccountDetails::default()
    };
    let account = NewAccount {
        name: "olga".to_owned(),
        password: "seven green boats".to_owned(),
        details,
    };
    let first = Operator::local("test");
    access
        .add_account(&first, account)
        .await
        .expect("an account");
    let olga = Operator {
        name: "olga".to_owned(),
        roles: BTreeSet::new(),
        auditor: true,
        by_token: false,
    };
    let token = NewToken {
        name: "script".to_owned(),
        roles: BTreeSet::new(),
        read_only: true,
        days: 1,
    };
    let (_, text) = access.add_token(&olga, token).await.expect("a token");
    text.reveal().to_owned()
}

async fn ask(
    company: &Company,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let request = Request::builder()
        .method(Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap())
        .uri(format!("/api/v1{path}"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .header("If-Match", "*");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    company.world.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn an_auditor_is_refused_every_change() {
    let company = Company::of(2).await;
    company.run(json!({"mode": "full"})).await;
    let token = auditor(&company).await;
    let plan = ask(
        &company,
        &token,
        "post",
        &format!("/channels/{CHANNEL}/plans"),
        None,
    )
    .await;
    let plan = plan.body["id"].as_str().unwrap().to_owned();
    let before = company.world.admin.engine.configuration().await.unwrap();
    let document = usher_admin_api::openapi();
    let mut refused = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let looks = method == "get" && !NOT_FOR_LOOKING.contains(&id);
            if looks || LOOKING.contains(&id) || OWN.contains(&id) {
                continue;
            }
            let mut place = path
                .replace("{channel}", CHANNEL)
                .replace("{data_store}", "export")
                .replace("{sp_connection}", "cloud")
                .replace("{plan}", &plan);
            if id == "getEntry" {
                place.push_str("?dn=dc%3Dexample");
            }
            let mut example =
                operation["requestBody"]["content"]["application/json"]["example"].clone();
            if id == "previewMapping" {
                example["mapping"] = json!([]);
            }
            let body = (!example.is_null()).then_some(&example);
            let answer = ask(&company, &token, method, &place, body).await;
            assert_eq!(answer.status, 403, "{id}: {answer:?}");
            assert!(
                answer.body["detail"].as_str().unwrap().contains("auditor"),
                "{id}: {answer:?}"
            );
            refused += 1;
        }
    }
    assert!(refused >= 20, "only {refused} operations were tried");
    let after = company.world.admin.engine.configuration().await.unwrap();
    assert_eq!(after, before);
    let by_olga = AuditWanted {
        actor: Some("olga".to_owned()),
        ..AuditWanted::default()
    };
    let (events, _) = company
        .world
        .admin
        .audit_page(&by_olga, None, 10)
        .await
        .unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|(_, event)| event.event.as_str())
        .collect();
    assert!(kinds.iter().all(|kind| kind.contains("TOKEN")), "{kinds:?}");
}

/// A search of the directory shows whom nobody provisions.
#[tokio::test]
async fn an_auditor_asks_the_state_and_not_the_directory() {
    let company = Company::of(2).await;
    let token = auditor(&company).await;
    let asked = format!("/channels/{CHANNEL}/explain?who=u01");
    let unread = company.get("/explain?who=u01").await;
    assert_eq!(unread.body["known"], false, "{unread:?}");
    let refused = ask(&company, &token, "get", &asked, None).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let detail = refused.body["detail"].as_str().unwrap();
    for words in ["nobody is known as `u01`", "auditor"] {
        assert!(detail.contains(words), "{detail}");
    }
    company.run(json!({"mode": "full"})).await;
    let known = ask(&company, &token, "get", &asked, None).await;
    assert_eq!(known.body["known"], true, "{known:?}");
}
