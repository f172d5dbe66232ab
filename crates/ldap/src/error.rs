//! What can go wrong, sorted by what to do about it.

use std::fmt;
use std::time::Duration;

use crate::result::{BindRefusal, LdapResult, ResultCode};

/// What is wrong with a server's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// No trusted authority signed the certificate.
    UnknownAuthority,
    /// The certificate is for other names.
    WrongName {
        /// The names in the certificate, as far as known.
        names: Vec<String>,
    },
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The server's own certificate is a self-signed authority (`CaUsedAsEndEntity`).
    SelfSignedAuthority,
    /// The certificate is another one than the pinned one.
    PinMismatch,
    /// The certificate has some other fault.
    BadCertificate,
    /// The CA file cannot be read or holds no certificate.
    BadCaFile,
    /// There is no trusted authority at all: no CA file, no system store.
    NoAuthorities,
    /// The host name cannot stand in a certificate.
    BadHostName,
    /// The server does not speak TLS on this port.
    NotTls,
    /// The server refused StartTLS.
    StartTlsRefused,
    /// Bytes arrived between the answer to StartTLS and the handshake (a sign of command injection).
    InjectedBytes,
    /// The handshake failed for another reason.
    Handshake,
}

/// An error of the LDAP client. `Display` says what happened and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdapError {
    /// No TCP connection could be made.
    Connect {
        /// The endpoint as a URL.
        endpoint: String,
        /// What the system says.
        reason: String,
    },
    /// None of several hosts worked; the error of each, in order.
    AllFailed(Vec<LdapError>),
    /// TLS could not be established.
    Tls {
        /// The endpoint as a URL.
        endpoint: String,
        /// What is wrong.
        problem: TlsProblem,
        /// The detail, in words.
        detail: String,
        /// SHA-256 of the certificate that the server showed, lower-case hex.
        certificate_sha256: Option<String>,
    },
    /// The server refused the bind because of the name or the password.
    Auth {
        /// The endpoint as a URL.
        endpoint: String,
        /// The bind DN.
        dn: String,
        /// Why, if the server tells.
        refusal: BindRefusal,
        /// What the server said.
        result: Box<LdapResult>,
    },
    /// Nothing, or not all, came in time.
    Timeout {
        /// The endpoint as a URL.
        endpoint: String,
        /// What was being done.
        doing: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The server or the network ended the connection.
    Disconnected {
        /// The endpoint as a URL.
        endpoint: String,
        /// What was being done.
        doing: &'static str,
        /// The notice of disconnection (RFC 4511 §4.4.1), if the server sent one.
        notice: Option<Box<LdapResult>>,
        /// What the system says, or how it was noticed.
        reason: String,
    },
    /// The server sent something that is not LDAP as RFC 4511 has it.
    Protocol {
        /// The endpoint as a URL.
        endpoint: String,
        /// What was being done.
        doing: &'static str,
        /// What was expected and what was found.
        detail: String,
    },
    /// The server answered with a result code other than success.
    Result {
        /// What was asked, for example `search below dc=example`.
        doing: String,
        /// The server's answer.
        result: Box<LdapResult>,
    },
    /// A message or a list is larger than allowed.
    TooLarge {
        /// The endpoint as a URL.
        endpoint: String,
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// How large it is, or claims to be.
        size: u64,
    },
    /// The request cannot be sent as it is.
    Request {
        /// What is wrong with it.
        detail: String,
    },
    /// An earlier operation on this connection was not read to its end, or failed.
    Unusable {
        /// The endpoint as a URL.
        endpoint: String,
    },
}

impl LdapError {
    /// What to do about it. Empty when there is nothing general to say.
    pub fn hint(&self) -> String {
        match self {
            Self::Connect { .. } => "Check the host name, the port, the firewall, and that the server runs.".into(),
            Self::AllFailed(errors) => errors.last().map(Self::hint).unwrap_or_default(),
            Self::Tls { problem, certificate_sha256, .. } => tls_hint(problem, certificate_sha256.as_deref()),
            Self::Auth { refusal, .. } => refusal.hint().into(),
            Self::Timeout { .. } => "Check that the server is up and not overloaded, or raise the time-out of the data store.".into(),
            Self::Disconnected { .. } => "Look into the server's log; a read that ends like this is incomplete and is repeated.".into(),
            Self::Protocol { .. } => "Check that the port is an LDAP port and that nothing in between changes the traffic.".into(),
            Self::Result { result, .. } => result.code.hint().into(),
            Self::TooLarge { .. } => "Ask for fewer attributes or smaller pages, or raise the limit.".into(),
            Self::Request { .. } => String::new(),
            Self::Unusable { .. } => "Open a new connection to the directory.".into(),
        }
    }

    /// The result code, if the server sent one.
    pub fn code(&self) -> Option<ResultCode> {
        match self {
            Self::Result { result, .. } | Self::Auth { result, .. } => Some(result.code),
            Self::Disconnected { notice, .. } => notice.as_ref().map(|result| result.code),
            _ => None,
        }
    }

