//! The target, in a process of its own.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use usher_sandbox::scim::{Knobs, Sandbox, SandboxConfig};

/// How the target is to be.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct SandboxRequest {
    /// How long each request takes at least.
    pub(crate) service_time_ms: u64,
    /// Requests whose bodies are kept.
    pub(crate) log_capacity: usize,
}

/// Where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) base_url: String,
    pub(crate) origin: String,
    pub(crate) key: String,
}

/// Runs it until the standard input ends.
pub(crate) async fn command(request: &str) -> Result<()> {
    let request: SandboxRequest = serde_json::from_str(request)?;
    let config = SandboxConfig {
        knobs: Knobs {
            service_time_ms: request.service_time_ms,
            ..Knobs::default()
        },
        log_capacity: request.log_capacity,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config)
        .await
        .context("the sandbox cannot start")?;
    let place = Place {
        base_url: sandbox.base_url(),
        origin: sandbox.origin().to_owned(),
        key: sandbox.key(),
    };
    println!("{}", serde_json::to_string(&place)?);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
