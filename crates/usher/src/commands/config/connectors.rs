//! What connectors say about the settings of their SP connections.

use serde_json::Value;
use usher_core::descriptor::SettingKind;
use usher_core::model::{Configuration, SpConnection};
use usher_engine::Connectors;
use usher_pf::ConfigProblem;

/// Everything that keeps a connector from using the settings it is given, with the place of the
/// setting in the file. SP connections that the file does not name are judged too.
pub(super) fn problems(
    configuration: &Configuration,
    pf: &Value,
    connectors: &dyn Connectors,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    for sp in &configuration.sp_connections {
        let Some(connector) = connectors.connector(&sp.connector) else {
            continue;
        };
        let place = place(pf, sp);
        for (name, value) in &sp.settings {
            // Texts of several lines (certificates, lists of accounts) are for text areas.
            let one_line = connector
                .descriptor()
                .settings
                .iter()
                .any(|known| &known.name == name && known.kind == SettingKind::Text);
            if one_line && value.chars().any(char::is_control) {
                problems.push(ConfigProblem {
                    path: setting(pf, &place, name),
                    expected: "one line".to_owned(),
                    found: "a line break or another control character".to_owned(),
                    hint: "enter it again".to_owned(),
                });
            }
        }
        let said = connector.identity(&sp.settings).err().unwrap_or_default();
        problems.extend(said.into_iter().map(|why| {
            let named = sp.settings.keys().find(|name| why.contains(name.as_str()));
            ConfigProblem {
                path: named.map_or_else(
                    || format!("{place}.outboundProvision.targetSettings"),
                    |name| setting(pf, &place, name),
                ),
                expected: "settings that the connector can use".to_owned(),
                found: why,
                hint: String::new(),
            }
        }));
    }
    problems
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
