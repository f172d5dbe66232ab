//! `usher reject`

use super::{Context, decision};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;

/// Reject held steps: nothing is sent, and they do not come back until something changes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  usher reject 17 18                          these steps
  usher reject --hold guard                   everything that a guard held")]
pub(crate) struct Args {
    #[command(flatten)]
    which: decision::Which,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Work).await?;
    let selection = args.which.selection()?;
    let report = session.reject(context.channel(), &selection).await?;
    Ok(decision::show(context.ui, "rejected", &report))
}
