//! From documents to the model: every problem at once, each with its place.

mod channel;
mod check;
mod connection;
mod data_store;
mod host;
mod lint;
mod options;
mod policy;
mod secret;
mod template;

pub(crate) use options::{normalised_url, option_settings};

use std::collections::BTreeMap;

use serde_json::Value;
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{
    ChannelId, Configuration, ConnectionId, DataStore, DataStoreId, Millis, Sealed, SpConnection,
};

use crate::document::{BulkConfig, ConfigOperation, OperationType};
use crate::problem::{ConfigProblem, Report, Warning, quoted};
use crate::shape::{self, found};
use crate::{ConfigFile, INTERNAL_STORE};

/// Seals secrets that a file holds in the clear, and looks at sealed ones.
pub trait Secrets {
    /// Seals a plain secret of a kind ([`crate::BIND_PASSWORD`] or [`crate::TARGET_SECRET`]).
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String>;

    /// Whether a sealed secret can be opened here, in words if not.
    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String>;
}

/// Whether what the file does not name stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The file is the whole configuration: what it does not name is removed from configuration
    /// (nothing is done at a target).
    #[default]
    Replace,
    /// The file adds and replaces; what it does not name stays.
    Merge,
}

/// What an import needs to know and may use.
pub struct ImportContext<'a> {
    /// The configuration that is there: ids, secrets and (without `policies`) policies are kept.
    pub current: &'a Configuration,
    /// The connectors that there are.
    pub connectors: &'a [&'a ConnectorDescriptor],
    /// Gives a new id, unique and fit for a channel, a connection or a data store.
    pub ids: &'a mut dyn FnMut() -> String,
    /// Seals secrets.
    pub secrets: &'a mut dyn Secrets,
    /// Whether what the file does not name stays.
    pub mode: Mode,
    /// UTC milliseconds; the time at which new secrets were entered.
    pub now: Millis,
}

/// A configuration made from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The configuration; its revision is that of the current one.
    pub configuration: Configuration,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// Makes a configuration of a file, or says everything that is wrong with it.
pub fn import(
    file: &ConfigFile,
    context: ImportContext<'_>,
) -> Result<Imported, Vec<ConfigProblem>> {
    let mut import = Import {
        report: Report::default(),
        result: match context.mode {
            Mode::Replace => Configuration {
                revision: context.current.revision,
                ..Configuration::default()
            },
            Mode::Merge => context.current.clone(),
        },
        context,
        store_paths: BTreeMap::new(),
        sp_paths: BTreeMap::new(),
        channel_paths: BTreeMap::new(),
        unusable: BTreeMap::new(),
        frequency: None,
    };
    let operations = import.operations(file);
    import.save_all(&operations, "/dataStores", Import::save_data_store);
    import.save_all(
        &operations,
        "/serverSettings/outboundProvisioning",
        Import::save_outbound_settings,
    );
    import.save_all(&operations, "/serverSettings", Import::save_server_settings);
    import.save_all(
        &operations,
        "/idp/spConnections",
        Import::save_sp_connection,
    );
    import.policies(file.policies.as_deref());
    import.check_all();
    import.lint_all();
    if import.report.problems.is_empty() {
        Ok(Imported {
            configuration: import.result,
            warnings: import.report.warnings,
        })
    } else {
        Err(import.report.problems)
    }
}

struct Import<'a> {
    context: ImportContext<'a>,
    report: Report,
    result: Configuration,
    /// Where the file defines what; nothing else is checked.
    store_paths: BTreeMap<DataStoreId, String>,
    sp_paths: BTreeMap<ConnectionId, String>,
    channel_paths: BTreeMap<ChannelId, String>,
    /// Data stores that cannot be a source, with the reason.
    unusable: BTreeMap<String, &'static str>,
    /// The file's synchronization frequency, in seconds.
    frequency: Option<u32>,
}

/// An operation with its path.
type Operation = (String, ConfigOperation);

