//! The planner and the guard, told as stories, tables and properties.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used
)] // helpers of tests

mod cases;
mod correlation;
mod groups;
mod guards;
mod hashing;
mod members;
mod options;
mod outcomes;
mod properties;
mod rekeying;
mod scenarios;
mod states;
mod telling;
mod world;
