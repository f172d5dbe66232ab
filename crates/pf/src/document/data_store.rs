//! Data stores.

use serde::{Deserialize, Serialize};

use super::{ConfigField, Extra, ResourceLink};

/// A data store of any type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum DataStoreDocument {
    /// An LDAP server.
    #[serde(rename = "LDAP")]
    Ldap(Box<LdapDataStore>),
    /// A database; only the reserved internal store is of this type.
    #[serde(rename = "JDBC")]
    Jdbc(Box<JdbcDataStore>),
    /// A plug-in: an LDIF file.
    #[serde(rename = "CUSTOM")]
    Custom(Box<CustomDataStore>),
}

/// An LDAP server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LdapDataStore {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Mask values in logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_attribute_values: Option<bool>,
    /// Type of LDAP server.
    pub ldap_type: String,
    /// Hosts, tried in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// Hosts for nodes with tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hostnames_tags: Vec<LdapTagConfig>,
    /// Bind anonymously.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_anonymously: Option<bool>,
    /// The DN to bind with.
    #[serde(rename = "userDN", skip_serializing_if = "Option::is_none")]
    pub user_dn: Option<String>,
    /// The password, plain; only ever read.
    #[serde(skip_serializing)]
    pub password: Option<String>,
    /// The password, sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_password: Option<String>,
    /// A client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_tls_certificate_ref: Option<ResourceLink>,
    /// LDAPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_ssl: Option<bool>,
    /// StartTLS.
    #[serde(rename = "useStartTLS", skip_serializing_if = "Option::is_none")]
    pub use_start_tls: Option<bool>,
    /// Find hosts by DNS SRV records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_dns_srv_records: Option<bool>,
    /// Follow referrals.
    #[serde(
        rename = "followLDAPReferrals",
        skip_serializing_if = "Option::is_none"
    )]
    pub follow_ldap_referrals: Option<bool>,
    /// Check the certificate's host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_host: Option<bool>,
    /// Milliseconds to wait for a message; 0 = the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_timeout: Option<i64>,
    /// Milliseconds to connect; 0 = the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_timeout: Option<i64>,
    /// Attributes whose values are binary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binary_attributes: Vec<String>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Hosts for nodes with certain tags.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LdapTagConfig {
    /// Hosts, tried in order.
    pub hostnames: Vec<String>,
    /// Tags, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Whether these are the hosts of nodes without a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_source: Option<bool>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JdbcDataStore {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A data store of a plug-in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomDataStore {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Mask values in logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_attribute_values: Option<bool>,
    /// The plug-in.
    pub plugin_descriptor_ref: ResourceLink,
    /// The plug-in's configuration.
    pub configuration: PluginConfiguration,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A plug-in's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginConfiguration {
    /// Fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<ConfigField>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}
