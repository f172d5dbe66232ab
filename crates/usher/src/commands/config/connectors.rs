//! What connectors say about the settings of their SP connections.

use serde_json::Value;
use usher_core::model::Configuration;
use usher_engine::Connectors;
use usher_pf::{ConfigProblem, connector_problems};

/// Everything that keeps a connector from using the settings it is given, with the place of the
/// setting in the file.
pub(super) fn problems(
    configuration: &Configuration,
    pf: &Value,
    connectors: &dyn Connectors,
) -> Vec<ConfigProblem> {
    connector_problems(configuration, pf, &connectors.descriptors(), &|sp| {
        let connector = connectors.connector(&sp.connector)?;
        Some(connector.identity(&sp.settings))
    })
}
