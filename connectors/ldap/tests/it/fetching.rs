//! Single entries, outside of the paged search.

use usher_connector::Fetched;
use usher_core::model::{Kind, ScopeVerdict, SourceKey};

use crate::rig::*;

fn dn_of(fetched: &Fetched) -> &str {
    match fetched {
        Fetched::Present(read) => &read.entry.dn,
        other => panic!("not there: {other:?}"),
    }
}

#[tokio::test]
async fn a_fetch_by_key_agrees_with_the_read_and_answers_in_the_order_asked() {
    let mut tree = Tree::new();
    tree.people(60).group("all", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let reading = full(&source).await;
    let mut keys: Vec<SourceKey> = reading
        .entries
        .iter()
        .map(|r| r.entry.key.clone())
        .collect();
    keys.reverse();
    keys.insert(1, SourceKey::new(uuid(7_777)));
    keys.insert(2, SourceKey::new("no (uuid)*"));
    let mut fetched = fetch(&source, keys).await;
    assert_eq!(fetched.remove(1), Fetched::Absent);
    assert_eq!(fetched.remove(1), Fetched::Absent);
    for (read, fetched) in reading.entries.iter().rev().zip(&fetched) {
        assert_eq!(fetched, &Fetched::Present(Box::new(read.clone())));
    }
    assert_eq!(fetched.len(), 61);

    let twice = vec![reading.key("p0"), reading.key("p0")];
    let fetched = fetch(&source, twice).await;
    assert!(
        matches!(fetched[..], [Fetched::Present(_), Fetched::Present(_)]),
        "{fetched:?}"
    );
}

#[tokio::test]
async fn a_key_that_the_server_finds_under_another_spelling_is_not_called_absent() {
    let mut tree = Tree::new();
    tree.person("p0", &["employeeNumber: ABC"]);
    tree.person("p1", &["employeeNumber: one"]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.guid_attribute = "employeeNumber".into();
    let source = open(settings);
    let fetched = fetch(&source, vec![SourceKey::new("ABC"), SourceKey::new("abc")]).await;
    assert!(matches!(fetched[0], Fetched::Present(_)), "{fetched:?}");
    assert!(matches!(fetched[1], Fetched::Unknown { .. }), "{fetched:?}");
}

#[tokio::test]
async fn the_clause_that_keeps_an_entry_out_is_told() {
    let mut tree = Tree::new();
    tree.people(4).unit("attic");
    let attic = format!("uid=old,ou=attic,{BASE}");
    tree.entry(
        &attic,
        &["objectClass: inetOrgPerson", "uid: old", "cn: O", "sn: O"],
    );
    tree.group("staff", &[person("p0"), person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let everybody = full(&open(settings(&slapd))).await;

    let mut narrow = settings(&slapd);
    narrow.source.base_dn = format!("ou=people,{BASE}");
    narrow.source.users = by_group("staff", false);
    narrow.source.users.filter = Some("(departmentNumber=Sales)".into());
    narrow.source.groups = None;
    let source = open(narrow);
    let keys = ["p0", "p1", "p2", "old", "staff"].map(|name| everybody.key(name));
    let fetched = fetch(&source, keys.into()).await;
    assert!(matches!(&fetched[0], Fetched::Present(read) if read.scope == ScopeVerdict::In));
    assert_eq!(clause(&fetched[1]), "filter (departmentNumber=Sales)");
    assert_eq!(clause(&fetched[2]), format!("group {}", group("staff")));
    assert_eq!(clause(&fetched[3]), format!("base DN ou=people,{BASE}"));
    assert_eq!(clause(&fetched[4]), "no groups are provisioned");

    let fetched = fetch_dns(&source, &[&person("P0"), &attic]).await;
    assert_eq!(dn_of(&fetched[0]), person("p0"));
    assert_eq!(clause(&fetched[1]), format!("base DN ou=people,{BASE}"));
}

#[tokio::test]
async fn by_name_a_container_is_something_else_and_a_name_that_is_none_is_unknown() {
    let mut tree = Tree::new();
    tree.people(1).group("all", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let unit = format!("ou=people,{BASE}");
    let dns = [
        person("p0"),
        group("all"),
        unit,
        person("gone"),
        "not a name".into(),
        "unknowntype=x,dc=y".into(),
    ];
    let dns: Vec<&str> = dns.iter().map(String::as_str).collect();
    let fetched = fetch_dns(&source, &dns).await;
    assert_eq!(dn_of(&fetched[0]), person("p0"));
    assert!(matches!(&fetched[1], Fetched::Present(read) if read.entry.kind == Kind::Group));
    assert!(matches!(&fetched[2], Fetched::Other { what } if what.contains("organizationalUnit")));
    assert_eq!(fetched[3], Fetched::Absent);
    for odd in &fetched[4..] {
        assert!(matches!(odd, Fetched::Unknown { .. }), "{odd:?}");
    }
    assert!(fetch_dns(&source, &[]).await.is_empty());
    assert!(fetch(&source, Vec::new()).await.is_empty());
}

#[tokio::test]
async fn a_class_that_only_the_server_derives_is_a_person_too() {
    let mut tree = Tree::new();
    tree.people(1);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.user_object_class = "organizationalPerson".into();
    let source = open(settings);
    let reading = full(&source).await;
    assert_eq!(reading.people(), names(["p0"]));
    let fetched = fetch_dns(&source, &[&person("p0")]).await;
    assert_eq!(dn_of(&fetched[0]), person("p0"));
}

#[tokio::test]
async fn a_server_that_is_gone_leaves_nothing_absent() {
    let mut tree = Tree::new();
    tree.people(1);
    let Some(mut slapd) = tree.start() else {
        return;
    };
    let source = open(settings(&slapd));
    let reading = full(&source).await;
    assert_eq!(fetch(&source, vec![reading.key("p0")]).await.len(), 1);
    slapd.stop();
    let by = usher_connector::FetchBy::Keys(vec![reading.key("p0")]);
    let answer = usher_connector::Source::fetch(&source, &by, &[]).await;
    assert!(answer.is_err(), "{answer:?}");
    let by = usher_connector::FetchBy::Dns(vec![person("p0")]);
    let answer = usher_connector::Source::fetch(&source, &by, &[]).await;
    let nothing_absent = answer
        .as_ref()
        .map_or(true, |all| matches!(all[..], [Fetched::Unknown { .. }]));
    assert!(nothing_absent, "{answer:?}");
}
