//! Values in pieces, and what a server says about itself.

use usher_ldap::{Client, ConnectOptions, Endpoint};
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::real::people;
use crate::wire::{Hostile, attribute, done, entry, message, tlv};

async fn client(answer: fn(usize) -> Vec<u8>) -> Client {
    let server = Hostile::answering(answer).await;
    Client::connect(&[server.endpoint], &ConnectOptions::default())
        .await
        .expect("connects")
}

/// Values `from..to` as a server that hands out 100 at a time would send them.
fn piece(at: usize, from: usize, to: usize, name: &str) -> Vec<u8> {
    let values: Vec<Vec<u8>> = (from..to)
        .map(|value| format!("cn=m{value}").into_bytes())
        .collect();
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let both = [
        attribute(b"member", &[]),
        attribute(name.as_bytes(), &values),
    ]
    .concat();
    [entry(at as u16, b"cn=g", &both), done(at as u16, 0)].concat()
}

#[tokio::test]
async fn a_ranged_attribute_is_read_to_the_star() {
    let mut client = client(|at| match at {
        1 => piece(1, 0, 100, "member;range=0-99"),
        2 => piece(2, 100, 200, "member;range=100-199"),
        _ => piece(3, 200, 250, "member;range=200-*"),
    })
    .await;
    let all = client
        .read_all_values("cn=g", "member", 10_000)
        .await
        .expect("read");
    assert_eq!((all.values.len(), all.incomplete), (250, None));
    assert_eq!(
        all.values.last().map(Vec::as_slice),
        Some(b"cn=m249".as_slice())
    );
}

#[tokio::test]
async fn a_ranged_attribute_that_never_reaches_the_star_is_incomplete() {
    let mut client = client(|at| match at {
        1 => piece(1, 0, 100, "member;range=0-99"),
        _ => piece(2, 0, 0, "sn"),
    })
    .await;
    let all = client
        .read_all_values("cn=g", "member", 10_000)
        .await
        .expect("read");
    assert_eq!(all.values.len(), 100);
    assert!(
        all.incomplete.is_some_and(|why| why.contains("stopped")),
        "{:?}",
        all.values.len()
    );
}

#[tokio::test]
async fn an_endless_range_ends_at_the_limit() {
    let mut client = client(|at| {
        let from = (at - 1) * 100;
        piece(
            at,
            from,
            from + 100,
            &format!("member;range={from}-{}", from + 99),
        )
    })
    .await;
    let all = client
        .read_all_values("cn=g", "member", 1_000)
        .await
        .expect("read");
    assert_eq!(all.values.len(), 1_000);
    assert!(
        all.incomplete
            .is_some_and(|why| why.contains("more than 1000"))
    );
}

#[tokio::test]
async fn an_entry_that_is_not_returned_has_no_complete_values() {
    let mut client = client(|at| match at {
        1 => done(1, 0),
        _ => message(
            2,
            &tlv(0x65, &[tlv(0x0a, &[32]), tlv(4, b""), tlv(4, b"")].concat()),
        ),
    })
    .await;
    let all = client
        .read_all_values("cn=g", "member", 10)
        .await
        .expect("read");
    assert!(all.incomplete.is_some());
    client
        .read_all_values("cn=g", "member", 10)
        .await
        .expect_err("no such object");
}

#[tokio::test]
async fn slapd_shows_its_root_and_its_groups() {
    let mut ldif = people(30);
    ldif.push_str("dn: cn=g,dc=example,dc=test\nobjectClass: groupOfNames\ncn: g\n");
    for at in 0..30 {
        ldif.push_str(&format!("member: uid=p{at},ou=people,dc=example,dc=test\n"));
    }
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig {
        ldif: Some(ldif),
        ..Default::default()
    }) else {
        return;
    };
    let endpoint = Endpoint::from_url(&slapd.url()).expect("a URL");
    let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect("connects");
    let root = client.root_dse().await.expect("shown");
    assert!(
        root.naming_contexts
            .iter()
            .any(|context| context == slapd.base_dn()),
        "{root:?}"
    );
    assert!(root.supports_control(usher_ldap::PAGED_RESULTS), "{root:?}");
    assert_eq!(root.supported_ldap_versions, ["3"]);

    let group = "cn=g,dc=example,dc=test";
    let all = client
        .read_all_values(group, "member", 10_000)
        .await
        .expect("read");
    assert_eq!((all.values.len(), all.incomplete), (30, None));
    let none = client
        .read_all_values(group, "description", 10)
        .await
        .expect("read");
    assert_eq!((none.values.len(), none.incomplete), (0, None));

    // Rights taken away while the server runs.
    slapd
        .set_acl(&[
            "to dn.subtree=\"ou=people,dc=example,dc=test\" by * none",
            "to * by * read",
        ])
        .expect("set");
    let gone = client
        .read_entry("uid=p1,ou=people,dc=example,dc=test", &["cn"])
        .await;
    assert!(gone.is_err(), "{gone:?}");
    slapd
        .ldif_modify(&format!(
            "dn: {group}\nchangetype: modify\nreplace: description\ndescription: new\n"
        ))
        .expect("changed");
    let group = client
        .read_entry(group, &["description"])
        .await
        .expect("read")
        .expect("there");
    assert_eq!(group.text("description"), Some("new"));
}
