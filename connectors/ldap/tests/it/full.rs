//! Everything, read in pages.

use usher_connector::SourceError;
use usher_connector::contract::check_source;
use usher_connector_ldap::LdapSource;
use usher_core::model::{Kind, LdapSecurity};

use crate::rig::*;

#[tokio::test]
async fn a_full_read_of_more_than_a_page_gives_everybody_and_every_group_with_members() {
    let mut tree = Tree::new();
    tree.people(25).group(
        "all",
        &(0..25)
            .map(|at| person(&format!("p{at}")))
            .collect::<Vec<_>>(),
    );
    let Some(slapd) = tree.start() else { return };
    let reading = full(&open(settings(&slapd))).await;
    reading.assert_complete();
    assert!(reading.full);
    assert!(
        reading.mark.is_some(),
        "OpenLDAP tells when it changed last"
    );
    assert_eq!(reading.people().len(), 25);
    assert_eq!(reading.groups(), names(["all"]));
    assert_eq!(reading.members["all"].len(), 25);
    assert_eq!(reading.ends["all"], None);
    let certificate = &reading.certificate;
    assert_eq!((certificate.users, certificate.groups), (25, 1));
    assert_eq!(certificate.pages, 4, "25 people in pages of 10, one group");
    assert!(
        certificate
            .asked
            .iter()
            .any(|words| words.contains("(objectClass=inetOrgPerson)"))
    );
    assert_eq!(certificate.host, slapd.url());
    assert_eq!(
        certificate.sentinels_asked, 2,
        "the base and the reader's own entry"
    );
    assert_eq!(certificate.sentinels_found, 2);

    let first = &reading.entries[0];
    assert_eq!(first.entry.kind, Kind::User);
    assert!(first.entry.text("mail").is_some());
    assert!(
        first.entry.values("departmentnumber").len() == 1,
        "names are lower-case"
    );
    assert_eq!(
        reading.key("p0").as_str(),
        uuid(4),
        "the key is the entryUUID"
    );
    let group = reading
        .entries
        .iter()
        .find(|read| read.entry.kind == Kind::Group);
    let group = group.expect("the group");
    assert!(
        group.entry.values("member").is_empty(),
        "members are not read with the entry"
    );
    let kinds: Vec<Kind> = reading.entries.iter().map(|read| read.entry.kind).collect();
    assert!(kinds.is_sorted(), "people come before groups");
}

