//! Entries that are odd in every way a directory allows.

use usher_core::model::SourceKey;

use crate::rig::*;

#[tokio::test]
async fn odd_names_and_bytes_that_are_no_text_come_through() {
    let mut tree = Tree::new();
    let odd = [
        r"cn=Smith\, John,ou=people",
        r"cn=a\+b\=c\<d\>,ou=people",
        r"cn=\20space\20,ou=people",
        "cn=Zoë Ångström,ou=people",
        r"cn=quote\22hash\23,ou=people",
        "cn=x+uid=y,ou=people",
    ];
    let dns: Vec<String> = odd.iter().map(|name| format!("{name},{BASE}")).collect();
    for (at, dn) in dns.iter().enumerate() {
        let uid = if at == 5 {
            "uid: y".to_owned()
        } else {
            format!("uid: odd{at}")
        };
        let cn = [
            "Smith, John",
            "a+b=c<d>",
            "",
            "Zoë Ångström",
            "quote\"hash#",
            "x",
        ][at];
        let cn = if at == 2 {
            "cn:: IHNwYWNlIA==".to_owned()
        } else {
            format!("cn: {cn}")
        };
        tree.entry(dn, &["objectClass: inetOrgPerson", "sn: S", &uid, &cn]);
    }
    tree.person(
        "bytes",
        &["jpegPhoto:: /9j/4AD//g==", "description;lang-de: hallo"],
    );
    tree.group("all", &dns);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let mut asking = request(None);
    asking.attributes.extend([
        "jpegPhoto".into(),
        "description".into(),
        String::new(),
        "bad name".into(),
    ]);
    let reading = read(&source, &asking).await.expect("read");
    reading.assert_complete();
    assert_eq!(reading.certificate.users, 7);
    assert_eq!(reading.ends["all"], None);
    let bytes = reading
        .entries
        .iter()
        .find(|read| short(&read.entry.dn) == "bytes")
        .expect("there");
    assert_eq!(
        bytes.entry.values("jpegPhoto"),
        [b"\xff\xd8\xff\xe0\x00\xff\xfe".to_vec()]
    );
    assert_eq!(
        bytes.entry.values("description;lang-de"),
        [b"hallo".to_vec()]
    );
    let keys: Vec<SourceKey> = reading
        .entries
        .iter()
        .map(|read| read.entry.key.clone())
        .collect();
    for (read, fetched) in reading.entries.iter().zip(fetch(&source, keys).await) {
        let usher_connector::Fetched::Present(found) = fetched else {
            panic!("{fetched:?}")
        };
        assert_eq!(found.entry.dn, read.entry.dn);
    }
    let fetched = fetch_dns(&source, &dns.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(
        fetched
            .iter()
            .all(|found| matches!(found, usher_connector::Fetched::Present(_))),
        "{fetched:?}"
    );
}

#[tokio::test]
async fn an_entry_without_an_immutable_id_is_bad_and_stops_nobody() {
    let mut tree = Tree::new();
    tree.person("good", &["employeeNumber: 1"]);
    tree.person("none", &[]);
    tree.person("several", &["o: 1"]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.guid_attribute = "employeeNumber".into();
    settings.source.groups = None;
    let reading = full(&open(settings.clone())).await;
    reading.assert_complete();
    assert_eq!(reading.people(), names(["good"]));
    assert_eq!(reading.key("good").as_str(), "1");
    let bad: Vec<&str> = reading.bad.iter().map(|(dn, _)| dn.as_str()).collect();
    assert_eq!(bad, [person("none"), person("several")]);
    assert!(
        reading.bad[0].1.contains("employeeNumber"),
        "{:?}",
        reading.bad
    );
    assert_eq!(reading.certificate.bad_entries.len(), 2);

    settings.source.guid_attribute = "objectClass".into();
    slapd.ldif_modify(&format!("dn: {}\nchangetype: modify\nadd: objectClass\nobjectClass: dcObject\n-\nadd: dc\ndc: x\n", person("good"))).expect("two classes");
    let reading = full(&open(settings)).await;
    let of_good = reading
        .bad
        .iter()
        .find(|(dn, _)| *dn == person("good"))
        .expect("bad");
    assert!(of_good.1.contains("found 2"), "{}", of_good.1);
}

#[tokio::test]
async fn binary_keys_are_read_and_found_again() {
    let mut tree = Tree::new();
    tree.person("guid", &["userSMIMECertificate:: MyIRAFVEd2aImaq7zN3u/w=="]);
    tree.person("short", &["userSMIMECertificate:: AAEC/w=="]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.guid_attribute = "userSMIMECertificate".into();
    settings.source.guid_binary = true;
    settings.source.groups = None;
    let reading = full(&open(settings)).await;
    assert_eq!(
        reading.key("guid").as_str(),
        "00112233-4455-6677-8899-aabbccddeeff"
    );
    assert_eq!(reading.key("short").as_str(), "000102ff");
}