    /// Whether the same request may work later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Disconnected { .. }
            | Self::Unusable { .. } => true,
            Self::AllFailed(errors) => errors.iter().any(Self::is_transient),
            Self::Result { result, .. } => matches!(
                result.code,
                ResultCode::BUSY | ResultCode::UNAVAILABLE | ResultCode::TIME_LIMIT_EXCEEDED
            ),
            Self::Tls { .. }
            | Self::Auth { .. }
            | Self::Protocol { .. }
            | Self::TooLarge { .. }
            | Self::Request { .. } => false,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Connect { endpoint, reason } => format!("cannot reach {endpoint}: {reason}"),
            Self::AllFailed(errors) => {
                let all: Vec<String> = errors.iter().map(Self::message).collect();
                format!("none of {} hosts works: {}", errors.len(), all.join("; "))
            }
            Self::Tls {
                endpoint, detail, ..
            } => format!("no safe TLS with {endpoint}: {detail}"),
            Self::Auth {
                endpoint,
                dn,
                result,
                ..
            } => {
                format!("{endpoint} refuses the bind as \"{dn}\": {result}")
            }
            Self::Timeout {
                endpoint,
                doing,
                after,
            } => {
                format!("{endpoint} did not finish within {after:?} while {doing}")
            }
            Self::Disconnected {
                endpoint,
                doing,
                notice: Some(notice),
                ..
            } => {
                format!("{endpoint} ended the connection while {doing}: {notice}")
            }
            Self::Disconnected {
                endpoint,
                doing,
                notice: None,
                reason,
            } => {
                format!("the connection to {endpoint} was lost while {doing}: {reason}")
            }
            Self::Protocol {
                endpoint,
                doing,
                detail,
            } => {
                format!("{endpoint} does not speak LDAP as expected while {doing}: {detail}")
            }
            Self::Result { doing, result } => format!("{doing}: {result}"),
            Self::TooLarge {
                endpoint,
                what,
                limit,
                size,
            } => {
                format!("{endpoint} sent {what} of {size}, more than the limit of {limit}")
            }
            Self::Request { detail } => detail.clone(),
            Self::Unusable { endpoint } => {
                format!(
                    "the connection to {endpoint} cannot be used again: an earlier operation was not read to its end or failed"
                )
            }
        }
    }
}

impl fmt::Display for LdapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = self.hint();
        if hint.is_empty() {
            return out.write_str(&self.message());
        }
        write!(out, "{}. {hint}", self.message())
    }
}

impl std::error::Error for LdapError {}

fn tls_hint(problem: &TlsProblem, sha256: Option<&str>) -> String {
    let whose = sha256.map_or_else(String::new, |hex| {
        format!(" Compare the certificate with the server's: what came has the SHA-256 {hex}.")
    });
    match problem {
        TlsProblem::UnknownAuthority => format!("Trust the authority that signed it: give the file with its certificate as CA file (`ca_file` in the data store's policy), or import it as a trusted CA certificate; or accept this certificate alone (`certificate_sha256` there).{whose}"),
        TlsProblem::WrongName { names } if names.is_empty() => "Use the host name that the certificate was made for.".into(),
        TlsProblem::WrongName { names } => format!("Use one of the names in the certificate ({}), or have one made for this host name.", names.join(", ")),
        TlsProblem::Expired => "Renew the server's certificate; if it looks valid, check this machine's clock.".into(),
        TlsProblem::NotYetValid => "Check the clocks of this machine and of the one that made the certificate.".into(),
        TlsProblem::SelfSignedAuthority => format!("The server uses an authority's own self-signed certificate as its server certificate, which is refused even when it is trusted: have the authority sign a separate server certificate.{whose}"),
        TlsProblem::PinMismatch => "If the server's certificate was renewed on purpose, pin the new one (`certificate_sha256` in the data store's policy); otherwise somebody may be in between.".into(),
        TlsProblem::BadCaFile => "Give a readable file with one or more certificates in PEM form.".into(),
        TlsProblem::NoAuthorities => "Give a CA file (`ca_file` in the data store's policy), or install the system's CA certificates.".into(),
        TlsProblem::BadHostName => "Use a DNS name or an IP address as host.".into(),
        TlsProblem::NotTls => "The port does not speak TLS: use the ldaps port (usually 636), or ldap with StartTLS.".into(),
        TlsProblem::StartTlsRefused => "Enable TLS on the server, or use ldaps.".into(),
        TlsProblem::InjectedBytes => "Somebody between here and the server may inject commands: use ldaps and look at the network.".into(),
        TlsProblem::BadCertificate | TlsProblem::Handshake => "Check the server's certificate and its TLS versions (1.2 or 1.3 is needed).".into(),
    }
}
