//! `usher stop`

use std::time::Duration;

use usher_admin_api::commands;
use usher_engine::admin::StopReport;

use super::Context;
use super::serve::SOCKET;
use crate::beside::Beside;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;

/// How long a service may take to say that it stopped; after that the word is left in the state.
const SOON: Duration = Duration::from_secs(5);

/// Stop channels at once; works beside a running sync
#[derive(Debug, clap::Args)]
#[command(after_help = "\
No new request is sent within a second. What is in flight at that moment is listed: it ends by
itself. Without `--channel`, every channel stops.

Examples:
  usher stop                                  everything
  usher stop --channel staff                  one channel
  usher channels activate                     sets it going again")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let report = match stopped_by_service(context).await {
        Some(report) => report,
        // Also when the service refused: what keeps it from stopping may not keep us.
        None => {
            let session = context.open(Access::Keyless).await?;
            session.admin.stop(context.channel()).await?
        }
    };
    let ui = context.ui;
    ui.json(&report);
    if report.channels.is_empty() {
        ui.line("There is no channel to stop.");
    }
    for name in &report.channels {
        ui.line(format!(
            "Stopped {name}: no new request from within a second on."
        ));
    }
    for step in &report.in_flight {
        ui.line(format!(
            "  in flight: step {} ({} {})",
            step.id,
            step.verb.as_str(),
            step.display
        ));
    }
    let Some(why) = &report.unwritten else {
        return Ok(Exit::Done);
    };
    ui.line(format!("  {} not in the state yet: {why}", ui.red("!")));
    ui.line("  The running service keeps it in mind and writes it as soon as it can. Ended before that, it fails,");
    ui.line("  and its next start knows nothing of the stop.");
    Ok(Exit::Partly)
}

/// A running service stops also what it cannot write.
async fn stopped_by_service(context: &Context<'_>) -> Option<StopReport> {
    let beside = Beside::at(&context.settings.state.join(SOCKET)).await?;
    let asked = commands::Stop {
        channel: context.channel().map(str::to_owned),
    };
    let answer = tokio::time::timeout(SOON, beside.ask("stop", &asked)).await;
    answer.ok()?.ok()
}
