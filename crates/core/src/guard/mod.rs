//! Guarding: totals of a plan against limits, before anything is sent.

mod count;
mod judge;
mod totals;

pub use judge::{guard, source_shrunk};
pub use totals::*;
