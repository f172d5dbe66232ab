//! Which target an SP connection provisions, as its connector tells.

use usher_core::model::SpConnection;
use usher_engine::admin::Admin;

/// The identity of the target, or everything that is wrong with the settings; `None` without a connector.
pub(crate) fn identity(admin: &Admin, sp: &SpConnection) -> Option<Result<String, Vec<String>>> {
    let connector = admin.engine.connectors.connector(&sp.connector)?;
    Some(connector.identity(&sp.settings))
}
