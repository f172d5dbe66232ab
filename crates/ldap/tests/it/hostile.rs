//! A server that is broken or means harm: always an error in time, never a panic, never a short list taken for all.

use std::time::Duration;

use usher_ldap::{
    Client, ConnectOptions, Endpoint, LdapError, PAGED_RESULTS, ResultCode, SearchItem,
    SearchRequest, Security, TlsProblem,
};

use crate::real::everything;
use crate::wire::{Hostile, Last, attribute, bind_ok, done, entry, message, number, result, tlv};

fn options() -> ConnectOptions {
    ConnectOptions {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_millis(400),
        max_message: 1 << 20,
    }
}

async fn client(answers: Vec<Vec<u8>>, last: Last) -> Client {
    let server = Hostile::start(answers, last).await;
    Client::connect(&[server.endpoint], &options())
        .await
        .expect("connects")
}

/// What a bind gives when the server answers it with these bytes and says no more.
async fn bind_answered_by(bytes: Vec<u8>) -> LdapError {
    let mut client = client(vec![bytes], Last::StayQuiet).await;
    let error = client
        .bind_simple("cn=x", "y")
        .await
        .expect_err("not an answer");
    assert!(!client.is_usable(), "still usable after {error}");
    error
}

/// What a search gives when the server answers it with these bytes and says no more.
async fn search_answered_by(
    bytes: Vec<u8>,
) -> Result<Vec<SearchItem>, (Vec<SearchItem>, LdapError)> {
    let mut client = client(vec![bytes], Last::StayQuiet).await;
    let request = SearchRequest::new("", everything());
    let mut stream = client.search(&request).await.expect("sent");
    let mut items = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return Ok(items),
            Err(error) => return Err((items, error)),
        }
    }
}

