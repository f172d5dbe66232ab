//! Guarding: totals of a plan against limits, before anything is sent.

mod count;
mod judge;
mod totals;

pub use count::kind_of;
pub use judge::{guard, source_shrunk};
pub use totals::*;
