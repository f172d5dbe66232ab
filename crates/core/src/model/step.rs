//! Steps: the durable items of a target's outbox, and the states they move through.

use serde::{Deserialize, Serialize};

use super::{
    ChannelId, CycleId, Hash128, Hold, Kind, Millis, Operation, Reason, StepId, Subject, SubjectId,
    Verb,
};

/// What must still hold when a step runs; otherwise it is dropped and planned again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The hash of what the source said at planning time. Membership steps leave it `None`: members
    /// do not depend on the group's other fields.
    pub desired_hash: Option<Hash128>,
    /// The id of the linked resource at planning time; `None` when there was no link. The deletion
    /// of a group that was created anew under another name expects the new one.
    pub target_id: Option<String>,
}

impl PlannedStep {
    /// Checks what the step expects against the subject as it is now. The error says in words
    /// what changed since it was planned.
    pub fn check(&self, subject: &Subject) -> Result<(), String> {
        let (compare_hash, compare_id) = match self.operation.verb() {
            Verb::AddMembers | Verb::RemoveMembers => (false, true),
            Verb::Delete
            | Verb::Create
            | Verb::Update
            | Verb::Disable
            | Verb::Enable
            | Verb::Adopt
            | Verb::Rekey
            | Verb::Unlink => (true, true),
        };
        if compare_hash && self.expects.desired_hash != subject.desired_hash {
            return Err(format!(
                "what the source says of {} changed since this step was planned; it is planned again",
                subject.dn
            ));
        }
        if let (Operation::Delete { target_id }, Reason::Renamed) = (&self.operation, &self.reason)
            && !subject.has_replaced(target_id)
        {
            return Err(format!(
                "{} has no group under its new name in place of this one, so the old one stays; it is planned again",
                subject.dn
            ));
        }
        let linked = subject.linked_id().map(|id| id.as_str());
        if compare_id && self.expects.target_id.as_deref() != linked {
            return Err(format!(
                "the link of {} changed since this step was planned (expected {}, found {}); it is planned again",
                subject.dn,
                self.expects.target_id.as_deref().unwrap_or("none"),
                linked.unwrap_or("none"),
            ));
        }
        Ok(())
    }

    /// Checks what a re-key expects of the subject that loses its link: it is still linked to the
    /// account, and its key has not come back. Other steps expect nothing of another subject.
    pub fn check_old(&self, old: &Subject) -> Result<(), String> {
        let Operation::Rekey { target_id, .. } = &self.operation else {
            return Ok(());
        };
        if old.linked_id() != Some(target_id) {
            return Err(format!(
                "the account {target_id} is not linked to the old key {} any more; it is planned again",
                old.key
            ));
        }
        // A subject that vanishes in a re-key has no word of the source any more.
        if old.desired_hash.is_some() {
            return Err(format!(
                "the old key {} ({}) came back since this step was planned, so it keeps the account; it is planned again",
                old.key, old.dn
            ));
        }
        Ok(())
    }
}

/// A step as the planner makes it; the store gives it an id and a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What it does.
    pub operation: Operation,
    /// Distinguishes several steps with one verb for one subject (batches of members).
    pub part: u32,
    /// Why.
    pub reason: Reason,
    /// What must still hold.
    pub expects: Expectation,
    /// Why it waits for a person, if it does.
    pub hold: Option<Hold>,
    /// The guards that count it (see `guard::name`), by name.
    pub guards: Vec<String>,
}

