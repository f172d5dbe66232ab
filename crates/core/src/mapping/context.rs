//! What an expression sees of an entry: the attributes that its rule added, and nothing else.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};

use crate::model::Entry;

/// The values of the rule's attributes, as text.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Lower-case name and values.
    attributes: Vec<(String, Vec<String>)>,
}

/// An attribute value that is not text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotText {
    /// The attribute.
    pub(super) attribute: String,
    /// Byte offset of the first byte that does not fit.
    pub(super) position: usize,
}

impl NotText {
    /// In words.
    pub(super) fn message(&self) -> String {
        format!(
            "the value of `{}` is not valid UTF-8 (byte {}): if the attribute is binary, name it among the binary attributes of the data store, or map another one; otherwise correct it in the directory",
            self.attribute, self.position
        )
    }
}

impl Context {
    /// Takes the attributes from the entry.
    pub(super) fn of(entry: &Entry, attributes: &[String]) -> Result<Self, NotText> {
        let mut taken = Vec::with_capacity(attributes.len());
        for name in attributes {
            taken.push((name.to_ascii_lowercase(), texts(entry, name)?));
        }
        Ok(Self { attributes: taken })
    }

    /// A context for trying an expression.
    pub(super) fn sample(attributes: &[String], values: &[&str]) -> Self {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        Self {
            attributes: attributes
                .iter()
                .map(|name| (name.to_ascii_lowercase(), values.clone()))
                .collect(),
        }
    }

    fn values(&self, name: &str) -> Option<&[String]> {
        self.attributes
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, values)| values.as_slice())
    }

    fn first(&self, name: &str) -> Option<Value> {
        let first = self.values(name)?.first()?;
        Some(Value::from(first.as_str()))
    }
}

/// All values of an attribute as text.
pub(super) fn texts(entry: &Entry, name: &str) -> Result<Vec<String>, NotText> {
    entry
        .values(name)
        .iter()
        .map(|value| text(name, value).map(str::to_owned))
        .collect()
}

/// One value as text.
pub(super) fn text<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, NotText> {
    std::str::from_utf8(value).map_err(|error| NotText {
        attribute: name.to_owned(),
        position: error.valid_up_to(),
    })
}

/// The variables of an expression: each attribute's first value, `attr` and `all`.
#[derive(Debug)]
pub(super) struct Variables(pub(super) Arc<Context>);

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "attr" => Some(Value::from_object(First(Arc::clone(&self.0)))),
            "all" => Some(Value::from_object(All(Arc::clone(&self.0)))),
            name => self.0.first(name),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// `attr['name']`: the first value.
#[derive(Debug)]
struct First(Arc<Context>);

impl Object for First {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.first(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// `all.name`: every value; an empty list when the attribute is absent.
#[derive(Debug)]
struct All(Arc<Context>);

impl Object for All {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let values = self.0.values(key.as_str()?)?;
        Some(values.iter().map(String::as_str).collect())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}
