use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use usher_connector::{Connector, Failure};
use usher_core::model::Kind;

use crate::rig::{JSON, KEY, Server, connector, create, open, open_with, reply, send};

const CA: &str = include_str!("../data/ca.pem");

/// A service over TLS that answers every request with an empty list; its port.
async fn tls_server() -> u16 {
    let chain = vec![CertificateDer::from_pem_slice(include_bytes!("../data/leaf.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../data/leaf.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let body = reply("200 OK", JSON, r#"{"totalResults":0,"Resources":[]}"#);
                let _ = stream.write_all(&body).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

/// A proxy that tunnels when the password fits.
async fn proxy() -> Server {
    // base64 of `usher:pass word`
    Server::start(|request, mut stream| async move {
        if !request
            .to_lowercase()
            .contains("proxy-authorization: basic dxnozxi6cgfzcyb3b3jk")
        {
            let refused = reply("407 Proxy Authentication Required", "", "");
            let _ = stream.write_all(&refused).await;
            return;
        }
        let place = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let Ok(mut onward) = tokio::net::TcpStream::connect(place).await else {
            return;
        };
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_where_it_is_named() {
    let url = format!("https://localhost:{}", tls_server().await);
    let with = open_with(&[("URL", &url), ("EXTRA_CA", CA)], &[], 20).unwrap();
    assert_eq!(
        with.list(Kind::User, None, false).await.unwrap().total,
        Some(0)
    );
    let without = open(&url);
    let error = without.list(Kind::User, None, false).await.unwrap_err();
    assert_eq!(error.failure, Failure::StopTarget, "{error:?}");
    assert!(
        error.message.contains("extra certificate authorities"),
        "{}",
        error.message
    );
    let last = without.check().await.pop().unwrap();
    assert_eq!(last.name, "reached");
}

#[tokio::test]
async fn a_proxy_gets_its_own_password_and_never_the_key() {
    let url = format!("https://localhost:{}", tls_server().await);
    let proxy = proxy().await;
    let settings = [
        ("URL", url.as_str()),
        ("EXTRA_CA", CA),
        ("PROXY_URL", &proxy.url),
        ("PROXY_USER", "usher"),
    ];
    let target = open_with(&settings, &[("PROXY_PASSWORD", "pass word")], 20).unwrap();
    assert_eq!(
        target.list(Kind::User, None, false).await.unwrap().total,
        Some(0)
    );
    let asked = proxy.asked();
    assert!(
        asked
            .iter()
            .all(|head| head.starts_with("CONNECT localhost:") && !head.contains(KEY))
    );
    assert_eq!(asked.len(), 1);

    let target = open_with(&settings, &[("PROXY_PASSWORD", "wrong")], 20).unwrap();
    let error = send(&*target, Kind::User, &create()).await.unwrap_err();
    assert_eq!(error.failure, Failure::StopTarget, "{error:?}");
    assert!(error.message.contains("proxy"), "{}", error.message);

    let direct = [&settings[..], &[("NO_PROXY", "localhost, 127.0.0.0/8")]].concat();
    let target = open_with(&direct, &[("PROXY_PASSWORD", "wrong")], 20).unwrap();
    assert_eq!(
        target.list(Kind::User, None, false).await.unwrap().total,
        Some(0)
    );
}

#[tokio::test]
async fn what_is_plain_on_this_machine_never_goes_through_a_proxy() {
    let server = Server::saying(reply("200 OK", JSON, r#"{"totalResults":0}"#)).await;
    let proxy = Server::saying(reply("200 OK", JSON, r#"{"totalResults":7}"#)).await;
    let settings = [("URL", server.url.as_str()), ("PROXY_URL", &proxy.url)];
    let target = open_with(&settings, &[], 20).unwrap();
    assert_eq!(
        target.list(Kind::User, None, false).await.unwrap().total,
        Some(0)
    );
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let error = open_with(&[("URL", "http://192.0.2.1/v2")], &[], 20)
        .err()
        .unwrap();
    assert_eq!(error.failure, Failure::StopTarget);
    assert!(error.message.contains("https"), "{}", error.message);
    let settings = [("URL".to_owned(), "http://192.0.2.1/v2".to_owned())].into();
    assert_eq!(connector().identity(&settings).unwrap_err().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&*open(&url), Kind::User, &create()).await.unwrap_err();
    assert_eq!(
        error.failure,
        Failure::Retry { after_ms: None },
        "{error:?}"
    );
}
