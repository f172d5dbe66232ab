//! `usher sandbox`

use std::path::PathBuf;

use serde::Serialize;
use usher_sandbox::scim::{Sandbox, SandboxConfig};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Run a SCIM service to try things on, with every oddity of the real one as a knob
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Serves on 127.0.0.1 until Ctrl-C. Its control plane below /_sandbox shows requests and turns knobs.

Examples:
  usher sandbox                               a free port, a new key, nothing kept
  usher sandbox --port 8085 --data box.json   a fixed port; users and groups are kept
  usher sandbox --settings knobs.json         with other behaviour and planned faults")]
pub(crate) struct Args {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// File that keeps users, groups and keys
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// File that gets one JSON line for each request
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// JSON file with knobs, faults, accounts and domains
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

#[derive(Serialize)]
struct Running {
    base_url: String,
    key: String,
    control: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let mut config = match &args.settings {
        Some(path) => read(path)?,
        None => SandboxConfig::default(),
    };
    config.port = args.port.unwrap_or(config.port);
    config.state_file = args.data.or(config.state_file);
    config.request_log_file = args.log.or(config.request_log_file);
    let sandbox = Sandbox::start(config)
        .await
        .map_err(|error| Failure::failed(format!("the sandbox cannot start: {error}")))?;
    let running = Running {
        base_url: sandbox.base_url(),
        key: sandbox.key(),
        control: format!("{}/_sandbox/", sandbox.origin()),
    };
    let ui = context.ui;
    ui.json(&running);
    ui.line(format!("base URL  {}", running.base_url));
    ui.line(format!("API key   {}", running.key));
    ui.line(format!("control   {}", running.control));
    ui.line("Ctrl-C ends it.");
    until_told_to_stop().await;
    sandbox.stop().await.map_err(|error| {
        Failure::failed(format!("the sandbox's data could not be written: {error}"))
    })?;
    Ok(Exit::Done)
}

fn read(path: &std::path::Path) -> Result<SandboxConfig, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::refused(format!("`{}` cannot be read: {error}", path.display()))
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::refused(format!(
            "`{}` is not what a sandbox starts with: {error}",
            path.display()
        ))
    })
}

/// Waits for Ctrl-C or a polite request to end.
async fn until_told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
