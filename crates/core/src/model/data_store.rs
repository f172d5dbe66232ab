//! Directories that channels read, and how they are reached.

use serde::{Deserialize, Serialize};

use super::{DataStoreId, Dates, Kept, Sealed};

/// A configured directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataStore {
    /// Its id.
    pub id: DataStoreId,
    /// Its name; unique.
    pub name: String,
    /// What it is.
    pub kind: DataStoreKind,
    /// What kind of directory it is; chooses defaults.
    pub directory: DirectoryKind,
    /// Mask values in logs.
    pub mask_values_in_log: bool,
    /// When it was made and changed.
    #[serde(default)]
    pub dates: Dates,
    /// What has no effect.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

/// Something that a data store asks for and Usher does not have: it is kept, and no channel that reads the store can be
/// turned on, since the directory would be reached in another way than is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The published key.
    pub key: &'static str,
    /// What is missing and what to do.
    pub why: &'static str,
}

impl DataStore {
    /// What it asks for and Usher does not have.
    pub fn unmet(&self) -> Option<Unmet> {
        let kept = &self.kept.0;
        if kept
            .get("useDnsSrvRecords")
            .and_then(serde_json::Value::as_bool)
            == Some(true)
        {
            return Some(Unmet {
                key: "useDnsSrvRecords",
                why: "Usher does not look up SRV records: name the hosts and set this to false",
            });
        }
        let certificate = kept.get("clientTlsCertificateRef")?;
        certificate.is_object().then_some(Unmet {
            key: "clientTlsCertificateRef",
            why: "Usher does not sign in with client certificates: give a DN with a password and leave this out",
        })
    }
}

/// What a data store reads from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DataStoreKind {
    /// An LDAP server.
    Ldap(LdapStore),
    /// An LDIF file, read as a directory.
    Ldif {
        /// The file's path.
        path: String,
    },
}

/// What kind of directory a data store is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// Microsoft Active Directory.
    ActiveDirectory,
    /// PingDirectory.
    PingDirectory,
    /// Oracle Unified Directory.
    OracleUnifiedDirectory,
    /// Oracle Directory Server (ODSEE).
    OracleDirectoryServer,
    /// OpenLDAP.
    OpenLdap,
    /// 389 Directory Server.
    Ds389,
    /// Anything else.
    #[default]
    Generic,
}

impl DirectoryKind {
    /// Its name in a data store's policy (`template`) and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "active_directory",
            Self::PingDirectory => "ping_directory",
            Self::OracleUnifiedDirectory => "oracle_unified_directory",
            Self::OracleDirectoryServer => "oracle_directory_server",
            Self::OpenLdap => "open_ldap",
            Self::Ds389 => "ds389",
            Self::Generic => "generic",
        }
    }
}

/// How an LDAP server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LdapStore {
    /// `host` or `host:port`, tried in order. IPv6 addresses stand in brackets.
    pub hosts: Vec<String>,
    /// Plain, StartTLS or LDAPS.
    pub security: LdapSecurity,
    /// Check that the certificate is for the host that was named.
    pub verify_host: bool,
    /// A PEM file with further certificate authorities.
    pub ca_file: Option<String>,
    /// SHA-256 of the only certificate that is accepted, as [`fingerprint`] writes it. It stands for the
    /// authorities, the name and the dates, none of which are looked at then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
    /// How to authenticate.
    pub bind: Bind,
    /// Milliseconds to connect.
    pub connect_timeout_ms: u32,
    /// Milliseconds to wait for each message.
    pub read_timeout_ms: u32,
    /// Attributes whose values are binary.
    pub binary_attributes: Vec<String>,
    /// Entries per page.
    pub page_size: u32,
}

impl Default for LdapStore {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            security: LdapSecurity::Plain,
            verify_host: true,
            ca_file: None,
            certificate_sha256: None,
            bind: Bind::Anonymous,
            connect_timeout_ms: 5_000,
            read_timeout_ms: 60_000,
            binary_attributes: Vec::new(),
            page_size: 500,
        }
    }
}

/// A SHA-256 of a certificate in its normal form, 64 lower-case hexadecimal digits; `None` when the text is none.
/// Colons between digits and white space around them, as tools print them, are left out.
pub fn fingerprint(text: &str) -> Option<String> {
    let digits: String = text.trim().chars().filter(|&c| c != ':').collect();
    let good = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| digits.to_ascii_lowercase())
}

/// How the LDAP traffic is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdapSecurity {
    /// Not at all.
    Plain,
    /// TLS after the StartTLS operation.
    StartTls,
    /// TLS from the first byte.
    Ldaps,
}

/// How to authenticate to an LDAP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Bind {
    /// Anonymously.
    Anonymous,
    /// With a DN and a password.
    Simple {
        /// The DN (or a user principal name).
        dn: String,
        /// The sealed password.
        password: Sealed,
    },
}
