//! Keeps everything up for a profiler: servers, and a state that is in step.

use std::io::Read as _;

use anyhow::Result;

use super::rig::{QUICK_TARGET, Rig, directory, slapd};
use crate::company::Company;
use crate::engine::Task;

/// Prints how to run the engine alone, and waits until the standard input ends.
pub(super) fn hold(people: u64) -> Result<()> {
    let server = slapd(Company::of(people))?;
    let rig = Rig::new(directory(&server), QUICK_TARGET)?;
    rig.engine(Task::Full)?;
    println!("{}", serde_json::to_string(&rig.request(Task::Full))?);
    eprintln!(
        "run `usher-bench engine REQUEST` with the line above, under a profiler; end this with Ctrl-D"
    );
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
