//! One JSON line for each run, so that a slow decline is seen.

use std::fs::{self, File};
use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::facts::Machine;
use crate::options::Options;
use crate::report::Report;

#[derive(Serialize)]
struct Run<'a> {
    date: &'a str,
    commit: &'a str,
    machine: &'a Machine,
    numbers: &'a Report,
}

/// Appends a run.
pub(crate) fn append(options: &Options, machine: &Machine, report: &Report) -> Result<()> {
    let Some(path) = &options.history else {
        return Ok(());
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    }
    let run = Run {
        date: &options.date,
        commit: &options.commit,
        machine,
        numbers: report,
    };
    let mut line = serde_json::to_string(&run)?;
    line.push('\n');
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("{}", path.display()))?;
    file.write_all(line.as_bytes())?;
    Ok(())
}
