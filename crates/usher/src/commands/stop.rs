//! `usher stop`

use serde::Serialize;
use usher_core::model::StepId;
use usher_store::{Outbox as _, StepFilter};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;

/// Steps in flight that are listed.
const LISTED: u32 = 1_000;

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

#[derive(Serialize)]
struct Stopped {
    /// Names of the channels.
    stopped: Vec<String>,
    /// Steps whose request is under way.
    in_flight: Vec<InFlight>,
}

#[derive(Serialize)]
struct InFlight {
    step: i64,
    verb: &'static str,
    subject: i64,
}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let stopped = session.admin.stop(context.channel()).await?;
    let filter = StepFilter {
        states: vec!["claimed".to_owned()],
        ..StepFilter::default()
    };
    let steps = session.store.steps(&filter, StepId(0), LISTED).await?;
    let report = Stopped {
        stopped,
        in_flight: steps
            .iter()
            .map(|step| InFlight {
                step: step.id.0,
                verb: step.verb().as_str(),
                subject: step.subject.0,
            })
            .collect(),
    };
    let ui = context.ui;
    ui.json(&report);
    if report.stopped.is_empty() {
        ui.line("There is no channel to stop.");
    }
    for name in &report.stopped {
        ui.line(format!(
            "Stopped {name}: no new request from within a second on."
        ));
    }
    for step in &report.in_flight {
        ui.line(format!("  in flight: step {} ({})", step.step, step.verb));
    }
    Ok(Exit::Done)
}
