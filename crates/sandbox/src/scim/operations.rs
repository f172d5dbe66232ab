//! The envelope of a PATCH (RFC 7644 §3.5.2), read as leniently as the service does (row 20).

use serde_json::{Map, Value};

use super::error::{Outcome, Refusal};
use super::knobs::{Acceptance, Knobs};

/// Operations in one request.
const MAX_OPERATIONS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Replace,
    Remove,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    pub(crate) path: Option<String>,
    pub(crate) value: Value,
}

/// Reads the body of a PATCH. `Operations` may be written in any case; `schemas` may be missing
/// unless the knob says otherwise.
pub(crate) fn read(body: &Map<String, Value>, knobs: &Knobs) -> Outcome<Vec<Operation>> {
    if !knobs.schemas_optional && !body.contains_key("schemas") {
        return Err(Refusal::syntax("Invalid payload: schemas is required."));
    }
    let operations = body
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("operations"));
    let Some(operations) = operations.and_then(|(_, value)| value.as_array()) else {
        return Err(Refusal::syntax(
            "Invalid payload: Operations must be an array.",
        ));
    };
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        let detail = format!("Invalid payload: 1 to {MAX_OPERATIONS} Operations are expected.");
        return Err(Refusal::syntax(detail));
    }
    operations
        .iter()
        .map(|operation| read_one(operation, knobs))
        .collect()
}

fn read_one(operation: &Value, knobs: &Knobs) -> Outcome<Operation> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let verb = match text("op").map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Verb::Add,
        Some("replace") => Verb::Replace,
        Some("remove") => Verb::Remove,
        _ => {
            return Err(Refusal::syntax(
                "Invalid payload: op must be add, replace or remove.",
            ));
        }
    };
    let path = text("path").filter(|p| !p.is_empty()).map(str::to_owned);
    let value = operation.get("value").cloned().unwrap_or(Value::Null);
    if path.is_none() {
        if verb == Verb::Remove {
            return Err(Refusal::scim(400, "noTarget", "remove needs a path."));
        }
        if !value.is_object() {
            let detail = "Invalid payload: an operation without path needs an object as value.";
            return Err(Refusal::syntax(detail));
        }
        if knobs.pathless_patch == Acceptance::Refuse {
            return Err(Refusal::path("Invalid payload: path is required."));
        }
    }
    Ok(Operation { verb, path, value })
}

/// The knob for a way of saying something: go on, or leave it out.
pub(crate) fn takes(knob: Acceptance, what: &str) -> Outcome<bool> {
    match knob {
        Acceptance::Accept => Ok(true),
        Acceptance::Ignore => Ok(false),
        Acceptance::Refuse => Err(Refusal::path(format!("Unsupported operation: {what}"))),
    }
}
