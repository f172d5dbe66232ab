//! What a PATCH does to a document, as RFC 7644 §3.5.2 says: for previews, and for checking that a body has the effect it was made for.

use crate::patch::{self, Operation, PatchOp, Verb};
use crate::{Document, Map, PathError, path};
use serde_json::Value;

/// Applies a PATCH body to a document.
///
/// # Errors
/// [`PathError::Kind`] when the document holds a value of another kind than a path wants. Operations before that one stay applied.
pub fn apply(document: &mut Document, body: &PatchOp) -> Result<(), PathError> {
    body.operations()
        .iter()
        .try_for_each(|operation| apply_one(document, operation))
}

fn apply_one(document: &mut Document, operation: &Operation) -> Result<(), PathError> {
    let Operation { op, path, value } = operation;
    match (op, value) {
        (Verb::Remove, None) => {
            document.remove(path);
            Ok(())
        }
        (Verb::Remove, Some(Value::Array(elements))) => {
            for element in elements {
                remove_element(document, path, element);
            }
            Ok(())
        }
        (Verb::Remove, Some(other)) => Err(patch::type_error(path, other, "a list of elements")),
        (Verb::Add | Verb::Replace, None) => Ok(()),
        (Verb::Add, Some(Value::Array(new))) if path.filter().is_none() => {
            let mut list = match document.get(path) {
                Some(Value::Array(old)) => old.clone(),
                Some(other) => return Err(patch::type_error(path, other, "a list")),
                None => Vec::new(),
            };
            for element in new {
                if !list.iter().any(|old| same(old, element)) {
                    list.push(element.clone());
                }
            }
            document.set(path, Value::Array(list))
        }
        (Verb::Add | Verb::Replace, Some(Value::Object(new)))
            if path.filter().is_none() && document.get(path).is_some_and(Value::is_object) =>
        {
            merge(document, path, new)
        }
        (Verb::Add | Verb::Replace, Some(value)) => document.set(path, value.clone()),
    }
}

/// A complex value is merged: only the sub-attributes given change (RFC 7644 §3.5.2.3).
fn merge(document: &mut Document, path: &path::Path, new: &Map) -> Result<(), PathError> {
    let mut merged = document
        .get(path)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (name, value) in new {
        path::Path::attribute(name).set(&mut merged, value.clone())?;
    }
    document.set(path, Value::Object(merged))
}

fn remove_element(document: &mut Document, path: &path::Path, element: &Value) {
    let Some(Value::Array(list)) = document.get(path) else {
        return;
    };
    let left: Vec<Value> = list
        .iter()
        .filter(|old| !same(old, element))
        .cloned()
        .collect();
    if left.is_empty() {
        document.remove(path);
    } else if left.len() != list.len() {
        // Setting a list on a plain path cannot fail: the attribute was read there just now.
        let _ = document.set(path, Value::Array(left));
    }
}

/// Two elements are the same when their `value` and, if both name one, their `type` are.
fn same(a: &Value, b: &Value) -> bool {
    let part = |v: &Value, name| v.as_object().and_then(|map| path::find(map, name)).cloned();
    let (old, new) = (part(a, "value"), part(b, "value"));
    if old.is_none() || new.is_none() {
        return a == b;
    }
    let kinds = (part(a, "type"), part(b, "type"));
    old == new && (kinds.0.is_none() || kinds.1.is_none() || kinds.0 == kinds.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Path;
    use proptest::prelude::*;
    use serde_json::json;

    fn ids(doc: &Document) -> Vec<String> {
        let list = doc
            .attribute("members")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        list.iter()
            .map(|m| m["value"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_complex_value_is_merged_and_not_replaced() {
        let mut doc =
            Document::from_value(json!({"name": {"givenName": "A", "familyName": "B"}})).unwrap();
        let body = PatchOp::new().replace(Path::attribute("name"), json!({"givenName": "C"}));
        apply(&mut doc, &body).unwrap();
        assert_eq!(
            doc.into_value(),
            json!({"name": {"givenName": "C", "familyName": "B"}})
        );
    }

    proptest! {
        #[test]
        fn both_forms_of_removing_members_have_the_same_effect(
            there in prop::collection::btree_set("[a-e]", 0..5), gone in prop::collection::btree_set("[a-f]", 0..4),
        ) {
            let group = PatchOp::new().add_members(there.iter().map(String::as_str));
            let mut doc = Document::default();
            apply(&mut doc, &group).unwrap();
            apply(&mut doc, &group).unwrap();
            let (mut one, mut two) = (doc.clone(), doc);
            let gone_ids = || gone.iter().map(String::as_str);
            apply(&mut one, &PatchOp::new().remove_members(gone_ids())).unwrap();
            apply(&mut two, &PatchOp::new().remove_members_by_filter(gone_ids())).unwrap();
            let left: Vec<String> = there.difference(&gone).cloned().collect();
            prop_assert_eq!(ids(&one), left.clone());
            prop_assert_eq!(ids(&two), left);
        }
    }
}
