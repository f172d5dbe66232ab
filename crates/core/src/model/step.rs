//! Steps: the durable items of a target's outbox, and the states they move through.

use serde::{Deserialize, Serialize};

use super::{ChannelId, CycleId, Hash128, Kind, Millis, Operation, StepId, SubjectId, Verb};

/// Why a step exists, in a form that a person and a program can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// The entry is in scope and nothing at the target corresponds to it.
    Absent,
    /// An existing resource corresponds to it.
    Found {
        /// By which field.
        by: String,
    },
    /// Mapped values differ from what the target holds.
    Changed,
    /// The source disabled the account.
    SourceDisabled,
    /// The account's expiry has passed.
    SourceExpired,
    /// Found active at the target on the first activation while the source has it disabled.
    FoundDisabledInSource,
    /// The source enabled the account again.
    SourceEnabled,
    /// The entry left the scope; the clause that no longer holds.
    LeftScope {
        /// The clause, in words.
        clause: String,
    },
    /// The entry is gone, proven by a complete read or by the source's own word.
    Gone {
        /// What proves it, in words.
        proof: String,
    },
    /// The source key changed while the person stayed.
    KeyChanged,
    /// A deletion follows a disable after its grace.
    GraceOver,
    /// The target no longer has the linked resource, confirmed by a read by id.
    MissingAtTarget,
    /// Desired members that are not in the group.
    MembersMissing,
    /// Members that Usher added and that are no longer desired.
    MembersExtra,
    /// The group's name changed and the policy is to create, copy and delete.
    Renamed,
}

/// Why a step waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hold", rename_all = "snake_case")]
pub enum Hold {
    /// A guard's limit was exceeded.
    Guard {
        /// The limit that was exceeded, in words with its numbers.
        reason: String,
    },
    /// Any adoption on first activation waits for approval; and any adoption of a group.
    Adoption,
    /// The found resource carries a foreign `externalId`.
    ForeignExternalId {
        /// The value that is there.
        value: String,
    },
    /// Several resources correspond, or the only one is linked already.
    Ambiguous {
        /// The candidates, in words.
        candidates: Vec<String>,
    },
    /// The account is inactive at the target while the source has it enabled.
    InactiveAtTarget,
    /// Another subject has, or wants, the same unique value.
    Conflict {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// The other subject, in words (DN).
        other: String,
    },
    /// A new key of the same person; approve to keep the account.
    Rekey {
        /// The vanishing key.
        old_key: String,
    },
    /// The e-mail's domain is not among those that may be sent.
    Domain {
        /// The domain.
        domain: String,
        /// What would be lost, in words.
        loss: String,
    },
    /// Another channel owns the resource.
    OwnedElsewhere {
        /// The owning channel.
        channel: String,
    },
    /// The group's name is protected at the target.
    ProtectedName {
        /// The pattern it matches.
        pattern: String,
    },
    /// A change of configuration would remove; always held.
    ConfigurationChange,
    /// Removing or emptying a group is always held.
    GroupRemoval,
    /// A linked resource is missing at the target.
    Missing,
    /// Two steps would exchange a unique value.
    Swap {
        /// The field.
        field: String,
    },
}

impl Hold {
    /// The hold's name in storage and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Guard { .. } => "guard",
            Self::Adoption => "adoption",
            Self::ForeignExternalId { .. } => "foreign_external_id",
            Self::Ambiguous { .. } => "ambiguous",
            Self::InactiveAtTarget => "inactive_at_target",
            Self::Conflict { .. } => "conflict",
            Self::Rekey { .. } => "rekey",
            Self::Domain { .. } => "domain",
            Self::OwnedElsewhere { .. } => "owned_elsewhere",
            Self::ProtectedName { .. } => "protected_name",
            Self::ConfigurationChange => "configuration_change",
            Self::GroupRemoval => "group_removal",
            Self::Missing => "missing",
            Self::Swap { .. } => "swap",
        }
    }
}

/// What must still hold when a step runs; otherwise it is dropped and planned again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The subject's desired hash at planning time.
    pub desired_hash: Option<Hash128>,
    /// The subject's target id at planning time.
    pub target_id: Option<String>,
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
    /// The guards that count it (see `guard::GuardKind`), by name.
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
#[error("a step that is {from} cannot become {to}")]
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
