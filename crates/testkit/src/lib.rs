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
use std::io::Write as _;

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

/// Names a file that tests which skip themselves add a line to: what passes is not shown otherwise.
pub const SKIPPED: &str = "USHER_TEST_SKIPPED";

/// Says that the test that runs is skipped, and why: on standard error, and in the file that [`SKIPPED`] names.
#[allow(clippy::print_stderr)]
pub fn note_skipped(why: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {why}", thread.name().unwrap_or("a test"));
    eprintln!("skipped: {line}");
    let Some(path) = std::env::var_os(SKIPPED) else {
        return;
    };
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path);
    // One call: other tests write as well.
    let noted = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = noted {
        eprintln!("the skipped test could not be noted: {error}");
    }
}

/// Whether tests leave out every real server, as if none were installed (`USHER_TEST_NO_SERVERS=1`).
pub fn servers_are_left_out() -> bool {
    std::env::var_os("USHER_TEST_NO_SERVERS").is_some()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Run by the test below only, in a process of its own.
    #[test]
    #[ignore = "a part of another test"]
    fn skips_itself() {
        super::note_skipped("there is no tool of the kind here");
    }

    #[test]
    fn a_skipped_test_is_noted_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("skipped");
        let mut command = Command::new(std::env::current_exe().unwrap());
        let run = command
            .args(["--exact", "tests::skips_itself", "--include-ignored"])
            .env(super::SKIPPED, &noted);
        assert!(run.output().unwrap().status.success());
        assert_eq!(
            std::fs::read_to_string(&noted).unwrap(),
            "tests::skips_itself: there is no tool of the kind here\n"
        );
    }
}
