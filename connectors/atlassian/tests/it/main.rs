//! The connector against the sandbox service, over real HTTP.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cloned_ref_to_slice_refs
)]

mod contract;
mod driver;
mod knobs;
mod lost_replies;
mod pairs;
mod rig;
mod scenario;
