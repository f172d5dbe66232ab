//! What was seen of a source counts for exactly that source.

use super::sent::{send, send_again, value};
use crate::rig::{Browser, Rig};

const SETTINGS: &str = "/sp-connections/cloud/channels/0/source-settings";
const LOCATION: &str = "/sp-connections/cloud/channels/0/source-location";
const POLICY: &str = "/sp-connections/cloud/channels/0/policy";
const FILTER: &str = "channelSource.userSourceLocation.filter";

async fn is_seen(rig: &Rig, browser: &mut Browser, key: &str) -> bool {
    let page = rig.get(browser, POLICY).await.ok();
    value(&page, POLICY, &format!("policy.{key}")).is_some()
}

#[tokio::test]
async fn a_changed_scope_was_not_counted_and_one_that_is_sent_again_still_is() {
    let rig = Rig::of(2).await;
    let mut browser = rig.first_operator().await;
    let admin = &rig.company.world.admin;
    let mut configuration = admin.engine.configuration().await.expect("one");
    configuration.sp_connections[0].channels[0].source.groups = None;
    let revision = configuration.revision;
    let saved = admin.save(configuration, revision, "without groups").await;
    saved.expect("saved");
    let seen = "scope_count_seen";
    for tab in [SETTINGS, LOCATION] {
        send(&rig, &mut browser, tab, &[("go", "stay")]).await;
        assert!(is_seen(&rig, &mut browser, seen).await, "{tab}");
    }
    send(
        &rig,
        &mut browser,
        LOCATION,
        &[(FILTER, "(uid=u00)"), ("go", "stay")],
    )
    .await;
    assert!(!is_seen(&rig, &mut browser, seen).await);
    let page = send(&rig, &mut browser, LOCATION, &[("go", "count")])
        .await
        .ok();
    assert!(page.says("0 of 1 people are disabled."), "{}", page.text);
    assert!(is_seen(&rig, &mut browser, seen).await);
    send(
        &rig,
        &mut browser,
        LOCATION,
        &[("policy.exclude.names", "u00"), ("go", "stay")],
    )
    .await;
    assert!(!is_seen(&rig, &mut browser, seen).await);
}

#[tokio::test]
async fn nobody_disabled_among_many_is_acknowledged_until_the_status_is_read_otherwise() {
    let rig = Rig::of(501).await;
    let mut browser = rig.first_operator().await;
    let seen = "no_disabled_seen";
    let page = send(&rig, &mut browser, SETTINGS, &[("go", "probe")])
        .await
        .ok();
    assert!(page.says("0 of 501 people are disabled."), "{}", page.text);
    assert!(
        page.says("It is right that nobody is disabled"),
        "{}",
        page.text
    );
    send_again(
        &rig,
        &mut browser,
        &page,
        SETTINGS,
        &[("go", "acknowledge")],
    )
    .await;
    assert!(is_seen(&rig, &mut browser, seen).await);
    let page = send(&rig, &mut browser, LOCATION, &[("go", "count")])
        .await
        .ok();
    assert!(
        page.says("It was said that this is right."),
        "{}",
        page.text
    );
    let attribute = "channelSource.accountManagementSettings.accountStatusAttributeName";
    send(
        &rig,
        &mut browser,
        SETTINGS,
        &[(attribute, "title"), ("go", "stay")],
    )
    .await;
    assert!(!is_seen(&rig, &mut browser, seen).await);
}
