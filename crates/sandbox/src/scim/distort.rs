//! The knobs that take values and store something else: lower-cased, dropped, frozen.

use serde_json::Value;

use super::attributes::{ENTERPRISE, attribute};
use super::knobs::Knobs;
use super::model::Attributes;

/// Applies the knobs to what is about to be stored over `old`.
pub(crate) fn distort(attributes: &mut Attributes, old: Option<&Attributes>, knobs: &Knobs) {
    for path in &knobs.dropped {
        drop_at(attributes, path);
    }
    for path in &knobs.lowercased {
        lower_at(attributes, path);
    }
    if let Some(old) = old {
        for path in &knobs.frozen {
            restore(attributes, old, path);
        }
    }
}

/// `userName`, `name.givenName`, `department`: canonical top-level name and sub-attribute.
fn split(path: &str) -> (&str, Option<&str>) {
    if path == "department" || path == "organization" {
        return (ENTERPRISE, Some(path));
    }
    if let Some((name, _)) = attribute(path) {
        return (name, None);
    }
    match path.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (path, None),
    }
}

fn drop_at(attributes: &mut Attributes, path: &str) {
    let (name, sub) = split(path);
    let Some(sub) = sub else {
        attributes.remove(name);
        return;
    };
    let empty = match attributes.get_mut(name) {
        Some(Value::Object(object)) => {
            object.remove(sub);
            object.is_empty()
        }
        Some(Value::Array(array)) => {
            for object in array.iter_mut().filter_map(Value::as_object_mut) {
                object.remove(sub);
            }
            false
        }
        _ => false,
    };
    if empty {
        attributes.remove(name);
    }
}

fn lower_at(attributes: &mut Attributes, path: &str) {
    let (name, sub) = split(path);
    let targets: Vec<&mut Value> = match (attributes.get_mut(name), sub) {
        (Some(Value::Object(object)), Some(sub)) => object.get_mut(sub).into_iter().collect(),
        (Some(Value::Array(array)), Some(sub)) => {
            array.iter_mut().filter_map(|e| e.get_mut(sub)).collect()
        }
        (Some(value), None) => vec![value],
        _ => Vec::new(),
    };
    for value in targets {
        if let Value::String(text) = value {
            *text = text.to_lowercase();
        }
    }
}

/// Frozen attributes are restored whole: `name.givenName` freezes `name`.
fn restore(attributes: &mut Attributes, old: &Attributes, path: &str) {
    let (name, _) = split(path);
    match old.get(name) {
        Some(value) => attributes.insert(name.to_owned(), value.clone()),
        None => attributes.remove(name),
    };
}
