//! Atlassian Cloud as a target: a descriptor and a profile for the generic SCIM client, and nothing else.
//!
//! Every limit of the service that is known, with its source and the date it was last verified, is in this folder's README.
#![deny(missing_docs)]

mod descriptor;
mod fields;
mod groups;
mod mapping;
mod profile;
mod settings;

use usher_connector_scim::ScimConnector;

pub use profile::profile;
pub use settings::{
    API_KEY, CREATE_NEW_USERS, DIRECTORY_BASE_URL, DISABLE_NEW_USERS, GROUP_NAME_SOURCE,
    PROTECTED_ACCOUNTS, PROVISION_DISABLED_USERS, REMOVE_ACTION, UPDATE_NEW_USERS,
};

/// The plug-in id that an SP connection names.
pub const TEMPLATE_ID: &str = "AtlassianCloud";

/// The connector.
pub fn connector() -> ScimConnector {
    ScimConnector::new(profile())
}
