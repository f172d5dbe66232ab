//! The client against a real slapd, a hostile server, and a proxy that cuts.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic
)]

mod cut;
mod hostile;
mod ranges;
mod real;
mod tls;
mod wire;
