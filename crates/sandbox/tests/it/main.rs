//! The sandbox over real sockets. Each test of the SCIM service quotes the row of the table of
//! behaviours that it holds.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "helpers of tests fail tests, and a list of one is clearer as a list"
)]

mod scim;
