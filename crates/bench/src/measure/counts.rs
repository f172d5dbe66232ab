//! What a change costs in requests and bytes. Counts are the same on every machine.

use anyhow::{Result, bail};
use usher_testkit::slapd::Slapd;

use super::rig::{QUICK_TARGET, Rig, directory, slapd};
use crate::company::{self, Company};
use crate::control::{Counts, take_counts};
use crate::engine::Task;
use crate::options::Options;
use crate::report::{Limit, Report};
use crate::target;

/// People whose entry is changed.
const CHANGED: u64 = 40;
/// The group whose members are changed, and how many come and go. Few enough for every guard.
const GROUP: u64 = 0;
const JOINING: u64 = 150;
const LEAVING: u64 = 60;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let company = Company::of(if options.quick { 1_000 } else { 4_000 });
    let server = slapd(company)?;
    let rig = Rig::new(directory(&server), QUICK_TARGET)?;
    let batch = u64::from(target::connector().descriptor().capabilities.member_batch);
    first_sync(&rig, company, batch, report).await?;
    nothing(&rig, report).await?;
    people(&rig, &server, report).await?;
    members(&rig, &server, company, batch, report).await
}

async fn first_sync(rig: &Rig, company: Company, batch: u64, report: &mut Report) -> Result<()> {
    rig.engine(Task::Full)?;
    let counts = take_counts(&rig.place).await?;
    let what = format!(
        "first sync, {} people, {} groups",
        company.people, company.groups
    );
    let per_person = counts.of("POST /Users") as f64 / company.people as f64;
    report.add(
        format!("{what}: writes per person"),
        per_person,
        "",
        Limit::Exactly(1.0),
    );
    let per_group = counts.of("POST /Groups") as f64 / company.groups as f64;
    report.add(
        format!("{what}: writes per group"),
        per_group,
        "",
        Limit::Exactly(1.0),
    );
    let requests: u64 = (0..company.groups)
        .map(|group| company.group_size(group).div_ceil(batch))
        .sum();
    let members = counts.of("PATCH /Groups/{id}") as f64;
    report.add(
        format!(
            "{what}: requests for {} memberships, {batch} in one",
            company.memberships()
        ),
        members,
        "",
        Limit::Exactly(requests as f64),
    );
    let others = counts.writes() - counts.of("POST /Users") - counts.of("POST /Groups");
    report.add(
        format!("{what}: other writes"),
        others as f64 - members,
        "",
        Limit::Exactly(0.0),
    );
    report.add(
        format!("{what}: reads (one listing each)"),
        counts.reads() as f64,
        "",
        Limit::Exactly(2.0),
    );
    Ok(())
}

async fn nothing(rig: &Rig, report: &mut Report) -> Result<()> {
    for (task, what) in [(Task::Full, "full"), (Task::Incremental, "incremental")] {
        rig.engine(task)?;
        let counts = take_counts(&rig.place).await?;
        let what = format!("nothing changed, {what}: requests");
        report.add(what, counts.total as f64, "", Limit::Exactly(0.0));
    }
    Ok(())
}

async fn people(rig: &Rig, server: &Slapd, report: &mut Report) -> Result<()> {
    let change = |number| {
        let dn = company::person_dn(number);
        format!("dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Promoted\n\n")
    };
    let ldif: String = (0..CHANGED).map(change).collect();
    modify(server, &ldif)?;
    rig.engine(Task::Incremental)?;
    let counts = take_counts(&rig.place).await?;
    per_change(
        report,
        &format!("{CHANGED} people changed"),
        &counts,
        "PATCH /Users/{id}",
        CHANGED,
    );
    report.tell(
        "bytes per changed person",
        counts.request_bytes as f64 / CHANGED as f64,
        "B",
    );
    Ok(())
}

fn per_change(report: &mut Report, what: &str, counts: &Counts, operation: &str, wanted: u64) {
    let writes = counts.of(operation) as f64;
    report.add(
        format!("{what}: writes per change"),
        writes / wanted as f64,
        "",
        Limit::Exactly(1.0),
    );
    let others = counts.writes() as f64 - writes;
    report.add(
        format!("{what}: other writes"),
        others,
        "",
        Limit::Exactly(0.0),
    );
    report.add(
        format!("{what}: reads"),
        counts.reads() as f64,
        "",
        Limit::Exactly(0.0),
    );
}

async fn members(
    rig: &Rig,
    server: &Slapd,
    company: Company,
    batch: u64,
    report: &mut Report,
) -> Result<()> {
    let size = company.group_size(GROUP);
    if size + JOINING > company.people {
        return Ok(());
    }
    let inside: Vec<u64> = company.members(GROUP).collect();
    let outside = (0..company.people).filter(|number| !inside.contains(number));
    let joining: Vec<u64> = outside.take(JOINING as usize).collect();
    let leaving: Vec<u64> = inside.into_iter().take(LEAVING as usize).collect();
    for (verb, numbers) in [("add", joining), ("delete", leaving)] {
        let values: Vec<String> = numbers
            .iter()
            .map(|number| format!("member: {}\n", company::person_dn(*number)))
            .collect();
        let values = values.concat();
        let dn = company::group_dn(GROUP);
        modify(
            server,
            &format!("dn: {dn}\nchangetype: modify\n{verb}: member\n{values}"),
        )?;
        rig.engine(Task::Incremental)?;
        let counts = take_counts(&rig.place).await?;
        let n = numbers.len() as u64;
        let what = format!("{n} members of a group of {size}, {verb}");
        let writes = counts.of("PATCH /Groups/{id}");
        report.add(
            format!("{what}: writes, {batch} in one"),
            writes as f64,
            "",
            Limit::Exactly(n.div_ceil(batch) as f64),
        );
        let others = counts.total as f64 - writes as f64;
        report.add(
            format!("{what}: other requests"),
            others,
            "",
            Limit::Exactly(0.0),
        );
        let bytes = counts.request_bytes as f64 / n as f64;
        report.add(
            format!("{what}: bytes per membership"),
            bytes,
            "B",
            Limit::AtMost(100.0),
        );
    }
    Ok(())
}

fn modify(server: &Slapd, ldif: &str) -> Result<()> {
    if let Err(error) = server.ldif_modify(ldif) {
        bail!("the directory did not take the change: {error}");
    }
    Ok(())
}
