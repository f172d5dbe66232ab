//! Attribute paths (RFC 7644 §3.5.2, figure 7): `name.givenName`, `emails[type eq "work"].value`,
//! `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`, `members[value eq "id"]`.

use crate::{Map, path_parse, urn};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// Where a value lies in a document.
///
/// Names are compared without regard to case when a document is read (RFC 7643 §2.1); when one is written, a name that the document
/// already has is kept, otherwise the path's own spelling is used. Two paths are equal only when spelled alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The schema URN in front, for an attribute of an extension.
    pub(crate) urn: Option<String>,
    /// The attribute; the whole URN when the path names an extension object itself.
    pub(crate) attribute: String,
    /// The condition on elements of a multi-valued attribute.
    pub(crate) filter: Option<ValueFilter>,
    /// The sub-attribute.
    pub(crate) sub: Option<String>,
}

/// `[attribute eq literal]`, the only condition this crate knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueFilter {
    /// The sub-attribute compared, such as `type`.
    pub attribute: String,
    /// The value it must have.
    pub value: Literal,
}

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Literal {
    /// A JSON string.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
}

/// Why a path cannot be read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is no path.
    #[error(
        "`{path}` is no attribute path: {found} at byte {at}; expected an attribute such as `name.givenName`, \
         `emails[type eq \"work\"].value` or `urn:...:User:department`"
    )]
    Syntax {
        /// The text, as an excerpt.
        path: String,
        /// What stood there.
        found: &'static str,
        /// Byte offset in the text.
        at: usize,
    },
    /// The document holds something of another kind where the path wants an object or a list.
    #[error("`{path}` cannot be set: the document holds {found} there, expected {expected}")]
    Kind {
        /// The path.
        path: String,
        /// What the document has.
        found: &'static str,
        /// What the path needs.
        expected: &'static str,
    },
}

impl Path {
    /// A plain attribute, without checking its name; use [`str::parse`] for text from outside.
    pub fn attribute(name: &str) -> Self {
        Self {
            urn: None,
            attribute: name.to_owned(),
            filter: None,
            sub: None,
        }
    }

    /// The sub-attribute of a plain attribute: `name.givenName`.
    pub fn sub(name: &str, sub: &str) -> Self {
        Self {
            sub: Some(sub.to_owned()),
            ..Self::attribute(name)
        }
    }

    /// One sub-attribute of the element of a given type: `emails[type eq "work"].value`.
    pub fn typed(name: &str, kind: &str, sub: &str) -> Self {
        Self {
            sub: Some(sub.to_owned()),
            ..Self::element(name, "type", kind)
        }
    }

    /// The elements of a multi-valued attribute with a given text: `members[value eq "id"]`.
    pub fn element(name: &str, attribute: &str, value: &str) -> Self {
        let filter = ValueFilter {
            attribute: attribute.to_owned(),
            value: Literal::Text(value.to_owned()),
        };
        Self {
            filter: Some(filter),
            ..Self::attribute(name)
        }
    }

    /// An attribute of an extension: `urn:...:User:department`.
    pub fn extension(urn: &str, name: &str) -> Self {
        Self {
            urn: Some(urn.to_owned()),
            ..Self::attribute(name)
        }
    }

    pub(crate) fn new(
        urn: Option<String>,
        attribute: String,
        filter: Option<ValueFilter>,
        sub: Option<String>,
    ) -> Self {
        Self {
            urn,
            attribute,
            filter,
            sub,
        }
    }

    /// The attribute's name, without URN, condition and sub-attribute.
    pub fn attribute_name(&self) -> &str {
        &self.attribute
    }

