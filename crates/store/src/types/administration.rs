//! Errors, fences, channels.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use usher_core::model::{ChannelId, ConnectionId, Hash128, Millis, StepId, Watermark};

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
    /// There is no room; nothing was changed.
    #[error(
        "the disk of the state is full: nothing is saved, and nothing is sent until there is room ({0})"
    )]
    Full(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file is not where it was opened; nothing was changed.
    #[error(
        "the state file `{file}` was removed, moved or replaced while it is in use ({found}): nothing is saved or sent. Put it back, or stop Usher and start it again with the folder that is meant"
    )]
    Moved {
        /// Where it was.
        file: String,
        /// What is there now.
        found: String,
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
    /// When that read began: nothing that happened later is sure to be in it.
    #[serde(default)]
    pub last_complete_began: Option<Millis>,
    /// People and groups of the last complete read.
    pub last_complete_users: u64,
    /// See `last_complete_users`.
    pub last_complete_groups: u64,
    /// People in scope of the last complete full read.
    #[serde(default)]
    pub last_complete_people: u64,
    /// Why the last full read was not complete, if it was not: until one is, nobody who is missing counts as gone,
    /// however many looks at what changed succeed. Empty = it was complete, or there was none.
    #[serde(default)]
    pub full_incomplete: Vec<String>,
    /// Of those in scope, how many were found disabled in the source; those who read as before are not looked at again, so
    /// that only 0 is exact: nobody was disabled then, and nobody who was read since is. `None` = not known.
    #[serde(default)]
    pub disabled_people: Option<u64>,
    /// Names, as hashes of canonical DNs, of entries without a key in the last complete read. `None` =
    /// there was none yet, or they were too many to be kept.
    #[serde(default)]
    pub keyless: Option<BTreeSet<Hash128>>,
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
            last_complete_began: None,
            last_complete_users: 0,
            last_complete_groups: 0,
            last_complete_people: 0,
            full_incomplete: Vec::new(),
            disabled_people: None,
            keyless: None,
            warnings: Vec::new(),
        }
    }
}

/// Until when a target is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetPause {
    /// UTC milliseconds.
    pub until: Millis,
    /// The target asked for it; otherwise it only fails.
    pub told: bool,
}
