//! Checks that need more than one document: names, references, mappings.

use std::collections::BTreeSet;

use usher_core::descriptor::ConnectorDescriptor;
use usher_core::mapping::{MappingProblem, Rules, RulesInput};
use usher_core::model::{Channel, Configuration, DataStoreId, SpConnection};

use super::Import;
use crate::problem::quoted;

impl Import<'_> {
    pub(super) fn check_all(&mut self) {
        self.unique();
        self.references();
        self.unmet();
        self.mappings();
    }

    fn unique(&mut self) {
        let mut doubles: Vec<(String, &'static str, String)> = Vec::new();
        // Who looks at two that differ in case only takes one for the other.
        let folded = |text: &str| text.to_lowercase();
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for store in &self.result.data_stores {
            let path = self.store_paths.get(&store.id).cloned().unwrap_or_default();
            if !names.insert(folded(&store.name)) {
                doubles.push((path.clone(), "name", store.name.clone()));
            }
            if !ids.insert(folded(store.id.as_str())) {
                doubles.push((path, "id", store.id.to_string()));
            }
        }
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        let mut entities = BTreeSet::new();
        for sp in &self.result.sp_connections {
            let path = self.sp_paths.get(&sp.id).cloned().unwrap_or_default();
            if !names.insert(folded(&sp.name)) {
                doubles.push((path.clone(), "name", sp.name.clone()));
            }
            if !ids.insert(folded(sp.id.as_str())) {
                doubles.push((path.clone(), "id", sp.id.to_string()));
            }
            if !entities.insert(sp.entity_id.clone()) {
                doubles.push((path, "entityId", sp.entity_id.clone()));
            }
        }
        // What was there before is not what is wrong with this file.
        doubles.retain(|(path, ..)| !path.is_empty());
        for (path, key, text) in doubles {
            self.twice(&path, key, &text);
        }
    }

    fn references(&mut self) {
        let mut missing = Vec::new();
        let mut deleted = BTreeSet::new();
        for (_, channel) in self.result.channels() {
            let id = &channel.source.data_store;
            if self.result.data_store(id).is_none() {
                let named = self.channel_paths.get(&channel.id);
                let path = match (named, self.deleted.get(id)) {
                    (None, Some(place)) => {
                        deleted.insert((place.clone(), id.clone()));
                        continue;
                    }
                    (Some(path), _) => format!("{path}.channelSource.dataSource.id"),
                    (None, None) => format!("(channel `{}`)", channel.name),
                };
                missing.push((path, id.to_string()));
            }
        }
        for (place, id) in deleted {
            let found = format!(
                "{}, in use by {}",
                quoted(id.as_str()),
                readers(&self.result, &id).join(", ")
            );
            let hint = "give them another data store, or delete them first";
            self.report
                .problem(&place, "a data store that no channel reads", &found, hint);
        }
        for (path, id) in missing {
            let hint = self.unusable.get(&id).copied();
            let hint = hint.map_or_else(
                || {
                    let stores = &self.result.data_stores;
                    let ids: Vec<&str> = stores.iter().map(|store| store.id.as_str()).collect();
                    format!("data stores are: {}", ids.join(", "))
                },
                |what| format!("that data store is {what}"),
            );
            self.report
                .problem(&path, "the id of a data store", &quoted(&id), &hint);
        }
    }

    /// A directory that would be reached in another way than is written is read by no channel that is on.
    fn unmet(&mut self) {
        let mut found = Vec::new();
        for (sp, channel) in self.result.channels() {
            let store = self.result.data_store(&channel.source.data_store);
            let unmet = store.filter(|_| sp.active && channel.active);
            let unmet = unmet.and_then(|store| Some((store, store.unmet()?)));
            let Some((store, unmet)) = unmet else {
                continue;
            };
            let path = if let Some(path) = self.store_paths.get(&store.id) {
                format!("{path}.{}", unmet.key)
            } else if let Some(path) = self.channel_paths.get(&channel.id) {
                format!("{path}.active")
            } else {
                continue;
            };
            let expected = format!(
                "a data store that the channel `{}` can read, which is on",
                channel.name
            );
            let found_text = format!("`{}` with {}", store.name, unmet.key);
            found.push((path, expected, found_text, unmet.why));
        }
        for (path, expected, text, why) in found {
            self.report.problem(&path, &expected, &text, why);
        }
    }

    fn mappings(&mut self) {
        let mut found = Vec::new();
        for sp in &self.result.sp_connections {
            let descriptor = self
                .context
                .connectors
                .iter()
                .find(|d| d.id == sp.connector);
            let Some(descriptor) = descriptor else {
                continue;
            };
            for channel in &sp.channels {
                if let Some(path) = self.channel_paths.get(&channel.id) {
                    found.extend(mapping_problems(sp, channel, descriptor, path));
                }
            }
        }
        for Mistake {
            path,
            problem,
            hint,
        } in found
        {
            let place = match (problem.line, problem.column) {
                (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
                (Some(line), None) => format!(" (line {line})"),
                _ => String::new(),
            };
            self.report.problem(
                &path,
                &format!("a valid mapping of `{}`", problem.field),
                &format!("this: {}{place}", problem.message),
                hint,
            );
        }
    }
}

/// The channels that read a data store, by name: while there is one, it cannot be deleted.
pub fn readers(configuration: &Configuration, id: &DataStoreId) -> Vec<String> {
    configuration
        .channels()
        .filter(|(_, channel)| &channel.source.data_store == id)
        .map(|(sp, channel)| format!("channel `{}` of SP connection `{}`", channel.name, sp.name))
        .collect()
}

/// A problem of a mapping with its place.
struct Mistake {
    path: String,
    problem: MappingProblem,
    hint: &'static str,
}

fn mapping_problems(
    sp: &SpConnection,
    channel: &Channel,
    descriptor: &ConnectorDescriptor,
    path: &str,
) -> Vec<Mistake> {
    let Err(problems) = Rules::compile(&RulesInput::of(sp, channel, descriptor)) else {
        return Vec::new();
    };
    problems
        .into_iter()
        .map(|problem| {
            let rule = problem.rule.and_then(|index| channel.mapping.get(index));
            let text = rule.and_then(|rule| rule.expression.as_deref());
            Mistake {
                path: mapping_path(path, &problem),
                hint: if text.is_some_and(is_ognl) {
                    "this looks like OGNL; expressions here are Jinja: see the manual's page on mapping expressions"
                } else {
                    ""
                },
                problem,
            }
        })
        .collect()
}

/// Signs of the expression language of the published product.
fn is_ognl(text: &str) -> bool {
    text.contains("#this") || text.contains("@java") || text.contains(".get(")
}

fn mapping_path(path: &str, problem: &MappingProblem) -> String {
    match problem.rule {
        Some(index) if problem.line.is_some() => {
            format!("{path}.attributeMapping[{index}].saasFieldInfo.expression")
        }
        Some(index) => format!("{path}.attributeMapping[{index}]"),
        None if problem.field == "accountStatus" => {
            format!("{path}.channelSource.accountManagementSettings.accountStatusAttributeName")
        }
        None => format!("{path}.attributeMapping"),
    }
}
