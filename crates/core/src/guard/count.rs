//! Adding up a plan.

use crate::model::{Operation, PlannedStep};

use super::{PlanTotals, name};

impl PlanTotals {
    /// Counts one step under each of its guards; under membership guards its members. A step that
    /// is held already is not counted: nothing of it is sent, and it must not hold others.
    pub fn count(&mut self, step: &PlannedStep) {
        if step.hold.is_some() {
            return;
        }
        for guard in &step.guards {
            let amount = match kind_of(guard) {
                name::MEMBERS_LOST | name::MEMBERS_GAINED | name::MEMBERS_LAST => {
                    members(&step.operation)
                }
                _ => 1,
            };
            let count = self.counts.entry(guard.clone()).or_default();
            *count = count.saturating_add(amount);
        }
    }
}

/// A guard's name without the part after the colon: `members.lost:7` is of the kind `members.lost`.
pub fn kind_of(guard: &str) -> &str {
    guard.split_once(':').map_or(guard, |(kind, _)| kind)
}

fn members(operation: &Operation) -> u64 {
    match operation {
        Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. } => {
            members.len() as u64
        }
        Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Adopt { .. }
        | Operation::Rekey { .. }
        | Operation::Unlink { .. } => 1,
    }
}
