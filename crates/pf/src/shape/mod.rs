//! Checking JSON against a shape, so that every problem is found at once and has its path.
//!
//! `null` counts as absent. Unknown keys are reported as warnings: they are kept, but do nothing.

mod tables;

pub(crate) use tables::{
    BULK, CUSTOM, LDAP, OUTBOUND_SETTINGS, SERVER_SETTINGS, SP_CONNECTION, X509_FILE,
};

use serde_json::{Map, Value};

use crate::problem::{Report, quoted};

/// What a value must be.
#[derive(Clone, Copy)]
pub(crate) enum Ty {
    /// Anything; not looked into.
    Any,
    /// An object; not looked into.
    Opaque,
    Text,
    Bool,
    /// A whole number in this range.
    Int(i64, i64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Texts,
    /// A list of anything.
    Anys,
    Object(&'static Shape),
    Objects(&'static Shape),
    /// An object with any keys, each with an object of this shape.
    Map(&'static Shape),
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It changes what happens.
    Works,
    /// It is kept and given back, and has no effect.
    Kept,
    /// It is kept and given back; that it has no effect here is told where it asks for one.
    Warned,
    /// It is told and not taken.
    ReadOnly,
    /// Usher has nothing of the kind, so that a value which asks for it is refused.
    Refused,
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) ty: Ty,
    pub(crate) does: Use,
}

/// The keys of an object.
pub(crate) struct Shape {
    pub(crate) keys: &'static [Key],
}

const fn key(name: &'static str, required: bool, ty: Ty, does: Use) -> Key {
    Key {
        name,
        required,
        ty,
        does,
    }
}

/// A key that must be there.
pub(crate) const fn need(name: &'static str, ty: Ty) -> Key {
    key(name, true, ty, Use::Works)
}

/// A key that may be there.
pub(crate) const fn may(name: &'static str, ty: Ty) -> Key {
    key(name, false, ty, Use::Works)
}

/// A key that may be there and has no effect.
pub(crate) const fn keep(name: &'static str, ty: Ty) -> Key {
    key(name, false, ty, Use::Kept)
}

/// A key that may be there and has no effect, which is told.
pub(crate) const fn warned(name: &'static str, ty: Ty) -> Key {
    key(name, false, ty, Use::Warned)
}

/// A key that must be there, as published, and has no effect.
pub(crate) const fn keep_needed(name: &'static str, ty: Ty) -> Key {
    key(name, true, ty, Use::Kept)
}

/// A key that is told and not taken.
pub(crate) const fn read_only(name: &'static str) -> Key {
    key(name, false, Ty::Any, Use::ReadOnly)
}

/// A key for something that Usher does not have.
pub(crate) const fn refused(name: &'static str, ty: Ty) -> Key {
    key(name, false, ty, Use::Refused)
}

/// Checks an object, and gives it without its nulls. Problems go to the report.
pub(crate) fn check(value: &Value, shape: &Shape, path: &str, report: &mut Report) -> Value {
    let Value::Object(map) = value else {
        report.problem(path, "an object", &found(value), "");
        return Value::Object(Map::new());
    };
    let mut kept = Map::new();
    for key in shape.keys {
        let path = format!("{path}.{}", key.name);
        match map.get(key.name).filter(|value| !value.is_null()) {
            Some(value) => {
                kept.insert(
                    key.name.to_owned(),
                    check_value(value, key.ty, &path, report),
                );
            }
            None if key.required => {
                report.problem(&path, &expected(key.ty), "nothing", "add this key");
            }
            None => {}
        }
    }
    for (name, value) in map {
        if !shape.keys.iter().any(|key| key.name == name) {
            report.warn(
                &format!("{path}.{name}"),
                "this key is unknown; it is kept and has no effect",
            );
            kept.insert(name.clone(), value.clone());
        }
    }
    Value::Object(kept)
}

fn check_value(value: &Value, ty: Ty, path: &str, report: &mut Report) -> Value {
    let fits = match ty {
        Ty::Any => true,
        Ty::Text => value.is_string(),
        Ty::Bool => value.is_boolean(),
        Ty::Int(least, most) => value.as_i64().is_some_and(|n| n >= least && n <= most),
        Ty::OneOf(names) => value.as_str().is_some_and(|text| names.contains(&text)),
        Ty::Texts | Ty::Anys | Ty::Objects(_) => value.is_array(),
        Ty::Object(_) | Ty::Opaque | Ty::Map(_) => value.is_object(),
    };
    if !fits {
        report.problem(path, &expected(ty), &found(value), "");
        return fallback(ty);
    }
    match ty {
        Ty::Object(shape) => check(value, shape, path, report),
        Ty::Objects(shape) => items(value, path, |item, path| check(item, shape, path, report)),
        Ty::Texts => items(value, path, |item, path| {
            check_value(item, Ty::Text, path, report)
        }),
        Ty::Map(shape) => {
            let entries = value.as_object().into_iter().flatten();
            entries
                .map(|(name, value)| {
                    let path = format!("{path}.{name}");
                    (name.clone(), check(value, shape, &path, report))
                })
                .collect()
        }
        Ty::Any | Ty::Opaque | Ty::Anys | Ty::Text | Ty::Bool | Ty::Int(..) | Ty::OneOf(_) => {
            value.clone()
        }
    }
}

fn items(value: &Value, path: &str, mut each: impl FnMut(&Value, &str) -> Value) -> Value {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .enumerate()
        .map(|(index, item)| each(item, &format!("{path}[{index}]")))
        .collect()
}

/// A value of the right type, so that looking goes on after a problem.
fn fallback(ty: Ty) -> Value {
    match ty {
        Ty::Any => Value::Null,
        Ty::Text => Value::String(String::new()),
        Ty::Bool => Value::Bool(false),
        Ty::Int(least, most) => Value::from(1.clamp(least, most)),
        Ty::OneOf(names) => Value::from(names.first().copied().unwrap_or_default()),
        Ty::Texts | Ty::Anys | Ty::Objects(_) => Value::Array(Vec::new()),
        Ty::Object(_) | Ty::Opaque | Ty::Map(_) => Value::Object(Map::new()),
    }
}

fn expected(ty: Ty) -> String {
    match ty {
        Ty::Any => "a value".to_owned(),
        Ty::Text => "a text".to_owned(),
        Ty::Bool => "true or false".to_owned(),
        Ty::Int(least, most) => format!("a whole number from {least} to {most}"),
        Ty::OneOf(names) => format!("one of {}", names.join(", ")),
        Ty::Texts => "a list of texts".to_owned(),
        Ty::Anys => "a list".to_owned(),
        Ty::Objects(_) => "a list of objects".to_owned(),
        Ty::Object(_) | Ty::Opaque | Ty::Map(_) => "an object".to_owned(),
    }
}

/// A value in words. Texts are quoted only when they are short: a secret in the wrong place must
/// not be printed whole.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() > 32 => {
            format!("a text of {} characters", text.chars().count())
        }
        Value::String(text) => quoted(text),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// The published fields, with what they do.
pub(crate) fn fields() -> Vec<(&'static str, String, &'static str)> {
    let resources = [
        ("/serverSettings", &SERVER_SETTINGS),
        ("/serverSettings/outboundProvisioning", &OUTBOUND_SETTINGS),
        ("/dataStores, LDAP", &LDAP),
        ("/dataStores, CUSTOM", &CUSTOM),
        ("/idp/spConnections", &SP_CONNECTION),
        ("/certificates/ca/import", &X509_FILE),
    ];
    let mut fields = Vec::new();
    for (resource, shape) in resources {
        list(resource, shape, "", &mut fields);
    }
    fields
}

fn list(
    resource: &'static str,
    shape: &Shape,
    path: &str,
    fields: &mut Vec<(&'static str, String, &'static str)>,
) {
    for key in shape.keys {
        let path = format!("{path}{}", key.name);
        let does = match key.does {
            Use::Works => "works",
            Use::Kept => "kept",
            Use::Warned => "kept, with a warning",
            Use::ReadOnly => "read only",
            Use::Refused => "refused",
        };
        let inner = match key.ty {
            Ty::Object(shape) => Some((shape, ".")),
            Ty::Objects(shape) => Some((shape, "[].")),
            Ty::Map(shape) => Some((shape, ".*.")),
            _ => None,
        };
        match inner {
            // What is kept as a whole is one row.
            Some((shape, dot)) if key.does == Use::Works => {
                list(resource, shape, &format!("{path}{dot}"), fields);
            }
            _ => fields.push((resource, path, does)),
        }
    }
}
