//! Parts of a story: fields, memberships, steps with what was sent and what came back.

use serde_json::Value;
use usher_core::mapping::FieldPreview;
use usher_core::model::StepState;
use usher_engine::admin::{LinkView, StepStory};
use usher_store::ExchangeRecord;

use crate::frame::Shown;
use crate::frame::text::BODY;
use crate::frame::when::When;
use crate::steps::{self, State};

/// Values of one attribute that are shown.
const VALUES: usize = 20;

/// How a field comes to its value.
pub(crate) struct Field {
    pub(crate) name: Shown,
    pub(crate) inputs: Vec<(Shown, Vec<Shown>)>,
    pub(crate) expression: Option<Shown>,
    pub(crate) steps: Vec<Made>,
    pub(crate) result: Option<Shown>,
    pub(crate) remarks: Vec<Shown>,
    pub(crate) held: Option<Shown>,
}

/// A step on the way from the directory to the value.
pub(crate) struct Made {
    pub(crate) step: String,
    pub(crate) input: Shown,
    pub(crate) result: Shown,
}

/// A membership.
pub(crate) struct Member {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) desired: bool,
    pub(crate) present: bool,
    pub(crate) via: Vec<Shown>,
}

/// A step of the time line.
pub(crate) struct StepTold {
    pub(crate) id: i64,
    pub(crate) verb: &'static str,
    pub(crate) state: State,
    pub(crate) at: When,
    pub(crate) attempts: u32,
    pub(crate) reason: Shown,
    pub(crate) waits: Option<Shown>,
    pub(crate) changes: Vec<(Shown, Option<Shown>, Option<Shown>)>,
    pub(crate) request: Option<RequestTold>,
    pub(crate) exchanges: Vec<ExchangeTold>,
}

pub(crate) struct RequestTold {
    pub(crate) line: Shown,
    pub(crate) body: Shown,
}

/// A request and its reply, masked where they were recorded.
pub(crate) struct ExchangeTold {
    pub(crate) at: When,
    pub(crate) status: String,
    pub(crate) line: Shown,
    pub(crate) request: Shown,
    pub(crate) reply: Shown,
    pub(crate) ms: u64,
}

/// The fields, beside what the target has; what it has of others comes after them.
pub(super) fn fields(previews: &[FieldPreview], view: &LinkView) -> Vec<Field> {
    let held = |name: &str| view.held.get(name).map(|value| Shown::value(value));
    let of = |preview: &FieldPreview| Field {
        name: Shown::name(&preview.field),
        inputs: preview
            .inputs
            .iter()
            .map(|(attribute, values)| {
                let values = values.iter().take(VALUES);
                (
                    Shown::name(attribute),
                    values.map(|v| Shown::value(v)).collect(),
                )
            })
            .collect(),
        expression: preview.expression.as_deref().map(Shown::value),
        steps: preview.steps.iter().map(made).collect(),
        result: preview.result.as_deref().map(Shown::value),
        remarks: preview
            .remarks
            .iter()
            .map(|one| Shown::value(one))
            .collect(),
        held: held(&preview.field),
    };
    let mut fields: Vec<Field> = previews.iter().map(of).collect();
    let mapped = |name: &str| previews.iter().any(|preview| preview.field == name);
    let others = view.held.iter().filter(|(name, _)| !mapped(name));
    fields.extend(others.map(|(name, value)| Field {
        name: Shown::name(name),
        inputs: Vec::new(),
        expression: None,
        steps: Vec::new(),
        result: None,
        remarks: Vec::new(),
        held: Some(Shown::value(value)),
    }));
    fields
}

fn made(step: &usher_core::mapping::PreviewStep) -> Made {
    Made {
        step: step.step.clone(),
        input: Shown::value(&step.input),
        result: Shown::value(&step.result),
    }
}

impl StepTold {
    pub(super) fn new(story: &StepStory, exchanges: &[ExchangeRecord]) -> Self {
        let step = &story.step;
        let value = |text: &Option<String>| text.as_deref().map(Shown::value);
        let state = steps::state(story.state.name());
        let waits = step.hold.clone().or_else(|| match &story.state {
            StepState::Replan { reason } => Some(reason.clone()),
            _ => None,
        });
        let request = step.request.as_ref().map(|request| RequestTold {
            line: Shown::value(&format!("{} {}", request.method, request.path)),
            body: body(&serde_json::to_value(&request.shown).unwrap_or_default()),
        });
        let of = exchanges.iter().filter(|one| one.step.0 == step.id);
        Self {
            id: step.id,
            verb: steps::verb_words(step.verb),
            state,
            at: When::at(story.at),
            attempts: story.attempts,
            reason: Shown::value(&step.reason),
            waits: value(&waits),
            changes: step
                .changes
                .iter()
                .map(|(field, from, to)| (Shown::name(field), value(from), value(to)))
                .collect(),
            request,
            exchanges: of.map(exchange).collect(),
        }
    }
}

fn exchange(record: &ExchangeRecord) -> ExchangeTold {
    let of = |name: &str| record.exchange.get(name).cloned().unwrap_or_default();
    let text = |name: &str| of(name).as_str().unwrap_or_default().to_owned();
    let status = of("status").as_u64();
    ExchangeTold {
        at: When::at(record.at),
        status: status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
        line: Shown::value(&format!("{} {}", text("method"), text("url"))),
        request: body(&of("request")),
        reply: body(&of("reply")),
        ms: of("duration_ms").as_u64().unwrap_or_default(),
    }
}

/// A body, indented where it is JSON.
fn body(value: &Value) -> Shown {
    let parsed = value
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let text = match (value, parsed) {
        (Value::Null, _) => "(nothing)".to_owned(),
        (_, Some(parsed)) => serde_json::to_string_pretty(&parsed).unwrap_or_default(),
        (Value::String(text), None) => text.clone(),
        (other, None) => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    Shown::lines(&text, BODY)
}
