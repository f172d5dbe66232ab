//! The tasks of this project: `cargo xtask COMMAND`. One file or folder per command.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod bench;
mod test;
mod walls;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
Tasks of this project

  cargo xtask test [--fast]   everything that must hold: format, lints, walls, licences, all tests.
                              --fast leaves out the tests that need servers
  cargo xtask walls           only the walls between the crates, and licences and sources of dependencies
  cargo xtask interop         only tools of other projects against `usher serve`, the last steps of the test
  cargo xtask browser         installs what drives a browser, so that `cargo test` runs the stories on the console
  cargo xtask bench           speed and memory against limits, in a release build; the numbers go to bench/history.jsonl.
                              --quick tries everything small; --million measures memory at a million people;
                              --only cycle,sending,service,counts,memory
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    let root = root()?;
    match words {
        ["walls"] => walls::command(&root),
        ["test", options @ ..] => test::command(&root, options),
        ["browser"] => test::browser_command(&root),
        ["interop"] => test::interop_command(&root),
        ["bench", options @ ..] => bench::command(&root, options),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        [other, ..] => bail!("there is no task `{other}` with these words\n\n{HELP}"),
    }
}

/// The folder of the workspace: the parent of this package's folder.
fn root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .context("the package xtask has no parent folder: it belongs below the workspace's root")
}
