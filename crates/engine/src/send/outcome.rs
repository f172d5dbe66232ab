//! What an attempt's end makes of the step, its subjects and the target index.

use usher_connector::Exchange;
use usher_core::model::{
    Millis, Observed, Operation, Step, StepState, Subject, SubjectId, TargetId,
};
use usher_core::planner::ChannelRules;
use usher_core::planner::record::{
    Applied, Failed, record_failure, record_rekeyed, record_success,
};
use usher_store::{AuditEvent, Outcome, Presence};

use super::attempt::{Blame, Done, Ended, LOOK_AGAIN_SECONDS};
use super::backoff::wait_ms;
use super::trouble::NOT_SENT;
use crate::context::OpenChannel;
use crate::cycle::index_row;

/// After so many attempts a step is parked.
const MOST_ATTEMPTS: u32 = 10;
/// As many when nothing but a look says that the target is well: about two hours. It may refuse all
/// changes for a while although it can be read.
const MOST_ALONE: u32 = 30;

/// As many when more fail than a few, about eight hours: a target that refuses all changes while it can
/// be read looks the same.
const MOST_OF_MANY: u32 = 120;

/// Everything an outcome is made of.
pub(super) struct Finished<'a> {
    pub(super) open: &'a OpenChannel,
    pub(super) rules: &'a ChannelRules,
    pub(super) step: &'a Step,
    pub(super) subject: Subject,
    /// The subjects of refused members, or a re-key's old subject.
    pub(super) others: Vec<Subject>,
    /// How often a conflict over a unique value was looked at before.
    pub(super) looks: u32,
    pub(super) now: Millis,
    pub(super) random: u64,
}

