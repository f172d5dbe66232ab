//! Cycles in a table.

use askama::Template;
use usher_core::model::{Cycle, CycleState};

use crate::channels::glance::mode_words;
use crate::frame::text::{Shown, number};
use crate::frame::when::{When, span};
use crate::steps::State;

/// A cycle in a table.
pub(crate) struct Row {
    id: i64,
    mode: &'static str,
    started: When,
    took: String,
    state: State,
    why: Option<Shown>,
    read: String,
    steps: String,
    held: String,
    /// What of it is changes by kind, for whoever reads the plot.
    creates: u64,
    updates: u64,
    removals: u64,
    others: u64,
}

/// A table of cycles.
#[derive(Template)]
#[template(path = "cycles/table.html")]
pub(crate) struct CycleTable {
    pub(crate) rows: Vec<Row>,
}

/// Changes of a cycle: created or adopted, changed, removed, the rest.
pub(crate) fn by_kind(cycle: &Cycle) -> [u64; 4] {
    let of = |names: &[&str]| -> u64 {
        let found = names.iter().filter_map(|name| cycle.steps.get(*name));
        found.sum()
    };
    let all: u64 = cycle.steps.values().sum();
    let creates = of(&["create", "adopt", "enable"]);
    let updates = of(&["update", "rekey"]);
    let removals = of(&["disable", "delete", "unlink"]);
    [
        creates,
        updates,
        removals,
        all.saturating_sub(creates + updates + removals),
    ]
}

/// What [`by_kind`] counts.
pub(crate) const KINDS: [&str; 4] = [
    "Created, adopted or enabled",
    "Updated",
    "Disabled or deleted",
    "Members",
];

impl Row {
    pub(crate) fn of(cycle: &Cycle) -> Self {
        let why = match &cycle.state {
            CycleState::Reading | CycleState::Completed => None,
            CycleState::Incomplete { reasons } => Some(reasons.join("; ")),
            CycleState::Aborted { reason } => Some(reason.clone()),
        };
        let [creates, updates, removals, others] = by_kind(cycle);
        Self {
            id: cycle.id.0,
            mode: mode_words(cycle.mode),
            started: When::at(cycle.started_at),
            took: cycle
                .ended_at
                .map_or_else(|| "–".to_owned(), |at| took(at - cycle.started_at)),
            state: state(&cycle.state),
            why: why.map(|why| Shown::value(&why)),
            read: number(cycle.read),
            steps: number(cycle.steps.values().sum()),
            held: number(cycle.held.values().sum()),
            creates,
            updates,
            removals,
            others,
        }
    }
}

/// How long a cycle took; most take less than a second.
pub(crate) fn took(ms: i64) -> String {
    if ms < 1_000 {
        format!("{} ms", ms.max(0))
    } else {
        span(ms)
    }
}

/// How a cycle ended.
pub(crate) fn state(state: &CycleState) -> State {
    let (tone, word) = match state {
        CycleState::Reading => ("off", "Under way"),
        CycleState::Completed => ("good", "Complete"),
        CycleState::Incomplete { .. } => ("warn", "Not complete"),
        CycleState::Aborted { .. } => ("bad", "Aborted"),
    };
    State { tone, word }
}
