//! Files read as directories.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic
)]

mod rig;

use std::path::Path;

use rig::*;
use usher_connector::contract::check_source;
use usher_connector::{CheckOutcome, FetchBy, Fetched, Source as _, SourceEvent};
use usher_connector_ldif::LdifSource;
use usher_core::model::{Location, ScopeVerdict};

#[tokio::test]
async fn the_source_keeps_the_contract() {
    let file = file(SAMPLE);
    let mut settings = settings(file.path());
    let source = LdifSource::open(settings.clone()).expect("good settings");
    assert_eq!(check_source(&source, &request()).await, Ok(()));
    settings.source.users = Location {
        group_dn: Some("cn=staff,ou=groups,dc=example,dc=test".into()),
        nested: true,
        filter: Some("(uid=*)".into()),
    };
    let source = LdifSource::open(settings).expect("good settings");
    assert_eq!(check_source(&source, &request()).await, Ok(()));
}

#[tokio::test]
async fn an_export_is_read_like_a_directory() {
    let file = file(SAMPLE);
    let reading = read(settings(file.path()), &request()).await.expect("read");
    assert_eq!(reading.certificate.incomplete, Vec::<String>::new());
    assert_eq!(people(&reading), names(["ann", "bob", "cyd"]));
    assert_eq!(reading.people["ann"], key(1));
    assert_eq!(reading.groups, names(["inner", "staff"]));
    assert_eq!(
        reading.members[&key(11)],
        names(["ann", "bob"]),
        "flattened, though they contain each other"
    );
    assert_eq!(reading.members[&key(12)], names(["ann", "bob"]));
    assert_eq!(reading.certificate.host, file.path().display().to_string());

    let mut narrow = settings(file.path());
    narrow.source.user_object_class = "person".into();
    narrow.source.users = by_filter("(&(departmentNumber=sales)(ou:dn:=people))");
    narrow.source.groups = None;
    let reading = read(narrow, &request()).await.expect("read");
    assert_eq!(
        people(&reading),
        names(["ann", "cyd"]),
        "superior classes and names count"
    );
    assert!(reading.groups.is_empty());

    let mut by_group = settings(file.path());
    by_group.source.users = Location {
        group_dn: Some("CN=Staff,OU=Groups,DC=example,DC=test".into()),
        ..Location::default()
    };
    by_group.source.groups = Some(by_group.source.users.clone());
    let reading = read(by_group, &request()).await.expect("read");
    assert_eq!(people(&reading), names(["ann"]));
    assert_eq!(reading.groups, names(["inner"]));
}

#[tokio::test]
async fn the_file_is_read_anew_each_time_and_fetches_see_the_new_one() {
    let file = file(SAMPLE);
    let source = LdifSource::open(settings(file.path())).expect("good settings");
    let by = FetchBy::Keys(vec![key(3), key(1)]);
    let before = source.fetch(&by, &[]).await.expect("fetched");
    assert!(
        before
            .iter()
            .all(|found| matches!(found, Fetched::Present(_))),
        "{before:?}"
    );
    let without = SAMPLE
        .replace("uid=cyd", "uid=cynthia")
        .replace("000003", "000004");
    std::fs::write(file.path(), without).expect("written");
    let after = source.fetch(&by, &[]).await.expect("fetched");
    assert_eq!(after[0], Fetched::Absent);
    assert!(matches!(after[1], Fetched::Present(_)));
}

