//! Planning: a pure, total, deterministic and explained function from what is known about one
//! subject to the steps that bring the target in line.

mod compare;
mod correlate;
mod draft;
mod drift;
mod found;
mod groups;
mod hash;
mod holds;
mod input;
mod leaving;
mod linked;
mod members;
pub mod record;
mod rekey;
mod subject;
mod unlinked;

pub use drift::{Drift, drift};
pub use found::take_as_found;
pub use groups::is_protected_by;
pub use hash::{PlanHasher, is_same_plan};
pub use input::*;
pub use members::plan_members;
pub use rekey::plan_rekey;
pub use subject::plan_subject;
