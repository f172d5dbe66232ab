//! Planning: a pure, total, deterministic and explained function from what is known about one
//! subject to the steps that bring the target in line.

mod drift;
mod hash;
mod input;
mod members;
pub mod record;
mod rekey;
mod subject;

pub use drift::{Drift, drift};
pub use hash::PlanHasher;
pub use input::*;
pub use members::plan_members;
pub use rekey::plan_rekey;
pub use subject::plan_subject;
