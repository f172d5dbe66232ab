//! Cycles: one run of a channel, and what its read proved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ChannelId, CycleId, Millis};

/// What a cycle reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleMode {
    /// What changed since the watermark.
    Incremental,
    /// Everything.
    Full,
    /// Everything, and the target too.
    Reconcile,
    /// Everything, without looking for linked people by their keys first: a person said that the keys
    /// changed. Holds a re-key for whoever is there under another key, and removes nobody.
    Rekey,
    /// No read of the source: plans what became possible or necessary through outcomes (members
    /// of accounts that have an id now, subjects whose step had a wrong premise).
    FollowUp,
}

/// An opaque "read up to here", meaningful to the source that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watermark(pub String);

/// What a read proves about absence, kept with its cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Why it is not complete; empty when it is.
    pub incomplete: Vec<String>,
    /// The host that answered.
    pub host: String,
    /// What was asked, in words (base, filter, attributes).
    pub asked: Vec<String>,
    /// Pages read.
    pub pages: u64,
    /// People read.
    pub users: u64,
    /// Groups read.
    pub groups: u64,
    /// Sentinels that were looked for and found.
    pub sentinels_found: u32,
    /// Sentinels that were looked for.
    pub sentinels_asked: u32,
    /// Why nobody can rely on who left the scope, although the read is complete: those who should be in it do
    /// not seem to be.
    #[serde(default)]
    pub scope_doubt: Option<String>,
    /// Groups whose member list was not read to its end, by DN, with the reason.
    #[serde(default)]
    pub incomplete_groups: BTreeMap<String, String>,
    /// Entries that were left out because they are unusable, with the reason (at most 1,000 kept).
    #[serde(default)]
    pub bad_entries: Vec<String>,
}

impl Certificate {
    /// Whether the read may prove absence.
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }
}

/// Where a cycle is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CycleState {
    /// Reading and planning.
    Reading,
    /// Its steps are durable; nothing was missing.
    Completed,
    /// Its steps are durable, but the read proves no absence.
    Incomplete {
        /// Why.
        reasons: Vec<String>,
    },
    /// Ended without effect.
    Aborted {
        /// Why.
        reason: String,
    },
}

impl CycleState {
    /// Its name in storage and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Completed => "completed",
            Self::Incomplete { .. } => "incomplete",
            Self::Aborted { .. } => "aborted",
        }
    }
}

/// One cycle as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Its id.
    pub id: CycleId,
    /// Its channel.
    pub channel: ChannelId,
    /// What it reads.
    pub mode: CycleMode,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Where it is.
    pub state: CycleState,
    /// Entries read.
    pub read: u64,
    /// Verdicts of those entries, by name; their sum is `read` (the conservation law).
    pub verdicts: BTreeMap<String, u64>,
    /// Steps planned, by verb.
    pub steps: BTreeMap<String, u64>,
    /// Steps held, by guard or hold name.
    pub held: BTreeMap<String, u64>,
    /// Guards that were exceeded, in words with their numbers.
    pub breaches: Vec<String>,
    /// What a reconcile found changed at the target without us, in words (at most 1,000 kept).
    #[serde(default)]
    pub drift: Vec<String>,
    /// What else a person should know of it, in words: defaults that stand in for what failed, groups that were not
    /// read to their end.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// What the read proves.
    pub certificate: Option<Certificate>,
    /// The plan's hash (canonical steps, what they expect, the configuration's revision).
    pub plan_hash: Option<String>,
    /// The configuration's revision it ran with.
    pub revision: u64,
}

impl Cycle {
    /// Entries read that no verdict accounts for; anything but 0 is a defect.
    pub fn unexplained(&self) -> i64 {
        self.read as i64 - self.verdicts.values().sum::<u64>() as i64
    }
}
