//! Clients of the administrative interfaces that ask one thing after the other, without a pause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use crate::control;
use crate::service::Reached;

/// What a console and its scripts ask for all day.
const ASKED: [&str; 14] = [
    "/api/v1/channels",
    "/api/v1/channels/everybody",
    "/api/v1/channels/everybody/steps?limit=100",
    "/api/v1/channels/everybody/held?limit=100",
    "/api/v1/channels/everybody/links?limit=100",
    "/api/v1/channels/everybody/cycles?limit=20",
    "/api/v1/channels/everybody/policy",
    "/api/v1/channels/everybody/explain?who=u0000001",
    "/api/v1/search?q=u00001",
    "/api/v1/audit?limit=100",
    "/api/v1/data-stores",
    "/pf-admin-api/v1/idp/spConnections",
    "/pf-admin-api/v1/dataStores",
    "/pf-admin-api/v1/bulk/export",
];

/// How long each request took, by what was asked; seconds.
pub(crate) type Times = BTreeMap<&'static str, Vec<f64>>;

/// Clients at work.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    at_work: JoinSet<Result<Times>>,
}

impl Clients {
    pub(crate) fn start(reached: &Reached, how_many: usize) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut at_work = JoinSet::new();
        for first in 0..how_many {
            // Each has connections of its own, as people at different desks have.
            let client = control::client()?;
            at_work.spawn(ask(client, reached.clone(), first, stop.clone()));
        }
        Ok(Self { stop, at_work })
    }

    /// Ends them; what they saw.
    pub(crate) async fn finish(mut self) -> Result<Times> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Times::new();
        while let Some(done) = self.at_work.join_next().await {
            for (what, mut times) in done?? {
                all.entry(what).or_default().append(&mut times);
            }
        }
        Ok(all)
    }
}

async fn ask(
    client: reqwest::Client,
    reached: Reached,
    first: usize,
    stop: Arc<AtomicBool>,
) -> Result<Times> {
    let mut times = Times::new();
    for what in ASKED.iter().cycle().skip(first) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let reply = client
            .get(format!("{}{what}", reached.origin))
            .bearer_auth(&reached.token)
            .header("x-xsrf-header", "bench")
            .send()
            .await?;
        let status = reply.status();
        let body = reply.bytes().await?;
        times
            .entry(what)
            .or_default()
            .push(begun.elapsed().as_secs_f64());
        if !status.is_success() {
            bail!(
                "expected an answer to {what}, found {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
    }
    Ok(times)
}
