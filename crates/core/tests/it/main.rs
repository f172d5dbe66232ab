//! The planner and the guard, told as stories, tables and properties.

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
mod world;