impl Finished<'_> {
    /// The outcome to record.
    pub(super) fn outcome(self, ended: Ended, log: &[Exchange]) -> Outcome {
        let attempts = self.step.attempts + 1;
        let mut outcome = Outcome {
            step: self.step.id,
            state: StepState::Succeeded,
            attempts,
            subjects: Vec::new(),
            presence: Vec::new(),
            index: Vec::new(),
            index_gone: Vec::new(),
            exchanges: log
                .iter()
                .filter_map(|one| serde_json::to_value(one).ok())
                .collect(),
            audit: Vec::new(),
        };
        match ended {
            Ended::Done(done) => self.done(&mut outcome, &done),
            Ended::Partly {
                done,
                operation,
                refused,
                reason,
            } => {
                self.partly(&mut outcome, done, operation, &refused, &reason);
            }
            Ended::Again {
                after_ms,
                blame,
                reason,
            } => self.again(&mut outcome, after_ms, blame, reason),
            Ended::Hidden { reason } => self.hidden(&mut outcome, &reason),
            Ended::InTheWay { observed, reason } => {
                outcome.index.push(index_row(self.open, *observed));
                self.fail(
                    &mut outcome,
                    &Failed::Replan {
                        reason: reason.clone(),
                    },
                    &reason,
                );
            }
            Ended::Stale { reason } => {
                self.fail(
                    &mut outcome,
                    &Failed::Replan {
                        reason: reason.clone(),
                    },
                    &reason,
                );
            }
            Ended::Gone { reason } => {
                if let Some(id) = self.step.planned.operation.target_id() {
                    outcome.index_gone.push((self.step.kind, id.clone()));
                }
                self.gone(&mut outcome, &reason);
            }
            Ended::Parked { reason } => {
                self.fail(
                    &mut outcome,
                    &Failed::Parked {
                        reason: reason.clone(),
                    },
                    &reason,
                );
            }
            Ended::Unknown { reason } => {
                outcome.state = StepState::Unknown;
                outcome.audit.push(self.audit(false, &reason));
            }
            Ended::Unsent => self.put_back(&mut outcome, NOT_SENT.to_owned()),
            Ended::Stop { reason, sent } => self.stopped(&mut outcome, sent, reason),
        }
        outcome
    }

    /// Waits for the next attempt; given up after so many that are the step's own failures.
    pub(super) fn again(
        self,
        outcome: &mut Outcome,
        after_ms: Option<u64>,
        blame: Blame,
        reason: String,
    ) {
        let most = match blame {
            Blame::Step => MOST_ATTEMPTS,
            Blame::Alone => MOST_ALONE,
            Blame::Many => MOST_OF_MANY,
            Blame::Target | Blame::Pause => u32::MAX,
        };
        outcome.attempts = match blame {
            Blame::Step | Blame::Alone | Blame::Many => self.step.attempts + 1,
            // A create that may have been tried is looked up before it is tried again.
            Blame::Target => self.step.attempts.max(1),
            Blame::Pause => self.step.attempts,
        };
        // At once is for the first time only.
        let after_ms = after_ms.filter(|ms| *ms > 0 || self.step.attempts == 0);
        if outcome.attempts < most {
            let until = self.now + wait_ms(self.step.attempts, after_ms, self.random) as i64;
            return self.fail(outcome, &Failed::RetryAt(until), &reason);
        }
        let reason = format!(
            "{reason} (given up after {} attempts; retry it when the cause is gone)",
            outcome.attempts
        );
        let failed = Failed::Parked {
            reason: reason.clone(),
        };
        self.fail(outcome, &failed, &reason);
    }

    /// The step is innocent: it waits until a person has acted. What may have been carried out is
    /// looked up then, before anything is repeated.
    fn stopped(&self, outcome: &mut Outcome, sent: bool, reason: String) {
        outcome.audit.push(self.audit(false, &reason));
        self.put_back(outcome, reason);
        if sent {
            outcome.state = StepState::Unknown;
        }
    }

    /// As if it had not been taken up.
    fn put_back(&self, outcome: &mut Outcome, reason: String) {
        outcome.attempts = self.step.attempts;
        outcome.state = StepState::Waiting {
            until: self.now,
            attempt: self.step.attempts,
            reason,
        };
    }

    fn done(self, outcome: &mut Outcome, done: &Done) {
        outcome.audit.push(self.audit_done(done.target_id.as_ref()));
        self.index(outcome, done.observed.as_ref());
        let operation = &self.step.planned.operation;
        outcome.presence = presence(self.step.subject, operation);
        if is_membership(operation) {
            return;
        }
        if matches!(operation, Operation::Rekey { .. }) {
            let olds = self.others.iter().cloned();
            outcome
                .subjects
                .extend(olds.map(|old| record_rekeyed(old, self.now)));
        }
        let applied = Applied {
            observed: done.observed.as_ref(),
            target_id: done.target_id.as_ref(),
        };
        outcome.subjects.push(record_success(
            self.rules,
            self.subject,
            self.step,
            applied,
            self.now,
        ));
    }

    /// The target index follows our own writes.
    pub(super) fn index(&self, outcome: &mut Outcome, observed: Option<&Observed>) {
        if let Operation::Delete { target_id } = &self.step.planned.operation {
            outcome.index_gone.push((self.step.kind, target_id.clone()));
        }
        if let Some(observed) = observed {
            let row = Observed {
                members: None,
                ..observed.clone()
            };
            outcome.index.push(index_row(self.open, row));
        }
    }

    /// Exists, but nobody can see it: looked up again a few times before it is called a conflict.
    fn hidden(self, outcome: &mut Outcome, reason: &str) {
        match LOOK_AGAIN_SECONDS.get(self.looks as usize) {
            Some(seconds) => {
                let until = self.now + *seconds as i64 * 1000;
                self.fail(outcome, &Failed::RetryAt(until), reason);
            }
            None => {
                let reason = match self.step.planned.operation {
                    Operation::Create { .. } => format!(
                        "{reason} Nothing that can be seen in this target directory has the value: another account or another directory holds it. Free the value there (rename it, change its e-mail address, or delete its stale record), then retry this step"
                    ),
                    _ => format!(
                        "{reason} Another account holds a value that this change sets, and keeps it. Free the value there and retry this step; where two people swap values, give one of them another value first"
                    ),
                };
                self.fail(
                    outcome,
                    &Failed::Parked {
                        reason: reason.clone(),
                    },
                    &reason,
                );
            }
        }
    }

    fn gone(mut self, outcome: &mut Outcome, reason: &str) {
        self.subject.attempts += 1;
        let failed = Failed::Replan {
            reason: format!("the target no longer has it: {reason}"),
        };
        self.fail(outcome, &failed, reason);
    }

    fn fail(self, outcome: &mut Outcome, failed: &Failed, reason: &str) {
        outcome.state = match failed {
            Failed::RetryAt(until) => StepState::Waiting {
                until: *until,
                attempt: outcome.attempts,
                reason: reason.to_owned(),
            },
            Failed::Parked { reason } => StepState::Parked {
                reason: reason.clone(),
            },
            Failed::Replan { reason } => StepState::Replan {
                reason: reason.clone(),
            },
        };
        outcome.audit.push(self.audit(false, reason));
        if matches!(failed, Failed::RetryAt(_)) {
            // The step itself knows when it is due; its subject stays as it is.
            return;
        }
        let mut subject = record_failure(self.subject, self.step, failed, self.now);
        if is_membership(&self.step.planned.operation) {
            subject.members_dirty = matches!(failed, Failed::Replan { .. });
            subject.parked_hash = None;
        }
        outcome.subjects.push(subject);
    }

    fn audit_done(&self, target_id: Option<&TargetId>) -> AuditEvent {
        let mut event = self.audit(true, "");
        if event.target_id.is_none() {
            event.target_id = target_id.map(ToString::to_string);
        }
        event
    }

    pub(super) fn audit(&self, success: bool, detail: &str) -> AuditEvent {
        AuditEvent {
            at: self.now,
            actor: "engine".to_owned(),
            event: self.step.verb().as_str().to_uppercase(),
            channel: Some(self.open.channel.id.to_string()),
            cycle: Some(self.step.cycle.0),
            source_id: Some(self.subject.key.to_string()),
            target_id: self
                .step
                .planned
                .operation
                .target_id()
                .or(self.subject.target_id.as_ref())
                .map(ToString::to_string),
            success,
            detail: detail.to_owned(),
            changes: Vec::new(),
        }
    }
}

pub(super) fn is_membership(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddMembers { .. } | Operation::RemoveMembers { .. }
    )
}

/// Who is in the group after a membership step.
pub(super) fn presence(group: SubjectId, operation: &Operation) -> Vec<Presence> {
    let (members, present) = match operation {
        Operation::AddMembers { members, .. } => (members, true),
        Operation::RemoveMembers { members, .. } => (members, false),
        Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Adopt { .. }
        | Operation::Rekey { .. }
        | Operation::Unlink { .. } => return Vec::new(),
    };
    members
        .iter()
        .map(|member| Presence {
            group,
            user: member.subject,
            present,
            added_by_us: present,
        })
        .collect()
}
