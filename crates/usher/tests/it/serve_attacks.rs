//! What somebody tries who can only reach the address, over real connections.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::{BIND_PASSWORD, Rig, until, until_seen};
use crate::served::{PASSWORD, Served, client};

/// Sends bytes as they are, and reads what comes back until the connection ends.
async fn raw(served: &Served, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(30), read).await;
    // A connection that is reset was answered, too.
    let _ = read.expect("it is answered or cut");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    let line = answer.lines().next().unwrap_or_default();
    line.split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_to_a_file() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    for path in [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/state/secret.key",
        "/api/v1/../../secret.key",
        "/api/v1/backups/..%2f..%2fsecret.key",
        "/api/v1/cycles/..%2f..%2f..%2fetc%2fpasswd",
        "/pf-admin-api/v1/dataStores/..%2f..%2fstate.db",
        "//etc/passwd",
        "/state.db",
        "/secret.key",
        "/%00",
        "http://example.com/etc/passwd",
        "*",
    ] {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = raw(&served, asked.as_bytes()).await;
        assert!(
            [400, 401, 403, 404].contains(&status(&answer)),
            "{path}: {answer}"
        );
        assert!(!answer.contains("root:"), "{path}: {answer}");
        assert!(!answer.contains("SQLite format"), "{path}: {answer}");
    }
    // Somebody who may everything does not get out of the folder either.
    served.first_operator().await;
    for path in [
        "/api/v1/cycles/..%2f..%2fsecret.key",
        "/api/v1/data-stores/..%2f..%2fsecret.key",
        "/pf-admin-api/v1/dataStores/..%2f..%2fsecret.key",
        "/pf-admin-api/v1/idp/spConnections/%2e%2e%2fsecret.key",
    ] {
        let answer = served.ask(Method::GET, path).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
    }
    let key = std::fs::read(rig.state().join("secret.key")).unwrap();
    assert!(!key.is_empty());
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_two_at_once_are_one() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    for framing in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Transfer-Encoding: identity, chunked, x",
        "Content-Length: 6\r\nContent-Length: 7",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999999",
    ] {
        let asked = format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(served.address()).await.unwrap();
        stream.write_all(asked.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let read = tokio::time::timeout(Duration::from_secs(30), read).await;
        let _ = read.expect("it is answered or cut");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains("usher_up"), "{framing}: {answer}");
    }
    assert_eq!(served.get("/healthz").await.0, 200);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_read_to_the_limit_only() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    let address = served.address();
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let patience = Some(Duration::from_secs(30));
        stream.set_write_timeout(patience).unwrap();
        stream.set_read_timeout(patience).unwrap();
        let head = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let piece = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
        let mut sent = 0_usize;
        while sent < 256 << 20 && stream.write_all(piece.as_bytes()).is_ok() {
            sent += piece.len();
        }
        let mut answer = [0; 12];
        let answered = stream.read_exact(&mut answer).is_ok();
        (sent, answered.then_some(answer))
    });
    let (sent, answer) = sent.await.unwrap();
    // What the operating system buffers comes on top of the limit.
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    assert!(answer.is_none_or(|answer| answer == *b"HTTP/1.1 413"));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_and_odd_bodies_are_refused_everywhere() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    served.first_operator().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deeper = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let bodies = [
        deep.as_str(),
        deeper.as_str(),
        "",
        "null",
        "[]",
        "\u{0}",
        "{\"a\":1}{\"a\":2}",
        "1e999999",
        "{\"id\":\"\\ud800\"}",
    ];
    for (method, path) in [
        (Method::POST, "/api/v1/session"),
        (Method::POST, "/api/v1/first-run"),
        (Method::POST, "/api/v1/tokens"),
        (Method::PUT, "/api/v1/configuration"),
        (Method::POST, "/api/v1/configuration/diff"),
        (Method::POST, "/api/v1/preview/expression"),
        (Method::POST, "/pf-admin-api/v1/dataStores"),
        (Method::POST, "/pf-admin-api/v1/idp/spConnections"),
        (Method::POST, "/pf-admin-api/v1/bulk/import"),
        (Method::POST, "/pf-admin-api/v1/administrativeAccounts"),
        (Method::PUT, "/pf-admin-api/v1/serverSettings"),
    ] {
        for body in bodies {
            let asked = served.ask(method.clone(), path).body(body.to_owned());
            let asked = asked.header("Content-Type", "application/json");
            let answer = asked.header("If-Match", "\"1\"").send().await.unwrap();
            let status = answer.status();
            let start: String = body.chars().take(20).collect();
            assert!(
                status.is_client_error(),
                "{method} {path} `{start}`: {status}"
            );
        }
    }
    until("the channel went on", || rig.users() == 3).await;
    let (_, metrics) = served.get("/metrics").await;
    assert!(metrics.contains("usher_panics_total 0"), "{metrics}");
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_changes_nothing() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    let root = served.first_operator().await;
    until("three people are there", || rig.users() == 3).await;
    let stop = |headers: &[(&str, &str)]| {
        let mut asked = client().post(served.url("/api/v1/stop"));
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        let asked = asked.header("Content-Type", "application/json").body("{}");
        async { asked.send().await.unwrap().status().as_u16() }
    };
    let cookie = ("Cookie", root.cookie.as_str());
    let csrf = ("X-CSRF-Token", root.csrf.as_str());
    let basic = client()
        .get("http://x")
        .basic_auth("root", Some(PASSWORD))
        .build()
        .unwrap();
    let basic = basic.headers()["authorization"]
        .to_str()
        .unwrap()
        .to_owned();
    let basic = ("Authorization", basic.as_str());
    for (why, headers) in [
        ("nobody", vec![]),
        ("only the cookie", vec![cookie]),
        ("a wrong token", vec![cookie, ("X-CSRF-Token", "0")]),
        (
            "another site",
            vec![cookie, csrf, ("Sec-Fetch-Site", "cross-site")],
        ),
        (
            "a sister site",
            vec![basic, ("Sec-Fetch-Site", "same-site")],
        ),
    ] {
        let status = stop(&headers).await;
        assert!([401, 403].contains(&status), "{why}: {status}");
    }
    let published = served.url("/pf-admin-api/v1/serverSettings");
    let asked = client().get(&published).header(basic.0, basic.1);
    assert!(asked.send().await.unwrap().status().is_client_error());
    let channels = rig.usher(&["--json", "channels"]).await.code(0).json();
    assert_eq!(channels[0]["mode"]["mode"], "active", "nothing was stopped");
    // No page of another site may read an answer either.
    let asked = client().get(served.url("/api/v1/channels"));
    let asked = asked.header("Cookie", &root.cookie);
    let answer = asked.header("Origin", "https://evil.example").send().await;
    let headers = answer.unwrap().headers().clone();
    assert!(!headers.contains_key("access-control-allow-origin"));
    assert_eq!(stop(&[cookie, csrf]).await, 200, "our own page");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_guesses_waits_alone() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    served.first_operator().await;
    let from = |address: [u8; 4]| {
        crate::served::builder()
            .local_address(std::net::IpAddr::from(address))
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap()
    };
    let (attacker, other) = (from([127, 0, 0, 2]), from([127, 0, 0, 3]));
    let sign_in = async |client: &reqwest::Client, name: &str| {
        let given = json!({"name": name, "password": PASSWORD});
        let asked = client.post(served.url("/api/v1/session")).json(&given);
        asked.send().await.unwrap().status().as_u16()
    };
    let mut name = 0;
    until_seen("the address has to wait", async || {
        name += 1;
        assert!(name < 60, "it may guess for ever");
        sign_in(&attacker, &format!("guess{name}")).await == 429
    })
    .await;
    assert!(name > 20, "it had to wait after {name} attempts");
    assert_eq!(sign_in(&attacker, "root").await, 429, "whoever it is");
    assert_eq!(sign_in(&other, "root").await, 200, "others do not wait");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_all_connections_keeps_nobody_from_the_socket_and_is_cut() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let served = Served::with(&rig, &[("USHER__SERVE__MOST_CONNECTIONS", "8")]).await;
    until("three people are there", || rig.users() == 3).await;
    let mut slow = Vec::new();
    for n in 0..8 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2 + n / 2], 0).into()).unwrap();
        let mut stream = socket.connect(served.address()).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nX")
            .await
            .unwrap();
        slow.push(stream);
    }
    rig.usher(&["sync"]).await.code(0);
    rig.usher(&["channels", "pause"]).await.code(0);
    // Their headers never come: each is cut, and whoever waited is answered.
    let waiting = client().get(served.url("/healthz"));
    let answer = waiting.timeout(Duration::from_secs(90)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_answered_or_logged() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let served = Served::with(&rig, &[("USHER__LOG__LEVEL", "trace")]).await;
    let root = served.first_operator().await;
    until("three people are there", || rig.users() == 3).await;
    let asked = served.ask(Method::POST, "/api/v1/tokens");
    let made = asked.json(&json!({"name": "nightly", "read_only": true}));
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let token = made["token"].as_str().unwrap().to_owned();
    let key = rig.sandbox.key();
    let link = served.told["first_link"].as_str().unwrap();
    let link = link.split_once('#').unwrap().1.to_owned();
    let session = root.cookie.split_once('=').unwrap().1.to_owned();
    let secrets = [PASSWORD, BIND_PASSWORD, &key, &token, &link, &session];
    let mut answers = String::new();
    for path in [
        "/api/v1/configuration",
        "/api/v1/tokens",
        "/api/v1/audit",
        "/api/v1/channels",
        "/api/v1/data-stores",
        "/api/v1/sp-connections",
        "/pf-admin-api/v1/dataStores",
        "/pf-admin-api/v1/idp/spConnections",
        "/pf-admin-api/v1/bulk/export",
        "/pf-admin-api/v1/administrativeAccounts",
        "/metrics",
        "/readyz",
    ] {
        let answer = served.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answers.push_str(&answer.text().await.unwrap());
    }
    // What is wrong may be told, not what was sent.
    let odd = [
        served
            .ask(Method::POST, "/api/v1/session")
            .json(&json!([PASSWORD])),
        served
            .ask(Method::POST, "/api/v1/session")
            .json(&json!({"name": "x", "password": [PASSWORD]})),
        client()
            .get(served.url("/api/v1/channels"))
            .bearer_auth(format!("{token}x")),
        client().get(served.url(&format!("/api/v1/channels?token={token}"))),
        client()
            .get(served.url("/api/v1/session"))
            .bearer_auth(&token),
        client()
            .get(served.url("/api/v1/session"))
            .header("Cookie", &root.cookie),
    ];
    for asked in odd {
        let answer = asked.send().await.unwrap();
        for (name, value) in answer.headers() {
            answers.push_str(&format!("{name}: {value:?}\n"));
        }
        answers.push_str(&answer.text().await.unwrap());
    }
    let (code, log) = served.end().await;
    assert_eq!(code, 0);
    assert!(log.contains("/api/v1/session"), "requests are logged");
    for secret in secrets {
        let shown = |text: &str| {
            let line = text.lines().find(|line| line.contains(secret));
            line.map(|line| line.replace(secret, "<SECRET>"))
        };
        assert_eq!(shown(&log), None, "it was logged");
        assert_eq!(shown(&answers), None, "it was answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_ends_with_the_right_to_read_it() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    served.first_operator().await;
    let given = json!({"name": "watch", "read_only": true});
    let made = served.ask(Method::POST, "/api/v1/tokens").json(&given);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let account = "/pf-admin-api/v1/administrativeAccounts";
    let audi = json!({"username": "audi", "password": PASSWORD, "auditor": true, "active": true});
    let added = served.ask(Method::POST, account).json(&audi).send().await;
    assert!(added.unwrap().status().is_success());
    let patient = || {
        let built = crate::served::builder()
            .timeout(Duration::from_mins(1))
            .build();
        built.unwrap().get(served.url("/api/v1/events"))
    };
    let by_token = patient().bearer_auth(made["token"].as_str().unwrap());
    let by_name = patient().basic_auth("audi", Some(PASSWORD));
    let (by_token, by_name) = (
        by_token.send().await.unwrap(),
        by_name.send().await.unwrap(),
    );
    assert!(by_token.status().is_success() && by_name.status().is_success());
    let revoke = format!("/api/v1/tokens/{}", made["about"]["id"]);
    let revoked = served.ask(Method::DELETE, &revoke).send().await.unwrap();
    assert_eq!(revoked.status(), 200);
    let mut off = audi.clone();
    off["active"] = json!(false);
    let off = served
        .ask(Method::PUT, &format!("{account}/audi"))
        .json(&off);
    assert_eq!(off.send().await.unwrap().status(), 200);
    // Within the sign of life; that the stream lives for ten minutes otherwise, the patience would tell.
    by_token.text().await.unwrap();
    by_name.text().await.unwrap();
    served.end().await;
}
