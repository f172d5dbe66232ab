//! One attempt at one step: encode, wait for a turn, send, judge.

use std::time::Duration;

use usher_connector::{Exchange, Failure, Premise, Reply, Request, TargetError};
use usher_core::model::{Hold, Observed, Operation, Reason, Step, Subject, SubjectId, TargetId};
use usher_core::planner::{ChannelRules, Copied};

use super::backoff::retry_within;
use super::gate::Gate;
use super::limiter::Limiter;
use super::lookup::{Created, Found};
use super::trouble::{Trouble, again, again_after, blame};
use crate::context::{Engine, OpenChannel};
use crate::copied::copied;

/// Most other encodings that are tried for one effect.
const ENCODINGS: u32 = 4;
/// When a create answers "exists" although nothing is visible, it is looked up again after these
/// seconds, before it is called a conflict.
pub(super) const LOOK_AGAIN_SECONDS: [u64; 3] = [2, 10, 60];

/// What one attempt needs.
pub(super) struct Attempt<'a> {
    pub(super) engine: &'a Engine,
    pub(super) open: &'a OpenChannel,
    pub(super) limiter: &'a Limiter,
    pub(super) gate: &'a Gate,
    /// How long to wait for a target that is to be left alone.
    pub(super) patience: Duration,
    /// The step was looked up just before and not carried out.
    pub(super) not_done: bool,
}

/// What a failed attempt is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The step: so many failures park it.
    Step,
    /// The step, on the word of a mere look at the target: many such failures park it.
    Alone,
    /// The step, on such a word while many fail: it takes a multiple of such failures to park it.
    Many,
    /// The target, if it does nothing else well either.
    Target,
    /// The target, which wants less or cannot be reached: it is left alone for a while.
    Pause,
}

/// How an attempt ended.
#[derive(Clone)]
pub(super) enum Ended {
    /// The effect is there.
    Done(Done),
    /// Only a part of the effect could be had; the rest is refused for good.
    Partly {
        /// What was done.
        done: Option<Done>,
        /// The operation that was done; `None` when nothing of it was.
        operation: Option<Operation>,
        /// What was refused, as an operation of the same verb.
        refused: Operation,
        /// Why, in words.
        reason: String,
    },
    /// To be tried again.
    Again {
        /// Milliseconds that the target told.
        after_ms: Option<u64>,
        /// What the failure is charged to.
        blame: Blame,
        /// Why.
        reason: String,
    },
    /// Another resource has the unique value and is visible: the subject is planned again.
    InTheWay {
        /// That resource.
        observed: Box<Observed>,
        /// Why.
        reason: String,
    },
    /// Something invisible has the unique value.
    Hidden {
        /// Why.
        reason: String,
    },
    /// What it expected holds no longer: nothing was sent.
    Stale {
        /// Why.
        reason: String,
    },
    /// Given up.
    Parked {
        /// Why, with the remedy.
        reason: String,
    },
    /// The linked resource is gone.
    Gone {
        /// Why.
        reason: String,
    },
    /// It may or may not have happened, and looking it up failed too.
    Unknown {
        /// Why.
        reason: String,
    },
    /// Sending was stopped before anything was sent.
    Unsent,
    /// Nothing works until a person acts.
    Stop {
        /// Why.
        reason: String,
        /// It may have been carried out before.
        sent: bool,
    },
}

/// A good end.
#[derive(Clone, Default)]
pub(super) struct Done {
    pub(super) observed: Option<Observed>,
    pub(super) target_id: Option<TargetId>,
}

