//! How much a plan would do, by operation.

use std::collections::BTreeMap;

use usher_core::model::Kind;
use usher_store::StepCount;

use crate::frame::text::number;
use crate::steps::{kind_words, verb_words};

/// A row: an operation on people or groups.
pub(super) struct Total {
    pub(super) verb: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) kind_name: &'static str,
    pub(super) to_send: String,
    pub(super) held: String,
    pub(super) members: String,
}

/// The totals, by operation and kind.
pub(super) fn totals(counts: &[StepCount]) -> Vec<Total> {
    let mut found: BTreeMap<(&str, bool), (&StepCount, u64, u64, u64)> = BTreeMap::new();
    for count in counts {
        let key = (count.verb.as_str(), count.kind == Kind::Group);
        let row = found.entry(key).or_insert((count, 0, 0, 0));
        match count.state.as_str() {
            "held" => row.2 += count.count,
            _ => row.1 += count.count,
        }
        row.3 += count.members;
    }
    let rows = found.into_values();
    rows.map(|(count, to_send, held, members)| Total {
        verb: verb_words(count.verb),
        name: count.verb.as_str(),
        kind: kind_words(count.kind),
        kind_name: match count.kind {
            Kind::User => "user",
            Kind::Group => "group",
        },
        to_send: number(to_send),
        held: number(held),
        members: number(members),
    })
    .collect()
}
