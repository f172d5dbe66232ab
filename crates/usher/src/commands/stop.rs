//! `usher stop`

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;

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
    let session = context.open(Access::Keyless).await?;
    let report = session.admin.stop(context.channel()).await?;
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
    Ok(Exit::Done)
}
