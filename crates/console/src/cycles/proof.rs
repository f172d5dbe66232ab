//! What became of every entry of a cycle, and what its read proves.

use askama::Template;
use usher_core::model::{Certificate, Cycle};

use crate::frame::text::{Shown, number};

/// Things that are named at most.
const NAMED: usize = 20;

struct Of {
    what: &'static str,
    count: String,
}

/// A list that is cut.
struct Few {
    label: &'static str,
    items: Vec<Shown>,
    more: usize,
}

struct Evidence {
    is_complete: bool,
    host: Shown,
    users: String,
    groups: String,
    pages: String,
    sentinels: String,
    lists: Vec<Few>,
}

/// The conservation table and the evidence of a read.
#[derive(Template)]
#[template(path = "cycles/proof.html")]
pub(crate) struct Proof {
    read: String,
    verdicts: Vec<Of>,
    unexplained: i64,
    breaches: Vec<Shown>,
    drift: Option<Few>,
    evidence: Option<Evidence>,
}

/// The terms of the conservation law, in its order.
const VERDICTS: [(&str, &str); 8] = [
    ("unchanged", "Unchanged"),
    ("stepped", "Stepped: something is sent"),
    ("held", "Held"),
    ("parked", "Parked"),
    ("skipped_by_option", "Skipped by a provisioning option"),
    ("protected", "Protected"),
    ("out_of_scope", "Out of scope"),
    ("invalid", "Invalid: no account can be made of it"),
];

impl Proof {
    pub(crate) fn of(cycle: &Cycle) -> Self {
        let verdict = |(name, what): (&str, &'static str)| Of {
            what,
            count: number(cycle.verdicts.get(name).copied().unwrap_or_default()),
        };
        let drift = few("Changed at the target without us", &cycle.drift);
        Self {
            read: number(cycle.read),
            verdicts: VERDICTS.map(verdict).into(),
            unexplained: cycle.unexplained(),
            breaches: cycle.breaches.iter().map(|one| Shown::value(one)).collect(),
            drift: (!cycle.drift.is_empty()).then_some(drift),
            evidence: cycle.certificate.as_ref().map(evidence),
        }
    }
}

fn few(label: &'static str, items: &[String]) -> Few {
    Few {
        label,
        items: items
            .iter()
            .take(NAMED)
            .map(|one| Shown::value(one))
            .collect(),
        more: items.len().saturating_sub(NAMED),
    }
}

fn evidence(read: &Certificate) -> Evidence {
    let groups = read.incomplete_groups.iter();
    let groups: Vec<String> = groups.map(|(dn, why)| format!("{dn}: {why}")).collect();
    let doubt: Vec<String> = read.scope_doubt.iter().cloned().collect();
    let lists = [
        few("Why it is not complete", &read.incomplete),
        few("Why nobody counts as having left", &doubt),
        few("What was asked", &read.asked),
        few("Groups whose members were not read to the end", &groups),
        few("Entries that could not be used", &read.bad_entries),
    ];
    Evidence {
        is_complete: read.is_complete(),
        host: Shown::line(&read.host),
        users: number(read.users),
        groups: number(read.groups),
        pages: number(read.pages),
        sentinels: format!("{} of {}", read.sentinels_found, read.sentinels_asked),
        lists: lists
            .into_iter()
            .filter(|list| !list.items.is_empty())
            .collect(),
    }
}
