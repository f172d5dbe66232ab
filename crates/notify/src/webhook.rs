//! Signed requests.

use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use sha2::Sha256;
use usher_core::alerts::{Message, WEBHOOK_SECRET, webhook_url};
use usher_core::model::{Configuration, Millis, Webhook};
use usher_engine::Sealer;

/// The header that carries the signature.
pub const SIGNATURE: &str = "X-Usher-Signature";
/// The header that carries the id of the message.
const ID: &str = "X-Usher-Id";
/// Longest time for a request and the status of its answer. What else the answer says is not read.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection that nothing goes over is kept.
const IDLE: Duration = Duration::from_secs(20);

/// The client of the authorities that are trusted now. To read those of the system and to begin TLS anew for every
/// message would cost more than the message; what the system trusts is read again when the process starts.
#[derive(Default)]
pub(crate) struct Clients(Mutex<Option<(Vec<String>, Client)>>);

impl Clients {
    fn of(&self, configuration: &Configuration) -> Result<Client, String> {
        let authorities = configuration.authorities();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((trusted, client)) = kept.as_ref()
            && *trusted == authorities
        {
            return Ok(client.clone());
        }
        let made = client(&authorities)?;
        *kept = Some((authorities, made.clone()));
        Ok(made)
    }
}

/// Sends a message.
pub(crate) async fn send(
    clients: &Clients,
    webhook: &Webhook,
    message: &Message,
    configuration: &Configuration,
    sealer: &Sealer,
    now: Millis,
) -> Result<(), String> {
    let url = webhook_url(&webhook.url)?;
    let secret = sealer.open(WEBHOOK_SECRET, &webhook.secret)?;
    let body = message.json().to_string();
    let sent = clients
        .of(configuration)?
        .post(url)
        .header("Content-Type", "application/json")
        .header(ID, &message.id)
        .header(
            SIGNATURE,
            signature(secret.reveal(), now.div_euclid(1_000), &body),
        )
        .body(body)
        .send()
        .await;
    let status = sent.map_err(words)?.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(format!(
            "the receiver answered {status}: redirects are never followed; enter the address that it leads to"
        ));
    }
    Err(format!(
        "expected an answer between 200 and 299, found {status}"
    ))
}

/// What stands in the header: the time, seconds since 1970, and the HMAC-SHA-256 of time, dot and body.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!(
        "t={seconds},v1={}",
        hex::encode(mac.finalize().into_bytes())
    )
}

fn client(authorities: &[String]) -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for pem in authorities {
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        // A redirect would carry what is told to somebody else.
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .timeout(PATIENCE)
        .pool_idle_timeout(IDLE)
        .build()
        .map_err(|error| format!("the HTTP client cannot be set up: {error}"))
}

/// An error with its causes, without the address: the recipient stands beside it.
fn words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "the receiver did not answer within 10 seconds".to_owned();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_signature_is_that_of_the_document() {
        // echo -n '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        assert_eq!(
            signature("secret", 1_700_000_000, "{\"a\":1}"),
            "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
    }
}
