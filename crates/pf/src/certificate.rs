//! Certificates of authorities: read from a file's text, and shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use usher_core::model::{CaCertificate, Millis};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use crate::date::date;

/// Largest certificate, bytes.
const MOST: usize = 64 * 1024;

/// A certificate that was read, or what is wrong with it.
pub(crate) struct Read {
    /// PEM with line breaks.
    pub(crate) pem: String,
    /// SHA-256 over its DER.
    pub(crate) fingerprint: String,
}

/// Reads the certificate of an authority from PEM, or from base64 of DER or PEM.
pub(crate) fn read(text: &str) -> Result<Read, String> {
    let der = der(text.trim())?;
    let (rest, certificate) = X509Certificate::from_der(&der)
        .map_err(|error| format!("something that is no X.509 certificate ({error})"))?;
    if !rest.is_empty() {
        return Err(format!("{} bytes after the certificate", rest.len()));
    }
    let is_authority = certificate
        .basic_constraints()
        .map_err(|error| format!("a certificate with broken constraints ({error})"))?
        .map(|constraints| constraints.value.ca);
    // A directory that vouches for itself is trusted by its own certificate.
    if is_authority != Some(true) && certificate.subject() != certificate.issuer() {
        return Err(format!(
            "a certificate that is no authority's: {}, issued by {}",
            certificate.subject(),
            certificate.issuer()
        ));
    }
    Ok(Read {
        pem: pem(&der),
        fingerprint: hex::encode(Sha256::digest(&der)),
    })
}

fn der(text: &str) -> Result<Vec<u8>, String> {
    if text.len() > MOST {
        return Err(format!("{} characters, more than {MOST}", text.len()));
    }
    if text.contains("-----BEGIN") {
        return from_pem(text.as_bytes());
    }
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD
        .decode(packed)
        .map_err(|_| "a text that is neither PEM nor base64".to_owned())?;
    if bytes.starts_with(b"-----BEGIN") {
        return from_pem(&bytes);
    }
    Ok(bytes)
}

fn from_pem(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(text) {
        let block = block.map_err(|error| format!("broken PEM ({error})"))?;
        if block.label.contains("PRIVATE KEY") {
            return Err("a private key: it belongs to whoever it was made for".to_owned());
        }
        if block.label != "CERTIFICATE" {
            return Err(format!(
                "a PEM block of another kind, with {} bytes",
                block.contents.len()
            ));
        }
        found.push(block.contents);
    }
    match <[Vec<u8>; 1]>::try_from(found) {
        Ok([der]) => Ok(der),
        Err(all) => Err(format!("{} certificates in one text", all.len())),
    }
}

fn pem(der: &[u8]) -> String {
    let packed = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, c) in packed.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// SHA-256 over the DER of a stored certificate.
pub(crate) fn fingerprint(certificate: &CaCertificate) -> Option<String> {
    let der = from_pem(certificate.pem.as_bytes()).ok()?;
    Some(hex::encode(Sha256::digest(der)))
}

/// The published view of a certificate at a time (UTC milliseconds).
pub fn ca_view(certificate: &CaCertificate, now: Millis) -> Value {
    let shown = from_pem(certificate.pem.as_bytes())
        .ok()
        .and_then(|der| view(&der, now));
    // What is stored was read when it was imported.
    let mut shown = shown.unwrap_or_else(|| json!({}));
    shown["id"] = Value::from(certificate.id.as_str());
    shown["cryptoProvider"] = Value::from("LOCAL");
    shown
}

fn view(der: &[u8], now: Millis) -> Option<Value> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let from = validity.not_before.timestamp() * 1_000;
    let to = validity.not_after.timestamp() * 1_000;
    let status = if now < from {
        "NOT_YET_VALID"
    } else if now > to {
        "EXPIRED"
    } else {
        "VALID"
    };
    let (algorithm, size) = key(&certificate);
    let mut shown = json!({
        "serialNumber": hex::encode_upper(certificate.raw_serial()),
        "subjectDN": certificate.subject().to_string(),
        "issuerDN": certificate.issuer().to_string(),
        "validFrom": date(from),
        "expires": date(to),
        "keyAlgorithm": algorithm,
        "keySize": size,
        "signatureAlgorithm": signature(&certificate),
        "version": certificate.version().0 + 1,
        "sha1Fingerprint": hex::encode_upper(Sha1::digest(der)),
        "sha256Fingerprint": hex::encode_upper(Sha256::digest(der)),
        "status": status,
    });
    let names = names(&certificate);
    if !names.is_empty() {
        shown["subjectAlternativeNames"] = Value::from(names);
    }
    Some(shown)
}

fn key(certificate: &X509Certificate<'_>) -> (&'static str, usize) {
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => ("RSA", rsa.key_size()),
        Ok(PublicKey::EC(point)) => ("EC", point.key_size()),
        Ok(PublicKey::DSA(_)) => ("DSA", key.subject_public_key.data.len() * 8),
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => ("Ed25519", 256),
        _ => ("unknown", key.subject_public_key.data.len() * 8),
    }
}

fn signature(certificate: &X509Certificate<'_>) -> String {
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    match oid.as_str() {
        "1.2.840.113549.1.1.5" => "SHA1withRSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256withRSA",
        "1.2.840.113549.1.1.12" => "SHA384withRSA",
        "1.2.840.113549.1.1.13" => "SHA512withRSA",
        "1.2.840.10045.4.3.2" => "SHA256withECDSA",
        "1.2.840.10045.4.3.3" => "SHA384withECDSA",
        "1.2.840.10045.4.3.4" => "SHA512withECDSA",
        "1.3.101.112" => "Ed25519",
        _ => return oid,
    }
    .to_owned()
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                Some((*name).to_owned())
            }
            GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
            GeneralName::IPAddress(bytes) => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
            _ => None,
        })
        .collect()
}
