//! Subjects, and memberships as they are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_core::model::{
    ChannelId, Hash128, Kind, Millis, SourceKey, SubjectId, SubjectState, TargetId, Verdict,
};

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
    /// People who left the scope with an active account of which it is not decided yet whether they keep it: a step
    /// for them is on its way or held. For comparing reads, not shown.
    #[serde(skip)]
    pub leaving: u64,
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
    /// The member's account is protected: nothing of it is written, its memberships neither.
    pub frozen: bool,
    /// The source wants it.
    pub desired: bool,
    /// The target has it, as far as we know.
    pub present: bool,
    /// We added it.
    pub added_by_us: bool,
    /// The nested groups that it came through.
    pub via: Vec<String>,
}
