//! Steps as they are told.

use serde_json::{Value, json};
use usher_core::model::{Hold, StepState, Verb};
use usher_engine::admin::{StepSample, StepView, StepWanted};
use usher_store::ExchangeRecord;

use super::openapi::Operation;
use super::params::Params;

/// The states of a step.
pub(super) const STATES: [&str; 12] = [
    "planned",
    "pending",
    "held",
    "claimed",
    "waiting",
    "succeeded",
    "parked",
    "replan",
    "unknown",
    "superseded",
    "rejected",
    "expired",
];
/// The reasons for which steps are held.
pub(super) const HOLDS: [&str; 17] = Hold::NAMES;
pub(super) const VERBS: [&str; 10] = [
    "create",
    "update",
    "add_members",
    "remove_members",
    "disable",
    "enable",
    "delete",
    "adopt",
    "rekey",
    "unlink",
];
pub(super) const KINDS: [&str; 2] = ["user", "group"];

/// The filters of a list of steps.
pub(super) fn filtered(operation: Operation) -> Operation {
    operation
        .query("verb", "Only these verbs", json!([VERBS.join("|")]))
        .query("kind", "People, or groups", json!(KINDS.join("|")))
        .query(
            "hold",
            "Only held for these reasons",
            json!([HOLDS.join("|")]),
        )
        .query(
            "q",
            "Only about somebody whose name, DN, source key or target id contains this",
            json!("string"),
        )
}

/// Reads them; the states are for those who let them be chosen.
pub(super) fn wanted(params: &mut Params) -> StepWanted {
    StepWanted {
        verbs: params.several("verb", &VERBS, Verb::parse),
        kind: params.one("kind", &KINDS, kind),
        holds: params.several("hold", &HOLDS, |word| {
            HOLDS.contains(&word).then(|| word.to_owned())
        }),
        text: params.text("q"),
        ..StepWanted::default()
    }
}

pub(super) fn kind(word: &str) -> Option<usher_core::model::Kind> {
    match word {
        "user" => Some(usher_core::model::Kind::User),
        "group" => Some(usher_core::model::Kind::Group),
        _ => None,
    }
}

/// The shape of a step.
pub(super) fn shape() -> Value {
    json!({
        "id": "integer", "channel": "string", "cycle": "integer", "subject": "integer",
        "verb": VERBS.join("|"), "kind": KINDS.join("|"), "dn": "string", "display": "string",
        "key": "string", "reason": "string", "state": STATES.join("|"),
        "hold": format!("{}?", HOLDS.join("|")), "waits_for": "string?", "until": "time?",
        "attempts": "integer", "created_at": "time", "changed_at": "time",
        "changes": [{"field": "string", "from": "string?", "to": "string?"}],
        "request": "StepRequest?",
    })
}

/// The shape of the request of a step.
pub(super) fn request_shape() -> Value {
    json!({"method": "string", "path": "string", "body": "any"})
}

/// A step.
pub(super) fn view(step: StepView) -> Value {
    let (hold, until) = match &step.state {
        StepState::Held { hold } => (Some(hold.name()), None),
        StepState::Waiting { until, .. } => (None, Some(*until)),
        _ => (None, None),
    };
    let name = step.state.name();
    let replan = match &step.state {
        StepState::Replan { reason } => Some(reason.clone()),
        _ => None,
    };
    let mut value = sample(step.sample);
    if let Some(reason) = replan {
        value["waits_for"] = json!(reason);
    }
    let more = json!({
        "channel": step.channel, "cycle": step.cycle, "subject": step.subject, "state": name,
        "hold": hold, "until": until, "attempts": step.attempts, "created_at": step.created_at,
        "changed_at": step.changed_at,
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
        all.extend(more);
    }
    value
}

/// What a sample tells; the request's body is the masked one.
pub(super) fn sample(sample: StepSample) -> Value {
    let changes: Vec<Value> = sample
        .changes
        .iter()
        .map(|(field, from, to)| json!({"field": field, "from": from, "to": to}))
        .collect();
    let request = sample.request.map(
        |request| json!({"method": request.method, "path": request.path, "body": request.shown}),
    );
    json!({
        "id": sample.id, "verb": sample.verb, "kind": sample.kind, "dn": sample.dn,
        "display": sample.display, "key": sample.key, "reason": sample.reason,
        "waits_for": sample.hold, "changes": changes, "request": request,
    })
}

/// The shape of an exchange.
pub(super) fn exchange_shape() -> Value {
    json!({
        "step": "integer", "at": "time", "method": "string", "url": "string", "request": "any",
        "status": "integer?", "reply": "string?", "duration_ms": "integer",
        "bytes_out": "integer", "bytes_in": "integer",
    })
}

/// An exchange: it is masked where it is recorded.
pub(super) fn exchange(record: &ExchangeRecord) -> Value {
    let of = |name: &str| record.exchange.get(name).cloned().unwrap_or_default();
    let number = |name: &str| json!(of(name).as_u64().unwrap_or_default());
    let text = |name: &str| json!(of(name).as_str().unwrap_or_default());
    json!({
        "step": record.step, "at": record.at, "method": text("method"), "url": text("url"),
        "request": of("request"), "status": of("status"), "reply": of("reply"),
        "duration_ms": number("duration_ms"), "bytes_out": number("bytes_out"),
        "bytes_in": number("bytes_in"),
    })
}
