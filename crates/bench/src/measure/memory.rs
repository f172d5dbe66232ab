//! Peak memory of the engine's process.

use anyhow::Result;

use super::rig::{QUICK_TARGET, Rig, directory, slapd};
use crate::company::Company;
use crate::engine::{Directory, Task};
use crate::options::Options;
use crate::report::{Limit, Report};

const LIMIT_MIB: f64 = 256.0;
/// Larger companies come from a generator, since a real server takes longer to load than to read.
const LARGEST_IN_SLAPD: u64 = 100_000;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let sizes: &[u64] = match (options.quick, options.million) {
        (true, _) => &[1_000],
        (false, false) => &[10_000, 100_000],
        (false, true) => &[10_000, 100_000, 1_000_000],
    };
    for people in sizes {
        one(Company::of(*people), report)?;
    }
    Ok(())
}

fn one(company: Company, report: &mut Report) -> Result<()> {
    let server = (company.people <= LARGEST_IN_SLAPD)
        .then(|| slapd(company))
        .transpose()?;
    let from = match &server {
        Some(server) => directory(server),
        None => Directory::Generated { company },
    };
    let rig = Rig::new(from, QUICK_TARGET)?;
    let from = if server.is_some() {
        "slapd"
    } else {
        "a generator"
    };
    let what = format!(
        "{} people, {} groups from {from}",
        company.people, company.groups
    );
    eprintln!("memory: {what}");
    let first = rig.engine(Task::Full)?;
    report.add(
        format!("first sync, {what}: peak memory"),
        first.peak_memory_mib,
        "MiB",
        Limit::AtMost(LIMIT_MIB),
    );
    report.tell(format!("first sync, {what}: time"), first.seconds, "s");
    let again = rig.engine(Task::Full)?;
    report.add(
        format!("no change, {what}: peak memory"),
        again.peak_memory_mib,
        "MiB",
        Limit::AtMost(LIMIT_MIB),
    );
    report.tell(format!("no change, {what}: time"), again.seconds, "s");
    Ok(())
}
