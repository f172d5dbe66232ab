//! Rigs for tests: real servers on free loopback ports, each with a folder of its own, each gone when dropped.
//!
//! Only tests depend on this crate.

pub mod certificates;
pub mod free_port;
pub mod people;
pub mod proxy;
pub mod receivers;
pub mod slapd;

use std::fmt;

/// Why a rig could not be started, with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RigError(pub String);

impl fmt::Display for RigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for RigError {}

impl RigError {
    /// Adds what was being done.
    pub(crate) fn at(doing: &str, error: impl fmt::Display) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

/// Whether a missing tool must fail a test instead of skipping it: in continuous integration (`CI=true`).
pub fn missing_tools_are_errors() -> bool {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    in_ci && !servers_are_left_out()
}

/// Whether tests leave out every real server, as if none were installed (`USHER_TEST_NO_SERVERS=1`).
pub fn servers_are_left_out() -> bool {
    std::env::var_os("USHER_TEST_NO_SERVERS").is_some()
}
