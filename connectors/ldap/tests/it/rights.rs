//! Lost rights, limits, referrals: the server answers success or nearly so, and nothing is proved.

use usher_connector::Fetched;
use usher_core::model::SourceKey;
use usher_testkit::slapd::SlapdConfig;

use crate::rig::*;

const PASSWORDS: &str = "to attrs=userPassword by self write by anonymous auth by * none";

#[tokio::test]
async fn when_rights_are_lost_the_sentinels_say_so() {
    let mut tree = Tree::new();
    tree.people(20);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let before = full(&source).await;
    before.assert_complete();
    let mut asking = request(None);
    asking.sentinel_keys = before
        .entries
        .iter()
        .map(|read| read.entry.key.clone())
        .collect();

    let hidden = format!("to dn.subtree=\"ou=people,{BASE}\" by * none");
    slapd
        .set_acl(&[PASSWORDS, &hidden, "to * by * read"])
        .expect("rights taken away");
    let after = read(&source, &asking)
        .await
        .expect("the server says success");
    assert!(after.people().is_empty());
    assert!(
        after.incomplete().contains("20 of 20 linked people"),
        "{}",
        after.incomplete()
    );
    assert_eq!(after.certificate.sentinels_found, 2);

    slapd
        .set_acl(&[PASSWORDS, "to * by * read"])
        .expect("rights given back");
    read(&source, &asking)
        .await
        .expect("read")
        .assert_complete();
}

#[tokio::test]
async fn one_missing_linked_person_may_be_a_leaver_two_prove_nothing() {
    let mut tree = Tree::new();
    tree.people(5);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let before = full(&source).await;
    let mut asking = request(None);
    asking.sentinel_keys = vec![
        before.key("p0"),
        before.key("p1"),
        SourceKey::new(uuid(901)),
    ];
    read(&source, &asking)
        .await
        .expect("read")
        .assert_complete();
    asking.sentinel_keys.push(SourceKey::new(uuid(902)));
    let reading = read(&source, &asking).await.expect("read");
    assert!(
        reading.incomplete().contains("2 of 4"),
        "{}",
        reading.incomplete()
    );
}

#[tokio::test]
async fn a_named_sentinel_and_a_hidden_base_make_a_read_incomplete() {
    let mut tree = Tree::new();
    tree.people(2);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.policy.sentinels = vec![person("p0")];
    let source = open(settings.clone());
    full(&source).await.assert_complete();
    slapd
        .ldif_modify(&format!("dn: {}\nchangetype: delete\n", person("p0")))
        .expect("deleted");
    let reading = full(&source).await;
    assert!(
        reading.incomplete().contains(&person("p0")),
        "{}",
        reading.incomplete()
    );

    settings.policy.sentinels.clear();
    let source = open(settings);
    let key = full(&source).await.key("p1");
    let hidden = format!("to dn.base=\"{BASE}\" by users search by * none");
    slapd
        .set_acl(&[PASSWORDS, &hidden, "to * by * read"])
        .expect("base hidden");
    match read(&source, &request(None)).await {
        Ok(reading) => assert!(!reading.certificate.is_complete()),
        Err(error) => assert!(error.to_string().contains(BASE), "{error}"),
    }
    let fetched = fetch(&source, vec![key, SourceKey::new(uuid(903))]).await;
    assert!(
        matches!(fetched[0], Fetched::Present(_)),
        "{:?}",
        fetched[0]
    );
    assert!(
        matches!(fetched[1], Fetched::Unknown { .. }),
        "{:?}",
        fetched[1]
    );
}

#[tokio::test]
async fn a_size_limit_gives_a_part_and_says_so() {
    let mut tree = Tree::new();
    tree.people(30).group("all", &[person("p0"), person("p1")]);
    let config = SlapdConfig {
        limits: vec!["* size.soft=15 size.hard=15 size.pr=10 size.prtotal=15".into()],
        ..SlapdConfig::default()
    };
    let Some(slapd) = tree.start_with(config) else {
        return;
    };
    let reading = full(&open(settings(&slapd))).await;
    assert!(
        reading.incomplete().contains("sizeLimitExceeded"),
        "{}",
        reading.incomplete()
    );
    assert!(reading.people().len() < 30);
    assert!(!reading.people().is_empty(), "what was read is told");
    assert_eq!(
        reading.members["all"],
        names(["p0", "p1"]),
        "other searches go on"
    );
}

#[tokio::test]
async fn a_part_of_the_tree_that_lives_elsewhere_is_not_proved_empty() {
    let mut tree = Tree::new();
    tree.people(2);
    tree.entry(
        &format!("ou=abroad,{BASE}"),
        &[
            "objectClass: referral",
            "objectClass: extensibleObject",
            "ou: abroad",
            &format!("ref: ldap://other.example.test/ou=abroad,{BASE}"),
        ],
    );
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let reading = full(&source).await;
    assert_eq!(reading.people(), names(["p0", "p1"]));
    assert!(
        reading.incomplete().contains("other.example.test"),
        "{}",
        reading.incomplete()
    );
    assert_eq!(
        reading.certificate.incomplete.len(),
        1,
        "told once: {}",
        reading.incomplete()
    );
    let fetched = fetch(&source, vec![SourceKey::new(uuid(904))]).await;
    assert!(
        matches!(&fetched[0], Fetched::Unknown { reason } if reason.contains("other.example.test"))
    );
}

#[tokio::test]
async fn a_group_whose_members_are_hidden_is_incomplete_and_so_is_one_that_contains_it() {
    let mut tree = Tree::new();
    tree.people(2);
    tree.group("outer", &[person("p0"), group("inner")]);
    tree.group("inner", &[person("p1")]);
    tree.group("apart", &[person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    full(&source).await.assert_complete();
    let rule = format!("to dn.base=\"{}\" attrs=member by * none", group("inner"));
    slapd
        .set_acl(&[PASSWORDS, &rule, "to * by * read"])
        .expect("members hidden");
    let reading = full(&source).await;
    assert_eq!(reading.members["outer"], names(["p0"]));
    for name in ["inner", "outer"] {
        let why = reading.ends[name].as_deref().unwrap_or_default();
        assert!(why.contains("shows no `member`"), "{name}: {why}");
    }
    assert_eq!(reading.ends["apart"], None);
}