#[tokio::test]
async fn the_filter_and_the_base_decide_who_is_read() {
    let mut tree = Tree::new();
    tree.people(6).unit("elsewhere");
    tree.group("sales", &[person("p0")])
        .group("support", &[person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users = by_filter("departmentNumber=Sales");
    settings.source.groups = Some(by_filter("(cn=sal*)"));
    let reading = full(&open(settings.clone())).await;
    reading.assert_complete();
    assert_eq!(reading.people(), names(["p0", "p2", "p4"]));
    assert_eq!(reading.groups(), names(["sales"]));

    settings.source.base_dn = format!("ou=elsewhere,{BASE}");
    settings.source.groups = None;
    let reading = full(&open(settings)).await;
    reading.assert_complete();
    assert!(reading.entries.is_empty());
}

#[tokio::test]
async fn people_of_nested_scope_groups_are_read_by_name_even_in_a_cycle() {
    let mut tree = Tree::new();
    tree.people(8);
    tree.group(
        "staff",
        &[person("p0"), person("p1"), group("inner"), person("gone")],
    );
    tree.group("inner", &[person("p2"), group("innermost")]);
    tree.group("innermost", &[person("p3"), group("staff"), person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users = by_group("staff", false);
    settings.source.groups = None;
    let reading = full(&open(settings.clone())).await;
    reading.assert_complete();
    assert_eq!(
        reading.people(),
        names(["p0", "p1"]),
        "not nested: direct members only"
    );

    settings.source.users = by_group("staff", true);
    let reading = full(&open(settings.clone())).await;
    reading.assert_complete();
    assert_eq!(reading.people(), names(["p0", "p1", "p2", "p3"]));

    settings.source.users.filter = Some("(departmentNumber=Sales)".into());
    settings.policy.further_group_dns = vec![group("inner"), group("STAFF").to_uppercase()];
    let reading = full(&open(settings)).await;
    reading.assert_complete();
    assert_eq!(
        reading.people(),
        names(["p0", "p2"]),
        "both clauses must hold"
    );
}

#[tokio::test]
async fn groups_of_a_container_group_are_read_with_all_their_members() {
    let mut tree = Tree::new();
    tree.people(4);
    tree.group("container", &[group("a"), group("b"), person("p3")]);
    tree.group("a", &[person("p0"), group("deep")]);
    tree.group("b", &[person("p1")]);
    tree.group("deep", &[person("p2"), group("a")]);
    tree.group("other", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.groups = Some(by_group("container", false));
    let reading = full(&open(settings.clone())).await;
    reading.assert_complete();
    assert_eq!(reading.groups(), names(["a", "b"]));
    assert_eq!(
        reading.members["a"],
        names(["p0", "p2"]),
        "nested groups are flattened"
    );
    assert_eq!(reading.vias[&("a".into(), "p2".into())], [group("deep")]);
    assert!(reading.vias[&("a".into(), "p0".into())].is_empty());

    settings.source.groups = Some(by_group("container", true));
    let reading = full(&open(settings)).await;
    assert_eq!(reading.groups(), names(["a", "b", "deep"]));
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_base_are_told_before_anything_is_read() {
    let Some(slapd) = Tree::new().start() else {
        return;
    };
    let mut wrong = settings(&slapd);
    wrong.password = Some(usher_connector::Plain::new("guess"));
    let error = read(&open(wrong), &request(None))
        .await
        .expect_err("refused");
    assert!(matches!(error, SourceError::Credentials(_)), "{error}");

    let mut wrong = settings(&slapd);
    wrong.source.base_dn = format!("ou=nowhere,{BASE}");
    let error = read(&open(wrong), &request(None))
        .await
        .expect_err("no base");
    assert!(
        matches!(&error, SourceError::Settings(text) if text.contains("ou=nowhere")),
        "{error}"
    );

    let mut wrong = settings(&slapd);
    wrong.source.users = usher_core::model::Location::default();
    let error = read(&open(wrong), &request(None))
        .await
        .expect_err("nobody");
    assert!(
        matches!(&error, SourceError::Settings(text) if text.contains("Group DN")),
        "{error}"
    );
}

#[tokio::test]
async fn the_next_host_is_used_when_the_first_is_silent() {
    let mut tree = Tree::new();
    tree.people(1);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    let free = usher_testkit::free_port::free_ports(1).expect("a port")[0];
    ldap(&mut settings)
        .hosts
        .insert(0, format!("127.0.0.1:{free}"));
    let source = open(settings.clone());
    assert_eq!(full(&source).await.people(), names(["p0"]));
    ldap(&mut settings).hosts.truncate(1);
    let error = read(&open(settings), &request(None))
        .await
        .expect_err("nobody there");
    assert!(matches!(&error, SourceError::Unreachable(text) if text.contains(&free.to_string())));
}

#[test]
fn every_problem_of_the_settings_is_told_at_once() {
    let id = usher_core::model::DataStoreId::new("x");
    let mut source = usher_core::templates::defaults_for(usher_core::model::DirectoryKind::Generic)
        .source(id.clone(), "dc=x,,");
    source.users = by_filter("(cn=x");
    source.guid_attribute = "entry UUID".into();
    let settings = usher_connector::SourceSettings {
        data_store: usher_core::model::DataStore {
            id,
            name: "x".into(),
            kind: usher_core::model::DataStoreKind::Ldap(usher_core::model::LdapStore {
                hosts: vec!["ldap://x".into(), "a b".into()],
                bind: usher_core::model::Bind::Simple {
                    dn: "cn=x".into(),
                    password: usher_core::model::Sealed(String::new()),
                },
                ..Default::default()
            }),
            directory: usher_core::model::DirectoryKind::Generic,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        },
        password: None,
        authorities: Vec::new(),
        source,
        policy: usher_core::model::Policy::default(),
    };
    let error = usher_connector_ldap::LdapSource::open(settings)
        .err()
        .expect("refused");
    let text = error.to_string();
    for word in [
        "dc=x,,",
        "(cn=x",
        "entry UUID",
        "ldap://x",
        "a b",
        "bind as `cn=x`",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn the_source_keeps_the_contract() {
    let mut tree = Tree::new();
    tree.people(120);
    tree.group("outer", &[person("p0"), group("inner")]);
    tree.group("inner", &[person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    let kept = check_source(&open(settings.clone()), &request(None)).await;
    assert_eq!(kept, Ok(()));
    settings.source.users = by_group("outer", true);
    settings.source.groups = Some(by_group("outer", false));
    let kept = check_source(&open(settings), &request(None)).await;
    assert_eq!(kept, Ok(()));
}

#[tokio::test]
async fn tls_with_an_own_authority_works_both_ways_and_an_unknown_one_is_refused() {
    let mut tree = Tree::new();
    tree.people(2);
    let Some(slapd) = tree.start() else { return };
    let ca = slapd.ca_file().display().to_string();
    for (security, port) in [
        (LdapSecurity::StartTls, slapd.port()),
        (LdapSecurity::Ldaps, slapd.tls_port()),
    ] {
        let mut settings = settings_at(&format!("127.0.0.1:{port}"), &slapd);
        ldap(&mut settings).security = security;
        ldap(&mut settings).ca_file = Some(ca.clone());
        let source = open(settings.clone());
        let reading = full(&source).await;
        reading.assert_complete();
        assert_eq!(reading.people(), names(["p0", "p1"]));
        assert_eq!(fetch(&source, vec![reading.key("p0")]).await.len(), 1);
        ldap(&mut settings).ca_file = None;
        let error = read(&open(settings), &request(None))
            .await
            .expect_err("refused");
        let text = error.to_string();
        assert!(matches!(error, SourceError::Unreachable(_)), "{text}");
        assert!(text.contains("CA file"), "{text}");
    }
}

#[tokio::test]
async fn a_pinned_certificate_is_accepted_without_an_authority_and_another_one_is_refused() {
    let mut tree = Tree::new();
    tree.people(2);
    let Some(slapd) = tree.start() else { return };
    for (security, port) in [
        (LdapSecurity::StartTls, slapd.port()),
        (LdapSecurity::Ldaps, slapd.tls_port()),
    ] {
        let mut settings = settings_at(&format!("127.0.0.1:{port}"), &slapd);
        ldap(&mut settings).security = security;
        let wrong = "0a".repeat(32);
        ldap(&mut settings).certificate_sha256 = Some(wrong.clone());
        let error = read(&open(settings.clone()), &request(None))
            .await
            .expect_err("refused");
        let text = error.to_string();
        assert!(matches!(error, SourceError::Unreachable(_)), "{text}");
        assert!(
            text.contains(&format!("expected the SHA-256 {wrong}, found ")),
            "{text}"
        );
        let (_, found) = text.split_once(", found ").expect("what was found");
        let right: String = found.chars().take(64).collect();
        assert_ne!(right, wrong);
        assert!(right.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        ldap(&mut settings).certificate_sha256 = Some(right.clone());
        let reading = full(&open(settings)).await;
        reading.assert_complete();
        assert_eq!(reading.people(), names(["p0", "p1"]));
    }
}

#[test]
fn a_pin_that_is_none_is_refused_before_anybody_is_asked() {
    let tree = Tree::new();
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings_at("127.0.0.1:1", &slapd);
    ldap(&mut settings).certificate_sha256 = Some("00:11".to_owned());
    let text = LdapSource::open(settings)
        .err()
        .expect("refused")
        .to_string();
    assert!(
        text.contains("64 hexadecimal digits, found `00:11`"),
        "{text}"
    );
}
