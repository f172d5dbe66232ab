//! Receivers of messages: a mail server and a web server that keep what they get and answer as a test says.

mod mail;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use mail::{Mail, MailTls, Manners, mail};

/// How a receiver answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Answer {
    /// It takes what it gets.
    #[default]
    Well,
    /// It refuses with this status (web) or with 451 (mail).
    Refuse(u16),
    /// It sends the client elsewhere. Web only.
    Redirect(String),
    /// It says that it takes it, and then talks without an end. Web only.
    Endless,
    /// It closes every connection at once.
    Down,
    /// It keeps every connection open and says nothing. Mail only.
    Silent,
}

/// A request that a web server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The header `X-Usher-Id`.
    pub id: String,
    /// The body.
    pub body: String,
    /// Whether the header `X-Usher-Signature` is that of the time in it and the body.
    pub signed: bool,
}

#[derive(Debug)]
struct Kept<T> {
    answer: Answer,
    connections: u64,
    taken: Vec<T>,
    /// What came in the clear, line by line. Mail only.
    overheard: Vec<String>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            answer: Answer::default(),
            connections: 0,
            taken: Vec::new(),
            overheard: Vec::new(),
        }
    }
}

/// A server on a loopback port; gone when dropped.
#[derive(Debug)]
pub struct Receiver<T> {
    address: SocketAddr,
    kept: Arc<Mutex<Kept<T>>>,
    task: JoinHandle<()>,
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Clone> Receiver<T> {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from now on.
    pub fn answer(&self, answer: Answer) {
        locked(&self.kept).answer = answer;
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<T> {
        locked(&self.kept).taken.clone()
    }

    /// Every line that came in the clear. Mail only.
    pub fn overheard(&self) -> Vec<String> {
        locked(&self.kept).overheard.clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        locked(&self.kept).connections
    }
}

/// A web server that checks signatures made with this secret.
///
/// # Errors
/// When there is no port.
pub async fn web(secret: &str) -> io::Result<Receiver<Received>> {
    let secret = secret.to_owned();
    start(move |stream, kept| {
        let secret = secret.clone();
        async move { one_request(stream, &secret, &kept).await }
    })
    .await
}

async fn start<T, F>(
    serve: impl Fn(TcpStream, Arc<Mutex<Kept<T>>>) -> F + Send + 'static,
) -> io::Result<Receiver<T>>
where
    T: Send + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let kept = Arc::new(Mutex::new(Kept::default()));
    let of_task = kept.clone();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let down = {
                let mut kept = locked(&of_task);
                kept.connections += 1;
                kept.answer == Answer::Down
            };
            if !down {
                // A client that goes away is its own business.
                drop(tokio::spawn(serve(stream, of_task.clone())));
            }
        }
    });
    Ok(Receiver {
        address,
        kept,
        task,
    })
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn one_request(
    stream: TcpStream,
    secret: &str,
    kept: &Mutex<Kept<Received>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut length, mut id, mut signature) = (0, String::new(), String::new());
    line(&mut stream).await?;
    loop {
        let header = line(&mut stream).await?;
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "x-usher-id" => value.clone_into(&mut id),
            "x-usher-signature" => value.clone_into(&mut signature),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = locked(kept).answer.clone();
    if answer == Answer::Well {
        let signed = is_signed(secret, &signature, &body);
        locked(kept).taken.push(Received { id, body, signed });
    }
    let (status, more) = match answer {
        Answer::Well | Answer::Down | Answer::Silent => (200, "Content-Length: 0\r\n".to_owned()),
        Answer::Refuse(status) => (status, "Content-Length: 0\r\n".to_owned()),
        Answer::Redirect(to) => (307, format!("Location: {to}\r\nContent-Length: 0\r\n")),
        Answer::Endless => (200, "Transfer-Encoding: chunked\r\n".to_owned()),
    };
    let head = format!("HTTP/1.1 {status} It\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await?;
    while locked(kept).answer == Answer::Endless {
        stream.write_all(b"400\r\n").await?;
        stream.write_all(&[b'x'; 0x400]).await?;
        stream.write_all(b"\r\n").await?;
    }
    stream.shutdown().await
}

fn is_signed(secret: &str, signature: &str, body: &str) -> bool {
    let Some((time, hex)) = signature
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
    else {
        return false;
    };
    let (Ok(mut mac), Ok(found)) = (
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()),
        hex::decode(hex),
    ) else {
        return false;
    };
    mac.update(format!("{time}.{body}").as_bytes());
    mac.verify_slice(&found).is_ok()
}
