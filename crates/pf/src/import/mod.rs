//! From documents to the model: every problem at once, each with its place.

mod bulk;
mod channel;
mod check;
mod connection;
mod data_store;
mod elsewhere;
mod host;
mod lint;
mod options;
mod policy;
mod policy_form;
mod secret;
mod server;
mod template;

pub use check::readers;
pub(crate) use options::{normalised_url, option_settings};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{
    ChannelId, Configuration, ConnectionId, DataStore, DataStoreId, Millis, Sealed, SpConnection,
};

use crate::ConfigFile;
use crate::document::{BulkConfig, ConfigOperation};
use crate::export::{data_store_document, plain, sp_connection_document};
use crate::kept::{left_over, left_over_of_store};
use crate::problem::{ConfigProblem, Report, Warning, quoted};
use crate::shape::{self, found};

/// Seals secrets that a file holds in the clear, and looks at sealed ones.
pub trait Secrets {
    /// Seals a plain secret of a kind ([`crate::BIND_PASSWORD`] or [`crate::TARGET_SECRET`]).
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String>;

    /// Whether a sealed secret can be opened here, in words if not.
    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String>;

    /// Whether a secret that is kept may be sent to another place than before: only for those who have the key
    /// file anyway.
    fn may_go_elsewhere(&self) -> bool {
        false
    }
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
    /// One resource is made that is not there yet. What Usher does not have is refused instead of left out.
    Create,
    /// One resource is replaced. What Usher does not have is refused instead of left out.
    Update,
}

impl Mode {
    /// Whether a single resource is edited.
    pub(crate) fn is_edit(self) -> bool {
        matches!(self, Self::Create | Self::Update)
    }
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
    let (imported, problems) = understood(file, context);
    if problems.is_empty() {
        Ok(imported)
    } else {
        Err(problems)
    }
}

/// Makes a configuration of as much of a file as can be understood, and says everything that is wrong with it. Never
/// to be saved while anything is.
pub(crate) fn understood(
    file: &ConfigFile,
    context: ImportContext<'_>,
) -> (Imported, Vec<ConfigProblem>) {
    let mut import = Import {
        report: Report::default(),
        result: match context.mode {
            Mode::Replace => Configuration {
                data_stores: Vec::new(),
                sp_connections: Vec::new(),
                ..context.current.clone()
            },
            Mode::Merge | Mode::Create | Mode::Update => context.current.clone(),
        },
        context,
        store_paths: BTreeMap::new(),
        sp_paths: BTreeMap::new(),
        channel_paths: BTreeMap::new(),
        unusable: BTreeMap::new(),
        server_path: None,
        entered: BTreeSet::new(),
        deleted: BTreeMap::new(),
    };
    import.report.problems.extend_from_slice(file.faults());
    let operations = import.operations(file);
    if context_replaces(&import, &operations) {
        import.result.ca_certificates.clear();
    }
    import.save_all(&operations, "/certificates/ca", Import::save_certificate);
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
    import.check_switch();
    import.secrets_stay();
    import.lint_all();
    import.stamp();
    let imported = Imported {
        configuration: import.result,
        warnings: import.report.warnings,
    };
    (imported, import.report.problems)
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
    /// Where the file has the server settings.
    server_path: Option<String>,
    /// Secrets that were entered in the clear, sealed.
    entered: BTreeSet<String>,
    /// Data stores that the file deletes, with the place that says so.
    deleted: BTreeMap<DataStoreId, String>,
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
        self.version(&checked);
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
            None if self.context.mode == Mode::Create => (self.context.ids)(),
            None => current.unwrap_or_else(|| (self.context.ids)()),
        }
    }

    /// A new resource has an id of its own.
    fn exists(&mut self, path: &str, id: &str) {
        self.report.problem(
            &format!("{path}.id"),
            "an id that no other has",
            &quoted(id),
            "choose another, leave it out, or replace that one with PUT",
        );
    }

    fn put_data_store(&mut self, mut store: DataStore, written: &Value, path: &str) {
        if self.context.mode == Mode::Create && self.result.data_store(&store.id).is_some() {
            self.exists(path, store.id.as_str());
        }
        store.kept = left_over_of_store(written, &plain(&data_store_document(&store)));
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

    fn put_sp_connection(&mut self, mut sp: SpConnection, written: &Value, path: &str) {
        let is_there = self
            .result
            .sp_connections
            .iter()
            .any(|known| known.id == sp.id);
        if self.context.mode == Mode::Create && is_there {
            self.exists(path, sp.id.as_str());
        }
        sp.kept = left_over(written, &plain(&sp_connection_document(&sp)));
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

    /// Tells when what the file defines was made and changed.
    fn stamp(&mut self) {
        let (now, current) = (self.context.now, self.context.current);
        for store in &mut self.result.data_stores {
            if self.store_paths.contains_key(&store.id) {
                let known = current.data_store(&store.id);
                store.dates = known.map(|known| known.dates).unwrap_or_default();
                if known != Some(store) {
                    store.dates.modified = Some(now);
                    if known.is_none() {
                        store.dates.created = Some(now);
                    }
                }
            }
        }
        for sp in &mut self.result.sp_connections {
            if self.sp_paths.contains_key(&sp.id) {
                let known = current
                    .sp_connections
                    .iter()
                    .find(|known| known.id == sp.id);
                sp.dates = known.map(|known| known.dates).unwrap_or_default();
                if known != Some(sp) {
                    sp.dates.modified = Some(now);
                    if known.is_none() {
                        sp.dates.created = Some(now);
                    }
                }
            }
        }
    }

    fn twice(&mut self, path: &str, key: &str, text: &str) {
        self.report.problem(
            &format!("{path}.{key}"),
            "a value that no other has, in any spelling of upper and lower case",
            &format!("{} a second time", quoted(text)),
            "give each its own",
        );
    }
}

/// A whole configuration that names authorities names all of them.
fn context_replaces(import: &Import<'_>, operations: &[Operation]) -> bool {
    import.context.mode == Mode::Replace
        && operations
            .iter()
            .any(|(_, operation)| operation.resource_type == "/certificates/ca")
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
