//! What the probe says, and what it says when something is wrong.

use std::sync::Arc;

use usher_connector::{Check, CheckOutcome, Plain, ProbeReport, Source as _, SourceSettings};
use usher_connector_ldap::Clock;
use usher_core::model::DirectoryKind;

use crate::rig::*;

async fn probe(settings: SourceSettings) -> ProbeReport {
    open(settings).probe().await.expect("a report")
}

#[track_caller]
fn check<'a>(report: &'a ProbeReport, name: &str) -> &'a Check {
    let found = report.checks.iter().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("no check {name}: {:?}", report.checks))
}

#[tokio::test]
async fn a_sound_directory_is_described_and_nothing_fails() {
    let mut tree = Tree::new();
    tree.people(3).group("staff", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users = by_group("staff", false);
    let report = probe(settings).await;
    assert_eq!(report.looks_like, DirectoryKind::OpenLdap);
    assert_eq!(report.server, "OpenLDAP");
    assert_eq!(report.host, slapd.url());
    assert_eq!(report.naming_contexts, [BASE]);
    assert!(
        report
            .checks
            .iter()
            .all(|c| c.outcome != CheckOutcome::Failed),
        "{:?}",
        report.checks
    );
    assert!(check(&report, "people").detail.starts_with("3 with"));
    assert!(check(&report, "groups").detail.starts_with("1 with"));
    assert!(check(&report, "GUID of people").detail.contains(&uuid(4)));
    assert_eq!(
        check(&report, "host").outcome,
        CheckOutcome::Warning,
        "a password in the clear"
    );
    assert_eq!(check(&report, "changes").outcome, CheckOutcome::Good);
}

#[tokio::test]
async fn every_wrong_setting_has_its_failed_check_with_a_remedy() {
    let mut tree = Tree::new();
    tree.people(1);
    let Some(mut slapd) = tree.start() else {
        return;
    };
    let good = settings(&slapd);
    let failed = |report: &ProbeReport, name: &str, word: &str| {
        let check = check(report, name);
        assert_ne!(check.outcome, CheckOutcome::Good, "{check:?}");
        assert!(check.detail.contains(word), "{word}: {check:?}");
    };
    let mut wrong = good.clone();
    wrong.password = Some(Plain::new("guess"));
    failed(
        &probe(wrong).await,
        "bind",
        "Check the bind DN and the password",
    );

    let mut wrong = good.clone();
    wrong.source.base_dn = "dc=other,dc=test".into();
    let report = probe(wrong).await;
    failed(&report, "naming context", BASE);
    failed(&report, "base DN", "dc=other,dc=test");

    let mut wrong = good.clone();
    wrong.source.user_object_class = "account".into();
    wrong.source.users = by_group("nowhere", false);
    wrong.data_store.directory = DirectoryKind::Ds389;
    let report = probe(wrong).await;
    failed(&report, "people", "check the object class");
    failed(&report, "scope group", &group("nowhere"));
    failed(&report, "directory type", "`open_ldap`");

    let mut wrong = good.clone();
    wrong.source.guid_attribute = "employeeNumber".into();
    failed(&probe(wrong).await, "GUID of people", "employeeNumber");

    for (unstable, outcome, word) in [
        ("entryDN", CheckOutcome::Failed, "is its DN"),
        ("uid", CheckOutcome::Warning, "never changes"),
    ] {
        let mut wrong = good.clone();
        wrong.source.guid_attribute = unstable.into();
        let report = probe(wrong).await;
        failed(&report, "GUID of people", word);
        assert_eq!(check(&report, "GUID of people").outcome, outcome);
    }

    for (attribute, word) in [
        ("whenChanged", "shows no `whenChanged`"),
        ("uid", "no time"),
    ] {
        let mut wrong = good.clone();
        wrong.source.timestamp_attribute = attribute.into();
        let report = probe(wrong).await;
        failed(&report, "time stamp of people", word);
        failed(&report, "time stamp of people", "`modifyTimestamp`");
    }

    let mut wrong = good.clone();
    wrong.source.change_detection = usher_core::model::ChangeDetection::ActiveDirectoryUsn;
    wrong.source.usn_attribute = Some("uSNChanged".into());
    failed(&probe(wrong).await, "changes", "highestCommittedUSN");

    slapd.stop();
    let report = open(good)
        .with_clock(Clock(Arc::new(|| 0)))
        .probe()
        .await
        .expect("a report");
    failed(&report, "host", &slapd.port().to_string());
    assert_eq!(report.checks.len(), 1);
}
