//! A SCIM document: a JSON object with reading and writing by [`Path`].

use crate::{Map, Path, PathError, path};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One SCIM resource as a JSON object, with every attribute it came with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(pub Map);

impl Document {
    /// A document with only `schemas`, which every body must name (RFC 7643 §3).
    pub fn with_schemas(schemas: &[&str]) -> Self {
        let list: Vec<Value> = schemas.iter().map(|urn| Value::from(*urn)).collect();
        Self(Map::from_iter([("schemas".to_owned(), Value::from(list))]))
    }

    /// The document in a JSON value, if the value is an object.
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// The document as a JSON value.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The value at a path; see [`Path::get`].
    pub fn get(&self, path: &Path) -> Option<&Value> {
        path.get(&self.0)
    }

    /// The non-empty text at a path.
    pub fn get_str(&self, path: &Path) -> Option<&str> {
        path.get_str(&self.0)
    }

    /// The value of a top-level attribute, without regard to case; `null` counts as absent.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        path::find(&self.0, name).filter(|value| !value.is_null())
    }

    /// Sets a value; see [`Path::set`]. The URN of an extension is added to `schemas` when it is missing there (RFC 7643 §3).
    ///
    /// # Errors
    /// As [`Path::set`].
    pub fn set(&mut self, path: &Path, value: Value) -> Result<(), PathError> {
        path.set(&mut self.0, value)?;
        match path.schema() {
            Some(urn) if path.get(&self.0).is_some() => self.add_schema(urn),
            _ => {}
        }
        Ok(())
    }

    /// Removes a value; see [`Path::remove`].
    pub fn remove(&mut self, path: &Path) -> bool {
        path.remove(&mut self.0)
    }

    /// Names a schema in `schemas`, once.
    pub fn add_schema(&mut self, urn: &str) {
        let list = self
            .0
            .entry("schemas")
            .or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(list) = list else {
            *list = Value::from(vec![urn]);
            return;
        };
        let there = |v: &Value| {
            v.as_str()
                .is_some_and(|found| found.eq_ignore_ascii_case(urn))
        };
        if !list.iter().any(there) {
            list.push(Value::from(urn));
        }
    }
}

impl From<Map> for Document {
    fn from(map: Map) -> Self {
        Self(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::urn;
    use serde_json::json;

    #[test]
    fn an_extension_attribute_names_its_schema_once() {
        let mut doc = Document::with_schemas(&[urn::USER]);
        for name in ["department", "organization"] {
            doc.set(&Path::extension(urn::ENTERPRISE_USER, name), json!("x"))
                .unwrap();
        }
        let schemas = doc.attribute("Schemas").and_then(Value::as_array).unwrap();
        assert_eq!(schemas, &[json!(urn::USER), json!(urn::ENTERPRISE_USER)]);
    }
}
