use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::slapd::{Slapd, SlapdConfig};

fn small() -> Company {
    Company::generate(Options {
        users: 700,
        groups: 60,
        shared_mail_every: 100,
        ..Options::default()
    })
}

#[test]
fn the_same_options_give_the_same_bytes_and_another_seed_another_company() {
    assert_eq!(small().ldif(), small().ldif());
    let other = Company::generate(Options {
        seed: 43,
        ..small().options.clone()
    });
    assert_ne!(small().person(300).uid, other.person(300).uid);
}

#[test]
fn a_person_is_the_same_however_many_there_are() {
    let many = Company::generate(Options {
        users: 1_000_000,
        shared_mail_every: 100,
        ..Options::default()
    });
    assert_eq!(small().person(500).dn, many.person(500).dn);
    assert!(!many.person(999_999).uid.is_empty());
}

#[test]
fn names_keys_and_user_names_are_unique_but_for_the_twins() {
    let company = small();
    let mut dns = BTreeSet::new();
    let mut uids = BTreeSet::new();
    for person in company.people() {
        assert!(dns.insert(person.dn.to_lowercase()), "{}", person.dn);
        assert!(dns.insert(person.key.clone()), "{}", person.key);
        let is_new = uids.insert(person.uid.to_lowercase());
        assert!(
            is_new || person.tag == Some("twin-uid-upper"),
            "{}",
            person.uid
        );
    }
    for group in company.groups() {
        assert!(dns.insert(group.dn.to_lowercase()), "{}", group.dn);
    }
}

#[test]
fn whoever_shares_an_address_is_expected_to_conflict_with_just_those() {
    let company = small();
    let mut by_mail: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for person in company.people() {
        if let Some(mail) = person.wanted.get("workEmail") {
            by_mail
                .entry(mail.to_lowercase())
                .or_default()
                .insert(person.uid.clone());
        }
    }
    let mut pairs = 0;
    for person in company.people() {
        let Some(mail) = person.wanted.get("workEmail") else {
            continue;
        };
        let mut others = by_mail[&mail.to_lowercase()].clone();
        others.remove(&person.uid);
        match &person.expected {
            Expected::Conflict { with }
                if person.tag.is_none_or(|tag| !tag.starts_with("twin")) =>
            {
                pairs += 1;
                assert_eq!(with.iter().cloned().collect::<BTreeSet<_>>(), others);
            }
            _ => assert!(others.is_empty(), "{} {others:?}", person.uid),
        }
    }
    assert!(pairs > 9, "{pairs}");
}

#[test]
fn every_odd_entry_is_in_the_manifest_once() {
    let manifest = small().manifest();
    assert_eq!(manifest.len() as u32, odd_people() + odd_groups());
    let tags: BTreeSet<&str> = manifest.iter().map(|entry| entry.tag).collect();
    assert_eq!(tags.len(), manifest.len());
}

#[test]
fn changes_touch_nobody_twice_and_are_the_same_every_time() {
    let company = small();
    let changes = company.changes(120);
    let people: BTreeSet<u32> = changes.iter().map(|change| change.person.number).collect();
    assert_eq!(people.len(), 120);
    let kinds: BTreeSet<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    let texts = |changes: Vec<Change>| {
        changes
            .into_iter()
            .map(|change| change.ldif)
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(changes), texts(company.changes(120)));
}

#[test]
fn a_real_server_takes_every_entry_and_every_change() {
    let company = Company::generate(Options {
        member_of: true,
        ..small().options.clone()
    });
    let config = SlapdConfig {
        ldif: Some(company.ldif()),
        ppolicy: true,
        ..SlapdConfig::default()
    };
    let Some(slapd) = Slapd::start_or_skip(config) else {
        return;
    };
    for change in company.changes(60) {
        let done = slapd.ldif_modify(&change.ldif);
        assert!(done.is_ok(), "{done:?}\n{}", change.ldif);
    }
}