impl Attempt<'_> {
    /// Makes one attempt; every exchange is added to `log`, masked.
    pub(super) async fn make(&self, step: &Step, log: &mut Vec<Exchange>) -> Ended {
        if step.attempts > 0
            && !self.not_done
            && let Operation::Create { resource, .. } = &step.planned.operation
        {
            // A create that was tried before may have been carried out: look before posting.
            match self.find_created(step, resource).await {
                Ok(Created::Ours(observed)) => return done(Some(observed)),
                Ok(Created::Named(observed)) => return in_the_way(observed),
                Ok(Created::Nothing) => {}
                Err(error) => return again(&error),
            }
        }
        let operation = &step.planned.operation;
        if let Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. } =
            operation
            && members.is_empty()
        {
            return Ended::Done(Done::default());
        }
        let request = match self.open.target.encode(step.kind, operation, self.opener()) {
            Ok(Some(request)) => request,
            Ok(None) => return Ended::Done(Done::default()),
            Err(error) => {
                return Ended::Parked {
                    reason: error.message,
                };
            }
        };
        match self.send(&request, log).await {
            Ok(reply) => replied(reply),
            Err(Trouble::Target(error)) => self.judge(step, error, log).await,
            Err(Trouble::Stopped) => Ended::Unsent,
        }
    }

    fn opener(&self) -> &dyn usher_connector::Opener {
        self.engine.sealer.as_ref()
    }

    /// Asks something of the target that changes nothing, a few times if need be.
    pub(super) async fn look<T, F, Fut>(&self, mut read: F) -> Result<T, Trouble>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, TargetError>>,
    {
        let limiter = self.limiter;
        let read = retry_within(self.patience, || {
            let asked = match limiter.paused() {
                Some(pause) if pause.left > self.patience => Err(TargetError::from(pause)),
                _ => Ok(read()),
            };
            async move { asked?.await }
        });
        tokio::select! {
            biased;
            () = self.gate.until_shut() => Err(Trouble::Stopped),
            found = read => Ok(found?),
        }
    }

    /// Waits for a turn; an error when nothing is to be sent now.
    async fn turn(&self) -> Result<(), Trouble> {
        let turn = tokio::select! {
            biased;
            () = self.gate.until_shut() => return Err(Trouble::Stopped),
            turn = self.limiter.turn(self.patience) => turn,
        };
        Ok(turn.map_err(TargetError::from)?)
    }

    /// Sends one request in its turn and its time.
    pub(super) async fn send(
        &self,
        request: &Request,
        log: &mut Vec<Exchange>,
    ) -> Result<Reply, Trouble> {
        self.turn().await?;
        let seconds = u64::from(self.open.channel.timeout_seconds.max(1));
        let sent = self.open.target.send(request);
        // The connector has its own time-out; this one holds even if the connector forgets.
        let result = match tokio::time::timeout(Duration::from_secs(seconds + 5), sent).await {
            Ok(result) => result,
            Err(_) => Err(TargetError::new(
                Failure::Unknown,
                format!(
                    "{} {} had no answer in {seconds} s",
                    request.method, request.path
                ),
            )),
        };
        match &result {
            Ok(reply) => log.push(reply.exchange.clone()),
            Err(error) => {
                log.extend(error.exchange.as_deref().cloned());
                self.limiter.note(error);
            }
        }
        Ok(result?)
    }

    async fn judge(&self, step: &Step, error: TargetError, log: &mut Vec<Exchange>) -> Ended {
        let reason = error.message.clone();
        match &error.failure {
            Failure::AlreadyDone => Ended::Done(Done::default()),
            Failure::Retry { .. } | Failure::Throttled { .. } => again_after(&error),
            Failure::Refused { .. } => self.refused(step, error, log).await,
            Failure::Replan {
                premise: Premise::Exists,
            } => self.exists(step, reason).await,
            Failure::Replan {
                premise: Premise::Gone,
            } => self.gone(step, reason).await,
            Failure::Replan {
                premise: Premise::MemberGone,
            } => self.split_members(step, reason, log).await,
            Failure::Unknown => self.lost(step, &error).await,
            Failure::StopTarget => Ended::Stop {
                reason,
                sent: false,
            },
        }
    }

    /// The target refused the encoding: another one with the same effect is tried, then parts.
    async fn refused(&self, step: &Step, error: TargetError, log: &mut Vec<Exchange>) -> Ended {
        let operation = &step.planned.operation;
        let mut last = error;
        for attempt in 1..=ENCODINGS {
            let other =
                self.open
                    .target
                    .encode_otherwise(step.kind, operation, attempt, self.opener());
            let Ok(Some(request)) = other else { break };
            match self.send(&request, log).await {
                Ok(reply) => return replied(reply),
                Err(Trouble::Target(error)) if matches!(error.failure, Failure::Refused { .. }) => {
                    last = error;
                }
                Err(Trouble::Target(error)) => {
                    return Box::pin(self.judge(step, error, log)).await;
                }
                Err(Trouble::Stopped) => return Ended::Unsent,
            }
        }
        self.split(step, last.message, log).await
    }

    /// 409: ours already, somebody else's, or something that cannot be seen.
    async fn exists(&self, step: &Step, reason: String) -> Ended {
        let resource = match &step.planned.operation {
            Operation::Create { resource, .. } => resource,
            // A unique value is taken, perhaps by somebody whose own change is about to free it.
            Operation::Update { .. } | Operation::Adopt { .. } | Operation::Rekey { .. } => {
                return Ended::Hidden { reason };
            }
            Operation::Disable { .. }
            | Operation::Enable { .. }
            | Operation::Delete { .. }
            | Operation::Unlink { .. }
            | Operation::AddMembers { .. }
            | Operation::RemoveMembers { .. } => return Ended::Parked { reason },
        };
        match self.find_created(step, resource).await {
            Ok(Created::Ours(observed)) => return done(Some(observed)),
            // It is the one that is in the way, too.
            Ok(Created::Named(_) | Created::Nothing) => {}
            Err(error) => return again(&error),
        }
        match self.find_in_the_way(step.kind, resource).await {
            // A record may be seen some time after it was made: this search comes later than the one above.
            Ok(Some(observed)) if self.is_ours(step, resource, &observed) => done(Some(observed)),
            Ok(Some(observed)) => Ended::InTheWay {
                observed: Box::new(observed),
                reason,
            },
            Ok(None) => Ended::Hidden { reason },
            Err(error) => again(&error),
        }
    }

    /// 404 on a linked resource: a read by id confirms it before anything is believed.
    async fn gone(&self, step: &Step, reason: String) -> Ended {
        let Some(id) = step.planned.operation.target_id() else {
            return Ended::Parked { reason };
        };
        match self.look(|| self.open.target.read(step.kind, id)).await {
            Ok(None) => Ended::Gone { reason },
            Ok(Some(_)) => Ended::Again {
                after_ms: None,
                blame: Blame::Step,
                reason: format!("{reason}; but a read by id finds it"),
            },
            Err(error) => again(&error),
        }
    }

    /// The reply was lost at this attempt.
    async fn lost(&self, step: &Step, error: &TargetError) -> Ended {
        match self.unknown(step, error.message.clone()).await {
            Ended::Again {
                after_ms, reason, ..
            } => Ended::Again {
                after_ms,
                blame: blame(error),
                reason,
            },
            other => other,
        }
    }

    /// The reply was lost: what happened is looked up before anything is repeated.
    pub(super) async fn unknown(&self, step: &Step, reason: String) -> Ended {
        match self.look_up(step).await {
            Ok(Found::Done(observed)) => done(observed),
            Ok(Found::NotDone) => Ended::Again {
                after_ms: Some(0),
                blame: Blame::Step,
                reason,
            },
            Ok(Found::Gone) => Ended::Gone { reason },
            Ok(Found::Named(observed)) => in_the_way(*observed),
            Err(Trouble::Target(error)) if matches!(error.failure, Failure::StopTarget) => {
                Ended::Stop {
                    reason: error.message,
                    sent: true,
                }
            }
            Err(Trouble::Target(error)) => Ended::Unknown {
                reason: format!("{reason}; looking it up failed: {error}"),
            },
            Err(Trouble::Stopped) => Ended::Unknown {
                reason: format!("{reason}; sending was stopped before it was looked up"),
            },
        }
    }
}

