//! The interfaces under load, while a first sync goes to a target that lets only so much through.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use usher_testkit::slapd::{Slapd, SlapdConfig};

use super::rig::{Rig, directory, slapd_with};
use crate::child::Running;
use crate::clients::{Clients, Times};
use crate::company::{Company, person_dn};
use crate::control::{self, Kept};
use crate::engine::Task;
use crate::options::Options;
use crate::report::{Limit, Report};
use crate::sandbox::SandboxRequest;
use crate::service::{Reached, ServiceRequest};

const CLIENTS: usize = 20;
/// So few requests per second that the first sync outlasts what is measured beside it.
const RATE: f64 = 100.0;
const INCREMENTAL_SECONDS: u32 = 5;
/// A request to the interfaces may take so long; seconds.
const LIMIT: f64 = 0.5;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let company = Company::of(if options.quick { 1_000 } else { 20_000 });
    let watched = Duration::from_secs(if options.quick { 3 } else { 45 });
    let server = slapd_with(
        company,
        SlapdConfig {
            ppolicy: true,
            ..SlapdConfig::default()
        },
    )?;
    let target = SandboxRequest {
        service_time_ms: 5,
        log_capacity: company.people as usize * 2,
    };
    let rig = Rig::new(directory(&server), target)?;
    let request = ServiceRequest {
        engine: rig.request(Task::Full),
        requests_per_second: RATE,
        incremental_seconds: INCREMENTAL_SECONDS,
    };
    let mut service = Running::start("service", &request)?;
    let reached: Reached = service.answer()?;
    let arrived = first_arrival(&rig).await?;

    let clients = Clients::start(&reached, CLIENTS)?;
    let begun = Instant::now();
    leave(&server, &arrived)?;
    let disabled = disabled_after(&rig).await?;
    let waiting = still_waiting(&rig, company).await?;
    tokio::time::sleep(watched.saturating_sub(begun.elapsed())).await;
    let went_on = still_waiting(&rig, company).await?;
    let times = clients.finish().await?;
    if went_on == 0 {
        bail!("the first sync ended while the interfaces were measured: lower the rate");
    }
    tell(report, company, &times, begun.elapsed().as_secs_f64());
    report.tell("a leaver's disable during it", disabled, "s");
    report.add(
        "people still to be created when the leaver was disabled",
        waiting as f64,
        "",
        Limit::AtLeast(1.0),
    );
    Ok(())
}

fn tell(report: &mut Report, company: Company, times: &Times, seconds: f64) {
    let mut all: Vec<f64> = times.values().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let what = format!(
        "{CLIENTS} clients beside a first sync of {} people",
        company.people
    );
    report.add(
        format!("{what}: 99 of 100 requests within"),
        part(&all, 0.99),
        "s",
        Limit::AtMost(LIMIT),
    );
    report.tell(format!("{what}: half of them within"), part(&all, 0.5), "s");
    let rate = (all.len() as f64 / seconds).round();
    report.tell(format!("{what}: answered"), rate, "requests/s");
    for (path, times) in times {
        let mut times = times.clone();
        times.sort_by(f64::total_cmp);
        eprintln!(
            "    {path}: {} requests, half within {:.3} s, 99 of 100 within {:.3} s",
            times.len(),
            part(&times, 0.5),
            part(&times, 0.99)
        );
    }
}

/// What so large a part of the sorted numbers is within.
fn part(sorted: &[f64], part: f64) -> f64 {
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// Somebody whom the target has.
async fn first_arrival(rig: &Rig) -> Result<Kept> {
    poll("the first person at the target", async || {
        Ok(control::creations(&rig.place).await?.into_iter().next())
    })
    .await
}

/// Locks the account of somebody who arrived.
fn leave(server: &Slapd, arrived: &Kept) -> Result<()> {
    let body: serde_json::Value = serde_json::from_str(&arrived.request_body)?;
    let number = body
        .get("userName")
        .and_then(|name| name.as_str()?.get(1..));
    let number: u64 = number.context("no userName")?.parse()?;
    server.ldif_modify(&format!(
        "dn: {}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n",
        person_dn(number)
    ))?;
    Ok(())
}

/// Seconds until the target was told: the only change of a person that it gets.
async fn disabled_after(rig: &Rig) -> Result<f64> {
    let begun = Instant::now();
    poll("the leaver's disable", async || {
        let changes = control::changes(&rig.place).await?;
        Ok((!changes.is_empty()).then_some(()))
    })
    .await?;
    Ok(begun.elapsed().as_secs_f64())
}

async fn still_waiting(rig: &Rig, company: Company) -> Result<u64> {
    let created = control::creations(&rig.place).await?.len() as u64;
    Ok(company.people.saturating_sub(created))
}

/// Looks again and again, for two minutes at most.
async fn poll<T>(what: &str, look: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(2) {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("expected {what} within two minutes, it did not come")
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_part_is_what_so_many_are_within() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert!((part(&sorted, 0.99) - 198.0).abs() < 1e-9);
        assert!((part(&sorted, 0.5) - 100.0).abs() < 1e-9);
        assert!(part(&[], 0.99).is_nan());
    }
}
