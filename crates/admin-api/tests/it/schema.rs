//! Checks answers against the published description. Knows the keywords that it uses, and refuses others.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Map, Value};

use crate::world::Answer;

const DESCRIPTION: &str = include_str!("../../../../docs/api/published.json");

/// The published description.
pub(crate) struct Description(Value);

impl Description {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_str(DESCRIPTION).expect("JSON"))
    }

    /// Every operation, as method and path.
    pub(crate) fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let all = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        all.collect()
    }

    /// Everything that is wrong with an answer to an operation.
    pub(crate) fn problems(&self, method: &Method, template: &str, answer: &Answer) -> Vec<String> {
        let method = method.as_str().to_lowercase();
        let operation = &self.0["paths"][template][method.as_str()];
        if operation.is_null() {
            return vec![format!("{method} {template} is not described")];
        }
        let response = &operation["responses"][answer.status.as_str()];
        if response.is_null() {
            return vec![format!(
                "{} is no status of {method} {template}",
                answer.status
            )];
        }
        let Some(content) = response.get("content") else {
            return Vec::new();
        };
        if answer.headers["content-type"] != "application/json" {
            return vec![format!("content type {:?}", answer.headers["content-type"])];
        }
        let mut problems = Vec::new();
        let schema = &content["application/json"]["schema"];
        self.check(schema, &answer.body, "", &mut problems);
        problems
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            let schema = self
                .0
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{reference}"));
            return self.check(schema, value, at, problems);
        }
        let Value::Object(keywords) = schema else {
            panic!("{at}: {schema} is no schema");
        };
        for (keyword, wanted) in keywords {
            match keyword.as_str() {
                "type" => type_of(wanted, value, at, problems),
                "enum" => {
                    if !wanted.as_array().expect("a list").contains(value) {
                        problems.push(format!("{at}: {value} is none of {wanted}"));
                    }
                }
                "required" => {
                    for name in wanted.as_array().expect("a list") {
                        if value.get(name.as_str().expect("a name")).is_none() {
                            problems.push(format!("{at}: {name} is missing"));
                        }
                    }
                }
                "properties" => self.properties(wanted, value, at, problems),
                "additionalProperties" => {
                    let known = keywords.get("properties").and_then(Value::as_object);
                    for (name, value) in value.as_object().unwrap_or(&Map::new()) {
                        if !known.is_some_and(|known| known.contains_key(name)) {
                            self.check(wanted, value, &format!("{at}.{name}"), problems);
                        }
                    }
                }
                "items" => {
                    for (index, value) in value.as_array().unwrap_or(&Vec::new()).iter().enumerate()
                    {
                        self.check(wanted, value, &format!("{at}[{index}]"), problems);
                    }
                }
                "uniqueItems" => {
                    let all = value.as_array().cloned().unwrap_or_default();
                    let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
                    if texts.len() != all.len() {
                        problems.push(format!("{at}: an element stands there twice"));
                    }
                }
                "allOf" => {
                    for schema in wanted.as_array().expect("a list") {
                        self.check(schema, value, at, problems);
                    }
                }
                "oneOf" => self.one_of(wanted, keywords, value, at, problems),
                "format" => format_of(wanted, value, at, problems),
                "discriminator" | "default" => {}
                other => panic!("{at}: the keyword {other} is not known here"),
            }
        }
    }

    fn properties(&self, wanted: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        for (name, schema) in wanted.as_object().expect("properties") {
            if let Some(value) = value.get(name) {
                self.check(schema, value, &format!("{at}.{name}"), problems);
            }
        }
    }

    /// Exactly one; and it is the one that the discriminator names.
    fn one_of(
        &self,
        wanted: &Value,
        keywords: &Map<String, Value>,
        value: &Value,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        let mut fitting = Vec::new();
        let mut why = Vec::new();
        for schema in wanted.as_array().expect("a list") {
            let mut found = Vec::new();
            self.check(schema, value, at, &mut found);
            if found.is_empty() {
                fitting.push(schema["$ref"].clone());
            }
            why.extend(found);
        }
        if fitting.len() != 1 {
            problems.push(format!("{at}: fits {fitting:?} of oneOf: {why:?}"));
        }
        if let Some(discriminator) = keywords.get("discriminator") {
            let name = discriminator["propertyName"].as_str().expect("a name");
            let kind = value[name].as_str().unwrap_or_default();
            if !fitting.contains(&discriminator["mapping"][kind]) {
                problems.push(format!("{at}: {name} is {kind:?}, and it fits {fitting:?}"));
            }
        }
    }
}

fn type_of(wanted: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let fits = match wanted.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        other => panic!("{at}: the type {other} is not known here"),
    };
    if !fits {
        problems.push(format!("{at}: expected {wanted}, found {value}"));
    }
}

fn format_of(wanted: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let fits = match wanted.as_str().expect("a format") {
        "int32" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        // 2026-11-24T08:00:00.000Z
        "date-time" => value.as_str().is_some_and(|text| {
            let shape: String = text
                .chars()
                .map(|c| if c.is_ascii_digit() { '0' } else { c })
                .collect();
            shape == "0000-00-00T00:00:00.000Z"
        }),
        other => panic!("{at}: the format {other} is not known here"),
    };
    if !fits {
        problems.push(format!("{at}: {value} is no {wanted}"));
    }
}

mod tests {
    use axum::http::{HeaderMap, Method, StatusCode};
    use serde_json::{Value, json};

    use super::Description;
    use crate::world::Answer;

    fn problems(path: &str, status: u16, body: Value) -> Vec<String> {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter([(
                axum::http::header::CONTENT_TYPE,
                "application/json".parse().unwrap(),
            )]),
            body,
        };
        Description::read().problems(&Method::GET, path, &answer)
    }

    #[test]
    fn answers_that_do_not_fit_are_told() {
        let store = json!({"type": "LDAP", "ldapType": "GENERIC"});
        assert!(problems("/dataStores/{id}", 200, store.clone()).is_empty());
        for (key, wrong) in [
            ("type", json!("JDBC")),
            ("ldapType", json!("odd")),
            ("readTimeout", json!("1")),
            ("minConnections", json!(1_i64 << 40)),
            ("hostnames", json!([1])),
            ("lastModified", json!("yesterday")),
        ] {
            let mut store = store.clone();
            store[key] = wrong;
            assert!(
                !problems("/dataStores/{id}", 200, store).is_empty(),
                "{key}"
            );
        }
        assert!(!problems("/version", 204, Value::Null).is_empty());
        assert!(!problems("/nothing", 200, Value::Null).is_empty());
        let extended =
            json!({"entityId": "a", "name": "b", "extendedProperties": {"x": {"values": 1}}});
        assert!(!problems("/idp/spConnections/{id}", 200, extended).is_empty());
    }
}
