//! What a server says about itself (RFC 4512 §5.1).

use usher_directory::Filter;

use crate::client::Client;
use crate::error::LdapError;
use crate::message::LdapEntry;
use crate::search::{Scope, SearchItem, SearchRequest};

/// Attributes that are asked for; OpenLDAP and others return operational ones only by name.
const ATTRIBUTES: &[&str] = &[
    "namingContexts",
    "defaultNamingContext",
    "supportedControl",
    "supportedExtension",
    "supportedCapabilities",
    "supportedLDAPVersion",
    "vendorName",
    "vendorVersion",
    "dnsHostName",
    "structuralObjectClass",
    "objectClass",
];

/// The root DSE, as far as the server shows it to the account in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootDse {
    /// The suffixes held by the server.
    pub naming_contexts: Vec<String>,
    /// The suffix to use when none is given (Active Directory).
    pub default_naming_context: Option<String>,
    /// OIDs of controls.
    pub supported_controls: Vec<String>,
    /// OIDs of extended operations.
    pub supported_extensions: Vec<String>,
    /// OIDs of Active Directory's capabilities.
    pub supported_capabilities: Vec<String>,
    /// LDAP versions.
    pub supported_ldap_versions: Vec<String>,
    /// Who made the server.
    pub vendor_name: Option<String>,
    /// Its version.
    pub vendor_version: Option<String>,
    /// Its own name.
    pub dns_host_name: Option<String>,
    /// Its object classes (`OpenLDAProotDSE` for OpenLDAP).
    pub object_classes: Vec<String>,
}

impl RootDse {
    /// Whether the server says that it knows a control.
    pub fn supports_control(&self, oid: &str) -> bool {
        self.supported_controls.iter().any(|known| known == oid)
    }

    fn from_entry(entry: &LdapEntry) -> Self {
        let one = |name| entry.text(name).map(str::to_owned);
        Self {
            naming_contexts: entry.texts("namingContexts"),
            default_naming_context: one("defaultNamingContext"),
            supported_controls: entry.texts("supportedControl"),
            supported_extensions: entry.texts("supportedExtension"),
            supported_capabilities: entry.texts("supportedCapabilities"),
            supported_ldap_versions: entry.texts("supportedLDAPVersion"),
            vendor_name: one("vendorName"),
            vendor_version: one("vendorVersion"),
            dns_host_name: one("dnsHostName"),
            object_classes: entry.texts("objectClass"),
        }
    }
}

impl Client {
    /// Reads the root DSE. Most servers show it before a bind.
    ///
    /// # Errors
    /// As [`Client::search`]; [`LdapError::Protocol`] when the server returns no entry.
    pub async fn root_dse(&mut self) -> Result<RootDse, LdapError> {
        let entry = self.read_entry("", ATTRIBUTES).await?;
        match entry {
            Some(entry) => Ok(RootDse::from_entry(&entry)),
            None => Err(self.broken(
                "reading the root DSE",
                "expected one entry, found none".into(),
            )),
        }
    }

    /// Reads one entry by its DN; `None` when the server answers success without an entry, as it does for one
    /// that the account may not read.
    ///
    /// # Errors
    /// As [`Client::search`]; [`LdapError::Result`] with `noSuchObject` when it does not exist (or may not
    /// be known to exist), [`LdapError::Protocol`] when it is there but cannot be used.
    pub async fn read_entry(
        &mut self,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<LdapEntry>, LdapError> {
        let request = SearchRequest::new(dn, Filter::present("objectClass"))
            .scope(Scope::Base)
            .attributes(attributes.iter().copied());
        let mut stream = self.search(&request).await?;
        let mut found = None;
        let mut problem = None;
        while let Some(item) = stream.next().await? {
            match item {
                SearchItem::Entry(entry) => found = Some(entry),
                SearchItem::Unreadable(entry) => problem = Some(entry.problem),
                SearchItem::Reference(_) => {}
            }
        }
        match problem {
            Some(problem) => Err(self.broken(
                "reading an entry",
                format!("the entry \"{dn}\" cannot be used: {problem}"),
            )),
            None => Ok(found),
        }
    }
}
