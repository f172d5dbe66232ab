//! What is recorded of a step that was carried out in part.

use usher_core::model::{FieldChange, Operation, StepState, Subject};
use usher_core::planner::record::{Applied, record_refused, record_rekeyed, record_success};
use usher_store::Outcome;

use super::attempt::{Blame, Done};
use super::outcome::{Finished, is_membership, presence};
use super::split::{changes_of, with_changes};

impl Finished<'_> {
    pub(super) fn partly(
        mut self,
        outcome: &mut Outcome,
        done: Option<Done>,
        operation: Option<Operation>,
        refused: &Operation,
        reason: &str,
    ) {
        let whole = self.step.planned.operation.clone();
        if is_membership(&whole) {
            outcome.presence =
                operation.map_or_else(Vec::new, |of| presence(self.step.subject, &of));
            // A member that the target does not know is looked at again; the group goes on.
            let (Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. }) =
                refused
            else {
                return;
            };
            if members.is_empty() {
                outcome.audit.push(self.audit(true, reason));
                return;
            }
            let reason = refused_members(members.len(), &self.others, reason);
            // Not again and again: every look costs a request.
            for mut member in std::mem::take(&mut self.others) {
                if self.step.attempts == 0 {
                    member.dirty = true;
                    member.attempts += 1;
                    outcome.subjects.push(member);
                }
            }
            // The rest is tried again, until it is parked.
            return self.again(outcome, None, Blame::Step, reason);
        }
        if matches!(whole, Operation::Rekey { .. }) {
            let olds = std::mem::take(&mut self.others).into_iter();
            let olds = olds.map(|old| record_rekeyed(old, self.now));
            outcome.subjects.extend(olds);
        }
        let done = done.unwrap_or_default();
        self.index(outcome, done.observed.as_ref());
        let mut subject = self.subject.clone();
        // Of an adoption or a re-key the link stands, whatever else is refused.
        let links = matches!(whole, Operation::Adopt { .. } | Operation::Rekey { .. });
        let operation = operation.or_else(|| links.then(|| with_changes(&whole, Vec::new())));
        if let Some(operation) = operation {
            let mut step = self.step.clone();
            step.planned.operation = operation;
            let applied = Applied {
                observed: done.observed.as_ref(),
                target_id: done.target_id.as_ref(),
            };
            subject = record_success(self.rules, subject, &step, applied, self.now);
        }
        let refused: Vec<FieldChange> = changes_of(refused)
            .into_iter()
            .map(|(field, to)| FieldChange {
                field,
                from: None,
                to,
            })
            .collect();
        if !refused.is_empty() {
            // What is wanted of it stays wanted.
            subject.desired.clone_from(&self.subject.desired);
            subject = record_refused(self.rules, subject, &refused, reason);
            subject.dirty = false;
            let fields: Vec<&str> = refused.iter().map(|change| change.field.as_str()).collect();
            outcome.state = StepState::Parked {
                reason: format!("the target refuses {}: {reason}", fields.join(", ")),
            };
        }
        outcome.audit.push(self.audit(true, reason));
        outcome.subjects.push(subject);
    }
}

/// Names some of the refused members, and says why.
fn refused_members(count: usize, members: &[Subject], reason: &str) -> String {
    const NAMED: usize = 5;
    let names: Vec<&str> = members
        .iter()
        .take(NAMED)
        .map(|member| member.display.as_str())
        .collect();
    format!(
        "the target refuses {count} of the members ({}{}): {reason}",
        names.join(", "),
        if count > NAMED { ", ..." } else { "" }
    )
}
