//! Policies of data stores: the finer kind of directory, and what the published shape lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use usher_core::model::{
    Configuration, DataStore, DataStoreId, DataStoreKind, DirectoryKind, fingerprint,
};

use super::Import;
use super::policy::there_is;
use super::policy_form::good_keys;
use crate::export::ldap_type;
use crate::policy::{STORE, STORE_POLICY};
use crate::problem::quoted;
use crate::shape::found;

impl Import<'_> {
    pub(super) fn store_entry(
        &mut self,
        mut map: Map<String, Value>,
        path: &str,
        templates: &mut BTreeMap<DataStoreId, DirectoryKind>,
        seen: &mut BTreeSet<String>,
    ) {
        let Some(wanted) = self.text(&mut map, "data_store", path) else {
            return;
        };
        let template = self.template(&mut map, path);
        let mut said = good_keys(&mut self.report, map, STORE_POLICY, STORE, path);
        let Some(id) = find_store(&self.result, &wanted) else {
            let stores = &self.result.data_stores;
            let ids: Vec<&str> = stores.iter().map(|store| store.id.as_str()).collect();
            let hint = there_is(&ids);
            return self.report.problem(
                &format!("{path}.data_store"),
                "the id or name of a data store",
                &quoted(&wanted),
                &hint,
            );
        };
        if !seen.insert(id.to_string()) {
            self.twice(path, "data_store", &wanted);
        }
        self.take_template(&id, template, path, templates);
        let stores = &mut self.result.data_stores;
        let store = stores.iter_mut().find(|store| store.id == id);
        if let Some(DataStore {
            kind: DataStoreKind::Ldap(ldap),
            ..
        }) = store
        {
            let mut text = |key: &str| match said.remove(key) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            ldap.ca_file = text("ca_file").or(ldap.ca_file.take());
            let pin = text("certificate_sha256").and_then(|text| fingerprint(&text));
            ldap.certificate_sha256 = pin.or(ldap.certificate_sha256.take());
            let size = said.get("page_size").and_then(Value::as_u64);
            let size = size.and_then(|size| u32::try_from(size).ok());
            ldap.page_size = size.unwrap_or(ldap.page_size);
        }
    }

    pub(super) fn template(
        &mut self,
        map: &mut Map<String, Value>,
        path: &str,
    ) -> Option<DirectoryKind> {
        let value = map.remove("template").filter(|value| !value.is_null())?;
        match serde_json::from_value(value.clone()) {
            Ok(kind) => Some(kind),
            Err(_) => {
                self.report.problem(
                    &format!("{path}.template"),
                    &format!("one of {}", template_names().join(", ")),
                    &found(&value),
                    "",
                );
                None
            }
        }
    }

    pub(super) fn take_template(
        &mut self,
        store: &DataStoreId,
        kind: Option<DirectoryKind>,
        path: &str,
        templates: &mut BTreeMap<DataStoreId, DirectoryKind>,
    ) {
        let Some(kind) = kind else { return };
        let path = format!("{path}.template");
        if let Some(other) = templates.insert(store.clone(), kind)
            && other != kind
        {
            self.report.problem(
                &path,
                &format!(
                    "the template {} that the data store `{store}` has already",
                    name(other)
                ),
                name(kind).as_str(),
                "a data store has one template",
            );
        }
        if let Some(known) = self.result.data_store(store)
            && matches!(known.kind, DataStoreKind::Ldap(_))
            && ldap_type(known.directory) != ldap_type(kind)
        {
            let expected = format!("a template of the type {}", ldap_type(known.directory));
            self.report.problem(
                &path,
                &expected,
                &name(kind),
                "open_ldap and ds389 go with the type GENERIC",
            );
        }
    }

    pub(super) fn apply_templates(
        &mut self,
        templates: &BTreeMap<DataStoreId, DirectoryKind>,
        is_list: bool,
    ) {
        let current = self.context.current;
        for store in &mut self.result.data_stores {
            if let Some(kind) = templates.get(&store.id) {
                store.directory = *kind;
            } else if !is_list
                && let Some(known) = current.data_store(&store.id)
                && ldap_type(known.directory) == ldap_type(store.directory)
            {
                store.directory = known.directory;
            }
        }
    }
}

fn find_store(configuration: &Configuration, wanted: &str) -> Option<DataStoreId> {
    let stores = &configuration.data_stores;
    stores
        .iter()
        .find(|store| store.id.as_str() == wanted)
        .or_else(|| stores.iter().find(|store| store.name == wanted))
        .map(|store| store.id.clone())
}

/// A directory kind as policies name it.
fn name(kind: DirectoryKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn template_names() -> Vec<String> {
    usher_core::templates::DIRECTORY_KINDS
        .into_iter()
        .map(name)
        .collect()
}
