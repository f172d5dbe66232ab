//! Signed requests: one client for as long as the trusted authorities stay the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use usher_core::alerts::{Happening, Message, WEBHOOK_SECRET};
use usher_core::model::{CaCertificate, Configuration, Webhook};
use usher_engine::service::Notifier as _;
use usher_engine::{ManualClock, Sealer};
use usher_notify::Messenger;
use usher_testkit::certificates::SelfMade;

/// Answers every request of a connection with 200.
async fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(ok).await?;
    }
}

#[tokio::test]
async fn messages_share_a_client_until_other_authorities_are_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(tokio::spawn(answer(stream)));
        }
    });
    let sealer = Arc::new(Sealer::new([7; 32]));
    let mut configuration = Configuration::default();
    configuration.alerts.webhooks = vec![Webhook {
        url: url.clone(),
        secret: sealer.seal(WEBHOOK_SECRET, "a secret of the receiver"),
    }];
    let messenger = Messenger::new(sealer, Arc::new(ManualClock::default()));
    let message = Message {
        id: "1".to_owned(),
        happening: Happening::Test,
        at: 0,
        alert: None,
    };
    for _ in 0..3 {
        let sent = messenger.send(&url, &message, &configuration).await;
        assert_eq!(sent, Ok(()));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    // What was agreed on with less trust is not gone on with.
    configuration.ca_certificates.push(CaCertificate {
        id: "own".to_owned(),
        pem: SelfMade::of(&["localhost"]).unwrap().certificate,
    });
    for _ in 0..2 {
        let sent = messenger.send(&url, &message, &configuration).await;
        assert_eq!(sent, Ok(()));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
