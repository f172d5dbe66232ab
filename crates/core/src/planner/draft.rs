//! A plan in the making.

use std::collections::BTreeSet;

use crate::guard::name;
use crate::model::{
    Expectation, FieldChange, Hold, Kind, Millis, Operation, PlannedStep, Reason, Subject,
    SubjectState, TargetId, Verdict,
};

use super::compare::same;
use super::{ChannelRules, Situation, SubjectPlan};

/// A plan in the making for one subject.
pub(super) struct Draft<'a> {
    pub(super) rules: &'a ChannelRules,
    pub(super) subject: Subject,
    pub(super) now: Millis,
    pub(super) steps: Vec<PlannedStep>,
    /// What was left out, and why, in words.
    pub(super) notes: Vec<String>,
    /// A provisioning option kept something from being planned.
    pub(super) skipped: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(rules: &'a ChannelRules, subject: &Subject, now: Millis) -> Self {
        Self {
            rules,
            subject: subject.clone(),
            now,
            steps: Vec::new(),
            notes: Vec::new(),
            skipped: false,
        }
    }

    /// Moves the subject to a state. A forbidden transition changes nothing.
    pub(super) fn become_state(&mut self, to: SubjectState) {
        self.subject.state = moved(self.subject.state, to);
    }

    /// Adds a step that expects the subject as it is now.
    pub(super) fn step(
        &mut self,
        operation: Operation,
        reason: Reason,
        hold: Option<Hold>,
        guards: Vec<String>,
    ) {
        let verb = operation.verb();
        let part = self
            .steps
            .iter()
            .filter(|step| step.operation.verb() == verb)
            .count();
        let linked = self.subject.linked_id().map(|id| id.as_str().to_owned());
        self.steps.push(PlannedStep {
            operation,
            part: u32::try_from(part).unwrap_or(u32::MAX),
            reason,
            expects: Expectation {
                desired_hash: self.subject.desired_hash,
                target_id: linked,
            },
            hold,
            guards,
        });
    }

    /// Notes that an option keeps something from being done.
    pub(super) fn skip(&mut self, option: &str, what: &str) {
        self.skipped = true;
        self.notes.push(format!("{option} is off: {what}"));
    }

    /// Guards that count an update of an account.
    pub(super) fn update_guards(&self, changes: &[FieldChange]) -> Vec<String> {
        if self.subject.kind == Kind::Group {
            return Vec::new();
        }
        let rules = self.rules;
        let mut guards: Vec<String> = changes
            .iter()
            .map(|change| {
                let kind = match change.to {
                    Some(_) => name::ATTRIBUTE_CHANGED,
                    None => name::ATTRIBUTE_CLEARED,
                };
                format!("{kind}:{}", change.field)
            })
            .collect();
        let identity = changes.iter().any(|change| {
            (change.field == rules.username_field || change.field == rules.email_field)
                && !same(
                    rules,
                    &change.field,
                    change.from.as_ref(),
                    change.to.as_ref(),
                )
        });
        if identity {
            guards.push(name::IDENTITY_CHANGED.to_owned());
        }
        guards
    }

    /// Guards that count a creation.
    pub(super) fn create_guards(&self) -> Vec<String> {
        if self.rules.first_sync {
            Vec::new()
        } else {
            vec![name::CREATE.to_owned()]
        }
    }

    /// Ends the plan: `otherwise` is the verdict when there is no step.
    pub(super) fn finish(
        mut self,
        situation: Situation,
        otherwise: Verdict,
        words: &str,
    ) -> SubjectPlan {
        let verdict = if self.steps.iter().any(|step| step.hold.is_none()) {
            Verdict::Stepped
        } else if !self.steps.is_empty() {
            Verdict::Held
        } else {
            otherwise
        };
        let mut parts: Vec<String> = Vec::new();
        if words.is_empty() {
            parts.extend(self.steps.iter().map(|step| step.reason.to_string()));
        } else {
            parts.push(words.to_owned());
        }
        let holds = self.steps.iter().filter_map(|step| step.hold.as_ref());
        parts.extend(holds.map(ToString::to_string));
        parts.append(&mut self.notes);
        let mut said = BTreeSet::new();
        parts.retain(|part| said.insert(part.clone()));
        let reason = parts.join("; ");
        match verdict {
            Verdict::Unchanged | Verdict::OutOfScope | Verdict::Protected => {
                self.subject.synced_hash = self.subject.desired_hash;
            }
            Verdict::Stepped
            | Verdict::Held
            | Verdict::Parked
            | Verdict::SkippedByOption
            | Verdict::Invalid => {}
        }
        self.subject.verdict = verdict;
        self.subject.reason.clone_from(&reason);
        // The steps are durable together with the subject: nothing is left to plan, unless what
        // keeps it waiting may be lifted by somebody else's change.
        self.subject.dirty = self.steps.iter().any(waits_for_others);
        SubjectPlan {
            situation,
            subject: self.subject,
            steps: self.steps,
            verdict,
            reason,
        }
    }
}

/// The state after a transition; the old one where the transition is forbidden.
pub(super) fn moved(from: SubjectState, to: SubjectState) -> SubjectState {
    from.transition(to).unwrap_or(from)
}

/// The link, cloned.
pub(super) fn linked(subject: &Subject) -> Option<TargetId> {
    subject.linked_id().cloned()
}

fn waits_for_others(step: &PlannedStep) -> bool {
    step.hold.as_ref().is_some_and(|hold| {
        matches!(
            hold,
            Hold::Conflict { .. } | Hold::OwnedElsewhere { .. } | Hold::Swap { .. }
        )
    })
}

/// Why a parked subject was given up, as it was said then.
pub(super) fn parked_words(subject: &Subject) -> String {
    if subject.reason.is_empty() {
        "given up until the source or the mapping changes".to_owned()
    } else {
        subject.reason.clone()
    }
}
