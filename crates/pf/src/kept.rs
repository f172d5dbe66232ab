//! What of a document the model has no place for: taken when it is read, given back when it is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use usher_core::model::Kept;

/// Keys that are told and never taken.
const READ_ONLY: [&str; 5] = [
    "certView",
    "creationDate",
    "lastModified",
    "modificationDate",
    "replicationStatus",
];

/// What was written and the document of the model does not say. Secrets are left out: what has no effect is
/// stored in the clear.
pub(crate) fn left_over(written: &Value, document: &Value) -> Kept {
    let kept = match (written, document) {
        (Value::Object(written), Value::Object(document)) => beyond(written, document),
        _ => Map::new(),
    };
    Kept(BTreeMap::from_iter(kept))
}

fn beyond(written: &Map<String, Value>, document: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in written {
        let rest = match (value, document.get(key)) {
            (Value::Null, _) => None,
            (value, None) => scrubbed(key, value),
            (Value::Object(written), Some(Value::Object(document))) => {
                not_empty(beyond(written, document))
            }
            (Value::Array(written), Some(Value::Array(document))) => {
                not_empty(beyond_each(written, document))
            }
            (_, Some(_)) => None,
        };
        if let Some(rest) = rest {
            kept.insert(key.clone(), rest);
        }
    }
    kept
}

/// Elements that have a name are compared by it.
fn beyond_each(written: &[Value], document: &[Value]) -> Map<String, Value> {
    let mut kept = Map::new();
    for element in written {
        let (Some(name), Value::Object(element)) = (name(element), element) else {
            continue;
        };
        let same = document
            .iter()
            .find(|known| self::name(known) == Some(name));
        let Some(Value::Object(known)) = same else {
            continue;
        };
        let mut rest = beyond(element, known);
        // The value of a setting that became a secret.
        rest.remove("value");
        if let Some(rest) = not_empty(rest) {
            kept.insert(name.to_owned(), rest);
        }
    }
    kept
}

fn name(element: &Value) -> Option<&str> {
    let name = element.get("name").or_else(|| element.get("fieldName"));
    name.and_then(Value::as_str)
}

fn not_empty(map: Map<String, Value>) -> Option<Value> {
    (!map.is_empty()).then_some(Value::Object(map))
}

fn scrubbed(key: &str, value: &Value) -> Option<Value> {
    if READ_ONLY.contains(&key) || (is_secret(key) && !value.is_boolean() && !value.is_number()) {
        return None;
    }
    Some(match value {
        Value::Object(map) => map
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), scrubbed(key, value)?)))
            .collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|value| scrubbed("", value))
            .collect(),
        value => value.clone(),
    })
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "secret", "encryptedvalue"]
        .iter()
        .any(|word| key.contains(word))
}

/// Waits without end are written as 0 or less, and are none here: what was written is kept beside what is done.
const WAITS: [&str; 2] = ["readTimeout", "connectionTimeout"];

/// As [`left_over`], with the waits without end of a directory.
pub(crate) fn left_over_of_store(written: &Value, document: &Value) -> Kept {
    let mut kept = left_over(written, document);
    for key in WAITS {
        let endless = written
            .get(key)
            .filter(|value| value.as_i64().is_some_and(|ms| ms <= 0));
        if let Some(value) = endless {
            kept.0.insert(key.to_owned(), value.clone());
        }
    }
    kept
}

/// As [`give_back`], with the waits without end of a directory.
pub(crate) fn give_back_store(document: &mut Value, kept: &Kept) {
    for key in WAITS {
        if let (Some(known), Some(value)) = (document.get_mut(key), kept.0.get(key)) {
            *known = value.clone();
        }
    }
    give_back(document, kept);
}

/// Puts what is kept beside what the document says; what the document says stays.
pub(crate) fn give_back(document: &mut Value, kept: &Kept) {
    put(document, kept.0.iter());
}

fn put<'a>(document: &mut Value, kept: impl Iterator<Item = (&'a String, &'a Value)>) {
    match document {
        Value::Object(map) => {
            for (key, value) in kept {
                match (map.get_mut(key), value) {
                    (None, value) => {
                        map.insert(key.clone(), value.clone());
                    }
                    (Some(known), Value::Object(value)) => put(known, value.iter()),
                    (Some(_), _) => {}
                }
            }
        }
        Value::Array(list) => {
            for (key, value) in kept {
                let known = list.iter_mut().find(|known| name(known) == Some(key));
                if let (Some(known), Value::Object(value)) = (known, value) {
                    put(known, value.iter());
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{give_back, left_over};

    #[test]
    fn what_the_model_has_no_place_for_comes_back_where_it_stood() {
        let written = json!({
            "name": "a", "odd": {"deep": [1, {"x": null}]}, "nothing": null,
            "list": [{"name": "one", "extra": 1}, {"name": "gone", "extra": 2}, 7],
            "inner": {"known": 1, "more": true},
        });
        let document = json!({
            "name": "b", "list": [{"name": "one"}, {"name": "two"}], "inner": {"known": 2},
        });
        let kept = left_over(&written, &document);
        let mut shown = document;
        give_back(&mut shown, &kept);
        assert_eq!(
            shown,
            json!({
                "name": "b", "odd": {"deep": [1, {"x": null}]},
                "list": [{"name": "one", "extra": 1}, {"name": "two"}],
                "inner": {"known": 2, "more": true},
            })
        );
        assert!(left_over(&shown, &shown).is_empty());
    }

    #[test]
    fn a_secret_is_never_kept_in_the_clear() {
        let written = json!({
            "secrets": ["hunter2"], "notifyOfPasswords": true,
            "password": "hunter2", "clientSecret": "hunter2", "auth": {"httpBasicPassword": "hunter2"},
            "fields": [{"name": "KEY", "value": "hunter2"}],
            "tables": [{"rows": [{"name": "x", "encryptedValue": "hunter2"}]}],
        });
        let document = json!({"fields": [{"name": "KEY", "encryptedValue": "sealed"}]});
        let kept = left_over(&written, &document);
        assert!(!format!("{kept:?}").contains("hunter2"), "{kept:?}");
        assert_eq!(kept.0["notifyOfPasswords"], true);
    }
}
