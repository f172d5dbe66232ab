//! What the operations of a bulk configuration are about, and what they delete.

use serde_json::Value;

use super::{Import, Mode};
use crate::PF_VERSION;
use crate::document::{ConfigOperation, OperationType};
use crate::problem::quoted;
use usher_core::model::DataStoreId;

impl Import<'_> {
    /// A shape of another version is read as this one; it may mean something else.
    pub(super) fn version(&mut self, bulk: &Value) {
        let found = bulk.pointer("/metadata/pfVersion").and_then(Value::as_str);
        let minor = |version: &str| {
            let mut parts = version.split('.');
            (
                parts.next().map(str::to_owned),
                parts.next().map(str::to_owned),
            )
        };
        if let Some(found) = found.filter(|found| minor(found) != minor(PF_VERSION)) {
            self.report.warn(
                "pf.metadata.pfVersion",
                format!(
                    "this is of version {}, and read as the shape of {PF_VERSION}: look at what would change before it is taken",
                    quoted(found)
                ),
            );
        }
    }

    /// Whether an operation is about a resource that matters here, and saves it.
    pub(super) fn is_ours(&mut self, path: &str, operation: &ConfigOperation) -> bool {
        let deletes = operation.operation_type == OperationType::Delete;
        match operation.resource_type.as_str() {
            "/dataStores" | "/idp/spConnections" | "/certificates/ca" => {
                if deletes {
                    self.delete(path, operation);
                } else {
                    self.no_ids(path, operation);
                }
                !deletes
            }
            "/serverSettings" | "/serverSettings/outboundProvisioning" => {
                if deletes {
                    self.report.problem(
                        &format!("{path}.operationType"),
                        "`SAVE`: there is always one of these, which cannot be deleted",
                        "`DELETE`",
                        "leave the operation out",
                    );
                } else {
                    self.no_ids(path, operation);
                }
                !deletes
            }
            other => {
                self.report.warn(
                    &format!("{path}.resourceType"),
                    format!(
                        "{} has no part in outbound provisioning; it is kept in the file and has no effect",
                        quoted(other)
                    ),
                );
                false
            }
        }
    }

    /// Ids say what to delete.
    fn no_ids(&mut self, path: &str, operation: &ConfigOperation) {
        if !operation.item_ids.is_empty() {
            self.report.problem(
                &format!("{path}.itemIds"),
                "nothing: what is saved stands in `items`",
                "ids",
                "leave them out, or make it a `DELETE`",
            );
        }
    }

    fn delete(&mut self, path: &str, operation: &ConfigOperation) {
        if operation.item_ids.is_empty() {
            self.report.problem(
                &format!("{path}.itemIds"),
                "the ids of what is to be deleted",
                "none",
                "add them, or leave the operation out",
            );
        }
        for (index, id) in operation.item_ids.iter().enumerate() {
            let place = format!("{path}.itemIds[{index}]");
            let stores = &mut self.result.data_stores;
            let connections = &mut self.result.sp_connections;
            let authorities = &mut self.result.ca_certificates;
            let before = stores.len() + connections.len() + authorities.len();
            match operation.resource_type.as_str() {
                "/dataStores" => {
                    stores.retain(|store| store.id.as_str() != id);
                    self.deleted.insert(DataStoreId::new(id), place.clone());
                }
                "/certificates/ca" => authorities.retain(|authority| &authority.id != id),
                _ => connections.retain(|sp| sp.id.as_str() != id),
            }
            let after = stores.len() + connections.len() + authorities.len();
            if after == before && self.context.mode == Mode::Merge {
                self.report.warn(
                    &place,
                    format!("{} does not exist; there is nothing to delete", quoted(id)),
                );
            }
        }
    }
}