pub(super) fn replied(reply: Reply) -> Ended {
    let target_id = reply.target_id.or(reply
        .observed
        .as_ref()
        .map(|observed| observed.target_id.clone()));
    Ended::Done(Done {
        observed: reply.observed,
        target_id,
    })
}

fn done(observed: Option<Observed>) -> Ended {
    let target_id = observed.as_ref().map(|observed| observed.target_id.clone());
    Ended::Done(Done {
        observed,
        target_id,
    })
}

/// A record with the name of what a create may have made: the planner decides about it.
fn in_the_way(observed: Observed) -> Ended {
    let reason = format!(
        "whether it was created is not known; the target has a record of that name with the id {}, which does not carry our key: it is planned again, and linked only after approval",
        observed.target_id
    );
    Ended::InTheWay {
        observed: Box::new(observed),
        reason,
    }
}

/// Whether what a step expects still holds; if not, why not.
pub(super) fn stale(step: &Step, subject: &Subject) -> Option<String> {
    step.planned.check(subject).err()
}

/// Why what a step would take away stays where it is: the link of a re-key's old subject, or a group
/// under its old name whose members are not in the new one. `None` for other steps.
pub(super) async fn old_stays(
    engine: &Engine,
    rules: &ChannelRules,
    step: &Step,
    subject: &Subject,
) -> Option<String> {
    match (&step.planned.operation, &step.planned.reason) {
        (Operation::Rekey { old_subject, .. }, _) => {
            Box::pin(old_key_stays(engine, step, *old_subject)).await
        }
        (Operation::Delete { .. }, Reason::Renamed) => {
            Box::pin(old_group_stays(engine, rules, step, subject)).await
        }
        _ => None,
    }
}

async fn old_key_stays(engine: &Engine, step: &Step, old: SubjectId) -> Option<String> {
    match engine.store.subjects(&[old]).await {
        Ok(olds) => match olds.first() {
            Some(old) => step.planned.check_old(old).err(),
            None => Some("the subject of the old key is not known any more".to_owned()),
        },
        Err(error) => Some(format!(
            "the subject of the old key cannot be read: {error}"
        )),
    }
}

async fn old_group_stays(
    engine: &Engine,
    rules: &ChannelRules,
    step: &Step,
    subject: &Subject,
) -> Option<String> {
    let told = matches!(step.planned.hold, Some(Hold::MembersNotCopied { .. }));
    match copied(engine, rules, subject).await {
        Ok(Some(Copied::Whole)) => None,
        // Whoever approved it was told.
        Ok(Some(Copied::Refused { .. })) if told => None,
        Ok(Some(Copied::Refused { reason } | Copied::NotYet { reason })) => Some(format!(
            "the group under its old name stays until the members are in the new one: {reason}; it is planned again"
        )),
        Ok(None) => Some("no group is to be deleted in place of this one any more".to_owned()),
        Err(error) => Some(format!(
            "whether the members are in the new group cannot be read: {error}"
        )),
    }
}