/// Where a step is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Written by a cycle that has not ended; nothing may send it.
    Planned,
    /// May be sent.
    Pending,
    /// Waits for a person.
    Held {
        /// Why.
        hold: Hold,
    },
    /// Claimed durably: a request may be under way. Found at start, it is `Unknown`.
    Claimed,
    /// Waits for its next attempt.
    Waiting {
        /// When.
        until: Millis,
        /// How many attempts were made.
        attempt: u32,
        /// Why, in words.
        reason: String,
    },
    /// Done.
    Succeeded,
    /// Given up until source or mapping changes, or a person retries it.
    Parked {
        /// Why, in words, with the remedy.
        reason: String,
    },
    /// Its premise was wrong; the subject is planned again.
    Replan {
        /// Why, in words.
        reason: String,
    },
    /// Sent, but the outcome is not known: it is looked up before anything is repeated.
    Unknown,
    /// A newer plan for the subject took its place before it was sent.
    Superseded,
    /// A person rejected it.
    Rejected,
    /// It was held and its time ran out.
    Expired,
}

/// A transition that the state machine forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is {from} cannot become {to}")]
pub struct InvalidTransition {
    /// The state it is in.
    pub from: &'static str,
    /// The state that was asked for.
    pub to: &'static str,
}

impl StepState {
    /// The state's name in storage and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Pending => "pending",
            Self::Held { .. } => "held",
            Self::Claimed => "claimed",
            Self::Waiting { .. } => "waiting",
            Self::Succeeded => "succeeded",
            Self::Parked { .. } => "parked",
            Self::Replan { .. } => "replan",
            Self::Unknown => "unknown",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    /// Moves to another state, or refuses.
    ///
    /// Allowed: Planned -> Pending | Held | Superseded; Pending -> Claimed | Superseded | Held;
    /// Held -> Pending | Rejected | Expired | Superseded; Claimed -> Succeeded | Waiting | Parked |
    /// Replan | Unknown; Unknown -> Succeeded | Waiting | Parked | Replan; Waiting -> Claimed |
    /// Superseded; Parked -> Pending | Superseded.
    pub fn transition(self, to: Self) -> Result<Self, InvalidTransition> {
        let allowed = match &self {
            Self::Planned => matches!(to, Self::Pending | Self::Held { .. } | Self::Superseded),
            Self::Pending => matches!(to, Self::Claimed | Self::Superseded | Self::Held { .. }),
            Self::Held { .. } => {
                matches!(
                    to,
                    Self::Pending | Self::Rejected | Self::Expired | Self::Superseded
                )
            }
            Self::Claimed => matches!(
                to,
                Self::Succeeded
                    | Self::Waiting { .. }
                    | Self::Parked { .. }
                    | Self::Replan { .. }
                    | Self::Unknown
            ),
            Self::Unknown => matches!(
                to,
                Self::Succeeded | Self::Waiting { .. } | Self::Parked { .. } | Self::Replan { .. }
            ),
            Self::Waiting { .. } => matches!(to, Self::Claimed | Self::Superseded),
            Self::Parked { .. } => matches!(to, Self::Pending | Self::Superseded),
            Self::Succeeded
            | Self::Replan { .. }
            | Self::Superseded
            | Self::Rejected
            | Self::Expired => false,
        };
        if allowed {
            Ok(to)
        } else {
            Err(InvalidTransition {
                from: self.name(),
                to: to.name(),
            })
        }
    }

    /// Whether nothing more will happen to it.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded
            | Self::Replan { .. }
            | Self::Superseded
            | Self::Rejected
            | Self::Expired => true,
            Self::Planned
            | Self::Pending
            | Self::Held { .. }
            | Self::Claimed
            | Self::Waiting { .. }
            | Self::Parked { .. }
            | Self::Unknown => false,
        }
    }
}

/// A step of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// The channel that planned it.
    pub channel: ChannelId,
    /// The cycle that planned it.
    pub cycle: CycleId,
    /// The subject it is about.
    pub subject: SubjectId,
    /// What the subject stands for.
    pub kind: Kind,
    /// What it does and why.
    pub planned: PlannedStep,
    /// Where it is.
    pub state: StepState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was planned.
    pub created_at: Millis,
    /// When its state last changed.
    pub changed_at: Millis,
}

impl Step {
    /// The verb.
    pub fn verb(&self) -> Verb {
        self.planned.operation.verb()
    }
}
