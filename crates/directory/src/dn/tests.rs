use super::*;

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn the_examples_of_rfc_4514_are_read_and_printed() {
    for (text, printed) in [
        (
            "UID=jsmith,DC=example,DC=net",
            "UID=jsmith,DC=example,DC=net",
        ),
        (
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
        ),
        (
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
        ),
        (
            r"CN=Before\0dAfter,DC=example,DC=net",
            r"CN=Before\0dAfter,DC=example,DC=net",
        ),
        (
            "1.3.6.1.4.1.1466.0=#04024869",
            "1.3.6.1.4.1.1466.0=#04024869",
        ),
        (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
        ("", ""),
    ] {
        assert_eq!(dn(text).to_string(), printed, "{text}");
    }
}

#[test]
fn old_forms_are_read() {
    assert_eq!(
        dn(r#"CN = "Smith, John" ; O = Acme "#).to_string(),
        r"CN=Smith\, John,O=Acme"
    );
    assert_eq!(dn("OID.2.5.4.3=x").to_string(), "2.5.4.3=x");
    assert_eq!(dn(r"CN=a\/b").to_string(), "CN=a/b");
    assert_eq!(dn("CN=\"\",O=x").to_string(), "CN=,O=x");
}

#[test]
fn hex_escapes_and_character_escapes_are_equal() {
    assert_eq!(dn(r"CN=Smith\2C John"), dn(r"CN=Smith\, John"));
    assert_eq!(dn(r"CN=\23x\20"), dn(r"CN=\#x\ "));
    assert_eq!(dn(r"CN=a\3D").to_string(), "CN=a=");
}

#[test]
fn spaces_at_the_ends_belong_to_the_value_only_if_escaped() {
    assert_eq!(dn("CN=  a b  ,O=x").to_string(), "CN=a b,O=x");
    assert_eq!(dn(r"CN=\ a\ \  ").to_string(), r"CN=\20a \20");
}

#[test]
fn bytes_that_are_not_utf8_survive() {
    let name = dn(r"CN=a\ff\fe");
    assert_eq!(name.rdn().unwrap().avas()[0].bytes(), b"a\xff\xfe");
    assert_eq!(name.rdn().unwrap().first_value_text(), None);
    assert_eq!(name.to_string(), r"CN=a\ff\fe");
    assert_eq!(name.canonical(), r"cn=a\ff\fe");
}

#[test]
fn a_refusal_says_where_and_what_to_write() {
    for (text, position, hint) in [
        ("CN=Doe, John,OU=x", 12, r"`\,`"),
        ("CN=C++,OU=x", 5, r"`\+`"),
        ("CN", 2, "`=`"),
        ("CN=a,", 5, "attribute type"),
        (",CN=a", 0, "attribute type"),
        ("CN=a\\", 5, "hexadecimal"),
        (r"CN=a\zz", 5, "hexadecimal"),
        ("CN=#0", 4, "pairs"),
        ("CN=#", 4, "pairs"),
        ("CN=#zz", 4, r"`\#`"),
        ("CN=\"a", 5, "quoted"),
        ("CN=\"a\"b", 6, "`,`"),
        ("CN=a\"b", 4, "quotation"),
        ("CN=a\0b", 4, r"`\00`"),
        ("1.=a", 0, "attribute type"),
        ("ü=a", 0, "attribute type"),
        ("<GUID=00>", 0, "attribute type"),
    ] {
        let error = Dn::parse(text).expect_err(text);
        assert_eq!(error.position, position, "{text}: {error}");
        assert!(error.expected.contains(hint), "{text}: {error}");
    }
}

#[test]
fn a_name_of_more_than_64_kib_is_refused() {
    let text = format!("CN={}", "a".repeat(MAX_DN_BYTES));
    assert_eq!(
        Dn::parse(&text).expect_err("too long").position,
        MAX_DN_BYTES
    );
    assert!(Dn::parse(text.get(..MAX_DN_BYTES).unwrap_or_default()).is_ok());
}

#[test]
fn canonical_names_ignore_spelling() {
    let key = dn("CN=John Smith,OU=Sales,DC=example").canonical();
    assert_eq!(key, "cn=john smith,ou=sales,dc=example");
    for same in [
        "cn=john  smith , ou=SALES,dc=Example",
        r"2.5.4.3=\4aohn Smith;organizationalUnitName=sales;0.9.2342.19200300.100.1.25=example",
        "commonName=#130a4a6f686e20536d697468,OU=Sales,DC=example",
    ] {
        assert_eq!(dn(same).canonical(), key, "{same}");
        assert!(
            dn(same).is_equal(&dn("CN=John Smith,OU=Sales,DC=example")),
            "{same}"
        );
    }
    assert_eq!(dn("OU=b+CN=a").canonical(), dn("cn=A + ou=B").canonical());
    assert!(!dn("CN=a,OU=b").is_equal(&dn("CN=a+OU=b")));
    assert!(!dn("CN=a").is_equal(&dn("CN=a,OU=b")));
}

#[test]
fn undecodable_hex_values_are_compared_as_they_are() {
    assert_eq!(dn("CN=#3003020101").canonical(), "cn=#3003020101");
    assert_eq!(dn("CN=#0405aa").canonical(), "cn=#0405aa");
    assert!(!dn("CN=#0405aa").is_equal(&dn(r"CN=\#0405aa")));
}

#[test]
fn the_subtree_of_a_base_includes_the_base() {
    let base = dn("ou=People,dc=example,dc=com");
    for inside in [
        "CN=a,OU=people,DC=example,DC=com",
        "cn=a,cn=b,ou=PEOPLE,dc=example,dc=com",
        "ou=people,dc=example,dc=com",
    ] {
        assert!(dn(inside).is_under(&base), "{inside}");
    }
    for outside in [
        "dc=example,dc=com",
        "ou=Groups,dc=example,dc=com",
        "ou=xPeople,dc=example,dc=com",
        r"cn=a\,ou=People,dc=example,dc=com",
        "",
    ] {
        assert!(!dn(outside).is_under(&base), "{outside}");
    }
    assert!(base.is_under(&Dn::root()));
}

#[test]
fn parents_lead_to_the_root() {
    let name = dn("CN=a,OU=b,DC=c");
    let parent = name.parent().unwrap();
    assert_eq!(parent, dn("OU=b,DC=c"));
    assert_eq!(parent.child(Rdn::new("CN", "a").unwrap()), name);
    assert_eq!(parent.parent().unwrap().parent().unwrap(), Dn::root());
    assert_eq!(Dn::root().parent(), None);
}

#[test]
fn the_common_name_is_taken_from_a_name() {
    assert_eq!(
        dn(r"CN=Doe\, Jane,OU=Staff,DC=x")
            .rdn()
            .unwrap()
            .first_value_text(),
        Some("Doe, Jane")
    );
    assert_eq!(
        dn("OU=Staff+CN=Jane,DC=x").value_text("commonName"),
        Some("Jane")
    );
    assert_eq!(dn("OU=Staff,DC=x").value_text("cn"), None);
}

#[test]
fn the_name_of_a_deleted_entry_in_active_directory_is_read() {
    let name = dn(r"CN=Jane\0ADEL:6b6e0f0f-1111-2222-3333-444455556666,CN=Deleted Objects,DC=x");
    assert_eq!(
        name.rdn().unwrap().first_value_text(),
        Some("Jane\nDEL:6b6e0f0f-1111-2222-3333-444455556666")
    );
}
