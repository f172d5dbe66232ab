//! PATCH bodies (RFC 7644 §3.5.2).

use crate::{Path, path, urn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Adds a value, or elements to a list.
    Add,
    /// Replaces a value.
    Replace,
    /// Removes a value, or elements of a list.
    Remove,
}

/// One operation on one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// What is done.
    pub op: Verb,
    /// Where. Always given: what a service does without a path is not agreed upon.
    pub path: Path,
    /// The value; absent for most removals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A PATCH body under construction: operations in the order they were given.
///
/// ```
/// use usher_scim::{PatchOp, Path};
/// let body = PatchOp::new().set(Path::attribute("active"), "False".into()).to_json();
/// assert_eq!(body["Operations"][0]["value"], serde_json::json!(false));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatchOp {
    operations: Vec<Operation>,
}

impl PatchOp {
    /// A body without operations; it must not be sent like that.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the operations of a body. Each must have a path that this crate can read.
    pub fn from_json(body: &Value) -> Option<Self> {
        let operations = body.get("Operations")?.clone();
        Some(Self {
            operations: serde_json::from_value(operations).ok()?,
        })
    }

    /// Adds a value, or elements to a list.
    pub fn add(self, path: Path, value: Value) -> Self {
        self.push(Verb::Add, path, Some(value))
    }

    /// Replaces the value at a path.
    pub fn replace(self, path: Path, value: Value) -> Self {
        self.push(Verb::Replace, path, Some(value))
    }

    /// Removes what is at a path.
    pub fn remove(self, path: Path) -> Self {
        self.push(Verb::Remove, path, None)
    }

    /// Removes the named elements of a list: the form with a value, which is no RFC form but the one some services want.
    pub fn remove_values(self, path: Path, elements: Value) -> Self {
        self.push(Verb::Remove, path, Some(elements))
    }

    /// Replaces, or removes when the value is empty (`null`, an empty text, list or object): clearing is a removal
    /// (RFC 7644 §3.5.2.2), never an empty text.
    pub fn set(self, path: Path, value: Value) -> Self {
        if is_empty(&value) {
            self.remove(path)
        } else {
            self.replace(path, value)
        }
    }

    /// Adds members to a group.
    pub fn add_members<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.add(Path::attribute("members"), member_list(ids))
    }

    /// Removes members of a group by one operation with their list.
    pub fn remove_members<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.remove_values(Path::attribute("members"), member_list(ids))
    }

    /// Removes members of a group by one operation with a condition for each.
    pub fn remove_members_by_filter<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        ids.into_iter().fold(self, |body, id| {
            body.remove(Path::element("members", "value", id))
        })
    }

    fn push(mut self, op: Verb, path: Path, value: Option<Value>) -> Self {
        let value = value.map(|value| typed(&path, value));
        self.operations.push(Operation { op, path, value });
        self
    }

    /// The operations, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// True when there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The body with its envelope: `schemas` and `Operations`, spelled as in the RFC.
    pub fn to_json(&self) -> Value {
        json!({"schemas": [urn::PATCH_OP], "Operations": self.operations})
    }
}

fn member_list<'a>(ids: impl IntoIterator<Item = &'a str>) -> Value {
    ids.into_iter().map(|id| json!({"value": id})).collect()
}

/// True for what SCIM treats as absent: `null`, an empty list or object (RFC 7643 §2.5), and an empty text.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Booleans go out as JSON booleans, even when a mapping gave a text; so do those inside complex values.
fn typed(path: &Path, value: Value) -> Value {
    boolean(path.leaf_name(), value)
}

fn boolean(name: &str, value: Value) -> Value {
    match value {
        Value::String(text) if is_boolean_name(name) => match flag(&text) {
            Some(flag) => Value::from(flag),
            None => Value::from(text),
        },
        Value::Object(map) => {
            let inner = map.into_iter().map(|(key, value)| {
                let value = if value.is_string() {
                    boolean(&key, value)
                } else {
                    value
                };
                (key, value)
            });
            Value::Object(inner.collect())
        }
        Value::Array(items) => items
            .into_iter()
            .map(|item| {
                if item.is_object() {
                    boolean(name, item)
                } else {
                    item
                }
            })
            .collect(),
        other => other,
    }
}

fn is_boolean_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("active") || name.eq_ignore_ascii_case("primary")
}

/// `true` or `false` in any case.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match () {
        () if text.eq_ignore_ascii_case("true") => Some(true),
        () if text.eq_ignore_ascii_case("false") => Some(false),
        () => None,
    }
}

/// The boolean in a value: a JSON boolean, or a text some services send instead.
pub fn as_bool(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str().and_then(flag))
}

pub(crate) fn type_error(path: &Path, found: &Value, expected: &'static str) -> path::PathError {
    path::PathError::Kind {
        path: path.to_string(),
        found: path::kind_of(found),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_its_schema_and_a_capital_o() {
        let body = PatchOp::new()
            .replace(Path::sub("name", "givenName"), json!("Ana"))
            .to_json();
        assert_eq!(
            body.to_string(),
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "name.givenName", "value": "Ana"}]})
            .to_string()
        );
    }

    #[test]
    fn clearing_is_a_removal_and_carries_no_value() {
        for empty in [Value::Null, json!(""), json!([]), json!({})] {
            let body = PatchOp::new()
                .set(Path::attribute("title"), empty)
                .to_json();
            assert_eq!(
                body["Operations"],
                json!([{"op": "remove", "path": "title"}])
            );
        }
    }

    #[test]
    fn booleans_leave_as_booleans_in_every_place() {
        let emails = json!([{"value": "a@x", "primary": "TRUE", "type": "true"}]);
        let body = PatchOp::new()
            .set(Path::attribute("active"), json!("false"))
            .set(Path::attribute("emails"), emails)
            .set(Path::attribute("title"), json!("true"))
            .to_json();
        assert_eq!(body["Operations"][0]["value"], json!(false));
        let expected = json!([{"value": "a@x", "primary": true, "type": "true"}]);
        assert_eq!(body["Operations"][1]["value"], expected);
        assert_eq!(body["Operations"][2]["value"], json!("true"));
    }

    #[test]
    fn members_are_removed_in_both_known_forms() {
        let list = PatchOp::new().remove_members(["1", "2"]).to_json();
        let expected =
            json!([{"op": "remove", "path": "members", "value": [{"value": "1"}, {"value": "2"}]}]);
        assert_eq!(list["Operations"], expected);
        let filters = PatchOp::new()
            .remove_members_by_filter(["1", "2"])
            .to_json();
        let expected = json!([{"op": "remove", "path": "members[value eq \"1\"]"},
            {"op": "remove", "path": "members[value eq \"2\"]"}]);
        assert_eq!(filters["Operations"], expected);
    }
}
