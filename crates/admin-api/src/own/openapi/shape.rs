//! Schemas in few words.
//!
//! A shape is JSON: an object is an object with exactly these keys (`key?` may be missing), a list of
//! one shape is a list, `{"*": shape}` is a map, and a text is a type: `string`, `integer`, `number`,
//! `boolean`, `any`, `time`, words separated by `|`, or the name of another shape. `?` at the end of a
//! type allows null.

use serde_json::{Map, Value, json};

/// The JSON schema of a shape.
pub(crate) fn schema(shape: &Value) -> Value {
    match shape {
        Value::String(text) => named(text),
        Value::Array(items) => {
            let of = items.first().map_or(json!(true), schema);
            json!({"type": "array", "items": of})
        }
        Value::Object(map) => match map.get("*") {
            Some(values) => json!({"type": "object", "additionalProperties": schema(values)}),
            None => object(map),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => json!(true),
    }
}

fn object(map: &Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (key, shape) in map {
        let name = key.strip_suffix('?');
        if name.is_none() {
            required.push(Value::from(key.as_str()));
        }
        properties.insert(name.unwrap_or(key).to_owned(), schema(shape));
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn named(text: &str) -> Value {
    let (name, nullable) = match text.strip_suffix('?') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let plain = |kind: &str| {
        if nullable {
            json!({"type": [kind, "null"]})
        } else {
            json!({"type": kind})
        }
    };
    match name {
        "any" => json!({}),
        "string" | "integer" | "number" | "boolean" => plain(name),
        "time" => {
            let mut schema = plain("integer");
            schema["format"] = json!("int64");
            schema["description"] = json!("UTC milliseconds since 1970");
            schema
        }
        words if words.contains('|') => {
            let mut list: Vec<Value> = words.split('|').map(Value::from).collect();
            let mut schema = plain("string");
            if nullable {
                list.push(Value::Null);
            }
            schema["enum"] = Value::Array(list);
            schema
        }
        other => {
            let reference = json!({"$ref": format!("#/components/schemas/{other}")});
            if nullable {
                json!({"anyOf": [reference, {"type": "null"}]})
            } else {
                reference
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::schema;

    #[test]
    fn a_shape_says_in_few_words_what_a_schema_says() {
        let shape = json!({
            "id": "string", "at?": "time", "state": "on|off?", "of": ["Thing"],
            "one": "Thing?", "counts": {"*": "integer"},
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "at": {"type": "integer", "format": "int64", "description": "UTC milliseconds since 1970"},
                "state": {"type": ["string", "null"], "enum": ["on", "off", null]},
                "of": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                "one": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
            "required": ["counts", "id", "of", "one", "state"],
            "additionalProperties": false,
        });
        let mut made = schema(&shape);
        let mut required: Vec<String> = serde_json::from_value(made["required"].take()).unwrap();
        required.sort();
        made["required"] = json!(required);
        assert_eq!(made, expected);
    }
}
