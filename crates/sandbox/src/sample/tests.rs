use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use usher_directory::ldif::{LdifReader, LdifRecord};
use usher_directory::{AttributeLookup, Dn, Filter};

use super::*;

struct Look<'a>(&'a DemoEntry);

impl AttributeLookup for Look<'_> {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        let values = self.0.values(description).iter();
        values
            .map(|value| Cow::Borrowed(value.as_slice()))
            .collect()
    }
}

fn is_person(entry: &DemoEntry) -> bool {
    entry
        .values("objectClass")
        .iter()
        .any(|class| class == b"inetOrgPerson")
}

fn is_group(entry: &DemoEntry) -> bool {
    entry
        .values("objectClass")
        .iter()
        .any(|class| class == b"groupOfNames")
}

fn is_disabled(entry: &DemoEntry) -> bool {
    entry.text(LOCK_ATTRIBUTE) == Some(LOCKED)
}

fn in_scope(filter: &str) -> Vec<DemoEntry> {
    let filter = Filter::parse(filter).unwrap();
    let people = entries().into_iter().filter(is_person);
    people
        .filter(|entry| filter.evaluate(&Look(entry)).is_true())
        .collect()
}

#[test]
fn the_organisation_is_the_same_every_time() {
    assert_eq!(entries(), entries());
}

#[test]
fn there_are_some_200_people_and_20_groups() {
    assert_eq!(
        entries().iter().filter(|entry| is_person(entry)).count(),
        215
    );
    assert_eq!(entries().iter().filter(|entry| is_group(entry)).count(), 20);
}

#[test]
fn two_hundred_people_get_an_account_and_the_typing_error_leaves_twenty() {
    let mut by_mail: BTreeMap<String, usize> = BTreeMap::new();
    let scope = in_scope(PEOPLE_FILTER);
    for entry in &scope {
        if let Some(mail) = entry.text("mail") {
            *by_mail.entry(mail.to_lowercase()).or_default() += 1;
        }
    }
    let gets_one = |entry: &&DemoEntry| {
        let mail = entry.text("mail").unwrap_or_default().to_lowercase();
        !is_disabled(entry)
            && entry.dn != ADMINISTRATOR
            && by_mail.get(&mail) == Some(&1)
            && mail.ends_with("@example.com")
    };
    assert_eq!(scope.iter().filter(gets_one).count(), PROVISIONED_PEOPLE);
    let left = in_scope(MISTYPED_FILTER);
    assert_eq!(left.iter().filter(gets_one).count(), CONTRACTORS);
}

#[test]
fn names_identifiers_and_user_names_are_unique() {
    let all = entries();
    let unique = |of: &dyn Fn(&DemoEntry) -> Option<String>| {
        let values: Vec<String> = all.iter().filter_map(of).collect();
        let set: BTreeSet<&String> = values.iter().collect();
        assert_eq!(values.len(), set.len());
    };
    unique(&|entry| Some(Dn::parse(&entry.dn).unwrap().canonical()));
    unique(&|entry| entry.text("entryUUID").map(str::to_owned));
    unique(&|entry| entry.text("uid").map(str::to_lowercase));
}

#[test]
fn every_entry_has_its_parent_before_it_and_its_naming_values() {
    let mut before: BTreeSet<String> = BTreeSet::new();
    for entry in entries() {
        let dn = Dn::parse(&entry.dn).unwrap();
        let parent = dn.parent().unwrap().canonical();
        assert!(
            entry.dn == BASE_DN || before.contains(&parent),
            "{}",
            entry.dn
        );
        before.insert(dn.canonical());
        for ava in dn.rdn().unwrap().avas() {
            let values = entry.values(ava.attribute());
            assert!(values.iter().any(|v| v == ava.bytes()), "{}", entry.dn);
        }
    }
}

#[test]
fn every_member_is_an_entry() {
    let all = entries();
    let names: BTreeSet<String> = all
        .iter()
        .map(|e| Dn::parse(&e.dn).unwrap().canonical())
        .collect();
    let groups: Vec<&DemoEntry> = all.iter().filter(|entry| is_group(entry)).collect();
    for group in groups {
        assert!(!group.values("member").is_empty(), "{}", group.dn);
        for member in group.values("member") {
            let member = Dn::parse(std::str::from_utf8(member).unwrap()).unwrap();
            assert!(
                names.contains(&member.canonical()),
                "{member} in {}",
                group.dn
            );
        }
    }
}

#[test]
fn the_people_that_are_told_of_are_there() {
    let all = entries();
    for dn in [
        ANA,
        LENA,
        PETRA,
        ADMINISTRATOR,
        BIND_DN,
        PEOPLE_DN,
        GROUPS_DN,
    ] {
        assert!(all.iter().any(|entry| entry.dn == dn), "{dn}");
    }
    let administrator = all.iter().find(|entry| entry.dn == ADMINISTRATOR).unwrap();
    assert_eq!(administrator.text("mail"), Some(ADMINISTRATOR_MAIL));
}

#[test]
fn the_export_reads_back_as_the_same_entries() {
    let text = ldif();
    let mut read = Vec::new();
    for record in LdifReader::new(text.as_bytes()) {
        match record.unwrap() {
            LdifRecord::Content(entry) => {
                read.push(Dn::parse(&entry.dn.to_string()).unwrap().canonical());
            }
            LdifRecord::Change(_) => panic!("an export has no changes"),
        }
    }
    let names: Vec<String> = entries()
        .iter()
        .map(|e| Dn::parse(&e.dn).unwrap().canonical())
        .collect();
    assert_eq!(read, names);
}
