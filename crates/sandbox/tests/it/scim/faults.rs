//! Rate limit and faults: rows 40 and 41.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use usher_sandbox::scim::knobs::{RateLimitBody, RetryAfter};
use usher_sandbox::scim::{FaultKind, FaultRule};

use super::rig::{Answer, Rig, user};

async fn try_post(rig: &Rig, name: &str) -> reqwest::Result<Answer> {
    let url = format!("{}/Users", rig.sandbox.base_url());
    rig.call(
        Method::POST,
        &url,
        Some(&rig.sandbox.key()),
        Some(user(name)),
    )
    .await
}

/// Row 40: a burst passes, then 429 with or without Retry-After, in either body.
#[tokio::test]
async fn the_rate_limit_answers_429_in_every_form() {
    let clock =
        std::sync::Arc::new(|| jiff::Timestamp::from_second(1_700_000_000).expect("a time"));
    let mut config = usher_sandbox::scim::SandboxConfig::default();
    config.knobs.rate_limit.per_second = 2;
    config.knobs.rate_limit.burst = 3;
    let sandbox = usher_sandbox::scim::Sandbox::start_with(config, clock)
        .await
        .expect("a port");
    let rig = Rig {
        sandbox,
        http: super::rig::client(),
    };
    for _ in 0..3 {
        rig.get("/Users").await.ok(200);
    }
    let limited = rig.get("/Users").await;
    limited.failure(429);
    assert_eq!(limited.headers["retry-after"], "1");
    rig.sandbox
        .change_knobs(|k| k.rate_limit.retry_after = RetryAfter::HttpDate);
    let limited = rig.get("/Users").await;
    assert_eq!(
        limited.headers["retry-after"],
        "Tue, 14 Nov 2023 22:13:21 GMT"
    );
    rig.sandbox.change_knobs(|k| {
        k.rate_limit.retry_after = RetryAfter::Absent;
        k.rate_limit.body = RateLimitBody::Scim;
    });
    let limited = rig.get("/Users").await;
    limited.scim_error(429, None);
    assert!(limited.headers.get("retry-after").is_none());
    rig.sandbox.set_time_offset(SignedDuration::from_secs(1));
    rig.get("/Users").await.ok(200);
    rig.get("/Users").await.ok(200);
    rig.get("/Users").await.scim_error(429, None);
}

/// Row 40: a planned 429 with and without Retry-After.
#[tokio::test]
async fn a_planned_429_is_not_carried_out() {
    let rig = Rig::new().await;
    rig.sandbox.fault(FaultRule::once(
        "POST",
        FaultKind::TooManyRequests {
            retry_after: Some(7),
        },
    ));
    let answer = rig.post("/Users", user("ana")).await;
    answer.failure(429);
    assert_eq!(answer.headers["retry-after"], "7");
    rig.sandbox.fault(FaultRule::once(
        "POST",
        FaultKind::TooManyRequests { retry_after: None },
    ));
    assert!(
        rig.post("/Users", user("ana"))
            .await
            .headers
            .get("retry-after")
            .is_none()
    );
    assert!(rig.sandbox.snapshot().users.is_empty());
    rig.user("ana").await;
}

/// Row 41: 500 and 503 with a SCIM body, carried out or not.
#[tokio::test]
async fn a_planned_error_is_carried_out_or_not() {
    let rig = Rig::new().await;
    for (status, commit, held) in [(500, false, 0), (503, true, 1)] {
        rig.sandbox
            .fault(FaultRule::once("POST", FaultKind::Error { status, commit }));
        rig.post("/Users", user("ana"))
            .await
            .scim_error(status, None);
        assert_eq!(rig.sandbox.snapshot().users.len(), held);
    }
}

/// Row 41: the connection ends without an answer; the request was carried out (ambiguous write).
#[tokio::test]
async fn a_reset_after_commit_loses_only_the_answer() {
    let rig = Rig::new().await;
    rig.sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    try_post(&rig, "ana").await.expect_err("no answer");
    assert_eq!(rig.sandbox.snapshot().users.len(), 1);
    let logged = rig.sandbox.requests();
    let last = logged.last().expect("a request");
    assert_eq!(
        (last.status, last.fault.as_deref()),
        (None, Some("reset_after_commit"))
    );
    assert!(last.request_body.contains("\"ana\""));
    assert_eq!(rig.sandbox.counts().by_class.get("none"), Some(&1));
    rig.post("/Users", user("ana"))
        .await
        .scim_error(409, Some("uniqueness"));
}

/// Row 41: the connection ends without an answer; nothing happened.
#[tokio::test]
async fn a_reset_before_commit_carries_nothing_out() {
    let rig = Rig::new().await;
    rig.sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetBeforeCommit));
    try_post(&rig, "ana").await.expect_err("no answer");
    assert!(rig.sandbox.snapshot().users.is_empty());
    rig.user("ana").await;
}

