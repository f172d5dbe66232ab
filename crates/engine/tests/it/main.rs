//! The engine against the Atlassian-like service over real HTTP, with a directory that the tests
//! script and a real SQLite state.

#![allow(
    clippy::string_slice,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod absence;
mod access;
mod activation;
mod alerts;
mod asked;
mod caution;
mod channels;
mod claimed;
mod conflicts;
mod directory;
mod drafts;
mod faults;
mod groups;
mod guards;
mod leases;
mod leavers;
mod pace;
mod panicking;
mod pauses;
mod queries;
mod reconcile;
mod renamed_groups;
mod restored;
mod sender;
mod sending;
mod service;
mod shrunk;
mod standing;
mod told;
mod twins;
mod world;
