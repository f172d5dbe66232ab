//! Adding up a plan.

use crate::model::PlannedStep;

use super::PlanTotals;

impl PlanTotals {
    /// Counts one step under each of its guards; under membership guards its members.
    pub fn count(&mut self, _step: &PlannedStep) {}
}
