//! Cycles: read and prove, map, plan, guard, make durable.

mod absence;
mod begin;
mod candidates;
mod conflicts;
mod containers;
mod defaulted;
mod drift;
mod ending;
mod index;
mod keyless;
mod last;
mod members;
mod memberships;
mod page;
mod planning;
mod rekey;
mod run;
mod standing;
mod status;
mod twins;
mod unchanged;

pub use begin::planning_digest;
pub(crate) use defaulted::{Defaulted, unread_members};
pub(crate) use index::index_row;
pub(crate) use page::canonical;

use usher_core::model::{Cycle, CycleMode, SourceKey};
use usher_store::{ChannelRecord, Settled};

/// What a cycle is asked to do.
#[derive(Clone, Debug)]
pub struct CycleOptions {
    /// What to read. An incremental cycle becomes a full one when there is no watermark, or when
    /// the configuration changed the meaning of what is stored.
    pub mode: CycleMode,
    /// Plan these subjects only; nothing is proven absent.
    pub only: Option<Vec<SourceKey>>,
    /// Settle only if the plan has this hash; otherwise abort.
    pub expected_hash: Option<String>,
    /// Count into the plan's hash what earlier cycles left to be sent too, as a reviewed plan does. Costs
    /// a look at every step that waits.
    pub hash_all: bool,
    /// Read no more than was asked for because time has passed: the caller looks after that.
    pub only_as_asked: bool,
}

impl CycleOptions {
    /// A cycle of that mode over the whole channel.
    pub fn of(mode: CycleMode) -> Self {
        Self {
            mode,
            only: None,
            expected_hash: None,
            hash_all: false,
            only_as_asked: false,
        }
    }
}

/// What a cycle did.
#[derive(Clone, Debug)]
pub struct CycleReport {
    /// The cycle as stored.
    pub cycle: Cycle,
    /// What settling did.
    pub settled: Settled,
    /// What is kept of the channel now.
    pub record: ChannelRecord,
}
