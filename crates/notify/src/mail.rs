//! E-mail, through the mail server of the server settings.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use usher_core::alerts::Message;
use usher_core::model::{Configuration, MAIL_PASSWORD, MailSecurity, MailServer};
use usher_engine::Sealer;

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
    let transport = transport(server, configuration, sealer)?;
    let wait = Duration::from_secs(server.timeout_seconds.max(1).into()).min(LONGEST);
    let Ok(sent) = tokio::time::timeout(wait, transport.send(mail)).await else {
        return Err(format!(
            "the mail server {} did not take the message within {} seconds",
            server.host,
            wait.as_secs()
        ));
    };
    sent.map(drop).map_err(|error| {
        let mut text = format!(
            "the mail server {} did not take the message: {error}",
            server.host
        );
        let mut cause = std::error::Error::source(&error);
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

fn transport(
    server: &MailServer,
    configuration: &Configuration,
    sealer: &Sealer,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let (port, tls) = match server.security {
        MailSecurity::Plain => (server.port, Tls::None),
        MailSecurity::StartTls => (server.port, Tls::Required(tls(server, configuration)?)),
        MailSecurity::Tls => (server.tls_port, Tls::Wrapper(tls(server, configuration)?)),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
        .port(port)
        .tls(tls)
        // What is waited for is decided in one place, for all of the exchange.
        .timeout(None);
    if let Some(user) = &server.user {
        let password = match &server.password {
            Some(sealed) => sealer.open(MAIL_PASSWORD, sealed)?.reveal().to_owned(),
            None => String::new(),
        };
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
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
