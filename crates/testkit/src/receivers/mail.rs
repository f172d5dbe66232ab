//! A mail server: in the clear, with STARTTLS or with TLS from the first byte, for everybody or with an account.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Answer, Kept, Receiver, line, locked, start};
use crate::certificates::SelfMade;

/// A message that a mail server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The sender on the envelope.
    pub from: String,
    /// The receiver on the envelope.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// The mechanism that the client signed in with, if it did.
    pub signed_in: Option<String>,
}

/// How a mail server wants to be spoken to; in the clear and by everybody unless told otherwise.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// When TLS begins.
    pub tls: MailTls,
    /// The only name and password that may send.
    pub account: Option<(String, String)>,
    /// The mechanisms that are offered for signing in: `PLAIN`, `LOGIN`.
    pub mechanisms: Vec<String>,
}

/// When TLS begins.
#[derive(Debug, Clone, Default)]
pub enum MailTls {
    /// Never.
    #[default]
    Never,
    /// After `STARTTLS`.
    OnRequest(SelfMade),
    /// With the first byte.
    AtOnce(SelfMade),
}

/// Starts a mail server.
///
/// # Errors
/// When there is no port, or the certificate cannot be used.
pub async fn mail(manners: Manners) -> io::Result<Receiver<Mail>> {
    let acceptor = match &manners.tls {
        MailTls::Never => None,
        MailTls::OnRequest(made) | MailTls::AtOnce(made) => {
            Some(TlsAcceptor::from(made.server_config()?))
        }
    };
    let manners = Arc::new(manners);
    start(move |stream, kept| {
        let (manners, acceptor) = (manners.clone(), acceptor.clone());
        async move { one_client(stream, &manners, acceptor, &kept).await }
    })
    .await
}

async fn one_client(
    stream: TcpStream,
    manners: &Manners,
    acceptor: Option<TlsAcceptor>,
    kept: &Mutex<Kept<Mail>>,
) -> io::Result<()> {
    if locked(kept).answer == Answer::Silent {
        // Until the client goes away.
        let mut stream = BufReader::new(stream);
        while line(&mut stream).await.is_ok() {}
        return Ok(());
    }
    let mut talk = Talk {
        manners,
        kept,
        encrypted: false,
        signed_in: None,
        from: String::new(),
        to: String::new(),
    };
    let Some(acceptor) = acceptor else {
        return talk.with(stream, true).await.map(drop);
    };
    let (stream, greets) = match &manners.tls {
        MailTls::AtOnce(_) => (stream, true),
        MailTls::Never | MailTls::OnRequest(_) => match talk.with(stream, true).await? {
            Some(stream) => (stream, false),
            None => return Ok(()),
        },
    };
    talk.encrypted = true;
    talk.with(acceptor.accept(stream).await?, greets)
        .await
        .map(drop)
}

/// What is known of one client.
struct Talk<'a> {
    manners: &'a Manners,
    kept: &'a Mutex<Kept<Mail>>,
    encrypted: bool,
    signed_in: Option<String>,
    from: String,
    to: String,
}

impl Talk<'_> {
    /// Talks until the client goes; the stream, if TLS is to begin on it.
    async fn with<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: S,
        greets: bool,
    ) -> io::Result<Option<S>> {
        let mut stream = BufReader::new(stream);
        if greets {
            say(&mut stream, "220 sink").await?;
        }
        loop {
            let command = self.hear(&mut stream).await?;
            let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
            let reply = match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => self.offers(),
                "STARTTLS" if self.may_encrypt() => {
                    say(&mut stream, "220 go on").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => self.sign_in(&mut stream, rest).await?,
                "MAIL" if self.manners.account.is_some() && self.signed_in.is_none() => {
                    "530 sign in first".to_owned()
                }
                "MAIL" => {
                    self.from = address(rest);
                    "250 fine".to_owned()
                }
                "RCPT" if locked(self.kept).answer == Answer::Well => {
                    self.to = address(rest);
                    "250 fine".to_owned()
                }
                "RCPT" => "451 not now".to_owned(),
                "DATA" => self.take(&mut stream).await?,
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return Ok(None);
                }
                "NOOP" | "RSET" => "250 fine".to_owned(),
                _ => "502 nothing of the kind".to_owned(),
            };
            say(&mut stream, &reply).await?;
        }
    }

    fn may_encrypt(&self) -> bool {
        matches!(self.manners.tls, MailTls::OnRequest(_)) && !self.encrypted
    }

    fn offers(&self) -> String {
        let mut offers = vec!["sink".to_owned()];
        if self.may_encrypt() {
            offers.push("STARTTLS".to_owned());
        }
        if !self.manners.mechanisms.is_empty() {
            offers.push(format!("AUTH {}", self.manners.mechanisms.join(" ")));
        }
        let last = offers.len() - 1;
        let lines = offers.iter().enumerate();
        let lines =
            lines.map(|(at, offer)| format!("250{}{offer}", if at < last { '-' } else { ' ' }));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    async fn sign_in<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        rest: &str,
    ) -> io::Result<String> {
        let (mechanism, first) = rest.split_once(' ').unwrap_or((rest, ""));
        let (name, password) = match mechanism {
            "PLAIN" => {
                let text = decoded(first);
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                let mut next = || parts.next().unwrap_or_default();
                (next(), next())
            }
            "LOGIN" => {
                let mut answers = Vec::new();
                for question in ["Username:", "Password:"] {
                    say(stream, &format!("334 {}", STANDARD.encode(question))).await?;
                    answers.push(decoded(&self.hear(stream).await?));
                }
                let password = answers.pop().unwrap_or_default();
                (answers.pop().unwrap_or_default(), password)
            }
            _ => return Ok("504 no such mechanism".to_owned()),
        };
        if self.manners.account.as_ref() == Some(&(name, password)) {
            self.signed_in = Some(mechanism.to_owned());
            return Ok("235 welcome".to_owned());
        }
        Ok("535 nobody of that name and password".to_owned())
    }

    async fn take<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
    ) -> io::Result<String> {
        say(stream, "354 go on").await?;
        let text = data(stream).await?;
        locked(self.kept).taken.push(Mail {
            from: self.from.clone(),
            to: self.to.clone(),
            subject: subject(&text),
            text,
            encrypted: self.encrypted,
            signed_in: self.signed_in.clone(),
        });
        Ok("250 taken".to_owned())
    }

    async fn hear(&self, stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
        let heard = line(stream).await?;
        if !self.encrypted {
            locked(self.kept).overheard.push(heard.clone());
        }
        Ok(heard)
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    reply: &str,
) -> io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// The address of `FROM:<address>` and `TO:<address>`.
fn address(rest: &str) -> String {
    let inner = rest.split_once('<').map_or(rest, |(_, inner)| inner);
    inner.split('>').next().unwrap_or_default().to_owned()
}

fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn data(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
    }
}

/// The subject on one line.
fn subject(text: &str) -> String {
    let unfolded = text.replace("\n ", " ");
    let mut lines = unfolded.lines();
    let found = lines.find_map(|line| line.strip_prefix("Subject: "));
    found.unwrap_or_default().to_owned()
}
