//! Configuration files as a whole: reading, problems, warnings, writing, differences.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "tests: helpers fail by panicking, and tables are long"
)]

mod diffing;
mod documented;
mod fixture;
mod odd;
mod problems;
mod reading;
mod round_trip;
mod sketched;
