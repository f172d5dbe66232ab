//! Who comes in, and what nobody can do from outside.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::Rig;
use crate::served::{PASSWORD, Served, builder, client};

#[tokio::test(flavor = "multi_thread")]
async fn its_own_certificate_is_trusted_by_whoever_is_given_it() {
    let rig = Rig::new().await;
    let served = Served::with(&rig, &[("USHER__SERVE__TLS", "self-made")]).await;
    let pem = std::fs::read(rig.state().join("serve.pem")).unwrap();
    let mode = |name: &str| {
        let file = std::fs::metadata(rig.state().join(name)).unwrap();
        file.permissions().mode() & 0o777
    };
    assert_eq!((mode("serve.key"), mode("usher.sock")), (0o600, 0o600));
    let trusting = builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .build()
        .unwrap();
    let answer = trusting.get(served.url("/healthz")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(client().get(served.url("/healthz")).send().await.is_err());
    let fingerprint = served.told["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(fingerprint.split(':').count(), 32);
    served.end().await;
    let again = Served::with(&rig, &[("USHER__SERVE__TLS", "self-made")]).await;
    assert_eq!(again.told["fingerprint"], fingerprint, "it stays the same");
    again.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_this_machine_it_needs_tls() {
    let rig = Rig::new().await;
    let ran = rig.usher(&["serve", "--listen", "0.0.0.0:0"]).await.code(3);
    assert!(ran.err.contains("TLS is off"), "{}", ran.err);
    assert!(ran.err.contains("self-made"), "{}", ran.err);
    assert!(!rig.state().exists(), "nothing was made");
    let mut command = rig.command(&["serve"]);
    command.env("USHER__SERVE__TLS", "files");
    let ran = crate::rig::ran(command).await.code(3);
    assert!(ran.err.contains("serve.tls_certificate"), "{}", ran.err);
    let ran = rig.usher(&["serve", "--listen", "here"]).await.code(3);
    assert!(ran.err.contains("127.0.0.1:9999"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_is_refused_and_so_is_an_address_in_use() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    let ran = rig
        .usher(&["serve", "--listen", "127.0.0.1:0"])
        .await
        .code(3);
    assert!(
        ran.err.contains("is working in the state folder"),
        "{}",
        ran.err
    );
    let address = served.address().to_string();
    let other = rig.path("other").display().to_string();
    let ran = rig
        .usher(&["--state", &other, "serve", "--listen", &address])
        .await
        .code(2);
    assert!(
        ran.err.contains("another program listens there"),
        "{}",
        ran.err
    );
    assert_eq!(served.get("/readyz").await.0, 200, "the first one goes on");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_slowly_or_too_much_stands_in_nobodys_way() {
    let rig = Rig::new().await;
    let served = Served::with(&rig, &[("USHER__SERVE__MOST_CONNECTIONS", "40")]).await;
    let mut slow = Vec::new();
    for n in 0..30 {
        let mut stream = connected([127, 0, 0, 2 + n / 10], &served).await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-")
            .await
            .unwrap();
        slow.push(stream);
    }
    assert_eq!(served.get("/healthz").await.0, 200);
    let mut long = TcpStream::connect(served.address()).await.unwrap();
    let header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "a".repeat(400_000)
    );
    // It may be cut off before all of it is sent.
    let _ = long.write_all(header.as_bytes()).await;
    let mut answer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(30), long.read(&mut answer)).await;
    let read = read.expect("it is answered or cut").unwrap_or(0);
    let said = String::from_utf8_lossy(answer.get(..read).unwrap()).into_owned();
    assert!(
        read == 0 || said.contains(" 431 ") || said.contains(" 400 "),
        "{said}"
    );
    let sent = client()
        .post(served.url("/api/v1/first-run"))
        .header("Content-Type", "application/json")
        .body("x".repeat(20 << 20))
        .send()
        .await;
    // A connection that is cut in the middle of a body is an answer, too.
    assert!(sent.is_err() || sent.unwrap().status() == 413);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let sent = client()
        .post(served.url("/api/v1/first-run"))
        .header("Content-Type", "application/json")
        .body(deep)
        .send()
        .await
        .unwrap();
    assert!(sent.status().is_client_error(), "{}", sent.status());
    assert_eq!(served.get("/healthz").await.0, 200);
    assert_eq!(
        served.get("/commands/sync").await.0,
        404,
        "only through the socket"
    );
    served.end().await;
}

async fn connected(from: [u8; 4], served: &Served) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(served.address()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_without_credentials_closes_the_address_for_nobody() {
    let rig = Rig::new().await;
    let served = Served::with(&rig, &[("USHER__SERVE__MOST_CONNECTIONS", "40")]).await;
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{";
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = connected([127, 0, 0, 9], &served).await;
        // Those that are too many are cut.
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    let quick = builder().timeout(Duration::from_secs(5)).build().unwrap();
    let answer = quick.get(served.url("/healthz")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "others are answered");
    // Nor does it keep its own part for long: the body of whoever is nobody yet is waited for ten seconds.
    let mut said = String::new();
    let read = slow[0].read_to_string(&mut said);
    let read = tokio::time::timeout(Duration::from_secs(25), read).await;
    assert!(read.is_ok(), "it is still open");
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let large = client()
        .post(served.url("/api/v1/session"))
        .header("Content-Type", "application/json")
        .body(format!("{{\"name\": \"{}\"}}", "x".repeat(20 << 10)));
    assert_eq!(large.send().await.unwrap().status(), 413);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_this_machine_is_not_for_whoever_comes_through_a_proxy_on_it() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    let asked = async |path: &str, header: &str, value: &str| {
        let asked = client().get(served.url(path)).header(header, value);
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(served.get("/metrics").await.0, 200);
    assert_eq!(asked("/metrics", "Host", "localhost:9999").await.0, 200);
    let from_elsewhere = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("Forwarded", "for=192.0.2.1"),
        ("Host", "rebound.example"),
    ];
    for (header, value) in from_elsewhere {
        assert_eq!(asked("/metrics", header, value).await.0, 401, "{header}");
    }
    std::fs::rename(rig.state().join("state.db"), rig.path("moved")).unwrap();
    crate::rig::until_seen("it is not ready", async || {
        served.get("/readyz").await.1.contains("state.db")
    })
    .await;
    for (header, value) in from_elsewhere {
        let (status, body) = asked("/readyz", header, value).await;
        assert_eq!((status, body.as_str()), (503, r#"{"status":"not_ready"}"#));
    }
    std::fs::rename(rig.path("moved"), rig.state().join("state.db")).unwrap();
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_client_is_whom_the_proxy_names_last() {
    let rig = Rig::new().await;
    let served = Served::with(&rig, &[("USHER__SERVE__BEHIND_PROXY", "yes")]).await;
    let token = served.told["first_link"].as_str().unwrap();
    let token = token.split_once('#').unwrap().1;
    let given = json!({"link": token, "name": "root", "password": PASSWORD});
    let asked = client().post(served.url("/api/v1/first-run")).json(&given);
    let made = asked.send().await.unwrap();
    let cookie = made.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert_eq!(served.get("/metrics").await.0, 401);
    let asked = served.ask(reqwest::Method::GET, "/metrics").send().await;
    assert_eq!(asked.unwrap().status(), 200);
    let sign_in = async |name: &str, chain: &str| {
        let given = json!({"name": name, "password": PASSWORD});
        let asked = client()
            .post(served.url("/api/v1/session"))
            .header("X-Forwarded-For", chain);
        asked.json(&given).send().await.unwrap().status().as_u16()
    };
    let mut n = 0;
    crate::rig::until_seen("whoever guesses waits", async || {
        n += 1;
        // What comes before the last one is anybody's word.
        sign_in(&format!("guess{n}"), &format!("192.0.2.{n}, 198.51.100.7")).await == 429
    })
    .await;
    assert!(n > 20, "after {n} attempts");
    assert_eq!(sign_in("root", "198.51.100.7").await, 429);
    assert_eq!(sign_in("root", "198.51.100.7, 198.51.100.8").await, 200);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_two_hosts_is_refused() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    let asked =
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: other\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_operator_is_made_with_a_browser_without_scripts() {
    let rig = Rig::new().await;
    let served = Served::start(&rig).await;
    let link = served.told["first_link"].as_str().unwrap().to_owned();
    let page = async |answer: reqwest::Response| {
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let inline = text
            .split("<script")
            .skip(1)
            .any(|rest| !rest.starts_with(" src="));
        assert!(!inline && !text.contains("style="), "{text}");
        (status, text)
    };
    let stays = reqwest::redirect::Policy::none();
    let browser = builder().redirect(stays).build().unwrap();
    let home = browser.get(served.url("/")).send().await.unwrap();
    assert_eq!(home.headers()["location"], "/first-run");
    let (address, _) = link.split_once('#').unwrap();
    let shown = page(client().get(address).send().await.unwrap()).await;
    assert!(shown.1.contains("<form method=\"post\""), "{}", shown.1);
    let send = async |link: &str, name: &str, again: &str, site: &str| {
        let fields = [
            ("link", link),
            ("name", name),
            ("password", PASSWORD),
            ("again", again),
        ];
        let asked = browser.post(address).header("Sec-Fetch-Site", site);
        let fields = reqwest::Url::parse_with_params("http://form/", fields).unwrap();
        asked
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(fields.query().unwrap().to_owned())
            .send()
            .await
            .unwrap()
    };
    let own = "same-origin";
    let odd = "<b>\"eve\"";
    let refused = [
        (
            403,
            page(send(&link, "root", PASSWORD, "cross-site").await).await,
        ),
        (403, page(send("guessed", odd, PASSWORD, own).await).await),
        (422, page(send(&link, "root", "another", own).await).await),
        (422, page(send(&link, "", PASSWORD, own).await).await),
    ];
    for (expected, (status, text)) in refused {
        assert_eq!(status, expected, "{text}");
        assert!(text.contains("role=\"alert\"") || status == 403, "{text}");
        assert!(!text.contains("<b>") && !text.contains(PASSWORD), "{text}");
    }
    let made = send(&link, "root", PASSWORD, own).await;
    let cookie = made.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert_eq!(made.status(), 303);
    assert_eq!(made.headers()["location"], "/");
    let cookie = cookie.split(';').next().unwrap();
    let asked = client().get(served.url("/api/v1/session"));
    let who = asked.header("Cookie", cookie).send().await.unwrap();
    let who: serde_json::Value = who.json().await.unwrap();
    assert_eq!(who["name"], "root");
    let again = page(send(&link, "eve", PASSWORD, own).await).await;
    assert_eq!(again.0, 403, "it works once");
    let over = page(client().get(address).send().await.unwrap()).await;
    assert!(!over.1.contains("<form"), "{}", over.1);
    served.end().await;
}