#[tokio::test]
async fn a_fetch_tells_the_clause_and_what_is_no_account() {
    let file = file(SAMPLE);
    let mut settings = settings(file.path());
    settings.source.users = by_filter("(departmentNumber=Sales)");
    settings.source.groups = None;
    let source = LdifSource::open(settings).expect("good settings");
    let dns = [
        "uid=bob,ou=people,dc=example,dc=test",
        "dc=example,dc=test",
        "cn=staff,ou=groups,dc=example,dc=test",
        "uid=no,dc=test",
        "nonsense",
    ];
    let fetched = source
        .fetch(&FetchBy::Dns(dns.map(str::to_owned).into()), &[])
        .await
        .expect("fetched");
    let clause = |fetched: &Fetched| match fetched {
        Fetched::Present(read) => match &read.scope {
            ScopeVerdict::Out { clause } => clause.clone(),
            ScopeVerdict::In => "in".into(),
        },
        other => format!("{other:?}"),
    };
    assert_eq!(clause(&fetched[0]), "filter (departmentNumber=Sales)");
    assert!(matches!(&fetched[1], Fetched::Other { what } if what.contains("dc=example,dc=test")));
    assert_eq!(clause(&fetched[2]), "no groups are provisioned");
    assert_eq!(fetched[3], Fetched::Absent);
    assert!(matches!(fetched[4], Fetched::Unknown { .. }));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_makes_the_read_incomplete_and_proves_nothing() {
    let broken = [
        (
            "\ndn: uid=dan,dc=example,dc=test\nno colon here\n",
            "line 42",
        ),
        (
            "\ndn: uid=ann,ou=people,dc=example,dc=test\nuid: ann\n",
            "occurs again (first on line 5)",
        ),
        (
            "\ndn: uid=dan,dc=example,dc=test\nchangetype: delete\n",
            "found a change",
        ),
    ];
    for (more, words) in broken {
        let file = file(&format!("{SAMPLE}{more}"));
        let reading = read(settings(file.path()), &request()).await.expect("read");
        assert_eq!(
            people(&reading),
            names(["ann", "bob", "cyd"]),
            "the others are read"
        );
        let why = reading.certificate.incomplete.join("\n");
        assert!(why.contains(words), "{words}: {why}");
        let source = LdifSource::open(settings(file.path())).expect("good settings");
        let fetched = source
            .fetch(&FetchBy::Keys(vec![key(99)]), &[])
            .await
            .expect("fetched");
        assert!(matches!(fetched[0], Fetched::Unknown { .. }), "{fetched:?}");
        let report = source.probe().await.expect("a report");
        assert_eq!(report.checks[0].outcome, CheckOutcome::Failed);
    }
}

#[tokio::test]
async fn entries_without_a_key_or_with_anothers_are_bad_and_stop_nobody() {
    let more = "\ndn: uid=nokey,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: nokey\n\n\
        dn: uid=twin,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: twin\nentryUUID: 00000000-0000-4000-8000-000000000001\n";
    let file = file(&format!("{SAMPLE}{more}"));
    let reading = read(settings(file.path()), &request()).await.expect("read");
    assert_eq!(
        people(&reading),
        names(["bob", "cyd"]),
        "whose the key is, ann's or the twin's, nobody knows"
    );
    assert_eq!(reading.bad.len(), 3, "{:?}", reading.bad);
    assert!(reading.bad[0].contains("same key"));
    assert!(reading.bad[1].contains("entryUUID"));
    assert!(reading.bad[2].contains("same key"));
    assert_eq!(reading.certificate.bad_entries.len(), 3);
    let why = reading.certificate.incomplete.join("\n");
    assert!(why.contains("uid=twin"), "it proves nothing: {why}");
    let source = LdifSource::open(settings(file.path())).expect("good settings");
    let fetched = source
        .fetch(&FetchBy::Keys(vec![key(1)]), &[])
        .await
        .expect("fetched");
    assert!(matches!(fetched[0], Fetched::Unknown { .. }), "{fetched:?}");
}

#[tokio::test]
async fn a_value_that_is_too_long_is_not_kept_and_its_entry_is_there_all_the_same() {
    let long = "x".repeat(4_000_000);
    let more = format!(
        "\ndn: uid=long,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: long\ncn: {long}\n\
        description: {long}\nentryUUID: 00000000-0000-4000-8000-000000000009\n"
    );
    let file = file(&format!("{SAMPLE}{more}"));
    let mut settings = settings(file.path());
    // The filter looks at what is too long.
    settings.source.users = by_filter("(|(uid=ann)(cn=*xx))");
    let source = LdifSource::open(settings).expect("good settings");
    let mut events: Vec<SourceEvent> = Vec::new();
    source.read(&request(), &mut events).await.expect("read");
    let pages = events.iter().filter_map(|event| match event {
        SourceEvent::Page(page) => Some(page),
        _ => None,
    });
    let entries: Vec<_> = pages.flatten().map(|read| &read.entry).collect();
    let entry = entries
        .iter()
        .find(|entry| entry.key == key(9))
        .expect("it is in scope");
    assert_eq!(entry.too_long.get("cn"), Some(&4_000_000));
    assert_eq!(entry.text("uid"), Some("long"));
    assert!(entry.values("cn").is_empty());
    assert!(!entry.too_long.contains_key("description"), "nobody asked");
    let by = FetchBy::Keys(vec![key(9)]);
    let fetched = source.fetch(&by, &[]).await.expect("fetched");
    let Fetched::Present(found) = &fetched[0] else {
        panic!("{fetched:?}")
    };
    assert_eq!(found.entry.too_long.get("cn"), Some(&4_000_000));
}

#[tokio::test]
async fn a_file_that_cannot_be_meant_is_refused_with_a_remedy() {
    let mut settings_without_file = settings(Path::new("/nonexistent/export.ldif"));
    assert!(
        refused(settings_without_file.clone())
            .await
            .contains("/nonexistent/export.ldif")
    );
    settings_without_file.source.users = Location::default();
    assert!(refused(settings_without_file).await.contains("Group DN"));

    let stripped: Vec<&str> = SAMPLE
        .lines()
        .filter(|line| !line.starts_with("entryUUID"))
        .collect();
    let stripped = stripped.join(
        "
",
    );
    let plain = file(&stripped);
    let text = refused(settings(plain.path())).await;
    assert!(
        text.contains("entryUUID") && text.contains("slapcat"),
        "{text}"
    );

    let whole = file(SAMPLE);
    let mut elsewhere = settings(whole.path());
    elsewhere.source.base_dn = "dc=other".into();
    let text = refused(elsewhere).await;
    assert!(
        text.contains("dc=other") && text.contains("dc=example,dc=test"),
        "{text}"
    );

    let mut chain = settings(whole.path());
    chain.source.users = by_filter("(memberOf:1.2.840.113556.1.4.1941:=cn=staff,dc=test)");
    assert!(refused(chain).await.contains("only a server can evaluate"));

    let empty = file("");
    assert!(
        refused(settings(empty.path()))
            .await
            .contains("no usable entry")
    );
}

#[tokio::test]
async fn what_must_be_there_and_is_not_makes_the_read_incomplete() {
    let file = file(SAMPLE);
    let mut missing = settings(file.path());
    missing.policy.sentinels = vec!["uid=boss,dc=example,dc=test".into()];
    let reading = read(missing, &request()).await.expect("read");
    assert!(reading.certificate.incomplete[0].contains("uid=boss"));

    let mut gone = settings(file.path());
    gone.source.users = Location {
        group_dn: Some("cn=crew,dc=example,dc=test".into()),
        ..Location::default()
    };
    let reading = read(gone.clone(), &request()).await.expect("read");
    assert!(reading.certificate.incomplete[0].contains("cn=crew"));
    let source = LdifSource::open(gone).expect("good settings");
    let fetched = source
        .fetch(&FetchBy::Keys(vec![key(1)]), &[])
        .await
        .expect("fetched");
    assert!(
        matches!(fetched[0], Fetched::Unknown { .. }),
        "nobody is told to be out: {fetched:?}"
    );

    let mut asking = request();
    asking.sentinel_keys = vec![key(1), key(77)];
    let reading = read(settings(file.path()), &asking).await.expect("read");
    assert!(reading.certificate.is_complete());
    asking.sentinel_keys.push(key(78));
    let reading = read(settings(file.path()), &asking).await.expect("read");
    assert!(reading.certificate.incomplete[0].contains("2 of 3"));
}

#[tokio::test]
async fn a_sound_file_is_described() {
    let file = file(SAMPLE);
    let source = LdifSource::open(settings(file.path())).expect("good settings");
    let report = source.probe().await.expect("a report");
    assert!(
        report
            .checks
            .iter()
            .all(|check| check.outcome == CheckOutcome::Good),
        "{:?}",
        report.checks
    );
    assert!(report.checks[1].detail.starts_with("3 with"));
    assert!(report.checks[2].detail.starts_with("2 with"));
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_what_stands_in_a_file_of_others_is_not_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        let text = refused(settings(path)).await;
        assert!(text.contains("expected a file, found a"), "{text}");
        let source = LdifSource::open(settings(path)).expect("good settings");
        assert!(source.children("", 10).await.is_err(), "{}", path.display());
    }
    let secrets = file("hunter2:x:1:2\n\nroot:hunter2:19000\n");
    let text = refused(settings(secrets.path())).await;
    assert!(text.contains("line 1"), "{text}");
    assert!(
        !text.contains("hunter2") && !text.contains("root"),
        "{text}"
    );
}

#[tokio::test]
async fn whoever_goes_by_a_name_is_found_without_the_scope_up_to_a_limit() {
    let file = file(SAMPLE);
    let mut narrow = settings(file.path());
    narrow.source.users = by_filter("(uid=bob)");
    let source = LdifSource::open(narrow).expect("good settings");
    let names = ["uid", "cn"].map(str::to_owned);
    let one = source.find("ANN", &names, 5).await.expect("asked");
    assert_eq!(
        (one.dns, one.more),
        (
            vec!["uid=ann,ou=people,dc=example,dc=test".to_owned()],
            false
        )
    );
    let class = ["objectClass".to_owned()];
    let many = source.find("inetOrgPerson", &class, 2).await;
    let many = many.expect("asked");
    assert_eq!((many.dns.len(), many.more), (2, true), "{many:?}");
}
