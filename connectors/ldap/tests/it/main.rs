//! The source against a real slapd.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod active_directory;
mod cut;
mod delta;
mod fetching;
mod full;
mod hostile;
mod looking;
mod members;
mod probing;
mod rig;
mod rights;
