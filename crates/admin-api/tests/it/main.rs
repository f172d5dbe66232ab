//! The administrative APIs, asked as a client asks them.

#![allow(
    clippy::string_slice,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod accounts;
mod company;
mod described;
mod face;
mod own_alerts;
mod own_channels;
mod own_configuration;
mod own_directory;
mod own_plans;
mod own_requests;
mod own_roles;
mod own_steps;
mod own_walk;
mod published;
mod schema;
mod sign_in;
mod world;
