//! What one vendor's service is like, as data. A vendor's folder fills this in; the client has no branch for any vendor.

use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::Kind;

use crate::address::AddressRule;

/// A vendor's service.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What it declares: settings, fields with their SCIM paths, capabilities.
    pub descriptor: ConnectorDescriptor,
    /// How its addresses are built.
    pub address: AddressRule,
    /// The setting that holds the address.
    pub address_setting: String,
    /// The secret that holds the key, sent as a bearer token (RFC 6750).
    pub key_setting: String,
    /// The schemas a new user names. The schema of an extension is added when one of its attributes is sent.
    pub user_schemas: Vec<String>,
    /// Resources asked for per page.
    pub page_size: u32,
    /// Top-level attributes of a user that the service owns: they are left out when a whole user is written back.
    pub read_only: Vec<String>,
    /// What to tell a person about a reply, the first that fits.
    pub remedies: Vec<Remedy>,
}

/// A remedy for replies of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The status.
    pub status: u16,
    /// What the request was about; `None` = anything.
    pub kind: Option<Kind>,
    /// What the message contains, without regard to case; empty fits every message.
    pub contains: String,
    /// What to do about it.
    pub text: String,
}

impl Profile {
    /// The remedy for a reply.
    pub fn remedy(&self, kind: Kind, status: u16, message: &str) -> Option<&str> {
        let message = message.to_lowercase();
        let fits = |remedy: &&Remedy| {
            remedy.status == status
                && remedy.kind.is_none_or(|wanted| wanted == kind)
                && message.contains(&remedy.contains.to_lowercase())
        };
        self.remedies
            .iter()
            .find(fits)
            .map(|remedy| remedy.text.as_str())
    }
}
