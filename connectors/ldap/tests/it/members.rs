//! Members of groups.

use usher_testkit::slapd::{READ_ALL, SlapdConfig};

use crate::rig::*;

#[tokio::test]
async fn a_large_group_comes_in_pieces_and_nested_groups_that_contain_each_other_end() {
    let mut tree = Tree::new();
    let many: Vec<String> = (0..2_500).map(|at| person(&format!("m{at}"))).collect();
    tree.people(3).group("large", &many);
    tree.group("a", &[person("p0"), group("b")]);
    tree.group("b", &[person("p1"), group("c")]);
    tree.group("c", &[person("p2"), group("a"), group("c")]);
    let Some(slapd) = tree.start() else { return };
    let reading = full(&open(settings(&slapd))).await;
    reading.assert_complete();
    assert_eq!(reading.members["large"].len(), 2_500);
    for name in ["a", "b", "c"] {
        assert_eq!(reading.members[name], names(["p0", "p1", "p2"]), "{name}");
        assert_eq!(reading.ends[name], None);
    }
    assert_eq!(
        reading.vias[&("a".into(), "p2".into())],
        [group("b"), group("c")]
    );
    assert!(reading.certificate.incomplete_groups.is_empty());
}

#[tokio::test]
async fn members_below_another_base_are_flattened_too() {
    let mut tree = Tree::new();
    tree.people(2).unit("other");
    let outside = format!("cn=outside,ou=other,{BASE}");
    tree.entry(
        &outside,
        &[
            "objectClass: groupOfNames",
            "cn: outside",
            &format!("member: {}", person("p1")),
        ],
    );
    tree.group("inside", &[person("p0"), outside.clone()]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.base_dn = format!("ou=groups,{BASE}");
    let reading = full(&open(settings)).await;
    reading.assert_complete();
    assert_eq!(reading.groups(), names(["inside"]));
    assert_eq!(reading.members["inside"], names(["p0", "p1"]));
}

#[tokio::test]
async fn members_that_are_no_names_make_their_group_incomplete_and_no_other() {
    let mut tree = Tree::new();
    tree.people(2).group("named", &[person("p0")]);
    tree.entry(
        &group("posix"),
        &[
            "objectClass: posixGroup",
            "cn: posix",
            "gidNumber: 1",
            "memberUid: p0",
        ],
    );
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.group_object_class = "posixGroup".into();
    settings.source.group_member_attribute = "memberUid".into();
    let reading = full(&open(settings)).await;
    reading.assert_complete();
    let why = reading.ends["posix"].as_deref().expect("incomplete");
    assert!(why.contains("`p0`"), "{why}");
    assert_eq!(reading.certificate.incomplete_groups[&group("posix")], why);
}

#[tokio::test]
async fn many_groups_come_with_their_members_and_one_that_hides_them_is_incomplete() {
    let mut tree = Tree::new();
    tree.people(30);
    for at in 0..30 {
        let mut members = vec![person(&format!("p{at}"))];
        if at < 20 {
            members.push(group(&format!("g{}", at + 10)));
        }
        tree.group(&format!("g{at}"), &members);
    }
    let hidden = format!("to dn.exact=\"{}\" attrs=member by * none", group("g29"));
    let mut acl = vec![hidden];
    acl.extend(READ_ALL.iter().map(|rule| (*rule).to_owned()));
    let config = SlapdConfig {
        acl,
        ..SlapdConfig::default()
    };
    let Some(slapd) = tree.start_with(config) else {
        return;
    };
    let reading = full(&open(settings(&slapd))).await;
    reading.assert_complete();
    assert_eq!(reading.members["g0"], names(["p0", "p10", "p20"]));
    assert_eq!(reading.members["g28"], names(["p28"]));
    assert_eq!(reading.ends.len(), 30, "each list ends once");
    for at in 0..30 {
        let end = &reading.ends[&format!("g{at}")];
        assert_eq!(end.is_some(), at % 10 == 9, "g{at}: {end:?}");
    }
}
