//! What connectors say about the settings of their SP connections.

use std::collections::BTreeMap;

use serde_json::Value;
use usher_core::descriptor::{ConnectorDescriptor, SettingKind};
use usher_core::model::{Configuration, SpConnection};

use crate::edit::{Resource, bulk_of, relative};
use crate::problem::{ConfigProblem, quoted};

/// The identity of an SP connection's target as its connector tells it, or everything that is wrong with the
/// settings; `None` where there is no such connector.
pub type Identify<'a> = dyn Fn(&SpConnection) -> Option<Result<String, Vec<String>>> + 'a;

/// Everything that keeps a connector from using the settings it is given, with the place of the setting in the
/// bulk configuration `pf`, and SP connections that provision one and the same target. Those that `pf` does not
/// name are judged too.
pub fn connector_problems(
    configuration: &Configuration,
    pf: &Value,
    connectors: &[&ConnectorDescriptor],
    identify: &Identify<'_>,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut targets: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for sp in &configuration.sp_connections {
        let Some(said) = identify(sp) else { continue };
        let place = place(pf, sp);
        let descriptor = connectors.iter().find(|known| known.id == sp.connector);
        problems.extend(lines(sp, descriptor.copied(), pf, &place));
        let whole = format!("{place}.outboundProvision.targetSettings");
        match said {
            Ok(identity) => {
                if let Some(other) = targets.get(&(sp.connector.as_str(), identity.clone())) {
                    problems.push(ConfigProblem {
                        path: whole,
                        expected: "a target that no other SP connection provisions".to_owned(),
                        found: format!("that of {} ({identity})", quoted(other)),
                        hint: "use one SP connection with several channels instead".to_owned(),
                    });
                }
                targets.insert((sp.connector.as_str(), identity), sp.name.as_str());
            }
            Err(all) => problems.extend(all.into_iter().map(|why| {
                let named = sp.settings.keys().find(|name| why.contains(name.as_str()));
                ConfigProblem {
                    path: named.map_or_else(|| whole.clone(), |name| setting(pf, &place, name)),
                    expected: "settings that the connector can use".to_owned(),
                    found: why,
                    hint: String::new(),
                }
            })),
        }
    }
    problems
}

/// As [`connector_problems`], of one SP connection's document, with places relative to it.
pub fn edited_connector_problems(
    configuration: &Configuration,
    document: &Value,
    connectors: &[&ConnectorDescriptor],
    identify: &Identify<'_>,
) -> Vec<ConfigProblem> {
    let pf = bulk_of(Resource::SpConnection, document);
    let mut problems = connector_problems(configuration, &pf, connectors, identify);
    for problem in &mut problems {
        problem.path = relative(&problem.path);
    }
    problems
}

/// Texts of several lines (certificates, lists of accounts) are for text areas.
fn lines(
    sp: &SpConnection,
    descriptor: Option<&ConnectorDescriptor>,
    pf: &Value,
    place: &str,
) -> Vec<ConfigProblem> {
    let one_line = |name: &str| {
        let known = descriptor.into_iter().flat_map(|known| &known.settings);
        known
            .into_iter()
            .any(|known| known.name == name && known.kind == SettingKind::Text)
    };
    sp.settings
        .iter()
        .filter(|(name, value)| one_line(name) && value.chars().any(char::is_control))
        .map(|(name, _)| ConfigProblem {
            path: setting(pf, place, name),
            expected: "one line".to_owned(),
            found: "a line break or another control character".to_owned(),
            hint: "enter it again".to_owned(),
        })
        .collect()
}

/// Where the file has this SP connection; in words when it has not.
fn place(pf: &Value, sp: &SpConnection) -> String {
    let operations = pf.get("operations").and_then(Value::as_array);
    for (o, operation) in operations.into_iter().flatten().enumerate() {
        let is_ours =
            operation.get("resourceType").and_then(Value::as_str) == Some("/idp/spConnections");
        let items = operation.get("items").and_then(Value::as_array);
        for (i, item) in items.filter(|_| is_ours).into_iter().flatten().enumerate() {
            if item.get("entityId").and_then(Value::as_str) == Some(sp.entity_id.as_str()) {
                return format!("pf.operations[{o}].items[{i}]");
            }
        }
    }
    format!("SP connection {}", sp.name)
}

/// The place of one setting of the SP connection at a place.
fn setting(pf: &Value, place: &str, name: &str) -> String {
    let path = format!("{place}.outboundProvision.targetSettings");
    let pointer = path
        .trim_start_matches("pf")
        .replace(['.', '['], "/")
        .replace(']', "");
    let listed = pf.pointer(&pointer).and_then(Value::as_array);
    let index = listed.and_then(|listed| {
        listed
            .iter()
            .position(|one| one.get("name").and_then(Value::as_str) == Some(name))
    });
    match index {
        Some(index) => format!("{path}[{index}].value"),
        None => format!("{path} ({name})"),
    }
}
