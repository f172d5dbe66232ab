//! `usher approve`

use usher_engine::SendOptions;

use super::{Context, decision};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::Bar;

/// Release held steps and send them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything that is given must fit. Each step runs only if what it was planned for still holds.
Approving adoptions approves the adoption plan: the channel becomes active.

Examples:
  usher approve 17 18 21                      these steps
  usher approve --hold adoption               the adoption plan
  usher approve --verb disable --hold guard   disables that a guard held
  usher approve --all --no-send               everything; the next sync sends it")]
pub(crate) struct Args {
    #[command(flatten)]
    which: decision::Which,
    /// Release only; the next sync sends
    #[arg(long)]
    no_send: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Work).await?;
    let selection = args.which.selection()?;
    let send = SendOptions {
        patience_ms: context.settings.patience_ms,
        ..SendOptions::default()
    };
    let bar = Bar::new(context.ui);
    let result = session
        .approve(
            context.channel(),
            &selection,
            (!args.no_send).then_some(&send),
            bar.clone(),
        )
        .await;
    bar.finish();
    Ok(decision::show(context.ui, "released", &result?))
}
