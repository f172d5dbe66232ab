//! `usher sync`

use usher_core::model::CycleMode;
use usher_engine::SendOptions;
use usher_engine::admin::SyncOptions;
use usher_store::Administration as _;

use super::{Context, sync_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::Bar;

/// Look at the directory and send what changed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads what changed since the last sync (everything the first time), plans, and sends what may be
sent. A new channel whose target holds accounts already only observes until its plan is approved.

Examples:
  usher sync                                  what changed
  usher sync --full                           everything; needed to notice who is gone
  usher sync --reconcile                      everything, and the target is listed too
  usher sync --rekey                          people came under other keys: keep their accounts
  usher sync --subject ana@example.com        one person, to try things
  usher sync --first 25                       at most 25 steps; the next sync goes on")]
pub(crate) struct Args {
    /// Read everything
    #[arg(long, conflicts_with_all = ["reconcile", "subject"])]
    full: bool,
    /// Read everything, and list the target
    #[arg(long, conflicts_with = "subject")]
    reconcile: bool,
    /// The directory was built anew, or the GUID attribute changed: read everything, hold a re-key for
    /// whoever is there under another key, remove nobody
    #[arg(long, conflicts_with_all = ["full", "reconcile", "subject", "first"])]
    rekey: bool,
    /// Only this person or group: user name, e-mail, DN or source key; may be repeated
    #[arg(long, value_name = "X")]
    subject: Vec<String>,
    /// Send at most N steps
    #[arg(long, value_name = "N")]
    first: Option<u64>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Work).await?;
    let mut options = SyncOptions::of(if args.reconcile {
        CycleMode::Reconcile
    } else if args.rekey {
        CycleMode::Rekey
    } else if args.full {
        CycleMode::Full
    } else {
        CycleMode::Incremental
    });
    let mut keys = Vec::new();
    for text in &args.subject {
        keys.push(session.admin.key_of(context.channel(), text).await?);
    }
    options.only = (!keys.is_empty()).then_some(keys);
    options.send = SendOptions {
        patience_ms: context.settings.patience_ms,
        at_most: args.first,
        ..SendOptions::default()
    };
    let bar = Bar::new(context.ui);
    let result = session.sync(context.channel(), &options, bar.clone()).await;
    bar.finish();
    let report = result?;
    // A running service looks after that itself.
    if !session.is_beside() {
        let now = session.admin.engine.clock.now();
        session
            .store
            .prune(&context.settings.retention, now)
            .await?;
    }
    context.ui.json(&report);
    Ok(sync_report::show(context.ui, &report))
}
