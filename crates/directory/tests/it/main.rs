//! Properties that hold for every value, not just for examples.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    reason = "a test may stop at what must not happen"
)]

mod compare;
mod dn;
mod filter;
mod generate;
mod ldif;
