//! The console, used as a browser uses it.

#![allow(
    clippy::string_slice,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod channel_tabs;
#[allow(dead_code, reason = "tests of each screen use what they need")]
#[path = "../../../admin-api/tests/it/company.rs"]
mod company;
mod connections;
mod data_stores;
mod described;
mod frame;
mod home;
mod log;
mod operate;
mod posts;
#[allow(dead_code, reason = "tests of each screen use what they need")]
mod rig;
mod subjects;
mod system;
mod tour;
#[allow(dead_code, reason = "tests of each screen use what they need")]
#[path = "../../../admin-api/tests/it/world.rs"]
mod world;
