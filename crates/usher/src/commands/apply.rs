//! `usher apply`

use usher_core::model::CycleMode;
use usher_engine::SendOptions;
use usher_engine::admin::SyncOptions;
use usher_store::ChannelState;

use super::{Context, sync_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::Bar;

/// Hexadecimal digits of a plan's hash.
const DIGITS: usize = 64;

/// Do exactly the plan of this hash, held steps included, or nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The hash is that of a plan which you looked at. If anything changed since, nothing is sent and the
new hash is named. Applying a plan approves everything in it, adoptions included.

Examples:
  usher apply 3f9c0c1d2e...                   the whole plan
  usher apply 3f9c0c1d2e... --first 25        a pilot: 25 steps, then the channel is paused")]
pub(crate) struct Args {
    /// The hash that `usher plan` ended with: 64 hexadecimal digits
    #[arg(value_name = "HASH", value_parser = plan_hash)]
    hash: String,
    /// Send at most N steps, then pause the channel
    #[arg(long, value_name = "N")]
    first: Option<u64>,
    /// As given to `usher plan`
    #[arg(long, conflicts_with = "subject")]
    full_read: bool,
    /// As given to `usher plan`
    #[arg(long, value_name = "X")]
    subject: Vec<String>,
}

/// A plan's hash, in the lower case that it is compared in. Anything else cannot be a plan that was
/// looked at, so it is refused before the directory is read.
fn plan_hash(text: &str) -> Result<String, String> {
    if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!(
        "expected the {DIGITS} hexadecimal digits that `usher plan` ended with, found {} characters{}",
        text.chars().count(),
        if text.len() == DIGITS {
            ", not all of them such digits"
        } else {
            ""
        },
    ))
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Work).await?;
    let admin = &session.admin;
    let mut keys = Vec::new();
    for text in &args.subject {
        keys.push(admin.key_of(context.channel(), text).await?);
    }
    let options = SyncOptions {
        mode: if args.full_read {
            CycleMode::Full
        } else {
            CycleMode::Incremental
        },
        only: (!keys.is_empty()).then_some(keys),
        send: SendOptions {
            patience_ms: context.settings.patience_ms,
            at_most: args.first,
            ..SendOptions::default()
        },
        reviewed: Some(args.hash),
    };
    let bar = Bar::new(context.ui);
    let result = session.sync(context.channel(), &options, bar.clone()).await;
    bar.finish();
    let mut report = result?;
    if args.first.is_some() && report.mode == "active" && report.waiting > 0 {
        admin
            .set_mode(context.channel(), ChannelState::Paused)
            .await?;
        "paused".clone_into(&mut report.mode);
    }
    context.ui.json(&report);
    Ok(sync_report::show(context.ui, &report))
}
