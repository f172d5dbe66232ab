//! Guarding: totals of a plan against limits, before anything is sent.

mod totals;

pub use totals::*;
