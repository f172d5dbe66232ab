//! The client against servers that misbehave, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod hostile;
mod network;
mod rig;
