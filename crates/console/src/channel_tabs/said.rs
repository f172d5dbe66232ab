//! What the policy of a channel says beside the defaults.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use usher_core::model::Policy;

use crate::connections::draft::ChannelDraft;
use crate::form::{self, Form, Spec, at};

static DEFAULTS: LazyLock<Value> = LazyLock::new(|| {
    let mut defaults = serde_json::to_value(Policy::default()).unwrap_or_default();
    // Without it the server's frequency holds, so that any number says something.
    form::set(&mut defaults, FREQUENCY, Some(Value::Null));
    defaults
});

/// The seconds between looks at what changed.
pub(super) const FREQUENCY: &str = "schedule.incremental_seconds";

/// The whole policy: what is said, and the defaults of the rest.
pub(super) fn effective(said: &Map<String, Value>) -> Value {
    let mut whole = DEFAULTS.clone();
    over(&mut whole, &Value::Object(said.clone()));
    whole
}

fn over(whole: &mut Value, said: &Value) {
    match (whole, said) {
        (Value::Object(whole), Value::Object(said)) => {
            for (name, value) in said {
                match whole.get_mut(name).filter(|known| is_part(known)) {
                    Some(known) => over(known, value),
                    None => {
                        whole.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (whole, said) => *whole = said.clone(),
    }
}

/// Whether it is written key by key; a limit is written whole.
fn is_part(value: &Value) -> bool {
    let limit = |map: &Map<String, Value>| map.contains_key("percent");
    value.as_object().is_some_and(|map| !limit(map))
}

/// Puts the fields of a form into the policy of a channel; what is as without them is left out.
pub(super) fn put(channel: &mut ChannelDraft, specs: &[Spec], form: &Form) {
    let mut view = Value::Object(Map::new());
    form::set(&mut view, "policy", Some(effective(&channel.policy)));
    form::take(specs, form, &mut view);
    let whole = at(&view, "policy").cloned().unwrap_or_default();
    channel.policy = match differing(&whole, &DEFAULTS) {
        Some(Value::Object(said)) => said,
        _ => Map::new(),
    };
}

/// What of a value differs from its default.
fn differing(value: &Value, default: &Value) -> Option<Value> {
    if let (Value::Object(map), true) = (value, is_part(default)) {
        let own = map.iter().filter_map(|(name, value)| {
            // What the policy itself has not is kept with the source: there `null` says something.
            let own = match default.get(name) {
                Some(default) => differing(value, default)?,
                None => value.clone(),
            };
            Some((name.clone(), own))
        });
        let own: Map<String, Value> = own.collect();
        return (!own.is_empty()).then_some(Value::Object(own));
    }
    (!same(value, default)).then(|| value.clone())
}

/// Whether two values say the same: 1 is 1.0, and nothing is null.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys());
            let null = &Value::Null;
            let of = |map: &Map<String, Value>, name: &str| {
                map.get(name).cloned().unwrap_or_else(|| null.clone())
            };
            names
                .into_iter()
                .all(|name| same(&of(one, name), &of(other, name)))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

/// What was seen of the source counts for the source that was looked at: a change takes it back.
pub(super) fn forget_seen(before: &ChannelDraft, now: &mut ChannelDraft) {
    let gist_of = |channel: &ChannelDraft, path: &str| at(&channel.document, path).and_then(gist);
    let status = "channelSource.accountManagementSettings";
    if gist_of(before, status) != gist_of(now, status) {
        now.policy.remove("no_disabled_seen");
    }
    let scope = ["exclude", "further_group_dns", "expiry"];
    let same_scope = scope
        .iter()
        .all(|key| before.policy.get(*key) == now.policy.get(*key));
    let source = "channelSource";
    if !same_scope || gist_of(before, source) != gist_of(now, source) {
        now.policy.remove("scope_count_seen");
    }
}

/// What is so without being said.
const UNSAID: [(&str, bool); 3] = [
    ("nestedSearch", false),
    ("defaultStatus", true),
    ("flagComparisonStatus", true),
];

/// A value without what says nothing, so that a form that is sent again changes nothing.
fn gist(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Object(map) => {
            let said = map.iter().filter(|(name, value)| {
                let unsaid =
                    |(key, usual): &(&str, bool)| key == name && value.as_bool() == Some(*usual);
                !UNSAID.iter().any(unsaid)
            });
            let said = said.filter_map(|(name, value)| Some((name.clone(), gist(value)?)));
            let said: Map<String, Value> = said.collect();
            (!said.is_empty()).then_some(Value::Object(said))
        }
        other => Some(other.clone()),
    }
}

/// Everything that is said, with its place.
pub(super) fn leaves(said: &Map<String, Value>) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    walk("", &Value::Object(said.clone()), &mut leaves);
    leaves
}

fn walk(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                walk(&format!("{path}{dot}{name}"), value, leaves);
            }
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            leaves.push((path.to_owned(), items.collect::<Vec<_>>().join(", ")));
        }
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        Value::Null if path == "expiry" => {
            leaves.push((path.to_owned(), "not looked at".to_owned()));
        }
        Value::Null => {}
        other => leaves.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differing, effective};

    #[test]
    fn only_what_differs_from_the_default_is_said() {
        let said = json!({
            "guards": {"creates": {"at_least": 7, "percent": 1.5}},
            "schedule": {"incremental_seconds": 60},
            "email_domains": ["example.com"],
            "expiry": null,
        });
        let said = said.as_object().cloned().unwrap_or_default();
        let mut whole = effective(&said);
        assert_eq!(whole["guards"]["emptied_group_size"], 5);
        assert_eq!(differing(&whole, &super::DEFAULTS), Some(json!(said)));
        whole["guards"]["enables"]["percent"] = json!(1);
        let again = differing(&whole, &super::DEFAULTS);
        assert_eq!(
            again.map(|own| own["guards"].clone()),
            Some(json!(said["guards"]))
        );
    }
}
