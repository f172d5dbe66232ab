//! The attributes of a user the service knows (C.6), and turning what a client sent into them.

use serde_json::{Map, Value};

use super::error::{Outcome, Refusal};
use super::knobs::Knobs;
use super::model::Attributes;

/// The enterprise extension.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The core schema of users.
pub(crate) const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of groups.
pub(crate) const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The vendor's extension.
pub(crate) const ATLASSIAN: &str = "urn:scim:schemas:extension:atlassian-external:1.0";

/// Largest number of elements of `emails` or `phoneNumbers`.
const MAX_VALUES: usize = 100;

/// Form of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Boolean,
    /// One object with these sub-attributes.
    Complex(&'static [&'static str]),
    /// An array of objects with these sub-attributes.
    Multi(&'static [&'static str]),
    /// Written by the service only.
    ReadOnly,
}

pub(crate) const NAME_PARTS: &[&str] = &[
    "formatted",
    "familyName",
    "givenName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
];
pub(crate) const VALUE_PARTS: &[&str] = &["value", "display", "type", "primary"];
const ENTERPRISE_PARTS: &[&str] = &["organization", "department"];

const KNOWN: &[(&str, Form)] = &[
    ("userName", Form::Text),
    ("externalId", Form::Text),
    ("name", Form::Complex(NAME_PARTS)),
    ("displayName", Form::Text),
    ("nickName", Form::Text),
    ("title", Form::Text),
    ("preferredLanguage", Form::Text),
    ("timezone", Form::Text),
    ("active", Form::Boolean),
    ("emails", Form::Multi(VALUE_PARTS)),
    ("phoneNumbers", Form::Multi(VALUE_PARTS)),
    (ENTERPRISE, Form::Complex(ENTERPRISE_PARTS)),
    ("id", Form::ReadOnly),
    ("meta", Form::ReadOnly),
    ("groups", Form::ReadOnly),
    ("schemas", Form::ReadOnly),
    (ATLASSIAN, Form::ReadOnly),
];

/// Canonical name and form of a top-level attribute, in any case (RFC 7643 §2.1).
pub(crate) fn attribute(name: &str) -> Option<(&'static str, Form)> {
    KNOWN
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .copied()
}

/// Canonical spelling of a sub-attribute.
pub(crate) fn part(parts: &'static [&'static str], name: &str) -> Option<&'static str> {
    parts
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
}

/// Reads a whole resource. Attributes that are unknown, read-only or null are left out; wrong types
/// are refused.
pub(crate) fn read_user(body: &Map<String, Value>, knobs: &Knobs) -> Outcome<Attributes> {
    let mut attributes = Attributes::new();
    for (name, value) in body {
        // organization and department are accepted at the top level too (C.4).
        if let Some(part) = part(ENTERPRISE_PARTS, name) {
            if let Some(text) = read_text(name, value)? {
                set_enterprise(&mut attributes, part, text);
            }
            continue;
        }
        let Some((canonical, form)) = attribute(name) else {
            continue;
        };
        let Some(value) = read_value(canonical, form, value, knobs)? else {
            continue;
        };
        match (attributes.get_mut(canonical), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => {
                attributes.insert(canonical.to_owned(), value);
            }
        }
    }
    Ok(attributes)
}

fn set_enterprise(attributes: &mut Attributes, part: &str, value: Value) {
    let extension = attributes
        .entry(ENTERPRISE)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(extension) = extension.as_object_mut() {
        extension.insert(part.to_owned(), value);
    }
}

/// Reads one attribute's value; `None` means unset.
pub(crate) fn read_value(
    name: &str,
    form: Form,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<Option<Value>> {
    match form {
        Form::ReadOnly => Ok(None),
        Form::Text => read_text(name, value),
        Form::Boolean => read_boolean(name, value, knobs),
        Form::Complex(parts) => read_complex(name, parts, value, knobs),
        Form::Multi(parts) => read_multi(name, parts, value, knobs),
    }
}

fn read_text(name: &str, value: &Value) -> Outcome<Option<Value>> {
    match value {
        Value::Null => Ok(None),
        Value::String(_) => Ok(Some(value.clone())),
        other => Err(wrong_type(name, "a string", other)),
    }
}

fn read_boolean(name: &str, value: &Value, knobs: &Knobs) -> Outcome<Option<Value>> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(_) => Ok(Some(value.clone())),
        Value::String(text) if knobs.text_booleans && text.eq_ignore_ascii_case("true") => {
            Ok(Some(Value::Bool(true)))
        }
        Value::String(text) if knobs.text_booleans && text.eq_ignore_ascii_case("false") => {
            Ok(Some(Value::Bool(false)))
        }
        other => Err(wrong_type(name, "a boolean", other)),
    }
}

fn read_complex(
    name: &str,
    parts: &'static [&'static str],
    value: &Value,
    knobs: &Knobs,
) -> Outcome<Option<Value>> {
    let object = match value {
        Value::Null => return Ok(None),
        Value::Object(object) => object,
        other => return Err(wrong_type(name, "an object", other)),
    };
    let mut kept = Map::new();
    for (sub, value) in object {
        let Some(sub) = part(parts, sub) else {
            continue;
        };
        if let Some(value) = read_part(name, sub, value, knobs)? {
            kept.insert(sub.to_owned(), value);
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

/// Reads one sub-attribute's value; `None` means unset.
pub(crate) fn read_part(
    name: &str,
    sub: &str,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<Option<Value>> {
    let full = format!("{name}.{sub}");
    if sub == "primary" {
        read_boolean(&full, value, knobs)
    } else {
        read_text(&full, value)
    }
}

fn read_multi(
    name: &str,
    parts: &'static [&'static str],
    value: &Value,
    knobs: &Knobs,
) -> Outcome<Option<Value>> {
    let array = match value {
        Value::Null => return Ok(None),
        Value::Array(array) => array,
        other => return Err(wrong_type(name, "an array of objects", other)),
    };
    if array.len() > MAX_VALUES {
        return Err(Refusal::value(format!(
            "{name}: at most {MAX_VALUES} values"
        )));
    }
    let mut kept = Vec::with_capacity(array.len());
    for element in array {
        match read_complex(name, parts, element, knobs)? {
            Some(element) if element.get("value").is_some() => kept.push(element),
            _ => return Err(Refusal::value(format!("{name}: an element without value"))),
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

fn wrong_type(name: &str, wanted: &str, found: &Value) -> Refusal {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::value(format!(
        "Attribute {name}: expected {wanted}, found {found}."
    ))
}

/// Rule of row 12: userName, and emails with exactly one primary.
pub(crate) fn check_required(attributes: &mut Attributes, knobs: &Knobs) -> Outcome<()> {
    if attributes
        .get("userName")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(Refusal::value("Invalid payload: userName is required."));
    }
    let Some(emails) = attributes.get_mut("emails").and_then(Value::as_array_mut) else {
        return Err(Refusal::value(
            "Invalid payload: At least one email address is required.",
        ));
    };
    let is_primary = |e: &Value| e.get("primary").and_then(Value::as_bool) == Some(true);
    let primaries = emails.iter().filter(|e| is_primary(e)).count();
    if primaries == 1 {
        return Ok(());
    }
    if knobs.primary_required {
        let detail = "Invalid payload: One email address need to be marked as primary.";
        return Err(Refusal::value(detail));
    }
    for (at, email) in emails.iter_mut().enumerate() {
        if let Some(email) = email.as_object_mut() {
            email.insert("primary".to_owned(), Value::Bool(at == 0));
        }
    }
    Ok(())
}
