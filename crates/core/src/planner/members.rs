//! The members of a group.

use crate::model::PlannedStep;

use super::GroupMembers;

/// Plans the membership of one linked group: additions and removals in batches.
pub fn plan_members(_input: &GroupMembers<'_>) -> Vec<PlannedStep> {
    Vec::new()
}
