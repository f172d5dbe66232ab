//! Steps in a table.

use askama::Template;
use usher_core::model::StepState;
use usher_engine::admin::StepView;

use super::words::{State, hold_words, kind_words, state, verb_words};
use crate::frame::text::Shown;

/// Fields that a row names; the page of the step has all.
const FIELDS: usize = 6;

/// One step in a table.
pub(crate) struct StepRow {
    id: i64,
    /// The page of the step.
    href: String,
    verb: &'static str,
    kind: &'static str,
    who: Shown,
    dn: Shown,
    reason: Shown,
    /// The fields that change.
    fields: Shown,
    state: State,
    /// Why it is held, in a few words.
    held: Option<&'static str>,
    /// Why it waits.
    waits: Option<Shown>,
}

/// A table of steps. With `select`, each row has a box of that name with the number of the step.
#[derive(Template)]
#[template(path = "steps/rows.html")]
pub(crate) struct StepRows {
    pub(crate) rows: Vec<StepRow>,
    /// What the table is, for its region and caption.
    pub(crate) label: String,
    pub(crate) select: Option<&'static str>,
    /// What is said where there is none.
    pub(crate) empty: String,
}

impl StepRow {
    /// Of a step with a page at that address.
    pub(crate) fn of(step: &StepView, href: String) -> Self {
        let sample = &step.sample;
        let held = match &step.state {
            StepState::Held { hold } => Some(hold_words(hold.name())),
            _ => None,
        };
        let waits = match &step.state {
            StepState::Replan { reason } => Some(reason.as_str()),
            _ => sample.hold.as_deref(),
        };
        Self {
            id: sample.id,
            href,
            verb: verb_words(sample.verb),
            kind: kind_words(sample.kind),
            who: Shown::name(&sample.display),
            dn: Shown::line(&sample.dn),
            reason: Shown::value(&sample.reason),
            fields: Shown::value(&fields(&sample.changes)),
            state: state(step.state.name()),
            held,
            waits: waits.map(Shown::value),
        }
    }
}

fn fields(changes: &[(String, Option<String>, Option<String>)]) -> String {
    let names = changes.iter().take(FIELDS);
    let mut text = names
        .map(|(field, _, _)| field.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    if changes.len() > FIELDS {
        text.push_str(&format!(" and {} more", changes.len() - FIELDS));
    }
    text
}
