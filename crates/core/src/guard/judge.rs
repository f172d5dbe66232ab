//! Totals against limits.

use crate::model::GuardLimits;

use super::{Breach, PlanTotals};

/// The limits that a plan exceeds; every step that carries a breach's guard name is to be held.
pub fn guard(_totals: &PlanTotals, _limits: &GuardLimits) -> Vec<Breach> {
    Vec::new()
}

/// Why a read proves no absence although it looks complete: nothing was read, or under the limit's
/// share of the last complete read. `None` = it may prove absence.
pub fn source_shrunk(
    _read: u64,
    _last_complete: Option<u64>,
    _limits: &GuardLimits,
) -> Option<String> {
    None
}
