//! Planning: a pure, total, deterministic and explained function from what is known about one
//! subject to the steps that bring the target in line.

mod input;

pub use input::*;
