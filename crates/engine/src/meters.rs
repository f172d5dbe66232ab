//! What is counted since the process started, for monitoring.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use usher_core::model::{ChannelId, ConnectionId, CycleMode, Verb};

/// Upper bounds of the lag's buckets, seconds.
pub const LAG_BOUNDS: [u32; 12] = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400];

/// A histogram of lags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lags {
    /// How many were at most as long as each of [`LAG_BOUNDS`], and longer than the one before.
    pub buckets: [u64; LAG_BOUNDS.len()],
    /// How many in all.
    pub count: u64,
    /// Their sum, seconds.
    pub seconds: f64,
}

/// A copy of the counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Attempts that ended, by SP connection, verb, and the state that the step is in then.
    pub steps: BTreeMap<(ConnectionId, &'static str, &'static str), u64>,
    /// Cycles that ended, by channel, what was read, and how they ended.
    pub cycles: BTreeMap<(ChannelId, &'static str, &'static str), u64>,
    /// From planning a step to the answer that confirmed it, by SP connection.
    pub lags: BTreeMap<ConnectionId, Lags>,
}

/// Counts.
#[derive(Default)]
pub(crate) struct Meters(Mutex<Counts>);

impl Meters {
    /// An attempt ended.
    pub(crate) fn step(&self, target: &ConnectionId, verb: Verb, state: &'static str) {
        let mut counts = self.locked();
        let key = (target.clone(), verb.as_str(), state);
        *counts.steps.entry(key).or_default() += 1;
    }

    /// A change arrived so long after it was planned.
    pub(crate) fn lag(&self, target: &ConnectionId, ms: i64) {
        let seconds = ms.max(0) as f64 / 1_000.0;
        let mut counts = self.locked();
        let lags = counts.lags.entry(target.clone()).or_default();
        lags.count += 1;
        lags.seconds += seconds;
        let fits = LAG_BOUNDS
            .iter()
            .position(|bound| seconds <= f64::from(*bound));
        if let Some(bucket) = fits.and_then(|at| lags.buckets.get_mut(at)) {
            *bucket += 1;
        }
    }

    /// A cycle ended.
    pub(crate) fn cycle(&self, channel: &ChannelId, mode: CycleMode, outcome: &'static str) {
        let mode = match mode {
            CycleMode::Incremental => "incremental",
            CycleMode::Full => "full",
            CycleMode::Reconcile => "reconcile",
            CycleMode::Rekey => "rekey",
            CycleMode::FollowUp => "follow_up",
        };
        let mut counts = self.locked();
        let key = (channel.clone(), mode, outcome);
        *counts.cycles.entry(key).or_default() += 1;
    }

    /// The counts as they are now.
    pub(crate) fn counts(&self) -> Counts {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_fall_into_their_buckets_and_the_longest_only_count() {
        let meters = Meters::default();
        let target = ConnectionId::new("cloud");
        for ms in [-5, 1_000, 1_001, 86_400_001] {
            meters.lag(&target, ms);
        }
        let lags = &meters.counts().lags[&target];
        assert_eq!(lags.buckets[0], 2);
        assert_eq!(lags.buckets[1], 1);
        assert_eq!(lags.buckets.iter().sum::<u64>(), 3);
        assert_eq!(lags.count, 4);
    }
}
