//! What replies show: rows 46 and 47, and values that come back changed.

use serde_json::{Value, json};
use usher_sandbox::scim::knobs::ActiveInReplies;

use super::rig::{Rig, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Row 46: UTC with at most six fraction digits, trimmed; created = lastModified; no version.
#[tokio::test]
async fn time_stamps_have_at_most_six_digits_and_there_is_no_version() {
    let clock = std::sync::Arc::new(|| {
        "2021-04-05T03:16:10.993365789Z"
            .parse::<jiff::Timestamp>()
            .expect("a time")
    });
    let config = usher_sandbox::scim::SandboxConfig::default();
    let sandbox = usher_sandbox::scim::Sandbox::start_with(config, clock)
        .await
        .expect("a port");
    let rig = Rig {
        sandbox,
        http: super::rig::client(),
    };
    let made = rig.post("/Users", user("ana")).await.ok(201);
    assert_eq!(
        made.at("/meta/created"),
        Some("2021-04-05T03:16:10.993365Z")
    );
    assert_eq!(made.at("/meta/lastModified"), made.at("/meta/created"));
    assert!(made.body["meta"].get("version").is_none());
    rig.sandbox
        .set_time_offset(jiff::SignedDuration::from_micros(85));
    rig.sandbox
        .set_time_offset(jiff::SignedDuration::from_millis(7));
    let path = format!("/Users/{}", made.id());
    let title = json!([{"op": "replace", "path": "title", "value": "x"}]);
    let changed = rig.patch(&path, title.clone()).await.ok(200);
    assert_eq!(
        changed.at("/meta/lastModified"),
        Some("2021-04-05T03:16:11.000365Z")
    );
    assert_eq!(
        changed.at("/meta/created"),
        Some("2021-04-05T03:16:10.993365Z")
    );
    rig.sandbox
        .set_time_offset(jiff::SignedDuration::from_secs(60));
    let same = rig.patch(&path, title).await.ok(200);
    assert_eq!(
        same.at("/meta/lastModified"),
        changed.at("/meta/lastModified"),
        "nothing changed"
    );
}

/// Row 46: trailing zeros are dropped.
#[tokio::test]
async fn time_stamps_lose_trailing_zeros() {
    let clock = std::sync::Arc::new(|| {
        "2021-04-05T03:16:34.135450Z"
            .parse::<jiff::Timestamp>()
            .expect("a time")
    });
    let config = usher_sandbox::scim::SandboxConfig::default();
    let sandbox = usher_sandbox::scim::Sandbox::start_with(config, clock)
        .await
        .expect("a port");
    let rig = Rig {
        sandbox,
        http: super::rig::client(),
    };
    let made = rig.post("/Users", user("ana")).await.ok(201);
    assert_eq!(made.at("/meta/created"), Some("2021-04-05T03:16:34.13545Z"));
}

/// Row 47: a user created without `active` is returned without it; knobs for always and never.
#[tokio::test]
async fn active_is_returned_when_it_was_sent_or_always_or_never() {
    let rig = Rig::new().await;
    let without = rig.user("ana").await;
    let mut body = user("ben");
    body["active"] = json!(true);
    let with = rig.post("/Users", body).await.ok(201).id();
    for (knob, first, second) in [
        (ActiveInReplies::AsSent, Value::Null, json!(true)),
        (ActiveInReplies::Always, json!(true), json!(true)),
        (ActiveInReplies::Never, Value::Null, Value::Null),
    ] {
        rig.sandbox.change_knobs(|k| k.active_in_replies = knob);
        for (id, wanted) in [(&without, first), (&with, second)] {
            let read = rig.get(&format!("/Users/{id}")).await.ok(200);
            assert_eq!(
                read.body.get("active").cloned().unwrap_or_default(),
                wanted,
                "{knob:?}"
            );
        }
    }
}

/// Values may be lower-cased, dropped or frozen behind a 200.
#[tokio::test]
async fn values_may_be_changed_dropped_or_ignored_behind_a_success() {
    let rig = Rig::knobs(|k| {
        k.lowercased = vec!["userName".into(), "emails.value".into()];
        k.dropped = vec![
            "phoneNumbers".into(),
            "name.middleName".into(),
            "department".into(),
        ];
        k.frozen = vec!["displayName".into()];
    })
    .await;
    let mut body = user("Ana");
    body["displayName"] = json!("First");
    body["name"] = json!({"givenName": "Ana", "middleName": "M"});
    body["phoneNumbers"] = json!([{"value": "1", "type": "work"}]);
    body["department"] = json!("Sales");
    let made = rig.post("/Users", body).await.ok(201);
    assert_eq!(made.at("/userName"), Some("ana"));
    assert_eq!(made.at("/emails/0/value"), Some("ana@example.com"));
    assert_eq!(made.body["name"], json!({"givenName": "Ana"}));
    assert!(made.body.get("phoneNumbers").is_none() && made.body.get(ENTERPRISE).is_none());
    assert_eq!(made.at("/displayName"), Some("First"));
    let path = format!("/Users/{}", made.id());
    let change = json!([{"op": "replace", "path": "displayName", "value": "Second"}]);
    assert_eq!(
        rig.patch(&path, change).await.ok(200).at("/displayName"),
        Some("First")
    );
}
