//! Bytes that a server may send, and a server that sends them.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use usher_ldap::{Endpoint, Security};

/// One BER element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            out.push(0x84);
            out.extend((long as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn message(id: u16, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&number(id), operation].concat())
}

pub(crate) fn number(value: u16) -> Vec<u8> {
    tlv(2, &[&[0], value.to_be_bytes().as_slice()].concat())
}

pub(crate) fn result(tag: u8, code: &[u8], text: &[u8], more: &[u8]) -> Vec<u8> {
    tlv(
        tag,
        &[&tlv(0x0a, code), &tlv(4, b""), &tlv(4, text), more].concat(),
    )
}

pub(crate) fn bind_ok(id: u16) -> Vec<u8> {
    message(id, &result(0x61, &[0], b"", b""))
}

pub(crate) fn done(id: u16, code: u8) -> Vec<u8> {
    message(id, &result(0x65, &[code], b"", b""))
}

pub(crate) fn entry(id: u16, dn: &[u8], attributes: &[u8]) -> Vec<u8> {
    message(
        id,
        &tlv(0x64, &[tlv(4, dn), tlv(0x30, attributes)].concat()),
    )
}

pub(crate) fn attribute(name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let set: Vec<u8> = values.iter().flat_map(|value| tlv(4, value)).collect();
    tlv(0x30, &[tlv(4, name), tlv(0x31, &set)].concat())
}

/// A server that answers each thing it receives with the next of `answers`, then does as `last` says.
pub(crate) struct Hostile {
    pub(crate) endpoint: Endpoint,
    /// What it has received.
    pub(crate) received: Arc<Mutex<Vec<u8>>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Last {
    Close,
    StayQuiet,
}

impl Hostile {
    /// A server that gives its n-th answer (from 1, as our message ids) until the client goes.
    pub(crate) async fn answering(answer: fn(usize) -> Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut buffer = vec![0u8; 64 << 10];
            for at in 1.. {
                if stream.read(&mut buffer).await.unwrap_or(0) == 0
                    || stream.write_all(&answer(at)).await.is_err()
                {
                    return;
                }
            }
        });
        let endpoint = Endpoint::new("127.0.0.1", port, Security::Plain);
        Self {
            endpoint,
            received: Arc::default(),
        }
    }

    pub(crate) async fn start(answers: Vec<Vec<u8>>, last: Last) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut buffer = vec![0u8; 64 << 10];
            for answer in answers {
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                log.lock().unwrap().extend_from_slice(&buffer[..read]);
                // The client may have had enough already.
                let _ = stream.write_all(&answer).await;
            }
            if last == Last::StayQuiet {
                std::future::pending::<()>().await;
            }
        });
        Self {
            endpoint: Endpoint::new("127.0.0.1", port, Security::Plain),
            received,
        }
    }
}
