//! The engine, in a process of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use usher_core::model::{Cycle, CycleMode};
use usher_engine::admin::{Admin, SyncOptions};
use usher_engine::{SendOptions, Silent};

use crate::company::Company;
use crate::facts;
use crate::sandbox::Place;
use crate::world;

/// Where people come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Directory {
    Ldap {
        host: String,
        bind_dn: String,
        password: String,
    },
    Generated {
        company: Company,
    },
}

/// What the process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EngineRequest {
    /// The folder of the state.
    pub(crate) state: String,
    pub(crate) directory: Directory,
    pub(crate) target: Place,
    pub(crate) task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Task {
    /// A whole sync that reads everything.
    Full,
    /// A whole sync that reads what changed.
    Incremental,
    /// A first sync of people only, its phases timed one by one.
    Phases,
}

/// What it did, and what it needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EngineAnswer {
    /// Reading, planning and making durable.
    pub(crate) cycle_seconds: f64,
    /// Sending, where it was timed apart.
    pub(crate) send_seconds: f64,
    /// All of it, without the start of the process.
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_memory_mib: f64,
    pub(crate) succeeded: u64,
    pub(crate) steps: BTreeMap<String, u64>,
    pub(crate) users: u64,
    pub(crate) groups: u64,
    /// What the read asked the directory, in words.
    pub(crate) asked: Vec<String>,
}

pub(crate) async fn command(request: &str) -> Result<()> {
    let request: EngineRequest = serde_json::from_str(request)?;
    let admin = world::open(&request).await?;
    let mut answer = match request.task {
        Task::Full => sync(&admin, CycleMode::Full).await?,
        Task::Incremental => sync(&admin, CycleMode::Incremental).await?,
        Task::Phases => phases(&admin).await?,
    };
    answer.cpu_seconds = facts::cpu_seconds();
    answer.peak_memory_mib = facts::peak_memory_mib();
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}

async fn sync(admin: &Admin, mode: CycleMode) -> Result<EngineAnswer> {
    let begun = Instant::now();
    let report = admin
        .sync(None, &SyncOptions::of(mode), Arc::new(Silent))
        .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let cycle = report.cycle.context("no cycle ran")?;
    if report.parked + report.waiting + report.held > 0 || report.stopped.is_some() {
        bail!(
            "not everything arrived: {} parked, {} waiting, {} held, stopped: {:?}, breaches: {:?}",
            report.parked,
            report.waiting,
            report.held,
            report.stopped,
            cycle.breaches
        );
    }
    Ok(EngineAnswer {
        seconds,
        succeeded: report.succeeded,
        ..answer(&cycle)?
    })
}

async fn phases(admin: &Admin) -> Result<EngineAnswer> {
    let begun = Instant::now();
    let mut options = SyncOptions::of(CycleMode::Full);
    // The cycle alone: its steps stay in the outbox.
    options.send = SendOptions {
        patience_ms: 0,
        at_most: Some(0),
        ..SendOptions::default()
    };
    let report = admin.sync(None, &options, Arc::new(Silent)).await?;
    let cycle_seconds = begun.elapsed().as_secs_f64();
    let cycle = report.cycle.context("no cycle ran")?;
    let (configuration, id) = admin.select(None).await?;
    let engine = &admin.engine;
    let open = Arc::new(engine.open(&configuration, &id)?);
    let lease = engine.hold(&open.sp.id).await?;
    let sending = Instant::now();
    let sent = engine
        .send(
            &[open],
            lease.fence(),
            &SendOptions::default(),
            Arc::new(Silent),
        )
        .await?;
    let send_seconds = sending.elapsed().as_secs_f64();
    lease.release().await?;
    if sent.succeeded < cycle.read || sent.stopped.is_some() {
        bail!("not everything arrived: {sent:?}");
    }
    Ok(EngineAnswer {
        cycle_seconds,
        send_seconds,
        seconds: begun.elapsed().as_secs_f64(),
        succeeded: sent.succeeded,
        ..answer(&cycle)?
    })
}

fn answer(cycle: &Cycle) -> Result<EngineAnswer> {
    let certificate = cycle.certificate.clone().context("nothing was read")?;
    if !certificate.incomplete.is_empty() || !certificate.bad_entries.is_empty() {
        bail!(
            "the read is not complete: {:?} {:?}",
            certificate.incomplete,
            certificate.bad_entries
        );
    }
    Ok(EngineAnswer {
        steps: cycle.steps.clone(),
        users: certificate.users,
        groups: certificate.groups,
        asked: certificate.asked,
        ..EngineAnswer::default()
    })
}
