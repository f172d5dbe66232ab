//! TLS with rustls: system authorities, own CA, pin; and what a failure means.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::endpoint::Endpoint;
use crate::error::{LdapError, TlsProblem};

/// What the verifier saw, for the error message.
#[derive(Debug, Default)]
struct Seen {
    sha256: Option<[u8; 32]>,
    pin_failed: bool,
}

type SharedSeen = Arc<Mutex<Seen>>;

/// Makes a TLS connection over `stream`. The caller limits the time.
pub(crate) async fn connect<S>(endpoint: &Endpoint, stream: S) -> Result<TlsStream<S>, LdapError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seen = SharedSeen::default();
    let config = config(endpoint, &seen)?;
    let name = ServerName::try_from(endpoint.bare_host().to_owned()).map_err(|_| {
        problem(
            endpoint,
            TlsProblem::BadHostName,
            format!(
                "\"{}\" is neither a DNS name nor an IP address",
                endpoint.host
            ),
        )
    })?;
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(name, stream)
        .await
        .map_err(|error| explain(endpoint, &error, &seen))
}

fn problem(endpoint: &Endpoint, problem: TlsProblem, detail: String) -> LdapError {
    LdapError::Tls {
        endpoint: endpoint.to_string(),
        problem,
        detail,
        certificate_sha256: None,
    }
}

fn config(endpoint: &Endpoint, seen: &SharedSeen) -> Result<ClientConfig, LdapError> {
    let crypto = Arc::new(ring::default_provider());
    let chain = match endpoint.pinned_sha256 {
        Some(_) => None,
        None => Some(chain_verifier(endpoint, &crypto)?),
    };
    let verifier = Verifier {
        crypto: Arc::clone(&crypto),
        chain,
        verify_host: endpoint.verify_host,
        pin: endpoint.pinned_sha256,
        seen: Arc::clone(seen),
    };
    let config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|error| problem(endpoint, TlsProblem::Handshake, error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

fn chain_verifier(
    endpoint: &Endpoint,
    crypto: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, LdapError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(native_roots().iter().cloned());
    for certificate in own_authorities(endpoint)? {
        roots.add(certificate).map_err(|error| {
            problem(
                endpoint,
                TlsProblem::BadCaFile,
                format!("a certificate given as authority cannot be used: {error}"),
            )
        })?;
    }
    if roots.is_empty() {
        let detail = "there is no trusted authority to check its certificate with".to_owned();
        return Err(problem(endpoint, TlsProblem::NoAuthorities, detail));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(crypto))
        .build()
        .map_err(|error| problem(endpoint, TlsProblem::NoAuthorities, error.to_string()))
}

/// The system's authorities, read once for the process.
fn native_roots() -> &'static [CertificateDer<'static>] {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

fn own_authorities(endpoint: &Endpoint) -> Result<Vec<CertificateDer<'static>>, LdapError> {
    let mut all = Vec::new();
    if let Some(path) = &endpoint.ca_file {
        let bytes = read_ca_file(path).map_err(|reason| {
            problem(
                endpoint,
                TlsProblem::BadCaFile,
                format!("the CA file {} {reason}", path.display()),
            )
        })?;
        all.extend(certificates(&bytes).map_err(|reason| {
            problem(
                endpoint,
                TlsProblem::BadCaFile,
                format!("the CA file {} {reason}", path.display()),
            )
        })?);
    }
    if let Some(pem) = &endpoint.ca_pem {
        all.extend(certificates(pem.as_bytes()).map_err(|reason| {
            problem(
                endpoint,
                TlsProblem::BadCaFile,
                format!("the CA text {reason}"),
            )
        })?);
    }
    Ok(all)
}

/// Largest CA file that is read: the whole public web needs about 250 kB.
const MAX_CA_FILE: u64 = 8 << 20;

fn read_ca_file(path: &Path) -> Result<Vec<u8>, String> {
    let length = std::fs::metadata(path)
        .map_err(|error| format!("cannot be read: {error}"))?
        .len();
    if length > MAX_CA_FILE {
        return Err(format!(
            "has {length} bytes, more than the limit of {MAX_CA_FILE}"
        ));
    }
    std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let all: Vec<_> = CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("is not PEM: {error:?}"))?;
    if all.is_empty() {
        return Err("holds no certificate (expected \"-----BEGIN CERTIFICATE-----\")".to_owned());
    }
    Ok(all)
}

