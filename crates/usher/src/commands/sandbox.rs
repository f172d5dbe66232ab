//! `usher sandbox`

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use usher_engine::{Clock as _, SystemClock};
use usher_sandbox::directory::{DemoDirectory, DirectoryOptions, RunningDirectory};
use usher_sandbox::sample;
use usher_sandbox::scim::{Sandbox, SandboxConfig};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Guards invented people on loopback.
const PASSWORD: &str = "sandbox";

/// Run a SCIM service to try things on, with every oddity of the real one as a knob
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Serves on 127.0.0.1 until Ctrl-C. Its control plane below /_sandbox shows requests and turns knobs.

Examples:
  usher sandbox                               a free port, a new key, nothing kept
  usher sandbox --port 8085 --data box.json   a fixed port; users and groups are kept
  usher sandbox --settings knobs.json         with other behaviour and planned faults
  usher sandbox --directory                   with a sample company over LDAP beside it")]
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
    /// Serve the sample company over LDAP too; `ldapmodify` may change it
    #[arg(long)]
    directory: bool,
    /// Port of that directory on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "directory")]
    directory_port: u16,
}

#[derive(Serialize)]
struct Running {
    base_url: String,
    key: String,
    control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<Directory>,
}

/// How the sample company is read. It is invented, on loopback, and its password guards nothing.
#[derive(Serialize)]
struct Directory {
    url: String,
    base_dn: &'static str,
    bind_dn: &'static str,
    password: &'static str,
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
    let company = if args.directory {
        Some(company(args.directory_port).await?)
    } else {
        None
    };
    let running = Running {
        base_url: sandbox.base_url(),
        key: sandbox.key(),
        control: format!("{}/_sandbox/", sandbox.origin()),
        directory: company.as_ref().map(|company| Directory {
            url: company.url(),
            base_dn: sample::BASE_DN,
            bind_dn: sample::BIND_DN,
            password: PASSWORD,
        }),
    };
    let stop = Stop::listen()?;
    let ui = context.ui;
    ui.json(&running);
    ui.line(format!("base URL  {}", running.base_url));
    ui.line(format!("API key   {}", running.key));
    ui.line(format!("control   {}", running.control));
    if let Some(directory) = &running.directory {
        ui.line(format!("directory {}", directory.url));
        ui.line(format!("  base DN   {}", directory.base_dn));
        ui.line(format!("  bind DN   {}", directory.bind_dn));
        ui.line(format!("  password  {}", directory.password));
    }
    ui.line("Ctrl-C ends it.");
    stop.told().await;
    sandbox.stop().await.map_err(|error| {
        Failure::failed(format!("the sandbox's data could not be written: {error}"))
    })?;
    Ok(Exit::Done)
}

async fn company(port: u16) -> Result<RunningDirectory, Failure> {
    let clock = Arc::new(|| SystemClock.now());
    let options = DirectoryOptions {
        port,
        account: Some((sample::BIND_DN.to_owned(), PASSWORD.to_owned())),
        writable: true,
        ..DirectoryOptions::new(clock)
    };
    DemoDirectory::start(sample::entries(), options)
        .await
        .map_err(|error| Failure::failed(format!("the sample directory cannot start: {error}")))
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

/// Ctrl-C or a polite request to end. It listens from when it is made: nobody who was told that
/// the sandbox runs can end it too early.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format!("signals cannot be listened to: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn told(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
