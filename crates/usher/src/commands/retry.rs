//! `usher retry`

use usher_core::model::StepId;

use super::{Context, decision};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;

/// Make parked steps ready to be sent again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A parked step waits until the source or the mapping changes, or until you retry it because the
cause is gone at the target. The next `usher sync` sends it.

Examples:
  usher retry                                 every parked step
  usher retry 17                              this one")]
pub(crate) struct Args {
    /// Numbers of steps, as `usher status --parked` lists them; without any, every parked step
    #[arg(value_name = "STEP")]
    steps: Vec<i64>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Work).await?;
    let steps: Vec<StepId> = args.steps.into_iter().map(StepId).collect();
    let report = session.retry(context.channel(), &steps).await?;
    Ok(decision::show(
        context.ui,
        "made ready for the next sync",
        &report,
    ))
}
