//! Plain values that go in and out of the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_core::model::{
    ChannelId, ConnectionId, Cycle, CycleId, CycleMode, Hash128, Hold, Kind, Millis, Observed,
    PlannedStep, SourceKey, StepId, StepState, Subject, SubjectId, SubjectState, TargetId, Verb,
    Verdict, Watermark,
};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the target's lease now: stop.
    #[error(
        "another process took over the target {target} (this one held epoch {held}); it goes on there"
    )]
    Fenced {
        /// The target.
        target: String,
        /// The epoch that was presented.
        held: i64,
    },
    /// A newer revision was saved in between.
    #[error(
        "the configuration changed in between: expected revision {expected}, found {found}; read it again"
    )]
    Conflict {
        /// What the caller expected.
        expected: u64,
        /// What is stored.
        found: u64,
    },
    /// A stored row cannot be understood.
    #[error("the state is inconsistent in {table}.{column} of row {row}: {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
        /// What is wrong.
        problem: String,
    },
    /// A step was to move to a state that it cannot move to; nothing was changed.
    #[error("step {step}: {source}; read it again and decide anew")]
    Transition {
        /// The step.
        step: StepId,
        /// Which transition.
        source: usher_core::model::InvalidTransition,
    },
    /// The database failed.
    #[error("the state store failed: {0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Proof of holding a target's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The target.
    pub target: ConnectionId,
    /// The lease's epoch.
    pub epoch: i64,
}

/// Where a channel is in its life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum ChannelState {
    /// Configured, never run.
    #[default]
    Draft,
    /// Reads and plans, never writes.
    Observe,
    /// Runs.
    Active,
    /// Stopped by a person.
    Paused,
    /// Stopped by itself.
    Quarantined {
        /// Why, and what to do.
        why: String,
    },
}

/// What is kept per channel beside its subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// The channel.
    pub channel: ChannelId,
    /// Its SP connection.
    pub connection: ConnectionId,
    /// Where it is.
    pub state: ChannelState,
    /// Where the next delta starts.
    pub watermark: Option<Watermark>,
    /// The identity of the target that the links belong to.
    pub target_identity: Option<String>,
    /// Every create of the first complete plan has an outcome.
    pub first_sync_done: bool,
    /// The adoption plan was approved (or there was nothing to adopt).
    pub adoption_approved: bool,
    /// The configuration's revision that was last planned from a complete full read.
    pub planned_revision: Option<u64>,
    /// A digest of what of that configuration changes the meaning of what is stored.
    pub planned_digest: Option<Hash128>,
    /// When the last complete full read ended.
    pub last_complete_at: Option<Millis>,
    /// People and groups of the last complete read.
    pub last_complete_users: u64,
    /// See `last_complete_users`.
    pub last_complete_groups: u64,
    /// Warnings that stay visible on the channel.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl ChannelRecord {
    /// A channel that never ran.
    pub fn new(channel: ChannelId, connection: ConnectionId) -> Self {
        Self {
            channel,
            connection,
            state: ChannelState::Draft,
            watermark: None,
            target_identity: None,
            first_sync_done: false,
            adoption_approved: false,
            planned_revision: None,
            planned_digest: None,
            last_complete_at: None,
            last_complete_users: 0,
            last_complete_groups: 0,
            warnings: Vec::new(),
        }
    }
}

/// The part of a subject that decides whether anything must be done; cheap to read in thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectHead {
    /// Its id.
    pub id: SubjectId,
    /// Its key.
    pub key: SourceKey,
    /// What it stands for.
    pub kind: Kind,
    /// The canonical DN's hash.
    pub dn_hash: Hash128,
    /// Its life.
    pub state: SubjectState,
    /// Whether it was in scope when last read.
    pub in_scope: bool,
    /// See `Subject`.
    pub desired_hash: Option<Hash128>,
    /// See `Subject`.
    pub synced_hash: Option<Hash128>,
    /// What became of it last.
    pub verdict: Verdict,
    /// Must be planned again.
    pub dirty: bool,
    /// See `Subject`.
    pub next_at: Option<Millis>,
}

/// An entry as it is read, to be recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// Its key.
    pub key: SourceKey,
    /// The hash of its canonical DN.
    pub dn_hash: Hash128,
    /// The hash of everything that mapping sees of it.
    pub content: Hash128,
}

