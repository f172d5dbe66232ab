//! PingFederate-shaped documents and their translation to the model and back.
//!
//! The shape is that of the published administrative API 12.1 (outbound provisioning part). What it
//! cannot say stands in policies beside it. Everything here is pure: text and values in, text and
//! values out.
#![deny(missing_docs)]
#![allow(
    clippy::indexing_slicing,
    reason = "members of JSON objects are set where the object was made"
)]

pub mod document;

mod certificate;
mod connectors;
mod date;
mod diff;
mod edit;
mod export;
mod file;
mod import;
mod kept;
mod near;
mod policy;
mod problem;
mod shape;

pub use certificate::ca_view;
pub use connectors::{Identify, connector_problems, edited_connector_problems};
pub use date::date;
pub use diff::{Difference, diff};
pub use edit::{Resource, edit, sketch};
pub use export::{
    channel_document, data_store_document, export, export_connection, policy_entry,
    published_data_store, published_outbound_settings, published_server_settings,
    published_sp_connection, sp_connection_document,
};
pub use file::ConfigFile;
pub use import::{ImportContext, Imported, Mode, Secrets, import, readers};
pub use near::nearest;
pub use policy::{PolicyForm, PolicyKey, policy_keys};
pub use problem::{ConfigProblem, Warning};

/// Every published field, as its resource, its path, and what it does: `works` (it changes what happens), `kept`
/// (it is given back and has no effect), `read only`, or `refused`.
pub fn published_fields() -> Vec<(&'static str, String, &'static str)> {
    shape::fields()
}

/// The version of PingFederate whose shape this is.
pub const PF_VERSION: &str = "12.1.0.0";
/// The id of the reserved, read-only JDBC data store that stands for Usher's own state.
pub const INTERNAL_STORE: &str = "ProvisionerDS";
/// The plug-in id of a data store that is an LDIF file.
pub const LDIF_PLUGIN: &str = "ldif";
/// The kind of secret that a bind password is sealed as.
pub const BIND_PASSWORD: &str = "bind_password";
/// The kind of secret that a target's secrets are sealed as.
pub const TARGET_SECRET: &str = "target_secret";
pub use usher_core::model::MAIL_PASSWORD;
/// What a placeholder in an entity id looks like.
pub const PLACEHOLDER: &str = "REPLACE-ME";
