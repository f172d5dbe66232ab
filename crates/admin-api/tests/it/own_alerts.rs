//! Alerts: the list, who is told, and whether messages arrive.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use usher_core::alerts::Message;
use usher_core::model::Configuration;
use usher_engine::service::{Notifier, Service, ServiceOptions};
use usher_store::{AuditEvent, ChannelState};

use crate::company::{CHANNEL, Company};
use crate::world::Answer;

const SETTINGS: &str = "/api/v1/alerts/settings";
const HOOK: &str = "https://chat.example.com/usher";
const SECRET: &str = "sixteen letters!";

/// Keeps what it is to send; one receiver never answers.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait]
impl Notifier for Kept {
    async fn send(
        &self,
        recipient: &str,
        message: &Message,
        _configuration: &Configuration,
    ) -> Result<(), String> {
        if recipient.starts_with("https:") {
            return Err("nobody answers".to_owned());
        }
        self.0.lock().expect("a lock").push(message.subject());
        Ok(())
    }
}

async fn put(company: &Company, tag: &str, body: &Value) -> Answer {
    company
        .world
        .call_with(
            Method::PUT,
            SETTINGS,
            Some(body.clone()),
            &[("If-Match", tag)],
        )
        .await
}

async fn tag(company: &Company) -> String {
    let read = company.world.get(SETTINGS).await;
    read.headers["etag"].to_str().expect("a tag").to_owned()
}

/// With a mail server, or nobody can be told by e-mail.
async fn company() -> Company {
    let company = Company::of(1).await;
    let store = &company.world.admin.engine.store;
    let mut configuration = store.configuration().await.unwrap();
    configuration.server.mail = Some(usher_core::model::MailServer {
        host: "mail.example.com".to_owned(),
        sender: "usher@example.com".to_owned(),
        ..usher_core::model::MailServer::default()
    });
    let from = configuration.revision;
    let saved = company.world.admin.save(configuration, from, "mail").await;
    saved.unwrap();
    company
}

fn wanted() -> Value {
    json!({
        "emails": ["it@example.com"], "webhooks": [{"url": HOOK, "secret": SECRET}],
        "parked_threshold": 3, "off": ["steps_parked"],
        "keys": [{"sp_connection": "cloud", "expires_at": 1_798_761_600_000_i64}],
    })
}

#[tokio::test]
async fn settings_are_kept_and_their_secrets_never_shown() {
    let company = company().await;
    let first = tag(&company).await;
    let answer = put(&company, &first, &wanted()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let expected = json!({
        "emails": ["it@example.com"], "webhooks": [{"url": HOOK, "has_secret": true}],
        "parked_threshold": 3, "off": ["steps_parked"],
        "keys": [{"sp_connection": "cloud", "expires_at": 1_798_761_600_000_i64}],
    });
    assert_eq!(answer.body, expected);
    let late = put(&company, &first, &wanted()).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{late:?}");
    let store = &company.world.admin.engine.store;
    let kept = store.configuration().await.unwrap();
    // The same secret again, and what was read sent back, change nothing.
    for body in [wanted(), expected] {
        let again = put(&company, &tag(&company).await, &body).await;
        assert_eq!(again.status, StatusCode::OK, "{again:?}");
    }
    assert_eq!(store.configuration().await.unwrap(), kept);
    let sealed = &kept.alerts.webhooks[0].secret;
    let sealer = &company.world.admin.engine.sealer;
    let opened = sealer.open("webhook_secret", sealed).unwrap();
    assert_eq!(opened.reveal(), SECRET);
    let audit = company.world.get("/api/v1/audit").await.body.to_string();
    assert!(audit.contains("it@example.com") && !audit.contains(SECRET));
    assert!(!audit.contains(&sealed.0), "{audit}");
}

#[tokio::test]
async fn every_mistake_is_told_at_once_and_nothing_is_kept() {
    let company = Company::of(1).await;
    let store = &company.world.admin.engine.store;
    let before = store.configuration().await.unwrap();
    let wrong = json!({
        "emails": ["nobody"], "parked_threshold": 0,
        "webhooks": [{"url": "http://example.com/", "secret": "short"}, {"url": HOOK}],
        "keys": [{"sp_connection": "none", "expires_at": 1}],
    });
    let refused = put(&company, "*", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = refused.body["errors"].as_array().unwrap().iter();
    let mut places: Vec<&str> = errors.filter_map(|one| one["pointer"].as_str()).collect();
    places.sort_unstable();
    let expected = [
        "#/emails",
        "#/emails/0",
        "#/keys/0/sp_connection",
        "#/parked_threshold",
        "#/webhooks/0/secret",
        "#/webhooks/0/url",
        "#/webhooks/1/secret",
    ];
    assert_eq!(places, expected);
    assert_eq!(store.configuration().await.unwrap(), before);
    let unknown = put(&company, "*", &json!({"email": []})).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_secret_does_not_go_along_to_another_address() {
    let company = company().await;
    put(&company, "*", &wanted()).await;
    let moved = json!({"webhooks": [{"url": "https://evil.example/", "has_secret": true}]});
    let refused = put(&company, "*", &moved).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body["errors"][0]["pointer"], "#/webhooks/0/secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_with_what_became_of_their_messages() {
    let mut company = company().await;
    let refused = company
        .world
        .call(Method::POST, "/api/v1/alerts/test", None)
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    put(&company, "*", &wanted()).await;
    let store = company.world.admin.engine.store.clone();
    let stopped = ChannelState::Quarantined {
        why: "a test".to_owned(),
    };
    let event = AuditEvent::default();
    let channel = usher_core::model::ChannelId::new(CHANNEL);
    let cloud = usher_core::model::ConnectionId::new("cloud");
    store
        .set_state(&channel, &cloud, &stopped, &event)
        .await
        .unwrap();
    let notifier = Arc::new(Kept::default());
    let options = ServiceOptions {
        tick: Duration::from_millis(20),
        alert_tick: Duration::from_millis(20),
        notifier: Some(notifier.clone()),
        ..ServiceOptions::default()
    };
    let service = Service::start(company.world.admin.clone(), options);
    company.world.api = company.world.api.clone().with_service(&service);
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let mut list = Value::Null;
    for _ in 0..1_500 {
        looks.tick().await;
        list = company.world.get("/api/v1/alerts?limit=1").await.body;
        let deliveries = list["items"][0]["deliveries"].as_array();
        if deliveries.is_some_and(|all| all.iter().all(|one| one["tries"] == 1)) {
            break;
        }
    }
    let alert = &list["items"][0];
    assert_eq!(alert["key"], format!("channel_stopped:{CHANNEL}"), "{list}");
    assert_eq!(alert["cleared_at"], Value::Null);
    let deliveries = alert["deliveries"].as_array().unwrap();
    assert_eq!(deliveries[0]["recipient"], "mailto:it@example.com");
    assert_eq!(deliveries[1]["recipient"], HOOK);
    assert_eq!(deliveries.len(), 2);

    let tried = company
        .world
        .call(Method::POST, "/api/v1/alerts/test", None)
        .await;
    let expected = json!({"items": [
        {"recipient": "mailto:it@example.com", "error": null},
        {"recipient": HOOK, "error": "nobody answers"},
    ]});
    assert_eq!(tried.body, expected, "{tried:?}");
    let sent = notifier.0.lock().unwrap().clone();
    assert_eq!(sent.last().unwrap(), "[Usher] a test");
    service.stop(Duration::from_secs(5)).await;
}
