//! Where a directory server is and how it is to be trusted.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::LdapError;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Not at all: passwords and data travel in the clear.
    Plain,
    /// Plain TCP, turned into TLS by the StartTLS operation (RFC 4511 §4.14) before anything else.
    StartTls,
    /// TLS from the first byte (`ldaps`).
    #[default]
    Ldaps,
}

impl Security {
    /// The usual port: 389, or 636 for `ldaps`.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Plain | Self::StartTls => 389,
            Self::Ldaps => 636,
        }
    }
}

/// One directory server. Authorities are the system's plus those given here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// DNS name or IP address; an IPv6 literal with or without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub security: Security,
    /// A file with further trusted authorities (PEM, or one in DER).
    pub ca_file: Option<PathBuf>,
    /// Further trusted authorities in PEM.
    pub ca_pem: Option<String>,
    /// Whether the certificate must be for this host name. Default: yes.
    pub verify_host: bool,
    /// SHA-256 of the only certificate (DER) that is accepted. With a pin, neither authority nor name
    /// nor dates are checked: the certificate itself is the trust.
    pub pinned_sha256: Option<[u8; 32]>,
}

impl Endpoint {
    /// An endpoint with host-name check, the system's authorities and no pin.
    pub fn new(host: impl Into<String>, port: u16, security: Security) -> Self {
        Self {
            host: host.into(),
            port,
            security,
            ca_file: None,
            ca_pem: None,
            verify_host: true,
            pinned_sha256: None,
        }
    }

    /// Reads `ldap://host`, `ldap://host:port`, `ldaps://[::1]:636`. Anything after the port is refused.
    ///
    /// # Errors
    /// [`LdapError::Request`] that quotes the text and says what was expected.
    pub fn from_url(text: &str) -> Result<Self, LdapError> {
        let refuse = |why: &str| LdapError::Request {
            detail: format!("\"{text}\" is not the URL of a directory server: {why}"),
        };
        let (security, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ldap") => (Security::Plain, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ldaps") => (Security::Ldaps, rest),
            _ => return Err(refuse("it must start with ldap:// or ldaps://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest).ok_or_else(|| {
            refuse("a colon must be followed by the port, and an IPv6 address stands in brackets")
        })?;
        if host.is_empty() || host.contains(['/', '?', '@', ' ', '[', ']']) {
            return Err(refuse(
                "expected ldap://HOST or ldap://HOST:PORT and nothing else",
            ));
        }
        let port = match port {
            None => security.default_port(),
            Some(port) => port
                .parse()
                .map_err(|_| refuse("the port must be a number up to 65535"))?,
        };
        Ok(Self::new(host, port, security))
    }

    /// The host without brackets.
    pub(crate) fn bare_host(&self) -> &str {
        let host = self.host.as_str();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }
}

/// Splits `host:port`, `[v6]:port`, `host` or `[v6]`.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, None)),
            _ => after.strip_prefix(':').map(|port| (host, Some(port))),
        };
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some((host, port)) if !port.contains(':') => Some((host, Some(port))),
        Some(_) => None,
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain | Security::StartTls => "ldap",
            Security::Ldaps => "ldaps",
        };
        let host = self.bare_host();
        if host.contains(':') {
            write!(out, "{scheme}://[{host}]:{}", self.port)
        } else {
            write!(out, "{scheme}://{host}:{}", self.port)
        }
    }
}

/// Limits of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// How long one TCP connection, and after it one TLS handshake, may take. Default 10 s.
    pub connect_timeout: Duration,
    /// How long one whole message from the server may take, its thinking included. Default 60 s.
    /// The same limit holds for sending a request.
    pub read_timeout: Duration,
    /// The largest message accepted, in bytes. Default 16 MiB. A larger entry is skipped and reported.
    pub max_message: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(1),
            max_message: 16 << 20,
        }
    }
}

/// Who to be.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// A DN (or what else the server takes as a name) and its password.
    Simple {
        /// The name.
        dn: String,
        /// The password. It is never printed.
        password: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => out.write_str("Anonymous"),
            Self::Simple { dn, .. } => write!(out, "Simple {{ dn: {dn:?}, password: *** }}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_default_ports_and_ipv6() {
        let read = |text| Endpoint::from_url(text).map(|e| (e.to_string(), e.host));
        let ok = |url: &str, host: &str| Ok((url.to_owned(), host.to_owned()));
        assert_eq!(
            read("ldap://dc1.example.test"),
            ok("ldap://dc1.example.test:389", "dc1.example.test")
        );
        assert_eq!(read("LDAPS://dc1/"), ok("ldaps://dc1:636", "dc1"));
        assert_eq!(read("ldaps://[::1]"), ok("ldaps://[::1]:636", "::1"));
        assert_eq!(read("ldap://[::1]:3890"), ok("ldap://[::1]:3890", "::1"));
        assert_eq!(
            Endpoint::new("[::1]", 636, Security::Ldaps).to_string(),
            "ldaps://[::1]:636"
        );
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        for text in [
            "",
            "dc1",
            "http://dc1",
            "ldap://",
            "ldap://::1",
            "ldap://dc1:x",
            "ldap://dc1:99999",
            "ldap://dc1/dc=x",
            "ldap://[zz]:1",
            "ldap://[::1]1",
            "ldap://a b",
        ] {
            let error = Endpoint::from_url(text).expect_err(text);
            assert!(
                error.to_string().contains(&format!("\"{text}\"")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let credentials = Credentials::Simple {
            dn: "cn=x".into(),
            password: "hunter2".into(),
        };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
