//! `cargo xtask test`: everything that must hold, in one command.
//!
//! First the checks that need nothing but the sources, all of them, so that one run shows all they find. If they
//! hold, the tests: the servers they need are installed where that is possible (Debian, as root) and named elsewhere.

mod browser;
mod counts;
mod interop;
mod report;
mod servers;
mod tool;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use counts::Counts;
use interop::Tools;
use report::Report;
use tool::Tool;

/// Names the environment variable that makes tests leave out every real server.
const NO_SERVERS: &str = "USHER_TEST_NO_SERVERS";
/// Names the one with the file in which tests note that they were skipped, and why.
const SKIPPED: &str = "USHER_TEST_SKIPPED";

/// Runs the command with the words after `test`.
///
/// # Errors
/// If a step failed; everything was printed by then.
pub(crate) fn command(root: &Path, words: &[&str]) -> Result<()> {
    let fast = match words {
        [] => false,
        ["--fast"] => true,
        other => bail!(
            "`cargo xtask test` knows only `--fast`, not `{}`",
            other.join(" ")
        ),
    };
    let mut report = Report::default();
    sources(root, &mut report);
    let mut counts = Counts::default();
    if report.holds() {
        counts = tests(root, fast, &mut report);
    }
    if report.holds() && !fast {
        outside(root, &mut report);
    }
    end(&report, &counts)
}

/// Runs only the steps with tools of other projects.
///
/// # Errors
/// If a step failed; everything was printed by then.
pub(crate) fn interop_command(root: &Path) -> Result<()> {
    let mut report = Report::default();
    report.step("program", || {
        cargo(root, "build --package usher --locked --quiet").run()
    });
    if report.holds() {
        outside(root, &mut report);
    }
    end(&report, &Counts::default())
}

fn end(report: &Report, counts: &Counts) -> Result<()> {
    report.print(counts);
    if !report.holds() {
        bail!("cargo xtask test: {}", report.failures().join("; "));
    }
    Ok(())
}

/// The checks that need only the sources. Each runs whether or not another failed.
fn sources(root: &Path, report: &mut Report) {
    report.step("format", || cargo(root, "fmt --all --check").run());
    report.step("lints", || {
        cargo(
            root,
            "clippy --workspace --all-targets --locked --keep-going --quiet -- -D warnings",
        )
        .run()
    });
    report.step("walls", || crate::walls::command(root));
    if cargo(root, "deny --version").succeeds() {
        report.step("dependencies", || {
            cargo(root, "deny check licenses bans sources").run()
        });
    } else {
        report.skip(
            "dependencies",
            "cargo-deny is not installed; the lighter check of our own ran among the walls",
        );
    }
}

/// The tests, the unit and property tests among them, and the examples in the documentation.
fn tests(root: &Path, fast: bool, report: &mut Report) -> Counts {
    let mut counts = Counts::default();
    if fast {
        report.skip(
            "servers",
            "left out by --fast; tests that need one pass without testing",
        );
    } else {
        report.step("servers", servers::install);
    }
    let skipped = target(root).join("skipped-tests.txt");
    // What an earlier run left says nothing about this one.
    let _ = std::fs::remove_file(&skipped);
    let tools = if fast {
        None
    } else {
        with_browser(root, report)
    };
    let with = |tool: Tool| {
        let tool = tool.env(SKIPPED, &skipped.display().to_string());
        match &tools {
            _ if fast => tool.env(NO_SERVERS, "1"),
            Some(folder) => tool.env(browser::TOOLS, folder),
            None => tool,
        }
    };
    report.step("tests", || {
        let command = if cargo(root, "nextest --version").succeeds() {
            "nextest run --workspace --locked --no-fail-fast"
        } else {
            "test --workspace --locked --no-fail-fast --lib --bins --tests"
        };
        with(cargo(root, command)).run_and_watch(&mut |line| counts.tests.read(line))
    });
    for line in skipped_tests(&std::fs::read_to_string(&skipped).unwrap_or_default()) {
        println!("  skipped: {line}");
    }
    report.step("documentation examples", || {
        let command = "test --workspace --locked --no-fail-fast --doc";
        with(cargo(root, command)).run_and_watch(&mut |line| counts.examples.read(line))
    });
    if report.holds() && counts.tests.passed == 0 {
        report.step("count", || bail!("no test ran: that is no success"));
    }
    counts
}

/// What tests said of being skipped, each once: a test may have been tried twice.
fn skipped_tests(noted: &str) -> BTreeSet<&str> {
    noted.lines().filter(|line| !line.is_empty()).collect()
}

/// The browser that shows the console: the folder with what drives it.
fn with_browser(root: &Path, report: &mut Report) -> Option<String> {
    const STEP: &str = "browser";
    println!("\n== what drives a browser");
    match browser::install(root, &target(root)).and_then(|folder| tool::shown(&folder)) {
        Ok(folder) => Some(folder),
        Err(error) if interop::must_run() => {
            report.step(STEP, || Err(error));
            None
        }
        Err(error) => {
            println!("{error:#}");
            report.skip(
                STEP,
                "it could not be installed; above is why. The stories in a browser are skipped",
            );
            None
        }
    }
}

/// Installs the browser's tools alone, for `cargo test` while working on the console.
///
/// # Errors
/// What is missing.
pub(crate) fn browser_command(root: &Path) -> Result<()> {
    let folder = browser::install(root, &target(root))?;
    println!("{} is ready", folder.display());
    Ok(())
}

/// Tools of other projects against the service that is built.
fn outside(root: &Path, report: &mut Report) {
    const CLIENT: &str = "generated client";
    const CONTRACT: &str = "descriptions";
    let target = target(root);
    println!("\n== tools of other projects");
    let tools = match Tools::install(root, &target) {
        Ok(tools) => tools,
        Err(error) if interop::must_run() => {
            report.step(CLIENT, || Err(error));
            return;
        }
        Err(error) => {
            println!("{error:#}");
            let why = "the tools of other projects could not be installed; above is why";
            report.skip(CLIENT, why);
            report.skip(CONTRACT, why);
            return;
        }
    };
    let usher = target.join("debug/usher");
    report.step(CLIENT, || tools.prove(root, &usher, "client"));
    report.step(CONTRACT, || tools.prove(root, &usher, "contract"));
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn cargo(root: &Path, words: &str) -> Tool {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut tool = Tool::new(&program, words).within(root);
    // Without debug information a cold build is faster and smaller, and nothing is built twice on a clean machine.
    if std::env::var_os("CI").is_some() {
        for (name, value) in [
            ("CARGO_INCREMENTAL", "0"),
            ("CARGO_PROFILE_DEV_DEBUG", "0"),
            ("CARGO_PROFILE_TEST_DEBUG", "0"),
        ] {
            tool = tool.env(name, value);
        }
    }
    tool
}
