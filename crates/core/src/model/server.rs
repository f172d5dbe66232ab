//! Settings of the whole installation, in the published shape, and what that shape holds beside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Millis, Sealed};

/// What was written in the published shape and has no effect here, as a tree of the keys that the model has no
/// place for. It is given back when the document is read. Elements of a list that have a name stand under that
/// name. Secrets are never kept so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(pub BTreeMap<String, Value>);

impl Kept {
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Settings of the whole installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSettings {
    /// The identity-provider role, which outbound provisioning is a part of.
    pub idp_role: bool,
    /// Outbound provisioning as a whole; nothing runs while it is off.
    pub outbound_provisioning: bool,
    /// Seconds between the beginnings of two incremental cycles of a channel whose own policy does not say.
    pub synchronization_seconds: u32,
    /// The mail server for notifications.
    pub mail: Option<MailServer>,
    /// The rest of the published document: contact, notifications, protocols, federation.
    #[serde(skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

impl ServerSettings {
    /// Whether anything is provisioned at all.
    pub fn provisions(&self) -> bool {
        self.idp_role && self.outbound_provisioning
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            idp_role: true,
            outbound_provisioning: true,
            synchronization_seconds: 60,
            mail: None,
            kept: Kept::default(),
        }
    }
}

/// The kind of secret that the mail server's password is sealed as.
pub const MAIL_PASSWORD: &str = "mail_password";

/// A mail server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailServer {
    /// Host name or address.
    pub host: String,
    /// The port without TLS from the first byte.
    pub port: u16,
    /// The port with TLS from the first byte.
    pub tls_port: u16,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// Check that the certificate is for the host.
    pub verify_host: bool,
    /// Seconds to wait.
    pub timeout_seconds: u32,
    /// The address that mail comes from.
    pub sender: String,
    /// The name to sign in with, if the server wants one.
    pub user: Option<String>,
    /// The sealed password for it.
    pub password: Option<Sealed>,
}

impl Default for MailServer {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 25,
            tls_port: 465,
            security: MailSecurity::Plain,
            verify_host: true,
            timeout_seconds: 30,
            sender: String::new(),
            user: None,
            password: None,
        }
    }
}

/// How mail travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// In the clear.
    #[default]
    Plain,
    /// TLS after STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// An authority that is trusted beside those of the system: for directories, targets and mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaCertificate {
    /// Its id.
    pub id: String,
    /// The certificate, PEM.
    pub pem: String,
}

/// When something was made and last changed; `None` where that was before these times were kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dates {
    /// UTC milliseconds.
    pub created: Option<Millis>,
    /// UTC milliseconds.
    pub modified: Option<Millis>,
}
