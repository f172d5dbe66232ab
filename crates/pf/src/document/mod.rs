//! The documents of the published shape, as they are read and written.
//!
//! Every document keeps the keys that it does not know in `extra`, so that reading and writing a
//! foreign document loses nothing.

mod bulk;
mod connection;
mod data_store;

pub use bulk::{BulkConfig, BulkMetadata, ConfigOperation, OperationType};
pub use connection::{
    AccountManagement, ChangeDetectionSettings, ChannelDocument, ChannelSourceDocument,
    ConfigField, ContactInfo, GroupMembershipDetection, OutboundProvision, ResourceLink,
    SaasAttributeMapping, SaasFieldConfiguration, SourceLocation, SpConnectionDocument,
};
pub use data_store::{
    CustomDataStore, DataStoreDocument, JdbcDataStore, LdapDataStore, LdapTagConfig,
    PluginConfiguration,
};

use std::collections::BTreeMap;

/// Keys that a document does not know.
pub type Extra = BTreeMap<String, serde_json::Value>;
