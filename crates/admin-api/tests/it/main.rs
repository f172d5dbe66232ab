//! The administrative APIs, asked as a client asks them.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod face;
mod world;
