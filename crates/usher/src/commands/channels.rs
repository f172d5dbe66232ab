//! `usher channels`

use serde::Serialize;
use usher_core::model::DataStoreId;
use usher_engine::admin::warnings;
use usher_store::{Administration as _, ChannelState};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Access, Session};
use crate::ui::Table;

/// List channels, or set one going, observing or pausing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Going active needs a complete configuration and a target that accepts the credentials.

Examples:
  usher channels                              what there is
  usher channels activate                     look and send
  usher channels observe                      look only
  usher channels pause                        neither")]
pub(crate) struct Args {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// List channels
    List,
    /// Let it read and send
    Activate,
    /// Let it read and plan, but send nothing
    Observe,
    /// Let it do nothing
    Pause,
}

/// One channel.
#[derive(Serialize)]
struct Row {
    id: String,
    connection: String,
    name: String,
    mode: ChannelState,
    data_store: DataStoreId,
    base_dn: String,
    /// What keeps it from being activated.
    refusals: Vec<String>,
    warnings: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let mode = match args.act {
        Some(Act::Pause) => return pause(context).await,
        None | Some(Act::List) => None,
        Some(Act::Activate) => Some(ChannelState::Active),
        Some(Act::Observe) => Some(ChannelState::Observe),
    };
    let session = context.open(Access::Look).await?;
    let Some(mode) = mode else {
        return list(&session, context).await;
    };
    session.admin.set_mode(context.channel(), mode).await?;
    list(&session, context).await
}

/// Pauses first, whatever is wrong with the key; then lists, as far as the key allows.
async fn pause(context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Keyless).await?;
    session
        .admin
        .set_mode(context.channel(), ChannelState::Paused)
        .await?;
    // Without the key the list says that no secret can be opened; the pause stands.
    let shown = context.open(Access::Look).await.unwrap_or(session);
    list(&shown, context).await
}

async fn list(session: &Session, context: &Context<'_>) -> Result<Exit, Failure> {
    let admin = &session.admin;
    let configuration = admin.engine.configuration().await?;
    let mut rows = Vec::new();
    for (sp, channel) in configuration.channels() {
        let record = session.store.channel(&channel.id).await?;
        rows.push(Row {
            id: channel.id.to_string(),
            connection: sp.name.clone(),
            name: channel.name.clone(),
            warnings: warnings(sp, channel, &record),
            mode: record.state,
            data_store: channel.source.data_store.clone(),
            base_dn: channel.source.base_dn.clone(),
            refusals: admin.refusals(&configuration, &channel.id).await?,
        });
    }
    let ui = context.ui;
    ui.json(&rows);
    let mut table = Table::new(&["SP connection", "channel", "mode", "data store", "base DN"]);
    for row in &rows {
        table.row([
            row.connection.as_str(),
            &row.name,
            mode_name(&row.mode),
            row.data_store.as_str(),
            &row.base_dn,
        ]);
    }
    if table.is_empty() {
        ui.line("There is no channel yet: `usher config import FILE`.");
        return Ok(Exit::Done);
    }
    table.show(ui);
    for row in &rows {
        for refusal in row.refusals.iter().chain(&row.warnings) {
            ui.line(format!("  {} {}: {refusal}", ui.yellow("!"), row.name));
        }
    }
    Ok(Exit::Done)
}

/// A mode's name.
pub(crate) fn mode_name(state: &ChannelState) -> &'static str {
    match state {
        ChannelState::Draft => "draft",
        ChannelState::Observe => "observe",
        ChannelState::Active => "active",
        ChannelState::Paused => "paused",
        ChannelState::Quarantined { .. } => "quarantined",
    }
}
