//! The pure heart of Usher: the model, mapping, planning and guarding.
//!
//! Nothing in this crate performs I/O, reads a clock or draws random numbers. Deciding is a
//! function of data, so that the same input always gives the same plan.
#![deny(missing_docs)]

pub mod alerts;
pub mod calendar;
pub mod descriptor;
pub mod guard;
pub mod mapping;
pub mod model;
pub mod planner;
pub mod templates;
