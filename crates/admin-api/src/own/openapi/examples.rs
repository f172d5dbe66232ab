//! Examples of answers, made from their schemas, so that none can be out of date.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Values that a reader recognises, by the name of the property.
const KNOWN: &[(&str, &str)] = &[
    ("id", "0199c3a2-7d2e-7c41-9a53-1f0b6f1e2d3c"),
    ("channel", "0199c3a2-7d2e-7c41-9a53-1f0b6f1e2d3c"),
    ("dn", "uid=ana,ou=people,dc=example,dc=com"),
    ("base_dn", "dc=example,dc=com"),
    ("display", "ana@example.com"),
    ("key", "8f14e45f-ceea-467f-a9b8-6f8d2f0c1b2a"),
    ("source_key", "8f14e45f-ceea-467f-a9b8-6f8d2f0c1b2a"),
    ("target_id", "635c0a6f-9f0b-4f13-8f33-1b7f6ad1d3f2"),
    ("hash", "b1946ac92492d2347c6235b4d2611184"),
    ("plan_hash", "b1946ac92492d2347c6235b4d2611184"),
    ("field", "workEmail"),
    ("actor", "ana"),
    ("by", "ana"),
    ("name", "staff"),
    ("type", "urn:usher:problem:refused"),
    ("title", "Conflict"),
    ("code", "refused"),
    ("request_id", "0199c3a2-7d2e-7c41-9a53-1f0b6f1e2d3c"),
    ("next", "c3RlcHM6MTAw"),
];

/// Deeper than any shape is.
const DEEPEST: usize = 40;

/// An example of a schema.
pub(super) fn example(schema: &Value, shapes: &BTreeMap<String, Value>) -> Value {
    made(schema, shapes, "", 0)
}

fn made(schema: &Value, shapes: &BTreeMap<String, Value>, name: &str, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let of = reference.rsplit('/').next().unwrap_or_default();
        return shapes
            .get(of)
            .map_or(Value::Null, |found| made(found, shapes, name, depth + 1));
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return made(first, shapes, name, depth + 1);
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"].get(0).and_then(Value::as_str));
    match kind {
        Some("string") => {
            let known = KNOWN.iter().find(|(known, _)| *known == name);
            json!(known.map_or("text", |(_, text)| text))
        }
        Some("integer") if schema["format"] == "int64" => json!(1_795_507_200_000_i64),
        Some("integer") if name == "status" => json!(409),
        Some("integer") => json!(1),
        Some("number") => json!(5.0),
        Some("boolean") => json!(true),
        Some("array") => json!([made(&schema["items"], shapes, name, depth + 1)]),
        Some("object") => {
            let mut object = Map::new();
            let properties = schema["properties"].as_object();
            for (key, value) in properties.into_iter().flatten() {
                object.insert(key.clone(), made(value, shapes, key, depth + 1));
            }
            Value::Object(object)
        }
        _ => Value::Null,
    }
}
