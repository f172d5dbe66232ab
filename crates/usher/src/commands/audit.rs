//! `usher audit`

use serde::Serialize;
use usher_store::{Administration as _, AuditEvent, Change};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Table, Ui, when};

/// Characters of a detail in the list; JSON has all of it.
const DETAIL: usize = 100;
/// Changed values that are listed of one event; JSON has all of them.
const CHANGES: usize = 20;
/// Characters of a value in the list.
const VALUE: usize = 60;

/// List what was done, by whom and with what success, newest first; of changes to the configuration and to
/// operators each value before and after
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
    #[arg(long, value_name = "EVENT", value_parser = clap::value_parser!(i64).range(1..))]
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
            short(&event.detail, DETAIL),
        ]);
    }
    if table.is_empty() {
        ui.line(match args.before {
            Some(number) => format!("No event has a smaller number than {number}."),
            None => "Nothing was done yet.".to_owned(),
        });
    } else {
        table.show(ui);
    }
    for Row { id, event } in &rows {
        show_changes(ui, *id, event);
    }
    Ok(Exit::Done)
}

/// What a change to the configuration or to an operator's account changed.
fn show_changes(ui: &Ui, id: i64, event: &AuditEvent) {
    if event.changes.is_empty() {
        return;
    }
    ui.line("");
    ui.line(format!("#{id} {} by {}:", event.event, event.actor));
    for Change {
        path,
        before,
        after,
    } in event.changes.iter().take(CHANGES)
    {
        let side = |value: &Option<String>| {
            value
                .as_deref()
                .map_or("nothing".to_owned(), |value| short(value, VALUE))
        };
        ui.line(format!("  {path}: {} -> {}", side(before), side(after)));
    }
    if event.changes.len() > CHANGES {
        let more = event.changes.len() - CHANGES;
        ui.line(format!("  and {more} more: `--json` lists all"));
    }
}

/// A text on one line.
fn short(text: &str, most: usize) -> String {
    let line = text.replace('\n', "; ");
    if line.chars().count() <= most {
        return line;
    }
    let mut short: String = line.chars().take(most).collect();
    short.push_str("...");
    short
}
