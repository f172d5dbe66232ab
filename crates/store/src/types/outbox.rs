//! Cycles, steps, outcomes, and the index of the target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_core::model::{
    ChannelId, ConnectionId, Cycle, CycleId, CycleMode, Hold, Kind, Millis, Observed, PlannedStep,
    StepId, StepState, Subject, SubjectId, TargetId, Verb,
};

use super::{AuditEvent, ChannelRecord, UniqueValue};

/// A cycle that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCycle {
    /// Its channel.
    pub channel: ChannelId,
    /// What it reads.
    pub mode: CycleMode,
    /// When.
    pub now: Millis,
    /// The configuration's revision.
    pub revision: u64,
}

/// A subject to write, with its plan.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectWrite {
    /// The subject; without an id it is new.
    pub subject: Subject,
    /// The canonical DN of its container, for the container guard.
    pub container: String,
    /// It was planned: its older steps that are not in flight are superseded at settling.
    pub replanned: bool,
    /// Its steps.
    pub steps: Vec<PlannedStep>,
    /// Its unique values; `None` leaves the stored ones.
    pub unique: Option<Vec<UniqueValue>>,
}

/// The membership plan of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupWrite {
    /// The group.
    pub group: SubjectId,
    /// Its steps; may be empty.
    pub steps: Vec<PlannedStep>,
    /// The members are in order now (or will be when these steps are done).
    pub settled: bool,
}

/// How a cycle ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The cycle as it is to be stored; `state` says how it ended.
    pub cycle: Cycle,
    /// Guards that are exceeded: steps that carry one of these names are held.
    pub breaches: BTreeMap<String, Hold>,
    /// What is kept of the channel, the new watermark included.
    pub record: ChannelRecord,
}

/// What settling did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Steps that may be sent.
    pub pending: u64,
    /// Steps that wait for a person.
    pub held: u64,
    /// Subjects whose verdict became `Held` because a step of theirs is held.
    pub subjects_held: Vec<SubjectId>,
    /// Older steps that were superseded.
    pub superseded: u64,
}

/// The outcome of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The step.
    pub step: StepId,
    /// Its new state; the store refuses forbidden transitions.
    pub state: StepState,
    /// Attempts made.
    pub attempts: u32,
    /// Stored subjects as they are to be (the step's own; a re-key's old one). What sending does not change is not
    /// written: key, kind, names, and what is wanted of it, unless nothing is wanted any more.
    pub subjects: Vec<Subject>,
    /// Members that are now present or absent.
    pub presence: Vec<Presence>,
    /// Rows of the target index that changed.
    pub index: Vec<IndexRow>,
    /// Resources that are gone from the target.
    pub index_gone: Vec<(Kind, TargetId)>,
    /// Requests and replies, masked, as JSON.
    pub exchanges: Vec<serde_json::Value>,
    /// Audit events.
    pub audit: Vec<AuditEvent>,
}

/// One member's presence in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The group.
    pub group: SubjectId,
    /// The member.
    pub user: SubjectId,
    /// It is there now.
    pub present: bool,
    /// We put it there.
    pub added_by_us: bool,
}

/// Which steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepFilter {
    /// Of this SP connection.
    pub connection: Option<ConnectionId>,
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this cycle.
    pub cycle: Option<CycleId>,
    /// Of one of these subjects; empty = any.
    pub subjects: Vec<SubjectId>,
    /// In one of these states, by name; empty = any.
    pub states: Vec<String>,
    /// With one of these verbs; empty = any.
    pub verbs: Vec<Verb>,
    /// With one of these ids; empty = any.
    pub ids: Vec<StepId>,
}

/// How many steps there are of one verb in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCount {
    /// What the steps stand for.
    pub kind: Kind,
    /// The verb.
    pub verb: Verb,
    /// The state's name.
    pub state: String,
    /// How many.
    pub count: u64,
    /// How many members, for membership steps.
    pub members: u64,
}

/// The steps of a channel that wait for another attempt, however many they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingSteps {
    /// Steps that were put back without an attempt of their own: the target was left alone.
    pub put_back: u64,
    /// Steps that were attempted and failed.
    pub failed: u64,
    /// Of those that failed, the ones with at least the attempts that were asked for, and the ones that are
    /// due later, or were due earlier, than the time that was asked for.
    pub lasting: u64,
    /// When the first of those that failed is due, and why it failed.
    pub next: Option<(Millis, String)>,
}

/// A person's decision over a set of held or parked steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The steps.
    pub steps: Vec<StepId>,
    /// Who decided and when, and what the audit log says of it: its detail is followed by the numbers of the
    /// steps that changed state ([`numbered`]).
    pub event: AuditEvent,
}

impl Approval {
    /// What the audit log says when this was carried out.
    pub fn told(&self, approved: &Approved) -> AuditEvent {
        AuditEvent {
            detail: format!("{}{}", self.event.detail, numbered(&approved.done)),
            ..self.event.clone()
        }
    }
}

/// The numbers of steps, those that follow each other as a range: who looks at the log later finds each in it.
pub fn numbered(steps: &[StepId]) -> String {
    let mut ids: Vec<i64> = steps.iter().map(|step| step.0).collect();
    ids.sort_unstable();
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match ranges.last_mut() {
            Some((_, last)) if id <= *last + 1 => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    if ranges.is_empty() {
        return "none".to_owned();
    }
    let words = ranges.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What a decision did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// Steps that changed state.
    pub done: Vec<StepId>,
    /// Steps that were not held any more, with their state.
    pub stale: Vec<(StepId, String)>,
}

/// One request with its reply, of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRecord {
    /// The step.
    pub step: StepId,
    /// When.
    pub at: Millis,
    /// The exchange, masked.
    pub exchange: serde_json::Value,
}

/// A resource of the target, as last listed or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRow {
    /// The resource.
    pub observed: Observed,
    /// `externalId`, exact.
    pub external_id: Option<String>,
    /// The user name or group name, folded.
    pub name: Option<String>,
    /// The work e-mail, folded.
    pub email: Option<String>,
}

/// A key to look up in the target index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKey {
    /// `externalId`, exact.
    ExternalId(String),
    /// User name or group name, folded.
    Name(String),
    /// Work e-mail, folded.
    Email(String),
    /// Target id.
    Id(TargetId),
}

#[cfg(test)]
mod tests {
    use super::{StepId, numbered};

    #[test]
    fn every_step_of_a_decision_is_found_in_the_log() {
        let steps = |ids: &[i64]| numbered(&ids.iter().map(|id| StepId(*id)).collect::<Vec<_>>());
        assert_eq!(steps(&[]), "none");
        assert_eq!(steps(&[9, 4, 5, 6, 12, 11]), "4 to 6, 9, 11 to 12");
    }
}
