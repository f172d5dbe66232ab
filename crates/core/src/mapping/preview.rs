//! A mapping step by step, for explanations.

use serde::Serialize;

use super::value::{self, Raw, Trace};
use super::{Rules, Unmasked};
use crate::model::Entry;

/// Most values and characters that a preview shows.
const MAX_SHOWN: usize = 20;
const MAX_CHARS: usize = 200;

/// How one field came to its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldPreview {
    /// The field.
    pub field: String,
    /// The source attributes with their values as they were read; dots when masked.
    pub inputs: Vec<(String, Vec<String>)>,
    /// The expression, if there is one.
    pub expression: Option<String>,
    /// Each step that changed something, in order.
    pub steps: Vec<PreviewStep>,
    /// The result in words; `None` when empty.
    pub result: Option<String>,
    /// What went wrong or was repaired, in words.
    pub remarks: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewStep {
    /// `value`, `expression`, `default`, `parser`, `trim`, `case` or `checks`.
    pub step: String,
    /// What it was given.
    pub input: String,
    /// What it made of it.
    pub result: String,
}

/// Shows how each field of an account comes to its value.
pub fn preview(entry: &Entry, rules: &Rules) -> Vec<FieldPreview> {
    let textual = rules.textual(entry);
    let entry = textual.as_ref();
    rules
        .fields
        .iter()
        .map(|field| {
            let masked = field.rule.masked;
            let inputs: Vec<(String, Vec<String>)> = field
                .rule
                .attributes
                .iter()
                .map(|name| (name.clone(), input(entry, name, masked)))
                .collect();
            let mut trace = Steps {
                masked,
                last: inputs
                    .iter()
                    .flat_map(|(_, values)| values.iter().cloned())
                    .collect::<Vec<_>>()
                    .join(", "),
                steps: Vec::new(),
            };
            let outcome = value::field(entry, rules, field, &Unmasked, &mut trace);
            let mut remarks = outcome.faults;
            remarks.extend(outcome.notes);
            FieldPreview {
                field: field.rule.field.clone(),
                inputs,
                expression: field.rule.expression.clone(),
                steps: trace.steps,
                result: outcome.value.map(|value| {
                    if masked {
                        DOTS.to_owned()
                    } else {
                        value.shown()
                    }
                }),
                remarks,
            }
        })
        .collect()
}

const DOTS: &str = "********";

fn input(entry: &Entry, name: &str, masked: bool) -> Vec<String> {
    entry
        .values(name)
        .iter()
        .take(MAX_SHOWN)
        .map(|value| match std::str::from_utf8(value) {
            _ if masked => DOTS.to_owned(),
            Ok(text) => short(text),
            Err(_) => format!("({} bytes, not text)", value.len()),
        })
        .collect()
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

struct Steps {
    masked: bool,
    last: String,
    steps: Vec<PreviewStep>,
}

impl Trace for Steps {
    fn step(&mut self, name: &'static str, result: &Raw) {
        let shown = match result {
            Raw::Empty => String::new(),
            Raw::One(_) | Raw::Many(_) if self.masked => DOTS.to_owned(),
            Raw::One(text) => short(text),
            Raw::Many(texts) => short(&texts.join(", ")),
        };
        let is_first = self.steps.is_empty();
        if is_first || shown != self.last {
            self.steps.push(PreviewStep {
                step: name.to_owned(),
                input: std::mem::replace(&mut self.last, shown.clone()),
                result: shown,
            });
        }
    }
}
