//! The log, and its exports.

use serde_json::{Value, json};
use usher_store::AuditEvent;

use crate::rig::Rig;

#[tokio::test]
async fn the_log_tells_what_operators_did_and_what_was_sent() {
    let rig = Rig::provisioned(3).await;
    let mut auditor = rig.operator("ada", &[]).await;
    let done = rig.get(&mut auditor, "/log").await.ok();
    assert!(
        done.says("CONFIG") && done.says("operators[ada].auditor"),
        "{}",
        done.text
    );
    assert!(!done.says("<bdi>CREATE</bdi>"));
    let sent = rig.get(&mut auditor, "/log/sent").await.ok();
    for name in [
        "time",
        "cycle_id",
        "channel_id",
        "event_type",
        "source_id",
        "target_id",
        "is_success",
        "non_success_cause",
    ] {
        assert!(
            sent.says(&format!("<th scope=\"col\">{name}</th>")),
            "{name}"
        );
    }
    assert_eq!(
        sent.text.matches("<bdi>CREATE</bdi>").count(),
        4,
        "three and their group"
    );
    assert!(!sent.says("CONFIG</bdi>"));

    let none = rig
        .get(&mut auditor, "/log?actor=nobody-of-that-name")
        .await
        .ok();
    assert!(none.says("Nothing is like that."));
    let failed = rig.get(&mut auditor, "/log/sent?outcome=failed").await.ok();
    assert!(failed.says("Nothing is like that."));
    let key = "00000000-0000-4000-8000-000000000001";
    let one = rig
        .get(&mut auditor, &format!("/log/sent?event=create&q={key}"))
        .await
        .ok();
    assert_eq!(
        one.text.matches("<bdi>CREATE</bdi>").count(),
        1,
        "{}",
        one.text
    );
    let before = rig
        .get(&mut auditor, "/log/sent?until=2026-11-24")
        .await
        .ok();
    assert!(before.says("Nothing is like that."), "{}", before.text);
    let odd = rig
        .get(&mut auditor, "/log?since=%3Cb%3Esoon&until=never")
        .await;
    assert_eq!(odd.status, 422);
    assert!(odd.says("From: expected a day") && odd.says("Before: expected") && !odd.says("<b>"));
}

#[tokio::test]
async fn the_log_pages_back_to_its_beginning() {
    let rig = Rig::provisioned(120).await;
    let mut root = rig.first_operator().await;
    let mut at = "/log/sent?event=CREATE".to_owned();
    let (mut events, mut pages) = (0, 0);
    loop {
        let page = rig.get(&mut root, &at).await.ok();
        events += page.text.matches("<bdi>CREATE</bdi>").count();
        pages += 1;
        let Some((before, _)) = page.text.split_once("\" rel=\"next\"") else {
            break;
        };
        let href = before.rsplit("href=\"").next().unwrap();
        at = href.replace("&amp;", "&").replace("&#38;", "&");
    }
    assert_eq!((events, pages), (121, 3));
}

#[tokio::test]
async fn the_log_is_exported_whole_and_no_cell_is_a_formula() {
    let rig = Rig::provisioned(60).await;
    let mut root = rig.first_operator().await;
    let hostile = AuditEvent {
        actor: "ada".to_owned(),
        event: "NOTE".to_owned(),
        detail: "=cmd|' /C calc'!A0\r\n=2".to_owned(),
        ..AuditEvent::default()
    };
    let store = &rig.company.world.admin.engine.store;
    store.audit(&[hostile]).await.unwrap();
    let csv = rig
        .get(&mut root, "/log/export?sent=true&format=csv")
        .await
        .ok();
    let head = "\"time\",\"cycle_id\",\"channel_id\",\"event_type\",\"source_id\",\"target_id\",\"is_success\",\"non_success_cause\"\r\n";
    assert!(csv.text.starts_with(head), "{}", csv.text);
    assert!(
        csv.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let lines = rig
        .get(&mut root, "/log/export?sent=true&format=jsonl")
        .await
        .ok();
    let lines: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(csv.text.lines().count(), lines.len() + 1);
    let created = lines.iter().filter(|line| line["event_type"] == "CREATE");
    assert_eq!(created.count(), 61);
    assert_eq!(lines[0]["is_success"], json!(true));

    let done = rig.get(&mut root, "/log/export?format=csv").await.ok();
    assert!(
        done.says(",\"'=cmd|' /C calc'!A0\r\n=2\","),
        "{}",
        done.text
    );
    assert!(!done.says(",\"=") && !done.says("\r\n\"="), "{}", done.text);
    let odd = rig.get(&mut root, "/log/export?since=soon").await;
    assert_eq!(odd.status, 422);
    let stranger = rig
        .get(&mut crate::rig::Browser::default(), "/log/export")
        .await;
    assert_eq!(stranger.status, 401);
}
