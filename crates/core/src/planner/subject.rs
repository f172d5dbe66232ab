//! Planning one subject.

use super::{Situation, SubjectInput, SubjectPlan};
use crate::model::Verdict;

/// Classifies one subject and plans the steps that bring the target in line. Pure, total and
/// deterministic: the same input gives the same plan.
pub fn plan_subject(input: &SubjectInput<'_>) -> SubjectPlan {
    SubjectPlan {
        situation: Situation::Unrelated,
        subject: input.subject.clone(),
        steps: Vec::new(),
        verdict: Verdict::Unchanged,
        reason: String::new(),
    }
}
