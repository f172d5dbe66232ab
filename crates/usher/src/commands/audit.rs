//! `usher audit`

use serde::Serialize;
use usher_store::{Administration as _, AuditEvent};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Table, when};

/// Characters of a detail in the list; JSON has all of it.
const DETAIL: usize = 100;

/// List what was done, by whom and with what success, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  usher audit                                 the last 50 events
  usher audit --limit 1000 --json             for other programs
  usher audit --before 4711                   older than that event")]
pub(crate) struct Args {
    /// List at most N
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// Only events with a smaller number
    #[arg(long, value_name = "EVENT")]
    before: Option<i64>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    #[serde(flatten)]
    event: AuditEvent,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let events = session.store.audit_log(args.before, args.limit).await?;
    let rows: Vec<Row> = events
        .into_iter()
        .map(|(id, event)| Row { id, event })
        .collect();
    let ui = context.ui;
    ui.json(&rows);
    let mut table = Table::new(&[
        "#event", "when", "who", "what", "ok", "source", "target", "detail",
    ]);
    for Row { id, event } in &rows {
        table.row([
            id.to_string(),
            when(event.at),
            event.actor.clone(),
            event.event.clone(),
            if event.success { "yes" } else { "NO" }.to_owned(),
            event.source_id.clone().unwrap_or_default(),
            event.target_id.clone().unwrap_or_default(),
            short(&event.detail),
        ]);
    }
    if table.is_empty() {
        ui.line("Nothing was done yet.");
    } else {
        table.show(ui);
    }
    Ok(Exit::Done)
}

/// A detail on one line.
fn short(detail: &str) -> String {
    let line = detail.replace('\n', "; ");
    if line.chars().count() <= DETAIL {
        return line;
    }
    let mut short: String = line.chars().take(DETAIL).collect();
    short.push_str("...");
    short
}