#[tokio::test]
async fn malformed_answers_are_protocol_errors() {
    let nested: Vec<u8> = (0..200_000).fold(Vec::new(), |mut all, _| {
        all.extend([0x30, 0x80]);
        all
    });
    let mut deep = Vec::new();
    for _ in 0..5_000 {
        deep = tlv(0x30, &deep);
    }
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an empty sequence", vec![0x30, 0]),
        ("text", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("zeros", vec![0; 100]),
        ("indefinite length, nested 200,000 deep", nested),
        ("definite lengths, nested 5,000 deep", deep.clone()),
        (
            "nesting behind an id",
            tlv(0x30, &[tlv(2, &[1]), deep].concat()),
        ),
        ("no id", tlv(0x30, &result(0x61, &[0], b"", b""))),
        (
            "an id of nine bytes",
            tlv(
                0x30,
                &[tlv(2, &[1; 9]), result(0x61, &[0], b"", b"")].concat(),
            ),
        ),
        (
            "a negative id",
            tlv(
                0x30,
                &[tlv(2, &[0xff]), result(0x61, &[0], b"", b"")].concat(),
            ),
        ),
        ("an id and nothing", tlv(0x30, &tlv(2, &[1]))),
        ("a bind answer without fields", message(1, &tlv(0x61, b""))),
        (
            "a bind answer without text",
            message(1, &tlv(0x61, &[tlv(0x0a, &[0]), tlv(4, b"")].concat())),
        ),
        (
            "a result code without bytes",
            message(1, &result(0x61, b"", b"", b"")),
        ),
        (
            "a result code that is negative",
            message(1, &result(0x61, &[0xff], b"", b"")),
        ),
        (
            "an element longer than its parent",
            message(1, &[0x61, 5, 0x0a, 0x7f, 0, 4, 0]),
        ),
        ("an operation nobody knows", message(1, &tlv(0x7e, b""))),
        ("another message's answer", bind_ok(9)),
        ("an answer to something else", done(1, 0)),
        (
            "bytes behind the answer that are not BER",
            tlv(
                0x30,
                &[tlv(2, &[1]), result(0x61, &[0], b"", b""), vec![4, 9]].concat(),
            ),
        ),
        (
            "controls that are not controls",
            tlv(
                0x30,
                &[
                    tlv(2, &[1]),
                    result(0x61, &[0], b"", b""),
                    tlv(0xa0, &[1, 2, 3]),
                ]
                .concat(),
            ),
        ),
    ];
    for (name, bytes) in cases {
        let error = bind_answered_by(bytes).await;
        assert!(
            matches!(error, LdapError::Protocol { .. }),
            "{name}: {error:?}"
        );
        assert!(
            error.to_string().contains("ldap://127.0.0.1:"),
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn giant_lengths_are_refused_without_waiting_for_the_bytes() {
    for head in [
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        let error = bind_answered_by(head).await;
        assert!(matches!(error, LdapError::TooLarge { .. }), "{error:?}");
    }
    let error = bind_answered_by(message(1, &result(0x61, &[0], &vec![b'x'; 2 << 20], b""))).await;
    assert!(
        matches!(
            error,
            LdapError::TooLarge {
                limit: 1_048_576,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_times_out_or_is_a_lost_connection() {
    let answer = bind_ok(1);
    for cut in 1..answer.len() {
        let error = bind_answered_by(answer[..cut].to_vec()).await;
        assert!(
            matches!(
                error,
                LdapError::Timeout {
                    doing: "binding",
                    ..
                }
            ),
            "{cut}: {error:?}"
        );
        let mut client = client(vec![answer[..cut].to_vec()], Last::Close).await;
        let error = client.bind_simple("cn=x", "y").await.expect_err("cut");
        assert!(
            matches!(error, LdapError::Disconnected { notice: None, .. }),
            "{cut}: {error:?}"
        );
        if cut > 8 {
            break;
        }
    }
}

#[tokio::test]
async fn a_notice_of_disconnection_is_told_at_once() {
    let name = tlv(0x8a, b"1.3.6.1.4.1.1466.20036");
    for more in [name, Vec::new()] {
        let notice = message(0, &result(0x78, &[52], b"going down", &more));
        let error = bind_answered_by(notice).await;
        assert_eq!(error.code(), Some(ResultCode::UNAVAILABLE), "{error:?}");
        assert!(error.to_string().contains("going down"), "{error}");
    }
}

#[tokio::test]
async fn a_broken_entry_never_becomes_a_shorter_one() {
    // The second value claims more bytes than its set holds.
    let set = [tlv(4, b"cn=a"), vec![4, 50, b'c']].concat();
    let attribute = tlv(0x30, &[tlv(4, b"member"), tlv(0x31, &set)].concat());
    let (items, error) = search_answered_by(entry(1, b"cn=g", &attribute))
        .await
        .expect_err("broken");
    assert!(items.is_empty(), "{items:?}");
    assert!(matches!(error, LdapError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn an_entry_that_cannot_be_used_does_not_end_the_search() {
    let fine = attribute(b"cn", &[b"x", b"\xff\xfe"]);
    let stream = [
        entry(1, b"cn=\xff,dc=x", &fine),
        entry(
            1,
            b"cn=big,dc=x",
            &attribute(b"member", &[&vec![b'm'; 3 << 20]]),
        ),
        entry(1, b"cn=fine,dc=x", &fine),
        done(1, 0),
    ];
    let items = search_answered_by(stream.concat()).await.expect("success");
    let [
        SearchItem::Unreadable(odd),
        SearchItem::Unreadable(big),
        SearchItem::Entry(fine),
    ] = items.as_slice()
    else {
        panic!("{items:?}");
    };
    assert!(odd.problem.contains("not UTF-8"), "{odd:?}");
    assert_eq!(big.dn, "cn=big,dc=x");
    assert!(
        big.problem.contains("more than the limit of 1048576"),
        "{big:?}"
    );
    assert_eq!(fine.values("cn"), [b"x".to_vec(), vec![0xff, 0xfe]]);
}

#[tokio::test]
async fn a_small_message_cannot_fill_the_memory_with_empty_values() {
    let many = ConnectOptions {
        max_message: 16 << 20,
        ..options()
    };
    let empty: Vec<u8> = [4u8, 0].repeat(3 << 20);
    let attribute = tlv(0x30, &[tlv(4, b"a"), tlv(0x31, &empty)].concat());
    let server = Hostile::start(vec![entry(1, b"cn=x", &attribute)], Last::StayQuiet).await;
    let mut client = Client::connect(
        &[server.endpoint],
        &ConnectOptions {
            read_timeout: Duration::from_secs(20),
            ..many
        },
    )
    .await
    .expect("connects");
    let mut stream = client
        .search(&SearchRequest::new("", everything()))
        .await
        .expect("sent");
    let error = stream.next().await.expect_err("too many");
    assert!(error.to_string().contains("1048576"), "{error}");
}

#[tokio::test]
async fn every_end_but_success_is_an_error() {
    for code in [1, 2, 3, 4, 10, 11, 12, 32, 50, 51, 52, 53, 80, 99, 123] {
        let (_, error) = search_answered_by(done(1, code))
            .await
            .expect_err("not success");
        assert_eq!(error.code(), Some(ResultCode(code as u32)), "{error:?}");
    }
    let urls = tlv(0xa3, &tlv(4, b"ldap://elsewhere/dc=x"));
    let (_, error) = search_answered_by(message(1, &result(0x65, &[10], b"", &urls)))
        .await
        .expect_err("referral");
    assert!(
        error.to_string().contains("ldap://elsewhere/dc=x"),
        "{error}"
    );
}

#[tokio::test]
async fn references_are_reported_and_not_followed() {
    let reference = message(1, &tlv(0x73, &tlv(4, b"ldap://other/dc=y")));
    let items = search_answered_by([reference, done(1, 0)].concat())
        .await
        .expect("success");
    assert_eq!(
        items,
        [SearchItem::Reference(vec!["ldap://other/dc=y".into()])]
    );
}

/// The end of a page with this cookie.
fn page_end(id: u16, cookie: &[u8]) -> Vec<u8> {
    let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
    let control = tlv(
        0x30,
        &[tlv(4, PAGED_RESULTS.as_bytes()), tlv(4, &value)].concat(),
    );
    tlv(
        0x30,
        &[
            number(id),
            result(0x65, &[0], b"", b""),
            tlv(0xa0, &control),
        ]
        .concat(),
    )
}

async fn paged(answers: Vec<Vec<u8>>) -> Result<usize, LdapError> {
    let mut client = client(answers, Last::Close).await;
    let mut search = client.search_paged(SearchRequest::new("", everything()), 2);
    let mut count = 0;
    while search.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[tokio::test]
async fn a_page_that_never_comes_or_lacks_its_control_is_not_the_last() {
    let page = |id, cookie: &[u8]| [entry(id, b"cn=x", b""), page_end(id, cookie)].concat();
    assert_eq!(paged(vec![page(1, b"next"), page(2, b"")]).await, Ok(2));
    let error = paged(vec![page(1, b"next")])
        .await
        .expect_err("no second page");
    assert!(matches!(error, LdapError::Disconnected { .. }), "{error:?}");
    let error = paged(vec![[entry(1, b"cn=x", b""), done(1, 0)].concat()])
        .await
        .expect_err("no control");
    assert!(error.to_string().contains("paged-results"), "{error}");
    let error = paged(vec![page(1, b"next"), done(2, 53)])
        .await
        .expect_err("cookie refused");
    assert_eq!(error.code(), Some(ResultCode::UNWILLING_TO_PERFORM));
}

#[tokio::test]
async fn empty_pages_without_end_are_noticed() {
    let server = Hostile::answering(|at| page_end(at as u16, b"again")).await;
    let mut client = Client::connect(&[server.endpoint], &options())
        .await
        .expect("connects");
    let mut search = client.search_paged(SearchRequest::new("", everything()), 2);
    let error = search.next().await.expect_err("no end");
    assert!(
        error.to_string().contains("empty pages in a row"),
        "{error}"
    );
}

#[tokio::test]
async fn bytes_behind_the_answer_to_start_tls_are_refused() {
    let answer = [message(1, &result(0x78, &[0], b"", b"")), bind_ok(2)].concat();
    let server = Hostile::start(vec![answer], Last::StayQuiet).await;
    let endpoint = Endpoint {
        security: Security::StartTls,
        ..server.endpoint
    };
    let error = Client::connect(&[endpoint], &options())
        .await
        .expect_err("injected");
    assert!(
        matches!(
            error,
            LdapError::Tls {
                problem: TlsProblem::InjectedBytes,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_password_is_not_sent_when_start_tls_is_refused() {
    let server = Hostile::start(
        vec![message(1, &result(0x78, &[2], b"unsupported", b""))],
        Last::StayQuiet,
    )
    .await;
    let endpoint = Endpoint {
        security: Security::StartTls,
        ..server.endpoint
    };
    let error = Client::connect(&[endpoint], &options())
        .await
        .expect_err("refused");
    assert!(
        matches!(
            error,
            LdapError::Tls {
                problem: TlsProblem::StartTlsRefused,
                ..
            }
        ),
        "{error:?}"
    );
    let received = server.received.lock().unwrap().clone();
    assert!(
        received.ends_with(b"1.3.6.1.4.1.1466.20037"),
        "{received:02x?}"
    );
}

#[tokio::test]
async fn a_port_that_speaks_something_else_is_named() {
    let server = Hostile::start(vec![b"\x15\x03\x01\x00\x02\x02\x46".to_vec()], Last::Close).await;
    let mut client = Client::connect(&[server.endpoint], &options())
        .await
        .expect("connects");
    let error = client.bind_anonymous().await.expect_err("TLS");
    assert!(error.to_string().contains("wants ldaps"), "{error}");
    let server = Hostile::start(vec![bind_ok(1)], Last::Close).await;
    let endpoint = Endpoint {
        security: Security::Ldaps,
        ..server.endpoint
    };
    let error = Client::connect(&[endpoint], &options())
        .await
        .expect_err("plain");
    assert!(
        matches!(
            error,
            LdapError::Tls {
                problem: TlsProblem::NotTls,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_password_that_the_server_repeats_is_not_shown() {
    const SECRET: &str = "PassWord-4711";
    let said = b"refused: 'password-4711' and PassWord-4711 are wrong";
    let refused = message(1, &result(0x61, &[49], said, b""));
    let mut bound = client(vec![refused], Last::StayQuiet).await;
    let error = bound
        .bind_simple("cn=x", SECRET)
        .await
        .expect_err("refused");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("refused: '***' and *** are wrong"),
        "{shown}"
    );
    assert!(!shown.to_lowercase().contains("password-4711"), "{shown}");
    let failed = message(2, &result(0x65, &[1], said, b""));
    let mut bound = client(vec![bind_ok(1), failed], Last::StayQuiet).await;
    bound.bind_simple("cn=x", SECRET).await.expect("bound");
    let request = SearchRequest::new("", everything());
    let mut stream = bound.search(&request).await.expect("sent");
    let error = stream.next().await.expect_err("failed");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("'***' and ***"), "{shown}");
}