impl Import<'_> {
    fn operations(&mut self, file: &ConfigFile) -> Vec<Operation> {
        let checked = shape::check(&file.pf, &shape::BULK, "pf", &mut self.report);
        // After a problem of shape, the operations that are well formed are still looked into.
        let operations = match serde_json::from_value::<BulkConfig>(checked.clone()) {
            Ok(bulk) => bulk.operations.into_iter().map(Some).collect(),
            Err(_) => lenient_operations(&checked),
        };
        let mut kept = Vec::new();
        for (index, operation) in operations.into_iter().enumerate() {
            let path = format!("pf.operations[{index}]");
            if let Some(operation) = operation
                && self.is_ours(&path, &operation)
            {
                kept.push((path, operation));
            }
        }
        kept
    }

    /// Whether an operation is about a resource that matters here.
    fn is_ours(&mut self, path: &str, operation: &ConfigOperation) -> bool {
        match operation.resource_type.as_str() {
            "/dataStores" | "/idp/spConnections" => {
                if operation.operation_type == OperationType::Delete {
                    self.delete(path, operation);
                    return false;
                }
                true
            }
            "/serverSettings" | "/serverSettings/outboundProvisioning" => {
                operation.operation_type == OperationType::Save
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

    fn delete(&mut self, path: &str, operation: &ConfigOperation) {
        let is_store = operation.resource_type == "/dataStores";
        for (index, id) in operation.item_ids.iter().enumerate() {
            let stores = &mut self.result.data_stores;
            let connections = &mut self.result.sp_connections;
            let before = stores.len() + connections.len();
            if is_store {
                stores.retain(|store| store.id.as_str() != id);
            } else {
                connections.retain(|sp| sp.id.as_str() != id);
            }
            if stores.len() + connections.len() == before && self.context.mode == Mode::Merge {
                self.report.warn(
                    &format!("{path}.itemIds[{index}]"),
                    format!("{} does not exist; there is nothing to delete", quoted(id)),
                );
            }
        }
    }

    fn save_all(
        &mut self,
        operations: &[Operation],
        resource_type: &str,
        save: fn(&mut Self, &Value, &str),
    ) {
        for (path, operation) in operations {
            if operation.resource_type == resource_type {
                for (index, item) in operation.items.iter().enumerate() {
                    save(self, item, &format!("{path}.items[{index}]"));
                }
            }
        }
    }

    fn save_outbound_settings(&mut self, value: &Value, path: &str) {
        let settings = shape::check(value, &shape::OUTBOUND_SETTINGS, path, &mut self.report);
        self.frequency = settings
            .get("synchronizationFrequency")
            .and_then(Value::as_u64)
            .and_then(|seconds| u32::try_from(seconds).ok());
        let store = settings.pointer("/dataStoreRef/id").and_then(Value::as_str);
        if let Some(store) = store.filter(|id| *id != INTERNAL_STORE) {
            self.report.warn(
                &format!("{path}.dataStoreRef.id"),
                format!(
                    "{} is not used: Usher keeps its own state, which stands for `{INTERNAL_STORE}`",
                    quoted(store)
                ),
            );
        }
    }

    fn save_server_settings(&mut self, value: &Value, path: &str) {
        let enabled = "/rolesAndProtocols/idpRole/enableOutboundProvisioning";
        if value.pointer(enabled).and_then(Value::as_bool) == Some(false) {
            self.report.warn(
                &format!("{path}.rolesAndProtocols.idpRole.enableOutboundProvisioning"),
                "outbound provisioning is off there; Usher runs channels by their own state",
            );
        }
    }

    /// The id of a resource: the given one, or the current one of that name, or a new one.
    fn id(&mut self, given: Option<&str>, current: Option<String>, path: &str) -> String {
        match given.filter(|id| !id.is_empty()) {
            Some(id) => {
                if !is_id(id) {
                    self.report.problem(
                        &format!("{path}.id"),
                        "letters, digits, `.`, `_` and `-`",
                        &quoted(id),
                        "",
                    );
                }
                id.to_owned()
            }
            None => current.unwrap_or_else(|| (self.context.ids)()),
        }
    }

    fn put_data_store(&mut self, store: DataStore, path: &str) {
        if self
            .store_paths
            .insert(store.id.clone(), path.to_owned())
            .is_some()
        {
            self.twice(path, "id", store.id.as_str());
        }
        let stores = &mut self.result.data_stores;
        match stores.iter_mut().find(|known| known.id == store.id) {
            Some(known) => *known = store,
            None => stores.push(store),
        }
    }

    fn put_sp_connection(&mut self, sp: SpConnection, path: &str) {
        if self
            .sp_paths
            .insert(sp.id.clone(), path.to_owned())
            .is_some()
        {
            self.twice(path, "id", sp.id.as_str());
        }
        let connections = &mut self.result.sp_connections;
        match connections.iter_mut().find(|known| known.id == sp.id) {
            Some(known) => *known = sp,
            None => connections.push(sp),
        }
    }

    fn twice(&mut self, path: &str, key: &str, text: &str) {
        self.report.problem(
            &format!("{path}.{key}"),
            "a value that no other has",
            &format!("{} a second time", quoted(text)),
            "give each its own",
        );
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn lenient_operations(bulk: &Value) -> Vec<Option<ConfigOperation>> {
    let list = bulk.get("operations").and_then(Value::as_array);
    list.map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|operation| serde_json::from_value(operation.clone()).ok())
        .collect()
}

/// Reads a document that was checked against its shape.
fn typed<T: serde::de::DeserializeOwned>(
    checked: Value,
    path: &str,
    report: &mut Report,
) -> Option<T> {
    let shown = found(&checked);
    match serde_json::from_value(checked) {
        Ok(document) => Some(document),
        Err(error) => {
            report.problem(
                path,
                "a document of the published shape",
                &shown,
                &error.to_string(),
            );
            None
        }
    }
}

/// A text that is not empty.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
