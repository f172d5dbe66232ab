//! Against an Active Directory (or a Samba domain controller) that already runs; only reads.
//!
//! Set `USHER_TEST_AD` to `HOST[:PORT] BASE BIND-NAME PASSWORD`, separated by blanks.

use usher_connector::contract::check_source;
use usher_connector::{CheckOutcome, Plain, Source as _, SourceSettings};
use usher_core::model::{
    Bind, ChangeDetection, ChannelSource, DataStore, DataStoreId, DataStoreKind, DirectoryKind,
    LdapStore, Policy, Sealed,
};
use usher_core::templates::defaults_for;

use crate::rig::*;

fn settings() -> Option<SourceSettings> {
    let Ok(text) = std::env::var("USHER_TEST_AD") else {
        usher_testkit::note_skipped("USHER_TEST_AD is not set");
        return None;
    };
    let [host, base, name, password] = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .try_into()
        .expect("four words");
    let id = DataStoreId::new("ad");
    let source = ChannelSource {
        users: by_filter("(objectClass=*)"),
        groups: Some(by_filter("(!(isCriticalSystemObject=TRUE))")),
        ..defaults_for(DirectoryKind::ActiveDirectory).source(id.clone(), base)
    };
    Some(SourceSettings {
        data_store: DataStore {
            id,
            name: "AD".into(),
            kind: DataStoreKind::Ldap(LdapStore {
                hosts: vec![host.to_owned()],
                bind: Bind::Simple {
                    dn: name.to_owned(),
                    password: Sealed("sealed".into()),
                },
                page_size: 100,
                ..LdapStore::default()
            }),
            directory: DirectoryKind::ActiveDirectory,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        },
        password: Some(Plain::new(password)),
        authorities: Vec::new(),
        source,
        policy: Policy::default(),
    })
}

#[tokio::test]
async fn the_source_keeps_the_contract_and_reads_no_computers() {
    let Some(settings) = settings() else { return };
    let source = open(settings.clone());
    assert_eq!(check_source(&source, &request(None)).await, Ok(()));
    let mut asking = request(None);
    asking.attributes.push("userAccountControl".into());
    let reading = read(&source, &asking).await.expect("read");
    reading.assert_complete();
    assert!(!reading.people().is_empty());
    for read in &reading.entries {
        let computer = read
            .entry
            .values("objectClass")
            .contains(&b"computer".to_vec());
        assert!(!computer, "{}", read.entry.dn);
        assert!(read.entry.key.as_str().len() == 36, "{}", read.entry.key);
    }
    let report = source.probe().await.expect("a report");
    assert_eq!(report.looks_like, DirectoryKind::ActiveDirectory);
    assert!(
        report
            .checks
            .iter()
            .all(|c| c.outcome != CheckOutcome::Failed),
        "{:?}",
        report.checks
    );
}

#[tokio::test]
async fn an_idle_delta_is_small_by_number_and_by_time_stamp() {
    let Some(mut settings) = settings() else {
        return;
    };
    for detection in [
        ChangeDetection::ActiveDirectoryUsn,
        ChangeDetection::Timestamp,
    ] {
        settings.source.change_detection = detection;
        let source = open(settings.clone());
        let before = full(&source).await;
        let after = delta(&source, &before).await;
        after.assert_complete();
        assert!(!after.full, "{detection:?}");
        if detection == ChangeDetection::ActiveDirectoryUsn {
            assert_eq!(after.entries.len(), 0);
        }
    }
}

#[tokio::test]
async fn people_of_the_largest_group_are_all_read() {
    let Some(mut settings) = settings() else {
        return;
    };
    let everybody = full(&open(settings.clone())).await;
    let (name, members) = everybody
        .members
        .iter()
        .max_by_key(|(_, m)| m.len())
        .expect("a group");
    let largest = everybody
        .entries
        .iter()
        .find(|read| short(&read.entry.dn) == *name);
    settings.source.users = usher_core::model::Location {
        group_dn: largest.map(|read| read.entry.dn.clone()),
        nested: true,
        filter: None,
    };
    settings.source.groups = None;
    let source = open(settings);
    let reading = full(&source).await;
    reading.assert_complete();
    let people = everybody.people();
    let expected = members
        .iter()
        .filter(|member| people.contains(*member))
        .count();
    assert_eq!(reading.people().len(), expected, "of {name}");
}
