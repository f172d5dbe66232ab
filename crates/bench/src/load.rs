//! A plain HTTP load generator: it posts bodies and reads the answers, nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::control;
use crate::facts;

/// What it is to post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoadRequest {
    pub(crate) url: String,
    pub(crate) key: String,
    /// A file with one body in each line.
    pub(crate) bodies: String,
    pub(crate) in_flight: u16,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LoadAnswer {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) posted: usize,
}

pub(crate) async fn command(request: &str) -> Result<()> {
    let request: LoadRequest = serde_json::from_str(request)?;
    let text = std::fs::read_to_string(&request.bodies).context("the bodies")?;
    let bodies: Arc<Vec<String>> = Arc::new(text.lines().map(str::to_owned).collect());
    let client = control::client()?;
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..request.in_flight {
        workers.spawn(work(
            client.clone(),
            request.clone(),
            bodies.clone(),
            next.clone(),
        ));
    }
    let mut posted = 0;
    while let Some(done) = workers.join_next().await {
        posted += done??;
    }
    let answer = LoadAnswer {
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: facts::cpu_seconds(),
        posted,
    };
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}

async fn work(
    client: reqwest::Client,
    request: LoadRequest,
    bodies: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
) -> Result<usize> {
    let mut posted = 0;
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let post = client
            .post(&request.url)
            .bearer_auth(&request.key)
            .header("content-type", "application/scim+json")
            .body(body.clone());
        let reply = post.send().await?;
        let status = reply.status();
        let answer = reply.bytes().await?;
        if !status.is_success() {
            bail!(
                "expected success, found {status}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        posted += 1;
    }
    Ok(posted)
}
