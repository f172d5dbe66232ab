//! Against a real slapd.

use usher_directory::Filter;
use usher_ldap::{
    BindRefusal, Client, ConnectOptions, Endpoint, LdapError, ResultCode, Scope, SearchItem,
    SearchRequest, SearchStream,
};
use usher_testkit::slapd::{Slapd, SlapdConfig};

const BASE: &str = "dc=example,dc=test";

/// The base, and `count` people below `ou=people`.
pub(crate) fn people(count: usize) -> String {
    let mut ldif = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
         dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n\n"
    );
    for at in 0..count {
        ldif.push_str(&format!(
            "dn: uid=p{at},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: p{at}\ncn: Person {at}\n\
             sn: {at}\nmail: p{at}@example.test\njpegPhoto:: /wCA/w==\n\n"
        ));
    }
    ldif
}

pub(crate) fn everything() -> Filter {
    Filter::present("objectClass")
}

async fn reader(slapd: &Slapd) -> Client {
    let endpoint = Endpoint::from_url(&slapd.url()).expect("a URL");
    let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect("connects");
    client
        .bind_simple(&slapd.reader_dn(), slapd.reader_password())
        .await
        .expect("binds");
    client
}

/// Reads a search to its end: DNs of entries.
async fn dns(mut stream: SearchStream<&mut Client>) -> Result<Vec<String>, LdapError> {
    let mut found = Vec::new();
    while let Some(item) = stream.next().await? {
        match item {
            SearchItem::Entry(entry) => found.push(entry.dn),
            other => panic!("not an entry: {other:?}"),
        }
    }
    Ok(found)
}

#[tokio::test]
async fn searches_by_scope_filter_and_attributes() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig {
        ldif: Some(people(3)),
        ..Default::default()
    }) else {
        return;
    };
    let mut client = reader(&slapd).await;
    assert_eq!(
        client.who_am_i().await.expect("answers"),
        format!("dn:{}", slapd.reader_dn())
    );

    let all = SearchRequest::new(BASE, everything());
    let found = dns(client.search(&all).await.expect("sent"))
        .await
        .expect("success");
    assert_eq!(found.len(), 6, "{found:?}");
    let base = all.clone().scope(Scope::Base);
    assert_eq!(
        dns(client.search(&base).await.expect("sent"))
            .await
            .expect("success"),
        [BASE]
    );
    let one = all.clone().scope(Scope::One);
    assert_eq!(
        dns(client.search(&one).await.expect("sent"))
            .await
            .expect("success")
            .len(),
        2
    );

    let request = SearchRequest::new(BASE, Filter::eq("jpegPhoto", [0xff, 0, 0x80, 0xff]))
        .attributes(["jpegPhoto", "entryUUID"]);
    let binary = SearchRequest {
        filter: Filter::eq("uid", "p1"),
        ..request
    };
    let mut stream = client.search(&binary).await.expect("sent");
    let Some(SearchItem::Entry(entry)) = stream.next().await.expect("answers") else {
        panic!("no entry");
    };
    assert_eq!(entry.values("JPEGPHOTO"), [vec![0xff, 0, 0x80, 0xff]]);
    assert_eq!(entry.text("entryUUID").map(str::len), Some(36));
    assert_eq!(stream.next().await.expect("success"), None);
    assert!(stream.end().is_some());
    client.unbind().await;
}

#[tokio::test]
async fn pages_are_read_one_after_the_other() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig {
        ldif: Some(people(1_200)),
        ..Default::default()
    }) else {
        return;
    };
    let mut client = reader(&slapd).await;
    let request =
        SearchRequest::new(format!("ou=people,{BASE}"), Filter::present("uid")).attributes(["uid"]);
    let mut search = client.search_paged(request, 500);
    let mut found = std::collections::BTreeSet::new();
    while let Some(item) = search.next().await.expect("success") {
        let SearchItem::Entry(entry) = item else {
            panic!("{item:?}")
        };
        assert!(found.insert(entry.dn));
    }
    assert_eq!((found.len(), search.pages()), (1_200, 3));
    assert!(client.is_usable());
}

