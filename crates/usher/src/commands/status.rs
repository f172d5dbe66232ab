//! `usher status`

use serde::Serialize;
use usher_engine::admin::{ChannelStatus, Health, OpenAlert, StepSample};

use super::serve::SOCKET;
use super::{Context, steps};
use crate::beside::Beside;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Table, Ui, ago, number};

/// Say how every channel is; exit codes as monitoring plug-ins have them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 good, 1 warning, 2 critical, 3 unknown (there is no state, or it cannot be read).

Examples:
  usher status                                every channel
  usher status --held                         what waits for a person, with the reason
  usher status --parked --full                what was given up, with the very requests")]
pub(crate) struct Args {
    /// List held steps
    #[arg(long)]
    held: bool,
    /// List parked steps
    #[arg(long)]
    parked: bool,
    /// With each listed step show what changes and the very request
    #[arg(long)]
    full: bool,
    /// List at most N steps
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

#[derive(Serialize)]
struct Report {
    /// The worst of all channels, and of the service.
    health: Health,
    /// What keeps the running service from its work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service: Vec<String>,
    channels: Vec<ChannelStatus>,
    /// Open alerts, as the running service judged last.
    alerts: Vec<OpenAlert>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Vec<StepSample>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<Vec<StepSample>>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let admin = &session.admin;
    let mut channels = admin.status().await?;
    if context.channel.is_some() {
        let (configuration, id) = admin.select(context.channel()).await?;
        let name = configuration
            .channel(&id)
            .map(|(sp, channel)| format!("{}/{}", sp.name, channel.name));
        channels.retain(|status| Some(&status.channel) == name.as_ref());
    }
    let alerts = admin.open_alerts().await?;
    let service = match Beside::at(&context.settings.state.join(SOCKET)).await {
        Some(beside) => beside.problems().await,
        None => Vec::new(),
    };
    let of_service = if service.is_empty() {
        Health::Good
    } else {
        Health::Critical
    };
    let mut report = Report {
        health: channels
            .iter()
            .map(|status| status.health)
            .max()
            .unwrap_or(Health::Warning)
            .max(of_service)
            .max(if alerts.is_empty() {
                Health::Good
            } else {
                Health::Warning
            }),
        service,
        channels,
        alerts,
        held: None,
        parked: None,
    };
    if args.held {
        report.held = Some(
            admin
                .steps(context.channel(), &["held"], args.limit)
                .await?,
        );
    }
    if args.parked {
        report.parked = Some(
            admin
                .steps(context.channel(), &["parked"], args.limit)
                .await?,
        );
    }
    let ui = context.ui;
    ui.json(&report);
    let now = admin.engine.clock.now();
    if !report.service.is_empty() {
        let problems = report.service.join("; ");
        ui.line(format!(
            "{}: the running service is not ready: {problems}",
            ui.red("CRITICAL")
        ));
    }
    if report.channels.is_empty() {
        ui.line("WARNING: there is no channel yet: `usher config import FILE`");
    }
    for status in &report.channels {
        show(ui, status, now);
    }
    if !report.alerts.is_empty() {
        ui.heading("Alerts");
    }
    for alert in &report.alerts {
        ui.line(format!("  {} {}", ui.yellow("!"), alert.summary));
        ui.line(format!("    {}", alert.next));
    }
    list(ui, "Held", report.held.as_deref(), args.full);
    list(ui, "Parked", report.parked.as_deref(), args.full);
    Ok(match report.health {
        Health::Good => Exit::Done,
        Health::Warning => Exit::Partly,
        Health::Critical => Exit::Failed,
    })
}

/// The first line is what a monitoring system shows.
fn show(ui: &Ui, status: &ChannelStatus, now: i64) {
    let health = match status.health {
        Health::Good => ui.green("OK"),
        Health::Warning => ui.yellow("WARNING"),
        Health::Critical => ui.red("CRITICAL"),
    };
    let first = status.remarks.first().map_or("", String::as_str);
    let dash = if first.is_empty() { "" } else { ": " };
    ui.line(format!(
        "{health} {} ({}){dash}{first}",
        ui.bold(&status.channel),
        status.mode
    ));
    for remark in status.remarks.iter().skip(1) {
        ui.line(format!("  {} {remark}", ui.yellow("!")));
    }
    let read = status
        .last_complete_at
        .map_or("never".to_owned(), |at| ago(at, now));
    ui.line(format!("  last complete read: {read}"));
    let states: Vec<String> = status
        .counts
        .states
        .iter()
        .map(|(name, n)| {
            let (kind, state) = name.split_once('.').unwrap_or(("", name));
            format!("{} {state} {kind}s", number(*n))
        })
        .collect();
    if !states.is_empty() {
        ui.line(format!("  known: {}", states.join(", ")));
    }
    let live: Vec<String> = ["pending", "waiting", "claimed", "unknown", "held", "parked"]
        .into_iter()
        .filter_map(|state| {
            let of_state = status.steps.iter().filter(|count| count.state == state);
            let n: u64 = of_state.map(|count| count.count).sum();
            (n > 0).then(|| format!("{} {state}", number(n)))
        })
        .collect();
    if !live.is_empty() {
        ui.line(format!("  steps: {}", live.join(", ")));
    }
}

fn list(ui: &Ui, title: &str, samples: Option<&[StepSample]>, full: bool) {
    let Some(samples) = samples else { return };
    ui.heading(title);
    if samples.is_empty() {
        ui.line("  none");
    }
    if full {
        for step in samples {
            steps::show(ui, step);
        }
        return;
    }
    let mut table = Table::new(&["#step", "operation", "who", "why"]);
    for step in samples {
        let why = step.hold.as_deref().unwrap_or(&step.reason);
        table.row(steps::line(step, why));
    }
    if !table.is_empty() {
        table.show(ui);
    }
}
