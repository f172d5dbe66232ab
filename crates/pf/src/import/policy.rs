//! Policies: what the published shape cannot say, per channel and per data store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use usher_core::model::{ChannelId, DataStoreId, DataStoreKind, DirectoryKind, ExpiryRule, Policy};
use usher_core::templates::defaults_for;

use super::Import;
use super::policy_form::good_keys;
use crate::policy::{CHANNEL, POLICY};
use crate::problem::quoted;
use crate::shape::found;

/// What is said about account expiry.
#[derive(Default)]
enum Expiry {
    /// Nothing: as the directory has it.
    #[default]
    Unsaid,
    /// It is not read.
    Never,
    /// It is read so.
    Rule(ExpiryRule),
}

/// What a channel's entry says beside its policy.
#[derive(Default)]
struct Said {
    schedule: bool,
    expiry: Expiry,
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
                ldap.certificate_sha256 = default.certificate_sha256;
                ldap.page_size = default.page_size;
            }
        }
    }

    pub(super) fn text(
        &mut self,
        map: &mut Map<String, Value>,
        key: &str,
        path: &str,
    ) -> Option<String> {
        match map.remove(key) {
            Some(Value::String(text)) => Some(text),
            other => {
                let found = other.as_ref().map_or("nothing".to_owned(), found);
                self.report.problem(
                    &format!("{path}.{key}"),
                    "a text",
                    &found,
                    "give its id or name",
                );
                None
            }
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
        let template = self.template(&mut map, path);
        let mut this = Said {
            schedule: map.contains_key("schedule"),
            expiry: self.expiry(&mut map, path),
        };
        let policy = self.policy(map, path);
        self.policy_texts(&policy, path);
        let (Some(connection), Some(channel)) = (connection, channel) else {
            return;
        };
        let Some((id, store)) = self.find_channel(&connection, &channel, path) else {
            return;
        };
        self.take_template(&store, template, path, templates);
        this.schedule |= said.contains_key(&id);
        if said.insert(id.clone(), this).is_some() {
            return self.twice(path, "channel", &channel);
        }
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
            let ids: Vec<&str> = connections.iter().map(|sp| sp.id.as_str()).collect();
            let hint = there_is(&ids);
            self.report.problem(
                &format!("{path}.connection"),
                "the id or name of an SP connection",
                &quoted(connection),
                &hint,
            );
            return None;
        };
        let known = sp.channels.iter().find(|known| known.name == channel);
        let found = known.map(|known| (known.id.clone(), known.source.data_store.clone()));
        if found.is_none() {
            let names: Vec<&str> = sp.channels.iter().map(|c| c.name.as_str()).collect();
            let expected = "a channel of that connection";
            let hint = there_is(&names);
            self.report.problem(
                &format!("{path}.channel"),
                expected,
                &quoted(channel),
                &hint,
            );
        }
        found
    }

    fn expiry(&mut self, map: &mut Map<String, Value>, path: &str) -> Expiry {
        let Some(value) = map.remove("expiry") else {
            return Expiry::Unsaid;
        };
        match serde_json::from_value::<Option<ExpiryRule>>(value.clone()) {
            Ok(rule) => rule.map_or(Expiry::Never, Expiry::Rule),
            Err(error) => {
                self.report.problem(
                    &format!("{path}.expiry"),
                    "null, or an object with `attribute` and `format` (file_time or generalized_time)",
                    &found(&value),
                    &error.to_string(),
                );
                Expiry::Unsaid
            }
        }
    }

    /// Reads key by key, so that one mistake does not hide another.
    fn policy(&mut self, map: Map<String, Value>, path: &str) -> Policy {
        let good = good_keys(&mut self.report, map, POLICY, CHANNEL, path);
        serde_json::from_value(Value::Object(good)).unwrap_or_else(|error| {
            self.report
                .problem(path, "a policy", "something else", &error.to_string());
            Policy::default()
        })
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

    fn apply_defaults(&mut self, said: &BTreeMap<ChannelId, Said>, is_list: bool) {
        let kinds: BTreeMap<DataStoreId, DirectoryKind> = self
            .result
            .data_stores
            .iter()
            .map(|store| (store.id.clone(), store.directory))
            .collect();
        let none = Said::default();
        let before = self.context.current.server.synchronization_seconds;
        let seconds = self.result.server.synchronization_seconds;
        for channel in self
            .result
            .sp_connections
            .iter_mut()
            .flat_map(|sp| &mut sp.channels)
        {
            let this = said.get(&channel.id);
            let schedule = &mut channel.policy.schedule.incremental_seconds;
            let had_the_former = *schedule == before;
            if had_the_former && !this.is_some_and(|this| this.schedule) {
                *schedule = seconds;
            }
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
                Expiry::Rule(rule) => channel.source.expiry = Some(rule.clone()),
                Expiry::Never => channel.source.expiry = None,
                Expiry::Unsaid if is_kept => {}
                Expiry::Unsaid => channel.source.expiry = defaults_for(kind).expiry,
            }
            if !is_kept && !this.schedule {
                channel.policy.schedule.incremental_seconds = seconds;
            }
        }
    }
}

/// The names among which one can be chosen.
pub(super) fn there_is(names: &[&str]) -> String {
    match names {
        [] => "there is none in this configuration: add it".to_owned(),
        [one] => format!("there is {one}"),
        several => format!("there are {}", several.join(", ")),
    }
}