/// Row 41: the head promises more than arrives.
#[tokio::test]
async fn a_truncated_body_is_shorter_than_promised() {
    let rig = Rig::new().await;
    rig.user("ana").await;
    rig.sandbox
        .fault(FaultRule::once("GET", FaultKind::TruncatedBody));
    let address = rig
        .sandbox
        .origin()
        .strip_prefix("http://")
        .expect("a URL")
        .to_owned();
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    let request = format!(
        "GET /scim/directory/{}/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        rig.sandbox.directory_id(),
        rig.sandbox.key()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("an orderly end");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))
        .expect("a length");
    let length: usize = length.parse().expect("a number");
    assert_eq!(body.len(), length / 2);
    assert!(body.starts_with("{\"schemas\""));
    rig.sandbox
        .fault(FaultRule::once("POST", FaultKind::TruncatedBody));
    try_post(&rig, "ben").await.expect_err("half an answer");
    assert_eq!(rig.sandbox.snapshot().users.len(), 2);
}

/// Row 41: HTML with 200 or 502 from something in between, and an empty body.
#[tokio::test]
async fn html_and_empty_bodies_come_with_any_status() {
    let rig = Rig::new().await;
    for (status, commit, held) in [(200, false, 0), (502, true, 1)] {
        rig.sandbox
            .fault(FaultRule::once("POST", FaultKind::Html { status, commit }));
        let answer = rig.post("/Users", user("ana")).await.ok(status);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert!(answer.text.starts_with("<!DOCTYPE html>"));
        assert_eq!(rig.sandbox.snapshot().users.len(), held);
    }
    rig.sandbox.fault(FaultRule::once(
        "GET",
        FaultKind::Empty {
            status: 504,
            commit: false,
        },
    ));
    assert_eq!(rig.get("/Users").await.ok(504).text, "");
}

/// Row 41: slow answers, and the service time of every request.
#[tokio::test]
async fn answers_can_be_slow() {
    let rig = Rig::knobs(|k| k.service_time_ms = 20).await;
    let begun = Instant::now();
    rig.get("/Users").await.ok(200);
    assert!(begun.elapsed() >= Duration::from_millis(20));
    for after_commit in [false, true] {
        rig.sandbox.fault(FaultRule::once(
            "GET",
            FaultKind::Delay {
                ms: 60,
                after_commit,
            },
        ));
        let begun = Instant::now();
        rig.get("/Users").await.ok(200);
        assert!(begun.elapsed() >= Duration::from_millis(80));
    }
}

/// Row 41: a client that gives up has its write done all the same, and logged, whether the wait was
/// before or after it.
#[tokio::test]
async fn a_client_that_gives_up_waiting_has_its_write_done() {
    for after_commit in [false, true] {
        let rig = Rig::new().await;
        rig.sandbox.fault(FaultRule::once(
            "POST",
            FaultKind::Delay {
                ms: 150,
                after_commit,
            },
        ));
        let request = rig.http.post(format!("{}/Users", rig.sandbox.base_url()));
        let request = request
            .bearer_auth(rig.sandbox.key())
            .body(user("ana").to_string());
        let waiting = tokio::spawn(request.send());
        while rig.sandbox.faults()[0].fired == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        while rig.sandbox.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.sandbox.requests()[0].fault.as_deref(), Some("delay"));
        rig.post("/Users", user("ana"))
            .await
            .scim_error(409, Some("uniqueness"));
    }
}

/// Row 41: rules count what matches them: the n-th, each n-th, so many times, by path and body.
#[tokio::test]
async fn rules_fire_exactly_when_they_say() {
    let rig = Rig::new().await;
    let error = || FaultKind::Error {
        status: 500,
        commit: false,
    };
    rig.sandbox
        .fault(FaultRule::always(error()).on_path("/Groups").nth(2));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        rig.get("/Users").await.ok(200);
        statuses.push(rig.get("/Groups").await.status);
    }
    assert_eq!(statuses, [200, 500, 200]);
    rig.sandbox.clear_faults();
    rig.sandbox
        .fault(FaultRule::always(error()).every(2).times(2));
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(rig.get("/Users").await.status);
    }
    assert_eq!(statuses, [200, 500, 200, 500, 200, 200, 200]);
    let planned = rig.sandbox.faults();
    assert_eq!((planned[0].seen, planned[0].fired), (7, 2));
    rig.sandbox.clear_faults();
    let rule = FaultRule {
        body_contains: Some("ben@".to_owned()),
        ..FaultRule::always(error())
    };
    rig.sandbox.fault(rule);
    rig.post("/Users", user("ana")).await.ok(201);
    rig.post("/Users", user("ben")).await.scim_error(500, None);
    rig.post("/Groups", json!({"displayName": "ben"}))
        .await
        .ok(201);
}

/// A service that stops does not wait for a slow request.
#[tokio::test]
async fn stopping_does_not_wait_for_slow_requests() {
    let rig = Rig::new().await;
    rig.sandbox.fault(FaultRule::always(FaultKind::Delay {
        ms: 600_000,
        after_commit: false,
    }));
    let request = rig.http.get(format!("{}/Users", rig.sandbox.base_url()));
    let slow = tokio::spawn(request.bearer_auth(rig.sandbox.key()).send());
    while rig.sandbox.faults()[0].fired == 0 {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    rig.sandbox.stop().await.expect("a clean end");
    assert!(begun.elapsed() < Duration::from_secs(5));
    slow.await.expect("the task").expect_err("no answer");
}
