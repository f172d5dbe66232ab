//! What changed since.

use std::sync::Arc;

use usher_connector_ldap::Clock;
use usher_core::model::{Kind, Watermark};

use crate::rig::*;

fn replace(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
}

fn add_member(to: &str, member: &str) -> String {
    format!(
        "dn: {}\nchangetype: modify\nadd: member\nmember: {member}\n",
        group(to)
    )
}

fn sales_only(slapd: &usher_testkit::slapd::Slapd) -> usher_connector::SourceSettings {
    let mut settings = settings(slapd);
    settings.source.users = by_filter("(departmentNumber=Sales)");
    settings
}

#[tokio::test]
async fn a_delta_gives_what_changed_and_a_leaver_with_the_clause_he_fails() {
    let mut tree = Tree::new();
    tree.people(30).group("all", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(sales_only(&slapd));
    let before = full(&source).await;
    before.assert_complete();
    assert_eq!(before.people().len(), 15);

    let idle = delta(&source, &before).await;
    idle.assert_complete();
    assert!(!idle.full);
    assert!(idle.entries.is_empty(), "{:?}", idle.entries);
    assert!(idle.members.is_empty());

    slapd
        .ldif_modify(&replace(&person("p0"), "departmentNumber", "Support"))
        .expect("left Sales");
    slapd
        .ldif_modify(&replace(&person("p1"), "departmentNumber", "Sales"))
        .expect("joined Sales");
    slapd
        .ldif_modify(&replace(&person("p2"), "sn", "Married"))
        .expect("renamed");
    slapd
        .ldif_modify(&replace(&person("p3"), "sn", "Married"))
        .expect("renamed, not in scope");
    let changed = delta(&source, &before).await;
    changed.assert_complete();
    assert!(!changed.full);
    assert_eq!(changed.people(), names(["p1", "p2"]));
    let clause = "filter (departmentNumber=Sales)";
    let out = changed.out();
    assert_eq!(
        out.keys()
            .cloned()
            .collect::<std::collections::BTreeSet<_>>(),
        names(["p0", "p3"])
    );
    assert!(out.values().all(|words| words == clause), "{out:?}");
    assert_eq!(changed.certificate.users, 4);

    let again = delta(&source, &changed).await;
    assert_eq!(
        again.people(),
        names(["p1", "p2"]),
        "stamps of the last minute are read again"
    );
}

#[tokio::test]
async fn a_changed_group_is_read_with_its_members_and_so_is_every_group_above_it() {
    let mut tree = Tree::new();
    tree.people(4);
    tree.group("inner", &[person("p0")]);
    tree.group("middle", &[group("inner")]);
    tree.group("outer", &[group("middle"), group("outer")]);
    tree.group("apart", &[person("p3")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let before = full(&source).await;
    assert_eq!(before.members["outer"], names(["p0"]));

    slapd
        .ldif_modify(&add_member("inner", &person("p1")))
        .expect("changed");
    let changed = delta(&source, &before).await;
    changed.assert_complete();
    assert_eq!(changed.groups(), names(["inner", "middle", "outer"]));
    for name in ["inner", "middle", "outer"] {
        assert_eq!(changed.members[name], names(["p0", "p1"]), "{name}");
        assert_eq!(changed.ends[name], None);
    }

    let mut asking = request(before.mark.clone());
    asking.member_groups = vec![group("APART"), group("nowhere")];
    let asked = read(&source, &asking).await.expect("read");
    asked.assert_complete();
    assert_eq!(
        asked.members["apart"],
        names(["p3"]),
        "a group that was asked for is read"
    );
}

#[tokio::test]
async fn a_changed_scope_group_turns_a_delta_into_a_full_read() {
    let mut tree = Tree::new();
    tree.people(4);
    tree.group("staff", &[person("p0"), person("p1"), group("inner")]);
    tree.group("inner", &[person("p2")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users = by_group("staff", true);
    settings.source.groups = None;
    let source = open(settings);
    let before = full(&source).await;
    assert_eq!(before.people(), names(["p0", "p1", "p2"]));

    slapd
        .ldif_modify(&replace(&person("p3"), "sn", "Outsider"))
        .expect("changed");
    slapd
        .ldif_modify(&replace(&person("p2"), "sn", "Insider"))
        .expect("changed");
    let changed = delta(&source, &before).await;
    assert!(!changed.full);
    assert_eq!(changed.people(), names(["p2"]));
    let words = format!("group {} (nested groups too)", group("staff"));
    assert_eq!(changed.out(), [("p3".to_owned(), words)].into());

    slapd
        .ldif_modify(&add_member("inner", &person("p3")))
        .expect("joined");
    let joined = delta(&source, &before).await;
    joined.assert_complete();
    assert!(
        joined.full,
        "who left a scope group has not changed himself"
    );
    assert_eq!(joined.people(), names(["p0", "p1", "p2", "p3"]));
    let next = delta(&source, &joined).await;
    assert!(!next.full);
}

#[tokio::test]
async fn a_renamed_scope_group_proves_nothing() {
    let mut tree = Tree::new();
    tree.people(2).group("staff", &[person("p0"), person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users = by_group("staff", false);
    let source = open(settings);
    let before = full(&source).await;
    before.assert_complete();
    let rename = format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn=crew\ndeleteoldrdn: 1\n",
        group("staff")
    );
    slapd.ldif_modify(&rename).expect("renamed");
    slapd
        .ldif_modify(&replace(&person("p0"), "sn", "Changed"))
        .expect("changed");
    for reading in [full(&source).await, delta(&source, &before).await] {
        assert!(
            reading.incomplete().contains(&group("staff")),
            "{}",
            reading.incomplete()
        );
        assert!(
            reading.out().is_empty(),
            "nobody is told to be out: {:?}",
            reading.out()
        );
    }
}

#[tokio::test]
async fn a_foreign_or_future_watermark_means_a_full_read() {
    let mut tree = Tree::new();
    tree.people(3);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let before = full(&source).await;
    let mark = before.mark.clone().expect("a mark").0;
    let future = mark.replacen("\"at\":", "\"at\":9", 1);
    let other_base = mark.replace(BASE, "dc=other,dc=test");
    for text in ["", "20240101000000Z", "{}", &future, &other_base] {
        let reading = read(&source, &request(Some(Watermark(text.into()))))
            .await
            .expect("read");
        assert!(reading.full, "{text}");
        assert_eq!(reading.people().len(), 3);
    }
}

#[tokio::test]
async fn an_entry_stamped_in_the_future_does_not_push_the_mark() {
    let mut tree = Tree::new();
    tree.people(2);
    let future = tree_with_future(&mut tree);
    let Some(slapd) = future.start() else { return };
    let now = 1_767_225_600_000; // 2026-01-01
    let clock = Clock(Arc::new(move || now));
    let source = open(settings(&slapd)).with_clock(clock);
    let before = full(&source).await;
    let mark = before.mark.clone().expect("a mark").0;
    let at: i64 = mark
        .split("\"at\":")
        .nth(1)
        .and_then(|rest| rest.split(['}', ',']).next())
        .and_then(|number| number.parse().ok())
        .expect("a time");
    assert!(at <= now, "{mark}");
    let after = delta(&source, &before).await;
    assert!(!after.full);
    assert!(
        after.people().contains("late"),
        "read again and again, which costs a comparison"
    );
}

fn tree_with_future(tree: &mut Tree) -> &mut Tree {
    let dn = person("late");
    tree.raw(&format!(
        "dn: {dn}\nobjectClass: inetOrgPerson\nuid: late\ncn: L\nsn: L\nentryUUID: {}\n\
         modifyTimestamp: 20991231000000Z\n\n",
        uuid(900)
    ))
}

#[tokio::test]
async fn renaming_an_ou_moves_no_stamp_and_a_full_read_still_gives_the_right_members() {
    let mut tree = Tree::new();
    tree.unit("old");
    let dn = format!("uid=moved,ou=old,{BASE}");
    tree.entry(
        &dn,
        &["objectClass: inetOrgPerson", "uid: moved", "cn: M", "sn: M"],
    );
    tree.people(1).group("all", &[dn.clone(), person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let before = full(&source).await;
    let rename =
        format!("dn: ou=old,{BASE}\nchangetype: modrdn\nnewrdn: ou=new\ndeleteoldrdn: 1\n");
    slapd.ldif_modify(&rename).expect("renamed");
    let after = full(&source).await;
    after.assert_complete();
    assert_eq!(after.people(), before.people());
    assert_eq!(after.key("moved"), before.key("moved"));
    let moved = after
        .entries
        .iter()
        .find(|read| read.entry.kind == Kind::User && short(&read.entry.dn) == "moved");
    assert!(moved.expect("there").entry.dn.contains("ou=new"));
    assert!(
        after.members["all"].contains("moved"),
        "{:?}",
        after.members
    );
}
