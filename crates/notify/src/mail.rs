//! E-mail, through the mail server of the server settings.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;
use usher_core::alerts::Message;
use usher_core::model::{Configuration, MAIL_PASSWORD, MailSecurity, MailServer};
use usher_engine::Sealer;

use crate::bounded::Bounded;

/// Longest time for one message, whatever the settings say: one attempt may take a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// Sends a message. Waits for the server as long as the settings say, from the search for its address to its last
/// word.
pub(crate) async fn send(
    address: &str,
    message: &Message,
    configuration: &Configuration,
    sealer: &Sealer,
) -> Result<(), String> {
    let Some(server) = &configuration.server.mail else {
        return Err("there is no mail server in the server settings".to_owned());
    };
    let mail = written(server, address, message)?;
    let wait = Duration::from_secs(server.timeout_seconds.max(1).into()).min(LONGEST);
    let carried = carry(server, &mail, configuration, sealer);
    let Ok(carried) = tokio::time::timeout(wait, carried).await else {
        return Err(format!(
            "the mail server {} did not take the message within {} seconds",
            server.host,
            wait.as_secs()
        ));
    };
    carried.map_err(|error| {
        let mut text = format!(
            "the mail server {} did not take the message: {error}",
            server.host
        );
        let mut cause = error.source();
        while let Some(one) = cause {
            // Some errors say their cause themselves.
            let one_text = one.to_string();
            if !text.contains(&one_text) {
                text.push_str(": ");
                text.push_str(&one_text);
            }
            cause = one.source();
        }
        text
    })
}

/// What went wrong.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// One exchange with the mail server.
async fn carry(
    server: &MailServer,
    mail: &lettre::Message,
    configuration: &Configuration,
    sealer: &Sealer,
) -> Result<(), Wrong> {
    let credentials = credentials(server, sealer)?;
    let mut connection = connect(server, configuration).await?;
    if let Some(credentials) = credentials {
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    connection.send(mail.envelope(), &mail.formatted()).await?;
    // It was taken; whether the server takes a farewell is nothing to wait for.
    connection.abort().await;
    Ok(())
}

fn credentials(server: &MailServer, sealer: &Sealer) -> Result<Option<Credentials>, String> {
    let Some(user) = &server.user else {
        return Ok(None);
    };
    let password = match &server.password {
        Some(sealed) => sealer.open(MAIL_PASSWORD, sealed)?.reveal().to_owned(),
        None => String::new(),
    };
    Ok(Some(Credentials::new(user.clone(), password)))
}

/// A connection that is encrypted as the settings say, over streams that bound what the server may say.
async fn connect(
    server: &MailServer,
    configuration: &Configuration,
) -> Result<AsyncSmtpConnection, Wrong> {
    let port = match server.security {
        MailSecurity::Plain | MailSecurity::StartTls => server.port,
        MailSecurity::Tls => server.tls_port,
    };
    let stream = TcpStream::connect((server.host.as_str(), port)).await?;
    let peer = stream.peer_addr()?;
    let stream: Box<dyn AsyncTokioStream> = Box::new(Bounded::new(stream, peer));
    let name = ClientId::default();
    match server.security {
        MailSecurity::Plain => {
            Ok(AsyncSmtpConnection::connect_with_transport(stream, &name).await?)
        }
        MailSecurity::StartTls => {
            let tls = tls(server, configuration)?;
            let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &name).await?;
            // Refused where it is not offered: nothing is said in the clear.
            connection.starttls(tls, &name).await?;
            Ok(connection)
        }
        MailSecurity::Tls => {
            let encrypted = at_once(stream, tls(server, configuration)?).await?;
            let stream = Box::new(Bounded::new(encrypted.compat(), peer));
            Ok(AsyncSmtpConnection::connect_with_transport(stream, &name).await?)
        }
    }
}

/// TLS from the first byte.
#[expect(deprecated, reason = "the one way to give it a stream of our own")]
async fn at_once(
    stream: Box<dyn AsyncTokioStream>,
    tls: TlsParameters,
) -> Result<lettre::transport::smtp::client::AsyncNetworkStream, Wrong> {
    let mut stream =
        lettre::transport::smtp::client::AsyncNetworkStream::use_existing_tokio1(stream);
    stream.upgrade_tls(tls).await?;
    Ok(stream)
}

fn written(
    server: &MailServer,
    address: &str,
    message: &Message,
) -> Result<lettre::Message, String> {
    let parsed = |whose: &str, text: &str| {
        text.parse::<Address>().map_err(|error| {
            format!("the address of the {whose}, `{text}`, cannot be used: {error}")
        })
    };
    let from = parsed("sender", &server.sender)?;
    let to = parsed("receiver", address)?;
    let domain = from.domain().to_owned();
    let at = Duration::from_millis(message.at.max(0).unsigned_abs());
    let mut mail = lettre::Message::builder()
        .from(from.into())
        .to(to.into())
        .subject(message.subject())
        .date(UNIX_EPOCH + at)
        // The same at every try; with the time, for another state counts its alerts from one again.
        .message_id(Some(format!("<{}.{}@{domain}>", message.id, message.at)))
        .header(ContentType::TEXT_PLAIN)
        .body(message.text())
        .map_err(|error| format!("the message cannot be written: {error}"))?;
    // Answering machines leave it alone.
    mail.headers_mut().insert_raw(HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    ));
    Ok(mail)
}

fn tls(server: &MailServer, configuration: &Configuration) -> Result<TlsParameters, String> {
    let cannot = |error: lettre::transport::smtp::Error| format!("TLS cannot be set up: {error}");
    let mut builder = TlsParameters::builder(server.host.clone())
        .dangerous_accept_invalid_hostnames(!server.verify_host);
    for pem in configuration.authorities() {
        let certificate = Certificate::from_pem(pem.as_bytes()).map_err(cannot)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(cannot)
}
