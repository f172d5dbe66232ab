//! Asking the sandbox what it saw.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sandbox::Place;

/// What the target answered since the counters were cleared.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) by_method: BTreeMap<String, u64>,
    pub(crate) by_operation: BTreeMap<String, u64>,
    pub(crate) request_bytes: u64,
}

impl Counts {
    pub(crate) fn reads(&self) -> u64 {
        self.by_method.get("GET").copied().unwrap_or_default()
    }

    pub(crate) fn writes(&self) -> u64 {
        self.total - self.reads()
    }

    pub(crate) fn of(&self, operation: &str) -> u64 {
        self.by_operation
            .get(operation)
            .copied()
            .unwrap_or_default()
    }
}

/// A request as the target kept it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Kept {
    pub(crate) path: String,
    pub(crate) request_body: String,
}

/// An HTTP client with time-outs and without a proxy.
pub(crate) fn client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .timeout(Duration::from_mins(2))
        .tcp_nodelay(true)
        .no_proxy();
    builder.build().context("no HTTP client")
}

/// The counters; they start again at nothing.
pub(crate) async fn take_counts(place: &Place) -> Result<Counts> {
    let counts = get(place, "counts").await?;
    let url = format!("{}/_sandbox/requests", place.origin);
    client()?.delete(url).send().await?.error_for_status()?;
    Ok(counts)
}

/// Creations of people that the target kept, in the order they came.
pub(crate) async fn creations(place: &Place) -> Result<Vec<Kept>> {
    get(place, "requests?method=POST&path=/Users").await
}

/// Changes of people that the target kept.
pub(crate) async fn changes(place: &Place) -> Result<Vec<Kept>> {
    get(place, "requests?method=PATCH&path=/Users").await
}

async fn get<T: DeserializeOwned>(place: &Place, what: &str) -> Result<T> {
    let url = format!("{}/_sandbox/{what}", place.origin);
    Ok(client()?
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?)
}
