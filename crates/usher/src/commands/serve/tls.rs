//! The certificate that the service shows.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::ServerConfig;

use crate::failure::Failure;
use crate::settings::Tls;

/// What a connection is protected with.
pub(super) struct Server {
    pub(super) config: Option<Arc<ServerConfig>>,
    pub(super) is_on: bool,
    /// Of a certificate that was made here: SHA-256, so that whoever connects can compare.
    pub(super) fingerprint: Option<String>,
}

pub(super) fn server(tls: &Tls, state: &Path, address: SocketAddr) -> Result<Server, Failure> {
    let (certificate, key, made) = match tls {
        Tls::Off => {
            return Ok(Server {
                config: None,
                is_on: false,
                fingerprint: None,
            });
        }
        Tls::SelfMade => {
            let (certificate, key) = self_made(state, address)?;
            (certificate, key, true)
        }
        Tls::Files { certificate, key } => {
            if certificate.as_os_str().is_empty() || key.as_os_str().is_empty() {
                return Err(Failure::refused(
                    "`serve.tls = \"files\"` needs `serve.tls_certificate` and `serve.tls_key`",
                ));
            }
            (certificate.clone(), key.clone(), false)
        }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(&certificate, "certificates in PEM", &error))?;
    let Some(first) = chain.first() else {
        return Err(unusable(&certificate, "certificates in PEM", &"none"));
    };
    let fingerprint = made.then(|| fingerprint(first));
    let private = PrivateKeyDer::from_pem_file(&key)
        .map_err(|error| unusable(&key, "a private key in PEM", &error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| {
            Failure::refused(format!(
                "the certificate `{}` and the key `{}` cannot be used together: {error}",
                certificate.display(),
                key.display()
            ))
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Server {
        config: Some(Arc::new(config)),
        is_on: true,
        fingerprint,
    })
}

fn unusable(path: &Path, expected: &str, found: &dyn std::fmt::Display) -> Failure {
    Failure::refused(format!(
        "`{}` cannot be used for TLS: expected {expected}, found: {found}",
        path.display()
    ))
}

/// Made once; whoever trusts it goes on trusting it.
fn self_made(state: &Path, address: SocketAddr) -> Result<(PathBuf, PathBuf), Failure> {
    let (certificate, key) = (state.join("serve.pem"), state.join("serve.key"));
    if certificate.is_file() && key.is_file() {
        return Ok((certificate, key));
    }
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    names.extend(host_name());
    if !address.ip().is_unspecified() && !address.ip().is_loopback() {
        names.push(address.ip().to_string());
    }
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| Failure::failed(format!("a certificate cannot be made: {error}")))?;
    write(&key, &made.signing_key.serialize_pem(), true)?;
    write(&certificate, &made.cert.pem(), false)?;
    Ok((certificate, key))
}

/// What this machine calls itself, if that can be a name in a certificate.
fn host_name() -> Option<String> {
    let text = std::fs::read_to_string("/etc/hostname").ok()?;
    let name = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
}

fn write(path: &Path, text: &str, secret: bool) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.mode(if secret { 0o600 } else { 0o644 });
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
    })
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(certificate.as_ref());
    let mut text = String::new();
    for (n, byte) in digest.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{}{byte:02X}", if n == 0 { "" } else { ":" });
    }
    text
}
