//! Checking JSON against a shape, so that every problem is found at once and has its path.
//!
//! `null` counts as absent. Unknown keys are reported as warnings: they are kept, but do nothing.

mod tables;

pub(crate) use tables::{BULK, CUSTOM, LDAP, OUTBOUND_SETTINGS, SP_CONNECTION};

use serde_json::{Map, Value};

use crate::problem::{Report, quoted};

/// What a value must be.
#[derive(Clone, Copy)]
pub(crate) enum Ty {
    /// Anything; not looked into.
    Any,
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
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) ty: Ty,
}

/// The keys of an object.
pub(crate) struct Shape {
    pub(crate) keys: &'static [Key],
}

/// A key that must be there.
pub(crate) const fn need(name: &'static str, ty: Ty) -> Key {
    Key {
        name,
        required: true,
        ty,
    }
}

/// A key that may be there.
pub(crate) const fn may(name: &'static str, ty: Ty) -> Key {
    Key {
        name,
        required: false,
        ty,
    }
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
                "this key is unknown; it is kept in the file and has no effect",
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
        Ty::Object(_) => value.is_object(),
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
        Ty::Any | Ty::Anys | Ty::Text | Ty::Bool | Ty::Int(..) | Ty::OneOf(_) => value.clone(),
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
        Ty::Object(_) => Value::Object(Map::new()),
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
        Ty::Object(_) => "an object".to_owned(),
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
