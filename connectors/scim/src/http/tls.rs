//! TLS: rustls with the ring provider, chosen here and nowhere else in this connector.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The extra authorities are no PEM certificates.
    #[error(
        "the extra CA is no usable PEM certificate: {0}; expected `-----BEGIN CERTIFICATE-----` blocks"
    )]
    ExtraCa(String),
    /// rustls refused the configuration.
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// A configuration that trusts the system's authorities and the extra ones (PEM).
///
/// A system without authorities is no error here: connecting then fails with a certificate error, and an extra CA may be all that is
/// needed.
///
/// # Errors
/// When the extra PEM holds no certificate or a broken one.
pub fn client_config(extra_ca_pem: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = extra_ca_pem {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|e| TlsError::ExtraCa(e.to_string()))?;
            roots
                .add(certificate)
                .map_err(|e| TlsError::ExtraCa(e.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(TlsError::ExtraCa("it holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_ca_that_is_none_is_refused() {
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice();
        for pem in [b"".as_slice(), b"hello", broken] {
            assert!(matches!(
                client_config(Some(pem)),
                Err(TlsError::ExtraCa(_))
            ));
        }
        assert!(client_config(None).is_ok());
    }
}
