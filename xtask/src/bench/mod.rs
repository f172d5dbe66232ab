//! `cargo xtask bench`: builds `usher-bench` with optimisation and runs it, telling it what it cannot know: the date,
//! the commit, and where the history lies.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Where each run leaves its line.
const HISTORY: &str = "bench/history.jsonl";

/// Runs the command with the words after `bench`; they go on as they are.
///
/// # Errors
/// If a limit is missed, or something could not be measured.
pub(crate) fn command(root: &Path, words: &[&str]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let date = output(root, "date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"])?;
    let commit = output(root, "git", &["describe", "--always", "--dirty"])
        .unwrap_or_else(|_| "unknown".to_owned());
    let history = root.join(HISTORY);
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["run", "--release", "--locked", "-p", "usher-bench", "--"])
        .args(["--date", &date, "--commit", &commit])
        .arg("--history")
        .arg(&history)
        .args(words)
        .stdin(Stdio::null())
        .status()
        .context("cargo cannot be run")?;
    if !status.success() {
        bail!("a limit is missed, or something could not be measured; see above");
    }
    Ok(())
}

fn output(root: &Path, program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .current_dir(root)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{program}` cannot be run"))?;
    if !output.status.success() {
        bail!("`{program}` ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
