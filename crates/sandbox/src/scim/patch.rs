//! PATCH of a user (RFC 7644 §3.5.2), written apart from the client's own.

use serde_json::{Map, Value};

use super::attributes::{Form, part, read_part, read_value};
use super::error::{Outcome, Refusal};
use super::filter::Comparison;
use super::knobs::{Acceptance, Knobs, NoMatch};
use super::model::Attributes;
use super::operations::{Operation, Verb};
use super::patch_path::{Target, target};

/// Applies the operations in order; the caller throws the result away on an error.
pub(crate) fn apply(
    attributes: &mut Attributes,
    operations: &[Operation],
    knobs: &Knobs,
) -> Outcome<()> {
    for operation in operations {
        match &operation.path {
            Some(path) => at_path(attributes, operation.verb, path, &operation.value, knobs)?,
            None if knobs.pathless_patch == Acceptance::Ignore => {}
            None => without_path(attributes, operation, knobs)?,
        }
    }
    Ok(())
}

fn without_path(attributes: &mut Attributes, operation: &Operation, knobs: &Knobs) -> Outcome<()> {
    let Some(object) = operation.value.as_object() else {
        return Ok(());
    };
    for (path, value) in object {
        match target(path)? {
            Some(target) if target.form != Form::ReadOnly => {
                set(attributes, operation.verb, &target, value, knobs)?;
            }
            _ => {} // As in a POST, unknown and read-only members of a resource are ignored.
        }
    }
    Ok(())
}

