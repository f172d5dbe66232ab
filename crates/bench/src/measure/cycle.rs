//! A full cycle that finds nothing changed, against `ldapsearch` reading the same.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use usher_testkit::slapd::Slapd;

use super::rig::{QUICK_TARGET, Rig, directory, slapd};
use crate::company::{BASE, Company};
use crate::engine::{EngineAnswer, Task};
use crate::options::Options;
use crate::report::{Limit, Report, median};
use crate::world::PAGE_SIZE;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let company = Company::of(if options.quick { 2_000 } else { 100_000 });
    let server = slapd(company)?;
    let rig = Rig::new(directory(&server), QUICK_TARGET)?;
    eprintln!("first sync of {} people", company.people);
    let first = rig.engine(Task::Full)?;
    check(&first, company)?;
    let searches = searches(&first)?;
    // The server reads its files into memory.
    ldapsearch(&server, &searches)?;
    let (mut ours, mut theirs, mut ratios, mut cpu) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut peak: f64 = 0.0;
    for _ in 0..options.repeat {
        let search = ldapsearch(&server, &searches)?;
        let cycle = rig.engine(Task::Full)?;
        check(&cycle, company)?;
        if !cycle.steps.is_empty() || cycle.succeeded > 0 {
            bail!("nothing changed, but the cycle planned {:?}", cycle.steps);
        }
        eprintln!(
            "  ldapsearch {search:.2} s, full cycle {:.2} s",
            cycle.seconds
        );
        ratios.push(cycle.seconds / search);
        ours.push(cycle.seconds);
        theirs.push(search);
        cpu.push(cycle.cpu_seconds);
        peak = peak.max(cycle.peak_memory_mib);
    }
    let what = format!(
        "no-change full cycle, {} people, {} groups",
        company.people, company.groups
    );
    report.add(
        format!("{what}: time against ldapsearch"),
        median(&ratios),
        "x",
        Limit::AtMost(1.3),
    );
    report.tell(format!("{what}: time"), median(&ours), "s");
    report.tell(
        "ldapsearch of the same, page 500: time",
        median(&theirs),
        "s",
    );
    report.tell(format!("{what}: processor time"), median(&cpu), "s");
    report.tell(format!("{what}: peak memory"), peak, "MiB");
    report.tell("first sync of the same: time", first.seconds, "s");
    report.tell(
        "first sync of the same: peak memory",
        first.peak_memory_mib,
        "MiB",
    );
    Ok(())
}

fn check(answer: &EngineAnswer, company: Company) -> Result<()> {
    if (answer.users, answer.groups) != (company.people, company.groups) {
        bail!(
            "expected {company:?}, the cycle read {} people and {} groups",
            answer.users,
            answer.groups
        );
    }
    Ok(())
}

/// One search: filter and attributes.
struct Search {
    filter: String,
    attributes: Vec<String>,
}

/// The searches that the engine's own read says it made, with the members that it reads apart.
fn searches(answer: &EngineAnswer) -> Result<Vec<Search>> {
    let mut searches = Vec::new();
    for (what, more) in [("people below ", None), ("groups below ", Some("member"))] {
        let words = answer
            .asked
            .iter()
            .find_map(|asked| asked.strip_prefix(what));
        let words = words.and_then(|words| words.split_once(" with "));
        let found = words.and_then(|(_, rest)| rest.split_once("; attributes "));
        let (filter, attributes) = found.with_context(|| {
            format!(
                "expected `{what}BASE with FILTER; attributes NAMES`, found {:?}",
                answer.asked
            )
        })?;
        let attributes = attributes
            .split(' ')
            .chain(more)
            .map(str::to_owned)
            .collect();
        searches.push(Search {
            filter: filter.to_owned(),
            attributes,
        });
    }
    Ok(searches)
}

/// Seconds that `ldapsearch` needs for all of it, one search after the other.
fn ldapsearch(server: &Slapd, searches: &[Search]) -> Result<f64> {
    let begun = Instant::now();
    for search in searches {
        let status = Command::new("ldapsearch")
            .args([
                "-x",
                "-LLL",
                "-o",
                "ldif-wrap=no",
                "-H",
                &server.url(),
                "-D",
                &server.reader_dn(),
            ])
            .args(["-w", server.reader_password(), "-b", BASE])
            .args(["-E", &format!("pr={PAGE_SIZE}/noprompt"), &search.filter])
            .args(&search.attributes)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("ldapsearch cannot be run; on Debian: apt-get install ldap-utils")?;
        if !status.success() {
            bail!("ldapsearch ended with {status}");
        }
    }
    Ok(begun.elapsed().as_secs_f64())
}
