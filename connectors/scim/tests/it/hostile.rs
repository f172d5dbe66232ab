use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use usher_connector::{CheckOutcome, Failure, Premise};
use usher_core::model::{Kind, Member, Operation, SubjectId, TargetId};

use crate::rig::{JSON, KEY, Server, create, disable, open, open_with, reply, send};

const RETRY: Failure = Failure::Retry { after_ms: None };
const REFUSED: Failure = Failure::Refused { fields: Vec::new() };

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_is_not_sent_there() {
    let elsewhere = Server::saying(reply("200 OK", JSON, r#"{"totalResults":0}"#)).await;
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let place = format!("Location: {}/Users\r\n", elsewhere.url);
        let server = Server::saying(reply(status, &place, "")).await;
        let target = open(&server.url);
        let error = target.list(Kind::User, None, false).await.unwrap_err();
        assert_eq!(error.failure, Failure::StopTarget);
        assert!(error.message.contains("127.0.0.1"), "{}", error.message);
        let error = send(&*target, Kind::User, &create()).await.unwrap_err();
        assert_eq!(error.failure, Failure::StopTarget);
        assert_eq!(
            target.check().await.last().unwrap().outcome,
            CheckOutcome::Failed
        );
        assert!(server.asked().iter().all(|head| head.contains(KEY)));
    }
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_that_repeats_the_key_does_not_carry_it_into_messages_or_records() {
    let body = format!(r#"{{"detail":"got Bearer {KEY}"}}"#);
    let server = Server::saying(reply("400 Bad Request", JSON, &body)).await;
    let error = send(&*open(&server.url), Kind::User, &disable())
        .await
        .unwrap_err();
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    assert!(error.message.contains("got Bearer"), "{}", error.message);
}

#[tokio::test]
async fn a_cut_reply_is_an_error_and_never_an_empty_list() {
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"totalResults\":1,"
            .to_vec();
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"totalResults\":0}   "
            .to_vec();
    for bytes in [
        cut,
        chunked,
        b"HTTP/1.1 200".to_vec(),
        b"\x16\x03garbage\r\n\r\n".to_vec(),
        vec![],
    ] {
        let server = Server::saying(bytes.clone()).await;
        let target = open(&server.url);
        let error = target.list(Kind::User, None, false).await.unwrap_err();
        assert_eq!(error.failure, RETRY, "{error:?}");
        let error = send(&*target, Kind::User, &create()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Unknown, "{error:?}");
        let error = send(&*target, Kind::User, &disable()).await.unwrap_err();
        assert_eq!(error.failure, RETRY, "{error:?}");
    }
}

#[tokio::test]
async fn a_web_page_is_no_answer_of_the_service() {
    let page = "<html><body>Please log in to the guest network</body></html>";
    let server = Server::saying(reply("200 OK", "Content-Type: text/html\r\n", page)).await;
    let target = open(&server.url);
    let last = target.check().await.pop().unwrap();
    assert_eq!(
        (last.name.as_str(), last.outcome),
        ("answer", CheckOutcome::Failed)
    );
    assert_eq!(
        target
            .list(Kind::User, None, false)
            .await
            .unwrap_err()
            .failure,
        RETRY
    );
    let id = TargetId::new("u1");
    assert_eq!(
        target.read(Kind::User, &id).await.unwrap_err().failure,
        RETRY
    );
    let delete = Operation::Delete { target_id: id };
    assert_eq!(
        send(&*target, Kind::User, &delete)
            .await
            .unwrap_err()
            .failure,
        RETRY
    );
    assert_eq!(
        send(&*target, Kind::User, &create())
            .await
            .unwrap_err()
            .failure,
        Failure::Unknown
    );
}

/// Sends a head, then the same part again and again until the other side goes away.
async fn endless(head: &'static str, part: &'static str) -> Server {
    Server::start(move |_, mut stream| async move {
        let many = part.repeat(1 + 65_536 / part.len());
        let chunk = format!("{:x}\r\n{many}\r\n", many.len());
        let mut next = stream.write_all(head.as_bytes()).await;
        while next.is_ok() {
            next = stream.write_all(chunk.as_bytes()).await;
        }
    })
    .await
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn an_endless_reply_is_read_to_its_limit_only() {
    for part in [" ", r#"{"id":"1"},"#] {
        let server = endless(CHUNKED, part).await;
        let target = open(&server.url);
        for kind in [Kind::User, Kind::Group] {
            let error = target.list(kind, None, false).await.unwrap_err();
            assert_eq!(error.failure, REFUSED, "{error:?}");
            assert!(error.message.contains("larger than"), "{}", error.message);
        }
        assert_eq!(
            send(&*target, Kind::User, &create())
                .await
                .unwrap_err()
                .failure,
            Failure::Unknown
        );
    }
    let server =
        Server::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_vec()).await;
    let error = open(&server.url)
        .list(Kind::User, None, false)
        .await
        .unwrap_err();
    assert_eq!(error.failure, REFUSED);
}

#[tokio::test]
async fn members_may_be_many_megabytes_and_are_dropped_on_the_way() {
    let member = r#"{"value":"00000000-0000-4000-8000-000000000000","type":"User"},"#;
    let count = 200_000;
    let body = format!(
        r#"{{"totalResults":1,"Resources":[{{"id":"g","displayName":"all","members":[{}null]}}]}}"#,
        member.repeat(count)
    );
    assert!(body.len() > 8 << 20);
    let server = Server::saying(reply("200 OK", JSON, &body)).await;
    let target = open(&server.url);
    let page = target.list(Kind::Group, None, false).await.unwrap();
    assert_eq!(page.resources[0].resource.text("displayName"), Some("all"));
    let page = target.list(Kind::Group, None, true).await.unwrap();
    assert_eq!(
        page.resources[0].members.as_ref().map(Vec::len),
        Some(count)
    );
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_parts() {
    let server = Server::start(|request, mut stream| async move {
        let group = format!(r#"{{"id":"g","displayName":"{}"}}"#, "x".repeat(100_000));
        let count: usize = request
            .split("count=")
            .nth(1)
            .and_then(|t| t.split(' ').next())
            .unwrap()
            .parse()
            .unwrap();
        let groups = vec![group; count].join(",");
        let body = format!(r#"{{"totalResults":100,"Resources":[{groups}]}}"#);
        let _ = stream.write_all(&reply("200 OK", JSON, &body)).await;
    })
    .await;
    let page = open(&server.url)
        .list(Kind::Group, None, false)
        .await
        .unwrap();
    assert_eq!((page.resources.len(), page.next), (10, Some(11)));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_slow_reply_ends_with_the_time_out() {
    let silent = Server::start(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let dripping = Server::start(|_, mut stream| async move {
        let _ = stream.write_all(CHUNKED.as_bytes()).await;
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        while stream.write_all(b"1\r\n \r\n").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;
    for server in [silent, dripping] {
        let target = open_with(&[("URL", &server.url)], &[], 1).unwrap();
        let started = Instant::now();
        let error = target.list(Kind::User, None, false).await.unwrap_err();
        assert_eq!(error.failure, RETRY, "{error:?}");
        assert_eq!(
            send(&*target, Kind::User, &create())
                .await
                .unwrap_err()
                .failure,
            Failure::Unknown
        );
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_list_that_never_ends_by_itself_ends_at_an_empty_page() {
    let server = Server::saying(reply(
        "200 OK",
        JSON,
        r#"{"totalResults":5000,"Resources":[]}"#,
    ))
    .await;
    let page = open(&server.url)
        .list(Kind::User, Some(101), false)
        .await
        .unwrap();
    assert_eq!((page.resources.len(), page.next), (0, None));
    let far = open(&server.url)
        .list(Kind::User, Some(1 << 40), false)
        .await
        .unwrap_err();
    assert_eq!(far.failure, REFUSED);
}

#[tokio::test]
async fn counts_that_nobody_can_believe_prove_nothing_and_are_told() {
    for (count, shown) in [
        (r#""totalResults":-5"#, "-5"),
        (
            r#""totalResults":18446744073709551615"#,
            "18446744073709551615",
        ),
        (r#""totalResults":0,"itemsPerPage":-100"#, "-100"),
    ] {
        let body = format!(r#"{{{count},"Resources":[]}}"#);
        let server = Server::saying(reply("200 OK", JSON, &body)).await;
        let target = open(&server.url);
        let error = target.list(Kind::User, None, false).await.unwrap_err();
        assert_eq!(error.failure, RETRY);
        assert!(error.message.contains(shown), "{}", error.message);
        let error = target
            .find(Kind::User, "userName", "ana")
            .await
            .unwrap_err();
        assert_eq!(error.failure, RETRY, "it does not say that nobody is there");
    }
}

#[tokio::test]
async fn an_id_of_a_megabyte_is_refused_and_a_long_name_is_cut() {
    let long = "x".repeat(1 << 20);
    let body = format!(r#"{{"id":"{long}","userName":"ana"}}"#);
    let server = Server::saying(reply("201 Created", JSON, &body)).await;
    let error = send(&*open(&server.url), Kind::User, &create())
        .await
        .unwrap_err();
    assert_eq!(error.failure, Failure::Unknown, "it may be there");
    assert!(error.message.contains("1048576 bytes"), "{}", error.message);
    let list = format!(r#"{{"totalResults":1,"Resources":[{body}]}}"#);
    let server = Server::saying(reply("200 OK", JSON, &list)).await;
    let target = open(&server.url);
    let error = target.list(Kind::User, None, false).await.unwrap_err();
    assert_eq!(error.failure, RETRY);
    assert!(error.message.contains("1048576 bytes"), "{}", error.message);
    let error = target
        .find(Kind::User, "userName", "ana")
        .await
        .unwrap_err();
    assert_eq!(error.failure, RETRY, "not a look-up that finds nobody");

    let list = format!(r#"{{"totalResults":1,"Resources":[{{"id":"u1","userName":"{long}"}}]}}"#);
    let server = Server::saying(reply("200 OK", JSON, &list)).await;
    let page = open(&server.url)
        .list(Kind::User, None, false)
        .await
        .unwrap();
    let name = page.resources[0].resource.text("userName").unwrap();
    assert_eq!(name.len(), 64 << 10);
}

#[tokio::test]
async fn a_service_that_ignores_filters_is_found_out() {
    let body = r#"{"totalResults":3,"Resources":[{"id":"1","userName":"other"},{"id":"2"}]}"#;
    let server = Server::saying(reply("200 OK", JSON, body)).await;
    let error = open(&server.url)
        .find(Kind::User, "userName", "ana")
        .await
        .unwrap_err();
    assert!(
        error.message.contains("ignores the filter"),
        "{}",
        error.message
    );
    let body = r#"{"totalResults":2,"Resources":[{"id":"1","userName":"ANA"},{"id":"2"}]}"#;
    let server = Server::saying(reply("200 OK", JSON, body)).await;
    let found = open(&server.url)
        .find(Kind::User, "userName", "ana")
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|o| o.target_id.as_str())
            .collect::<Vec<_>>(),
        ["1"]
    );
}

#[tokio::test]
async fn a_reply_about_another_resource_is_not_believed() {
    let server = Server::saying(reply("200 OK", JSON, r#"{"id":"u2","active":false}"#)).await;
    let target = open(&server.url);
    assert_eq!(
        send(&*target, Kind::User, &disable())
            .await
            .unwrap_err()
            .failure,
        RETRY
    );
    assert_eq!(
        target
            .read(Kind::User, &TargetId::new("u1"))
            .await
            .unwrap_err()
            .failure,
        RETRY
    );
    for id in ["", ".", ".."] {
        let before = server.asked().len();
        assert!(target.read(Kind::User, &TargetId::new(id)).await.is_err());
        assert_eq!(
            server.asked().len(),
            before,
            "`{id}` would address something else"
        );
    }
}

#[tokio::test]
async fn a_group_that_shows_other_members_than_asked_for_was_not_changed() {
    let body = r#"{"id":"g","displayName":"all","members":[{"value":"a"},{"value":"b"}]}"#;
    let server = Server::saying(reply("200 OK", JSON, body)).await;
    let target = open(&server.url);
    let members = |ids: &[&str]| -> Vec<Member> {
        let member = |id: &&str| Member {
            subject: SubjectId(1),
            target_id: TargetId::new(*id),
        };
        ids.iter().map(member).collect()
    };
    let target_id = TargetId::new("g");
    let add = |ids: &[&str]| Operation::AddMembers {
        target_id: target_id.clone(),
        members: members(ids),
    };
    let remove = |ids: &[&str]| Operation::RemoveMembers {
        target_id: target_id.clone(),
        members: members(ids),
    };
    assert!(send(&*target, Kind::Group, &add(&["a", "b"])).await.is_ok());
    assert!(send(&*target, Kind::Group, &remove(&["c"])).await.is_ok());
    let error = send(&*target, Kind::Group, &add(&["a", "c"]))
        .await
        .unwrap_err();
    assert_eq!(
        error.failure,
        Failure::Replan {
            premise: Premise::MemberGone
        }
    );
    let error = send(&*target, Kind::Group, &remove(&["a"]))
        .await
        .unwrap_err();
    assert_eq!(error.failure, REFUSED);
}

#[tokio::test]
async fn a_wait_is_read_as_seconds_and_as_a_date() {
    let dates =
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n";
    for (headers, expected) in [
        ("Retry-After: 12\r\n", Some(12_000)),
        (dates, Some(30_000)),
        ("", None),
    ] {
        let server = Server::saying(reply("429 Too Many Requests", headers, "")).await;
        let error = send(&*open(&server.url), Kind::User, &create())
            .await
            .unwrap_err();
        assert_eq!(error.failure, Failure::Throttled { after_ms: expected });
    }
}
