//! The policy of a channel: every key of the table has its field.

use serde_json::Value;
use usher_pf::{PolicyForm, policy_keys};

use super::sent::{fields, send, value};
use crate::rig::Rig;

const POLICY: &str = "/sp-connections/cloud/channels/0/policy";
const SUMMARY: &str = "/sp-connections/cloud/channels/0/activation-summary";

/// What is typed for a key: something that is not its default.
fn typed(path: &str, form: PolicyForm, default: &str) -> Vec<(String, String)> {
    let name = format!("policy.{path}");
    let text = match form {
        // A box that is cleared is not sent.
        PolicyForm::Flag => if default == "true" { "-" } else { "true" }.to_owned(),
        PolicyForm::Whole => (default.parse::<u64>().unwrap_or(6) + 1).to_string(),
        PolicyForm::Number => "12.5".to_owned(),
        PolicyForm::Text => "(uid=x*)".to_owned(),
        PolicyForm::Texts if path.ends_with("domains") => "example.com\nexample.org".to_owned(),
        PolicyForm::Texts => "cn=x,dc=example,dc=com".to_owned(),
        PolicyForm::OneOf(names) => (*names.last().expect("some")).to_owned(),
        PolicyForm::Limit => {
            let parts = [("at_least", "3"), ("percent", "2.5"), ("at_most", "9")];
            let part = |(part, text): (&str, &str)| (format!("{name}.{part}"), text.to_owned());
            return parts.into_iter().map(part).collect();
        }
        PolicyForm::Own => return Vec::new(),
    };
    vec![(name, text)]
}

#[tokio::test]
async fn every_key_of_the_policy_is_a_field_that_reaches_the_configuration() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    send(
        &rig,
        &mut browser,
        SUMMARY,
        &[("active", "false"), ("go", "stay")],
    )
    .await;
    let keys = policy_keys().0;
    let all: Vec<(String, String)> = keys
        .iter()
        .flat_map(|key| typed(&key.path, key.form, &key.default))
        .collect();
    assert!(all.len() > 60, "{}", all.len());
    let mut changed: Vec<(&str, &str)> =
        all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expiry = [
        ("policy.expiry", "attribute"),
        ("policy.expiry.attribute", "shadowExpire"),
        ("policy.expiry.format", "generalized_time"),
    ];
    changed.extend(expiry);
    changed.push(("go", "stay"));
    let page = send(&rig, &mut browser, POLICY, &changed).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let page = rig.get(&mut browser, POLICY).await.ok();
    // The scope changed in the same breath: its number was not seen.
    let seen = "policy.scope_count_seen";
    assert_eq!(value(&page, POLICY, seen), None);
    send(
        &rig,
        &mut browser,
        POLICY,
        &[(seen, "true"), ("go", "stay")],
    )
    .await;
    let page = rig.get(&mut browser, POLICY).await.ok();
    for (name, text) in &all {
        let shown = value(&page, POLICY, name);
        assert_eq!(
            shown.as_deref(),
            Some(text.as_str()).filter(|text| *text != "-"),
            "{name}"
        );
    }
    let save = "/sp-connections/cloud/activation-summary";
    let page = send(&rig, &mut browser, save, &[("go", "save")]).await;
    assert!([200, 303].contains(&page.status.as_u16()), "{}", page.text);
    let engine = &rig.company.world.admin.engine;
    let configuration = engine.configuration().await.expect("one");
    let channel = &configuration.sp_connections[0].channels[0];
    let policy = serde_json::to_value(&channel.policy).expect("a value");
    for (name, text) in &all {
        let pointer = name
            .strip_prefix("policy")
            .expect("a key")
            .replace('.', "/");
        let held = policy.pointer(&pointer).unwrap_or(&Value::Null);
        let held = match held {
            Value::Array(lines) => lines
                .iter()
                .map(|l| l.as_str().expect("text"))
                .collect::<Vec<_>>()
                .join("\n"),
            Value::String(text) => text.clone(),
            Value::Bool(false) => "-".to_owned(),
            other => other.to_string(),
        };
        assert_eq!(&held, text, "{name}");
    }
    let expiry = channel.source.expiry.as_ref().expect("a rule");
    assert_eq!(expiry.attribute, "shadowExpire");
}

#[tokio::test]
async fn only_what_differs_from_the_default_is_kept_and_a_mistake_stands_at_its_field() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let page = send(
        &rig,
        &mut browser,
        POLICY,
        &[("policy.approval_hours", "0"), ("go", "next")],
    )
    .await;
    assert_eq!(page.status, 422);
    assert!(
        page.says("href=\"#f-policy-approval-hours\""),
        "{}",
        page.text
    );
    let back = [
        ("policy.approval_hours", "72"),
        ("policy.load.requests_per_second", ""),
        ("policy.scope_count_seen", "-"),
        ("go", "next"),
    ];
    let default = policy_keys()
        .0
        .into_iter()
        .find(|key| key.path == "approval_hours")
        .expect("it");
    let mut back = back.to_vec();
    back[0].1 = &default.default;
    let page = send(&rig, &mut browser, POLICY, &back).await;
    assert_eq!(page.location(), SUMMARY, "{}", page.text);
    let page = rig.get(&mut browser, SUMMARY).await.ok();
    assert!(page.says("Everything is as by default."), "{}", page.text);
    let page = rig.get(&mut browser, POLICY).await.ok();
    assert!(fields(&page, POLICY).len() > 60);
    assert!(page.text.len() < 150_000, "{}", page.text.len());
}