#[tokio::test]
async fn a_size_limit_is_an_error_that_leaves_the_connection_usable() {
    let config = SlapdConfig {
        ldif: Some(people(50)),
        limits: vec!["* size=20".to_owned()],
        ..Default::default()
    };
    let Some(slapd) = Slapd::start_or_skip(config) else {
        return;
    };
    let mut client = reader(&slapd).await;
    let all = SearchRequest::new(BASE, everything());
    let mut stream = client.search(&all).await.expect("sent");
    let mut seen = 0;
    let error = loop {
        match stream.next().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("taken as complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (seen, error.code()),
        (20, Some(ResultCode::SIZE_LIMIT_EXCEEDED))
    );
    // Asking again does not turn it into a success.
    assert!(stream.next().await.is_err());
    assert!(client.is_usable());
    client.who_am_i().await.expect("still usable");

    let missing = SearchRequest::new(format!("ou=gone,{BASE}"), everything());
    let error = dns(client.search(&missing).await.expect("sent"))
        .await
        .expect_err("no such object");
    assert_eq!(error.code(), Some(ResultCode::NO_SUCH_OBJECT));
    assert!(
        error
            .to_string()
            .contains(&format!("the part that exists is \"{BASE}\"")),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_bind_says_so_and_may_be_tried_again() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig::default()) else {
        return;
    };
    let endpoint = Endpoint::from_url(&slapd.url()).expect("a URL");
    let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect("connects");
    let error = client
        .bind_simple(&slapd.reader_dn(), "wrong")
        .await
        .expect_err("refused");
    let LdapError::Auth { refusal, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*refusal, BindRefusal::Unspecified);
    assert!(
        !format!("{error} {error:?}").contains("wrong\""),
        "{error:?}"
    );
    let error = client
        .bind_simple(&slapd.reader_dn(), "")
        .await
        .expect_err("empty");
    assert!(error.to_string().contains("empty"), "{error}");
    client.bind_anonymous().await.expect("anonymous");
    assert_eq!(client.who_am_i().await.expect("answers"), "");
    client
        .bind_simple(&slapd.reader_dn(), slapd.reader_password())
        .await
        .expect("binds");
}

#[tokio::test]
async fn a_stream_left_half_way_spoils_the_connection_and_abandon_does_not() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig {
        ldif: Some(people(400)),
        ..Default::default()
    }) else {
        return;
    };
    let all = SearchRequest::new(BASE, everything());
    let mut client = reader(&slapd).await;
    let mut stream = client.search(&all).await.expect("sent");
    stream.next().await.expect("an entry");
    stream.abandon().await.expect("told");
    let again = dns(client.search(&all).await.expect("sent"))
        .await
        .expect("success");
    assert_eq!(again.len(), 403);

    let mut stream = client.search(&all).await.expect("sent");
    stream.next().await.expect("an entry");
    drop(stream);
    assert!(!client.is_usable());
    let error = client.who_am_i().await.expect_err("spoiled");
    assert!(matches!(error, LdapError::Unusable { .. }), "{error:?}");
}

#[tokio::test]
async fn the_second_host_is_used_when_the_first_is_down() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig::default()) else {
        return;
    };
    let closed = usher_testkit::free_port::free_ports(1).expect("a port");
    let down = Endpoint::from_url(&format!("ldap://127.0.0.1:{}", closed[0])).expect("a URL");
    let up = Endpoint::from_url(&slapd.url()).expect("a URL");
    let client = Client::connect(&[down.clone(), up], &ConnectOptions::default())
        .await
        .expect("connects");
    assert_eq!(client.endpoint(), slapd.url());
    let error = Client::connect(&[down.clone(), down], &ConnectOptions::default())
        .await
        .expect_err("down");
    assert!(
        matches!(&error, LdapError::AllFailed(all) if all.len() == 2),
        "{error}"
    );
}