/// What is kept of a read; see `Subjects::remember_reads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The subject.
    pub subject: SubjectId,
    /// As in [`ReadMark`].
    pub content: Hash128,
    /// The desired hash that mapping gave for it.
    pub desired_hash: Hash128,
}

/// A subject that is as it was when its entry last read so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchanged {
    /// Which of the marks, from 0.
    pub mark: usize,
    /// The subject.
    pub subject: SubjectId,
    /// What became of it then.
    pub verdict: Verdict,
}

/// Which subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectFilter {
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In one of these states; empty = any.
    pub states: Vec<SubjectState>,
    /// With one of these verdicts; empty = any.
    pub verdicts: Vec<Verdict>,
}

/// Counts of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelCounts {
    /// Subjects by kind and state (`user.linked`).
    pub states: BTreeMap<String, u64>,
    /// Subjects in scope by kind and verdict (`user.held`).
    pub verdicts: BTreeMap<String, u64>,
    /// People whose link stands and who are not disabled (N).
    pub active_links: u64,
    /// Subjects that are dirty.
    pub dirty: u64,
}

/// A unique value of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueValue {
    /// The field.
    pub field: String,
    /// The folded value.
    pub folded: String,
}

/// Who holds a unique value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueHolder {
    /// The value.
    pub value: UniqueValue,
    /// The subject.
    pub subject: SubjectId,
    /// Its DN.
    pub dn: String,
    /// Its state.
    pub state: SubjectState,
    /// It is in scope.
    pub in_scope: bool,
}

/// One desired member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedMember {
    /// The member.
    pub user: SubjectId,
    /// The nested groups that it came through.
    pub via: Vec<String>,
}

/// A group's member list as it was last read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedMembers {
    /// The group.
    pub group: SubjectId,
    /// The desired members, by id ascending.
    pub members: Vec<StagedMember>,
    /// Whether the list was read to its end.
    pub complete: bool,
}

/// One row of membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: SubjectId,
    /// The member.
    pub user: SubjectId,
    /// The member's target id, while its link stands.
    pub target_id: Option<TargetId>,
    /// The source wants it.
    pub desired: bool,
    /// The target has it, as far as we know.
    pub present: bool,
    /// We added it.
    pub added_by_us: bool,
    /// The nested groups that it came through.
    pub via: Vec<String>,
}

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
    /// Subjects as they are to be stored (the step's own; a re-key's old one).
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
    /// Of this subject.
    pub subject: Option<SubjectId>,
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

/// A person's decision over a set of held steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The steps.
    pub steps: Vec<StepId>,
    /// Who.
    pub by: String,
    /// When.
    pub now: Millis,
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

/// Something that happened, for the audit log (time, cycle, channel, event, source, target,
/// success, cause; who and before/after for configuration).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Millis,
    /// Who: an operator's name, or `engine`.
    pub actor: String,
    /// What, such as `CREATE`, `UPDATE`, `APPROVE`, `CONFIG`.
    pub event: String,
    /// The channel.
    pub channel: Option<String>,
    /// The cycle.
    pub cycle: Option<i64>,
    /// The source key.
    pub source_id: Option<String>,
    /// The target id.
    pub target_id: Option<String>,
    /// Whether it succeeded.
    pub success: bool,
    /// The cause of a failure, or further detail without secrets.
    pub detail: String,
    /// Of a change to the configuration or to an operator's account: what it changed, without secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// One value that a change replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where, such as `sp_connections[acme].channels[staff].source.base_dn`.
    pub path: String,
    /// The value before, as JSON; `None` = not there. Dots stand for a secret.
    pub before: Option<String>,
    /// The value after, likewise.
    pub after: Option<String>,
}

/// How long things are kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Exchanges.
    pub exchanges_days: u32,
    /// Cycles and final steps.
    pub cycles_days: u32,
    /// Audit events.
    pub audit_days: u32,
    /// Shadows of removed people; the tombstone (key, id) stays.
    pub removed_shadow_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            exchanges_days: 30,
            cycles_days: 90,
            audit_days: 400,
            removed_shadow_days: 90,
        }
    }
}
