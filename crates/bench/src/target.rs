//! The connector that is measured: the one file that names it.

use std::collections::BTreeMap;

use usher_connector::Connector;

/// The connector.
pub(crate) fn connector() -> Box<dyn Connector> {
    Box::new(usher_connector_atlassian::connector())
}

/// The target's settings.
pub(crate) fn settings(base_url: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(
        usher_connector_atlassian::DIRECTORY_BASE_URL.to_owned(),
        base_url.to_owned(),
    )])
}

/// The name of the setting that holds the key.
pub(crate) fn key_setting() -> &'static str {
    usher_connector_atlassian::API_KEY
}
