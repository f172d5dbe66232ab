//! Who comes in, and what nobody can do from outside.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::Rig;
use crate::served::{Served, builder, client};

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
    for _ in 0..30 {
        let mut stream = TcpStream::connect(served.address()).await.unwrap();
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
