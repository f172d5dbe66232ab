//! A new key of the same person.

use super::{Ownership, RekeyInput, SourceState, SubjectInput, SubjectPlan, plan_subject};

/// Plans one held step that moves the link of a vanishing key to the newcomer and keeps the
/// account: never remove plus create.
pub fn plan_rekey(input: &RekeyInput<'_>) -> SubjectPlan {
    plan_subject(&SubjectInput {
        rules: input.rules,
        subject: input.newcomer.clone(),
        source: SourceState::InScope(input.desired.clone()),
        candidates: Vec::new(),
        conflict: None,
        ownership: Ownership::Ours,
        missing_at_target: false,
        now: input.now,
    })
}