fn at_path(
    attributes: &mut Attributes,
    verb: Verb,
    path: &str,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<()> {
    let Some(target) = target(path)? else {
        return match knobs.unknown_path {
            Acceptance::Refuse => Err(Refusal::path(format!("Unknown path: {path}"))),
            Acceptance::Accept | Acceptance::Ignore => Ok(()),
        };
    };
    if target.form == Form::ReadOnly {
        return Err(Refusal::mutability(format!(
            "Attribute {} is read-only.",
            target.name
        )));
    }
    if target.filter.is_some() {
        match knobs.filter_path {
            Acceptance::Refuse => return Err(Refusal::path(format!("Unsupported path: {path}"))),
            Acceptance::Ignore => return Ok(()),
            Acceptance::Accept => {}
        }
    }
    if verb != Verb::Remove {
        return set(attributes, verb, &target, value, knobs);
    }
    match knobs.patch_remove {
        Acceptance::Refuse => Err(Refusal::syntax(format!(
            "Operation remove is not supported: {path}"
        ))),
        Acceptance::Ignore => Ok(()),
        Acceptance::Accept => remove(attributes, &target),
    }
}

fn set(
    attributes: &mut Attributes,
    verb: Verb,
    target: &Target,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<()> {
    match (target.form, target.sub) {
        (Form::Complex(parts), None) => merge(attributes, target.name, parts, value, knobs),
        (Form::Complex(_), Some(sub)) => {
            let value = read_part(target.name, sub, value, knobs)?;
            set_in_complex(attributes, target.name, sub, value);
            Ok(())
        }
        (Form::Multi(_), _) => set_multi(attributes, verb, target, value, knobs),
        (Form::Text | Form::Boolean | Form::ReadOnly, _) => {
            let value = read_value(target.name, target.form, value, knobs)?;
            put(attributes, target.name, value);
            Ok(())
        }
    }
}

fn put(attributes: &mut Attributes, name: &str, value: Option<Value>) {
    match value {
        Some(value) => attributes.insert(name.to_owned(), value),
        None => attributes.remove(name),
    };
}

/// Sub-attributes that are given replace the old ones, null clears one, the others stay.
fn merge(
    attributes: &mut Attributes,
    name: &str,
    parts: &'static [&'static str],
    value: &Value,
    knobs: &Knobs,
) -> Outcome<()> {
    let object = match value {
        Value::Null => {
            attributes.remove(name);
            return Ok(());
        }
        Value::Object(object) => object,
        _ => {
            return Err(Refusal::value(format!(
                "Attribute {name}: expected an object."
            )));
        }
    };
    for (sub, value) in object {
        let Some(sub) = part(parts, sub) else {
            continue;
        };
        let value = read_part(name, sub, value, knobs)?;
        set_in_complex(attributes, name, sub, value);
    }
    Ok(())
}

fn set_in_complex(attributes: &mut Attributes, name: &str, sub: &str, value: Option<Value>) {
    let entry = attributes
        .entry(name)
        .or_insert_with(|| Value::Object(Map::new()));
    let Some(object) = entry.as_object_mut() else {
        return;
    };
    put(object, sub, value);
    if object.is_empty() {
        attributes.remove(name);
    }
}

fn set_multi(
    attributes: &mut Attributes,
    verb: Verb,
    target: &Target,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<()> {
    if target.filter.is_some() || target.sub.is_some() {
        return set_elements(attributes, target, value, knobs);
    }
    let value = match value {
        Value::Object(_) => Value::Array(vec![value.clone()]),
        other => other.clone(),
    };
    let new = read_value(target.name, target.form, &value, knobs)?;
    if verb == Verb::Replace {
        put(attributes, target.name, new);
        return Ok(());
    }
    let Some(Value::Array(new)) = new else {
        return Ok(());
    };
    let entry = attributes
        .entry(target.name)
        .or_insert_with(|| Value::Array(Vec::new()));
    let Some(elements) = entry.as_array_mut() else {
        return Ok(());
    };
    for element in new {
        if is_primary(&element) {
            demote(elements);
        }
        if !elements.contains(&element) {
            elements.push(element);
        }
    }
    Ok(())
}

fn is_primary(element: &Value) -> bool {
    element.get("primary").and_then(Value::as_bool) == Some(true)
}

/// A new primary value ends the old one's turn (RFC 7644 §3.5.2).
fn demote(elements: &mut [Value]) {
    for element in elements.iter_mut().filter(|e| is_primary(e)) {
        if let Some(object) = element.as_object_mut() {
            object.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

fn matches(element: &Value, filter: Option<&Comparison>) -> bool {
    let Some(filter) = filter else { return true };
    let found = element.as_object().and_then(|o| {
        o.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&filter.attribute))
    });
    match found {
        Some((_, Value::String(text))) => text.to_lowercase() == filter.value.to_lowercase(),
        Some((_, Value::Bool(flag))) => flag.to_string() == filter.value,
        _ => false,
    }
}

/// Sets a sub-attribute, or merges an object, in the elements that the filter selects.
fn set_elements(
    attributes: &mut Attributes,
    target: &Target,
    value: &Value,
    knobs: &Knobs,
) -> Outcome<()> {
    let changes = match (target.sub, value) {
        (Some(sub), value) => vec![(sub, read_part(target.name, sub, value, knobs)?)],
        (None, Value::Object(object)) => {
            let Form::Multi(parts) = target.form else {
                return Ok(());
            };
            let mut changes = Vec::new();
            for (sub, value) in object {
                let Some(sub) = part(parts, sub) else {
                    continue;
                };
                changes.push((sub, read_part(target.name, sub, value, knobs)?));
            }
            changes
        }
        (None, _) => {
            return Err(Refusal::value(format!(
                "{}: expected an object.",
                target.name
            )));
        }
    };
    let entry = attributes
        .entry(target.name)
        .or_insert_with(|| Value::Array(Vec::new()));
    let Some(elements) = entry.as_array_mut() else {
        return Ok(());
    };
    if changes
        .iter()
        .any(|(sub, v)| *sub == "primary" && v == &Some(Value::Bool(true)))
    {
        demote(elements);
    }
    let mut hits = 0;
    for element in elements
        .iter_mut()
        .filter(|e| matches(e, target.filter.as_ref()))
    {
        hits += 1;
        if let Some(object) = element.as_object_mut() {
            for (sub, value) in &changes {
                put(object, sub, value.clone());
            }
        }
    }
    if hits == 0 {
        elements.push(made_from(target, changes, knobs)?);
    }
    elements.retain(|e| e.get("value").is_some());
    if elements.is_empty() {
        attributes.remove(target.name);
    }
    Ok(())
}

/// The element that a filter describes, for a filter that matched nothing.
fn made_from(
    target: &Target,
    changes: Vec<(&'static str, Option<Value>)>,
    knobs: &Knobs,
) -> Outcome<Value> {
    let none = || {
        Refusal::scim(
            400,
            "noTarget",
            format!("{}: nothing matches.", target.name),
        )
    };
    let (Some(filter), NoMatch::Created) = (&target.filter, knobs.filter_path_no_match) else {
        return Err(none());
    };
    let mut element = Map::new();
    let value = match filter.value.as_str() {
        "true" if filter.attribute == "primary" => Value::Bool(true),
        text => Value::String(text.to_owned()),
    };
    element.insert(filter.attribute.clone(), value);
    for (sub, value) in changes {
        put(&mut element, sub, value);
    }
    Ok(Value::Object(element))
}

fn remove(attributes: &mut Attributes, target: &Target) -> Outcome<()> {
    match (attributes.get_mut(target.name), target.sub) {
        (Some(Value::Array(elements)), sub) => {
            match sub {
                None => elements
                    .retain(|e| target.filter.is_some() && !matches(e, target.filter.as_ref())),
                Some(sub) => {
                    let hit = |e: &&mut Value| matches(e, target.filter.as_ref());
                    for object in elements
                        .iter_mut()
                        .filter(hit)
                        .filter_map(Value::as_object_mut)
                    {
                        object.remove(sub);
                    }
                    elements.retain(|e| e.get("value").is_some());
                }
            }
            if elements.is_empty() {
                attributes.remove(target.name);
            }
        }
        (Some(Value::Object(_)), Some(sub)) => set_in_complex(attributes, target.name, sub, None),
        _ => {
            attributes.remove(target.name);
        }
    }
    Ok(())
}
