//! The program as people use it: the built binary, a directory over LDAP, a target over HTTP.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail tests"
)]

mod browser;
mod browser_rig;
mod commands;
mod demo;
mod example;
mod golden;
mod operators;
mod refusals;
mod rig;
mod running;
mod secrets;
mod serve;
mod serve_attacks;
mod serve_disasters;
mod serve_doors;
mod serve_ends;
mod served;
mod unit;
mod unread;
