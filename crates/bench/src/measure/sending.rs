//! The sending phase of a first sync, against a plain load generator that posts the same bodies.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::rig::{Rig, directory, slapd};
use crate::child::ask;
use crate::company::Company;
use crate::control;
use crate::engine::Task;
use crate::load::{LoadAnswer, LoadRequest};
use crate::options::Options;
use crate::report::{Limit, Report, median};
use crate::sandbox::SandboxRequest;
use crate::world::IN_FLIGHT;

/// Both sides need a target that is not the bottleneck: each request takes so long, however many there are.
const SERVICE_TIME_MS: u64 = 5;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let company = Company::without_groups(if options.quick { 1_000 } else { 20_000 });
    let server = slapd(company)?;
    let sandbox = SandboxRequest {
        service_time_ms: SERVICE_TIME_MS,
        log_capacity: company.people as usize + 1_000,
    };
    let (mut ratios, mut whole, mut sends, mut loads) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut cpu, mut load_cpu) = (Vec::new(), Vec::new());
    for _ in 0..options.repeat {
        let rig = Rig::new(directory(&server), sandbox)?;
        let sync = rig.engine(Task::Phases)?;
        let load = load(&rig, sandbox).await?;
        if (sync.succeeded, load.posted as u64) != (company.people, company.people) {
            bail!(
                "expected {} on both sides, found {} and {}",
                company.people,
                sync.succeeded,
                load.posted
            );
        }
        eprintln!(
            "  read and plan {:.2} s, send {:.2} s (engine's processor time in all {:.2} s); load generator {:.2} s ({:.2} s)",
            sync.cycle_seconds, sync.send_seconds, sync.cpu_seconds, load.seconds, load.cpu_seconds
        );
        ratios.push(load.seconds / sync.send_seconds);
        whole.push(sync.seconds);
        sends.push(company.people as f64 / sync.send_seconds);
        loads.push(company.people as f64 / load.seconds);
        cpu.push(sync.cpu_seconds * 1_000.0 / company.people as f64);
        load_cpu.push(load.cpu_seconds * 1_000.0 / company.people as f64);
    }
    let what = format!("first sync of {} people", company.people);
    report.add(
        format!("{what}: sending throughput against a load generator"),
        median(&ratios),
        "x",
        Limit::AtLeast(0.8),
    );
    report.tell(
        format!("{what}: sending"),
        median(&sends).round(),
        "people/s",
    );
    report.tell(
        "load generator posting the same bodies",
        median(&loads).round(),
        "people/s",
    );
    report.tell(format!("{what}: whole run"), median(&whole), "s");
    report.tell(
        format!("{what}: processor time per 1,000"),
        median(&cpu),
        "s",
    );
    report.tell(
        "load generator: processor time per 1,000",
        median(&load_cpu),
        "s",
    );
    Ok(())
}

/// Posts to a fresh target what the engine posted to its own.
async fn load(rig: &Rig, sandbox: SandboxRequest) -> Result<LoadAnswer> {
    let kept = control::creations(&rig.place).await?;
    let mut bodies = String::new();
    for one in &kept {
        writeln!(bodies, "{}", one.request_body.replace('\n', " "))?;
    }
    let file = rig.folder().join("bodies");
    std::fs::write(&file, bodies)?;
    let fresh = Rig::new(
        crate::engine::Directory::Generated {
            company: Company::of(0),
        },
        sandbox,
    )?;
    let path = kept.first().map(|one| one.path.clone()).unwrap_or_default();
    let tail = path.rsplit('/').next().unwrap_or_default().to_owned();
    ask(
        "load",
        &LoadRequest {
            url: format!("{}/{tail}", fresh.place.base_url),
            key: fresh.place.key.clone(),
            bodies: file.to_string_lossy().into_owned(),
            in_flight: IN_FLIGHT,
        },
    )
}