/// Checks the pin, or chain and name, and remembers what it saw.
#[derive(Debug)]
struct Verifier {
    crypto: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    verify_host: bool,
    pin: Option<[u8; 32]>,
    seen: SharedSeen,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let sha256: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.sha256 = Some(sha256);
        if let Some(pin) = self.pin {
            if pin == sha256 {
                return Ok(ServerCertVerified::assertion());
            }
            seen.pin_failed = true;
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        drop(seen);
        let Some(chain) = &self.chain else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let result =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match result {
            // The chain is checked before the name, so an error about the name means a good chain.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.verify_host => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.crypto.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.crypto.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn not_the_pinned_one(endpoint: &Endpoint, seen: &Seen) -> String {
    let text = |sha256: Option<[u8; 32]>| hex(&sha256.unwrap_or_default());
    format!(
        "the certificate is not the pinned one: expected the SHA-256 {}, found {}",
        text(endpoint.pinned_sha256),
        text(seen.sha256)
    )
}

/// Says what a failed handshake means.
fn explain(endpoint: &Endpoint, error: &io::Error, seen: &SharedSeen) -> LdapError {
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (problem, detail) = match inner {
        _ if seen.pin_failed => (TlsProblem::PinMismatch, not_the_pinned_one(endpoint, &seen)),
        Some(rustls::Error::InvalidCertificate(fault)) => certificate_fault(endpoint, fault),
        Some(rustls::Error::InvalidMessage(_)) => {
            (TlsProblem::NotTls, "the answer is not TLS".to_owned())
        }
        Some(other) => (TlsProblem::Handshake, other.to_string()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => (
            TlsProblem::NotTls,
            "the server closed the connection during the handshake".to_owned(),
        ),
        None => (TlsProblem::Handshake, error.to_string()),
    };
    LdapError::Tls {
        endpoint: endpoint.to_string(),
        problem,
        detail,
        certificate_sha256: seen.sha256.map(|sha256| hex(&sha256)),
    }
}

fn certificate_fault(endpoint: &Endpoint, fault: &CertificateError) -> (TlsProblem, String) {
    use CertificateError as E;
    let host = endpoint.bare_host();
    match fault {
        E::UnknownIssuer => (
            TlsProblem::UnknownAuthority,
            "its certificate is not signed by a trusted authority (UnknownIssuer)".into(),
        ),
        E::Expired => (TlsProblem::Expired, "its certificate has expired".into()),
        E::ExpiredContext { .. } => (
            TlsProblem::Expired,
            format!("its certificate has expired ({fault})"),
        ),
        E::NotValidYet | E::NotValidYetContext { .. } => (
            TlsProblem::NotYetValid,
            format!("its certificate is not valid yet ({fault})"),
        ),
        E::NotValidForNameContext { presented, .. } if !presented.is_empty() => (
            TlsProblem::WrongName {
                names: presented.clone(),
            },
            format!("its certificate is not for \"{host}\""),
        ),
        E::NotValidForName | E::NotValidForNameContext { .. } => (
            TlsProblem::WrongName { names: Vec::new() },
            format!("its certificate is not for \"{host}\"; it has no usable subjectAltName"),
        ),
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => (
            TlsProblem::SelfSignedAuthority,
            "it uses an authority's certificate as its own (CaUsedAsEndEntity)".into(),
        ),
        other => (
            TlsProblem::BadCertificate,
            format!("its certificate is refused: {other}"),
        ),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit as u32, 16))
        .collect()
}