    /// The sub-attribute, if the path names one.
    pub fn sub_name(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// The name of the value itself: the sub-attribute if there is one, otherwise the attribute.
    pub fn leaf_name(&self) -> &str {
        self.sub.as_deref().unwrap_or(&self.attribute)
    }

    /// The condition, if the path has one.
    pub fn filter(&self) -> Option<&ValueFilter> {
        self.filter.as_ref()
    }

    /// The URN of the extension the attribute belongs to. The core schemas are no extension.
    pub fn schema(&self) -> Option<&str> {
        self.urn.as_deref().filter(|urn| !is_core(urn))
    }

    /// The path without its condition and sub-attribute: `emails` for `emails[type eq "work"].value`.
    pub fn container(&self) -> Self {
        Self {
            filter: None,
            sub: None,
            ..self.clone()
        }
    }

    /// The path without its sub-attribute: `emails[type eq "work"]` for `emails[type eq "work"].value`.
    pub fn without_sub(&self) -> Self {
        Self {
            sub: None,
            ..self.clone()
        }
    }

    /// The path of another sub-attribute of the same value: `emails[type eq "work"].primary`.
    pub fn with_sub(&self, sub: &str) -> Self {
        Self {
            sub: Some(sub.to_owned()),
            ..self.clone()
        }
    }

    /// The value at this path. For a multi-valued attribute it is the first that matches.
    pub fn get<'a>(&self, document: &'a Map) -> Option<&'a Value> {
        self.get_all(document).into_iter().next()
    }

    /// The text at this path; an empty string counts as absent.
    pub fn get_str<'a>(&self, document: &'a Map) -> Option<&'a str> {
        self.get(document)?.as_str().filter(|text| !text.is_empty())
    }

    /// Every value at this path: one for a simple attribute, one per matching element for a multi-valued one. `null` counts as absent
    /// (RFC 7643 §2.5).
    pub fn get_all<'a>(&self, document: &'a Map) -> Vec<&'a Value> {
        let Some(found) = self
            .holder(document)
            .and_then(|map| find(map, &self.attribute))
        else {
            return Vec::new();
        };
        let matches = |value: &Value| self.filter.as_ref().is_none_or(|f| f.matches(value));
        let elements: Vec<&Value> = match found {
            Value::Array(items) if self.filter.is_some() || self.sub.is_some() => {
                items.iter().filter(|item| matches(item)).collect()
            }
            // Some services send a single complex value where a list is due.
            single if self.filter.is_none() || matches(single) => vec![single],
            _ => Vec::new(),
        };
        let inner = elements.into_iter().filter_map(|element| match &self.sub {
            None => Some(element),
            Some(sub) => element.as_object().and_then(|map| find(map, sub)),
        });
        inner.filter(|value| !value.is_null()).collect()
    }

    /// The object that holds the attribute: the document, or the extension's object in it.
    fn holder<'a>(&self, document: &'a Map) -> Option<&'a Map> {
        match self.schema() {
            None => Some(document),
            Some(urn) => find(document, urn)?.as_object(),
        }
    }
}

impl ValueFilter {
    /// Whether an element meets the condition. A `type` compares without regard to case, everything else exactly: ids of members are
    /// case-sensitive.
    pub fn matches(&self, element: &Value) -> bool {
        let found = element
            .as_object()
            .and_then(|map| find(map, &self.attribute));
        match (&self.value, found) {
            (Literal::Bool(wanted), Some(Value::Bool(found))) => wanted == found,
            (Literal::Text(wanted), Some(Value::String(found))) => {
                if self.attribute.eq_ignore_ascii_case("type") {
                    wanted.to_lowercase() == found.to_lowercase()
                } else {
                    wanted == found
                }
            }
            _ => false,
        }
    }
}

impl Literal {
    /// The literal as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Bool(flag) => Value::from(*flag),
        }
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        path_parse::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{} eq {}]", filter.attribute, filter.value.to_json())?;
        }
        if let Some(sub) = &self.sub {
            write!(f, ".{sub}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for Path {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Path {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn is_core(candidate: &str) -> bool {
    candidate.eq_ignore_ascii_case(urn::USER) || candidate.eq_ignore_ascii_case(urn::GROUP)
}

/// The value of a name, without regard to case; the exact spelling wins.
pub(crate) fn find<'a>(map: &'a Map, name: &str) -> Option<&'a Value> {
    let loose = || {
        map.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    };
    map.get(name).or_else(loose)
}

pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
