//! Policies: what the published shape cannot say, per channel and per data store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use usher_core::model::{
    ChannelId, Configuration, DataStore, DataStoreId, DataStoreKind, DirectoryKind, ExpiryRule,
    Policy,
};
use usher_core::templates::defaults_for;

use super::Import;
use crate::export::ldap_type;
use crate::problem::quoted;
use crate::shape::found;

/// What a channel's entry says beside its policy.
#[derive(Default)]
struct Said {
    schedule: bool,
    /// `Some(None)`: no expiry, on purpose.
    expiry: Option<Option<ExpiryRule>>,
}

impl Import<'_> {
    pub(super) fn policies(&mut self, entries: Option<&[Value]>) {
        let is_list = entries.is_some();
        if is_list {
            self.forget_policies();
        }
        let mut said: BTreeMap<ChannelId, Said> = BTreeMap::new();
        let mut templates: BTreeMap<DataStoreId, DirectoryKind> = BTreeMap::new();
        let mut stores = BTreeSet::new();
        for (index, entry) in entries.unwrap_or_default().iter().enumerate() {
            let path = format!("policies[{index}]");
            let Value::Object(map) = entry else {
                self.report.problem(&path, "an object", &found(entry), "");
                continue;
            };
            if map.contains_key("data_store") {
                self.store_entry(map.clone(), &path, &mut templates, &mut stores);
            } else {
                self.channel_entry(map.clone(), &path, &mut templates, &mut said);
            }
        }
        self.apply_templates(&templates, is_list);
        self.apply_defaults(&said, is_list);
    }

    /// A list of policies is complete: what it does not say has its default.
    fn forget_policies(&mut self) {
        for sp in &mut self.result.sp_connections {
            for channel in &mut sp.channels {
                if self.channel_paths.contains_key(&channel.id) {
                    channel.policy = Policy::default();
                }
            }
        }
        for store in &mut self.result.data_stores {
            if let (true, DataStoreKind::Ldap(ldap)) =
                (self.store_paths.contains_key(&store.id), &mut store.kind)
            {
                let default = usher_core::model::LdapStore::default();
                ldap.ca_file = default.ca_file;
                ldap.page_size = default.page_size;
            }
        }
    }

    fn text(&mut self, map: &mut Map<String, Value>, key: &str, path: &str) -> Option<String> {
        match map.remove(key) {
            Some(Value::String(text)) => Some(text),
            other => {
                let found = other.as_ref().map_or("nothing".to_owned(), found);
                self.report
                    .problem(&format!("{path}.{key}"), "a text", &found, "");
                None
            }
        }
    }

    fn template(&mut self, map: &mut Map<String, Value>, path: &str) -> Option<DirectoryKind> {
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

    fn take_template(
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

    fn store_entry(
        &mut self,
        mut map: Map<String, Value>,
        path: &str,
        templates: &mut BTreeMap<DataStoreId, DirectoryKind>,
        seen: &mut BTreeSet<String>,
    ) {
        let Some(wanted) = self.text(&mut map, "data_store", path) else {
            return;
        };
        let id = find_store(&self.result, &wanted);
        let Some(id) = id else {
            return self.report.problem(
                &format!("{path}.data_store"),
                "the id or name of a data store",
                &quoted(&wanted),
                "",
            );
        };
        if !seen.insert(id.to_string()) {
            self.twice(path, "data_store", &wanted);
        }
        let template = self.template(&mut map, path);
        self.take_template(&id, template, path, templates);
        let page_size = self.page_size(&mut map, path);
        let ca_file = match map.remove("ca_file") {
            None | Some(Value::Null) => None,
            Some(Value::String(file)) => Some(file),
            Some(other) => {
                self.report
                    .problem(&format!("{path}.ca_file"), "a path", &found(&other), "");
                None
            }
        };
        self.unknown(&map, path, "data_store, template, ca_file and page_size");
        let stores = &mut self.result.data_stores;
        let store = stores.iter_mut().find(|store| store.id == id);
        if let Some(DataStore {
            kind: DataStoreKind::Ldap(ldap),
            ..
        }) = store
        {
            ldap.ca_file = ca_file.or(ldap.ca_file.take());
            ldap.page_size = page_size.unwrap_or(ldap.page_size);
        }
    }

    fn page_size(&mut self, map: &mut Map<String, Value>, path: &str) -> Option<u32> {
        let value = map.remove("page_size").filter(|value| !value.is_null())?;
        let size = value.as_u64().and_then(|size| u32::try_from(size).ok());
        let size = size.filter(|size| (1..=100_000).contains(size));
        if size.is_none() {
            self.report.problem(
                &format!("{path}.page_size"),
                "a whole number from 1 to 100000",
                &found(&value),
                "",
            );
        }
        size
    }

    fn unknown(&mut self, map: &Map<String, Value>, path: &str, known: &str) {
        for key in map.keys() {
            self.report.problem(
                &format!("{path}.{key}"),
                &format!("one of the keys {known}"),
                &quoted(key),
                "remove it, or correct its name",
            );
        }
    }

    fn channel_entry(
        &mut self,
        mut map: Map<String, Value>,
        path: &str,
        templates: &mut BTreeMap<DataStoreId, DirectoryKind>,
        said: &mut BTreeMap<ChannelId, Said>,
    ) {
        let connection = self.text(&mut map, "connection", path);
        let channel = self.text(&mut map, "channel", path);
        let (Some(connection), Some(channel)) = (connection, channel) else {
            return;
        };
        let template = self.template(&mut map, path);
        let mut this = Said {
            schedule: map.contains_key("schedule"),
            expiry: self.expiry(&mut map, path),
        };
        let policy = self.policy(map, path);
        let Some((id, store)) = self.find_channel(&connection, &channel, path) else {
            return;
        };
        self.take_template(&store, template, path, templates);
        this.schedule |= said.contains_key(&id);
        if said.insert(id.clone(), this).is_some() {
            return self.twice(path, "channel", &channel);
        }
        self.policy_texts(&policy, path);
        for sp in &mut self.result.sp_connections {
            if let Some(known) = sp.channels.iter_mut().find(|known| known.id == id) {
                known.policy = policy;
                return;
            }
        }
    }

    fn find_channel(
        &mut self,
        connection: &str,
        channel: &str,
        path: &str,
    ) -> Option<(ChannelId, DataStoreId)> {
        let connections = &self.result.sp_connections;
        let sp = connections
            .iter()
            .find(|sp| sp.id.as_str() == connection)
            .or_else(|| connections.iter().find(|sp| sp.name == connection));
        let Some(sp) = sp else {
            self.report.problem(
                &format!("{path}.connection"),
                "the id or name of an SP connection",
                &quoted(connection),
                "",
            );
            return None;
        };
        let known = sp.channels.iter().find(|known| known.name == channel);
        let found = known.map(|known| (known.id.clone(), known.source.data_store.clone()));
        if found.is_none() {
            let names: Vec<&str> = sp.channels.iter().map(|c| c.name.as_str()).collect();
            let expected = format!("a channel of that connection ({})", names.join(", "));
            self.report
                .problem(&format!("{path}.channel"), &expected, &quoted(channel), "");
        }
        found
    }

    fn expiry(&mut self, map: &mut Map<String, Value>, path: &str) -> Option<Option<ExpiryRule>> {
        let value = map.remove("expiry")?;
        match serde_json::from_value(value.clone()) {
            Ok(rule) => Some(rule),
            Err(error) => {
                self.report.problem(
                    &format!("{path}.expiry"),
                    "null, or an object with `attribute` and `format` (file_time or generalized_time)",
                    &found(&value),
                    &error.to_string(),
                );
                None
            }
        }
    }

    /// Reads key by key, so that one mistake does not hide another.
    fn policy(&mut self, map: Map<String, Value>, path: &str) -> Policy {
        let known = policy_keys();
        let mut good = Map::new();
        for (key, value) in map {
            if !known.contains(&key) {
                self.report.problem(
                    &format!("{path}.{key}"),
                    &format!(
                        "one of the keys connection, channel, template, expiry, {}",
                        known.join(", ")
                    ),
                    &quoted(&key),
                    "remove it, or correct its name",
                );
                continue;
            }
            let alone = Map::from_iter([(key.clone(), value.clone())]);
            match serde_json::from_value::<Policy>(Value::Object(alone)) {
                Ok(_) => {
                    good.insert(key, value);
                }
                Err(error) => self.report.problem(
                    &format!("{path}.{key}"),
                    "a value of the policy's form",
                    &found(&value),
                    &error.to_string(),
                ),
            }
        }
        serde_json::from_value(Value::Object(good)).unwrap_or_default()
    }

    fn policy_texts(&mut self, policy: &Policy, path: &str) {
        let lists = [
            ("protected.dns", &policy.protected.dns),
            ("exclude.dns", &policy.exclude.dns),
            ("sentinels", &policy.sentinels),
            ("further_group_dns", &policy.further_group_dns),
        ];
        for (key, dns) in lists {
            for (index, dn) in dns.iter().enumerate() {
                self.dn(dn, &format!("{path}.{key}[{index}]"));
            }
        }
        let filters = [
            ("protected.filter", &policy.protected.filter),
            ("exclude.filter", &policy.exclude.filter),
        ];
        for (key, filter) in filters {
            if let Some(text) = filter {
                self.filter(text, &format!("{path}.{key}"));
            }
        }
    }

    fn apply_templates(&mut self, templates: &BTreeMap<DataStoreId, DirectoryKind>, is_list: bool) {
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

    fn apply_defaults(&mut self, said: &BTreeMap<ChannelId, Said>, is_list: bool) {
        let kinds: BTreeMap<DataStoreId, DirectoryKind> = self
            .result
            .data_stores
            .iter()
            .map(|store| (store.id.clone(), store.directory))
            .collect();
        let none = Said::default();
        for channel in self
            .result
            .sp_connections
            .iter_mut()
            .flat_map(|sp| &mut sp.channels)
        {
            let this = said.get(&channel.id);
            if !self.channel_paths.contains_key(&channel.id) && this.is_none() {
                continue;
            }
            let this = this.unwrap_or(&none);
            let is_kept = !is_list && self.context.current.channel(&channel.id).is_some();
            let kind = kinds
                .get(&channel.source.data_store)
                .copied()
                .unwrap_or_default();
            match &this.expiry {
                Some(rule) => channel.source.expiry.clone_from(rule),
                None if is_kept => {}
                None => channel.source.expiry = defaults_for(kind).expiry,
            }
            if let Some(seconds) = self.frequency.filter(|_| !this.schedule && !is_kept) {
                channel.policy.schedule.incremental_seconds = seconds;
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

fn policy_keys() -> Vec<String> {
    match serde_json::to_value(Policy::default()) {
        Ok(Value::Object(map)) => map.keys().cloned().collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// A directory kind as policies name it.
pub(crate) fn name(kind: DirectoryKind) -> String {
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
