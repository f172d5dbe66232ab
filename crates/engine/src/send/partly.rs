//! What is recorded of a step that was carried out in part.

use usher_core::model::{Observed, Operation, Resource, Subject, TargetId};
use usher_core::planner::record::{Applied, record_rekeyed, record_success};
use usher_store::Outcome;

use super::attempt::{Blame, Done};
use super::outcome::{Finished, is_membership, presence};
use super::split::changes_of;

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
        if let Some(operation) = operation {
            let mut step = self.step.clone();
            step.planned.operation = operation;
            let applied = Applied {
                observed: done.observed.as_ref(),
                target_id: done.target_id.as_ref(),
            };
            subject = record_success(self.rules, subject, &step, applied, self.now);
        }
        let refused_fields = changes_of(refused);
        if !refused_fields.is_empty() {
            subject = self.note_refused(subject, refused, done.observed.as_ref());
            subject.reason = format!(
                "the target refuses {}: {reason}",
                refused_fields
                    .iter()
                    .map(|(field, _)| field.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        outcome.audit.push(self.audit(true, reason));
        outcome.subjects.push(subject);
    }

    /// A refused value counts as tried twice: it is not sent again until the source or the mapping
    /// changes, and the rest of the person goes on.
    fn note_refused(
        &self,
        mut subject: Subject,
        refused: &Operation,
        observed: Option<&Observed>,
    ) -> Subject {
        let mut step = self.step.clone();
        step.planned.operation = refused.clone();
        let mut seen = observed
            .cloned()
            .unwrap_or_else(|| Self::believed(&subject));
        for (field, _) in changes_of(refused) {
            let before = subject
                .shadow
                .fields
                .get(&field)
                .and_then(|field| field.observed.clone());
            match before {
                Some(value) => seen.resource.fields.insert(field, value),
                None => seen.resource.fields.remove(&field),
            };
        }
        for _ in 0..2 {
            let applied = Applied {
                observed: Some(&seen),
                target_id: None,
            };
            subject = record_success(self.rules, subject, &step, applied, self.now);
        }
        subject
    }

    fn believed(subject: &Subject) -> Observed {
        let fields = subject.shadow.fields.iter().filter_map(|(field, shadow)| {
            Some((
                field.clone(),
                shadow.observed.clone().or_else(|| shadow.sent.clone())?,
            ))
        });
        Observed {
            target_id: subject
                .target_id
                .clone()
                .unwrap_or_else(|| TargetId::new("")),
            kind: subject.kind,
            resource: Resource {
                fields: fields.collect(),
            },
            active: subject.shadow.active,
            modified_at: None,
            members: None,
        }
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
