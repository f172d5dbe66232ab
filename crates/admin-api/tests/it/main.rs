//! The administrative APIs, asked as a client asks them.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod company;
#[allow(dead_code, reason = "the walk through every operation needs all of it")]
mod described;
mod face;
mod own_channels;
mod own_directory;
mod own_plans;
mod own_requests;
mod own_steps;
mod world;
