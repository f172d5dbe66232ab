//! `usher cycles`

use usher_core::model::{ChannelId, Cycle};
use usher_store::Outbox as _;

use super::{Context, sync_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Table, Ui, count, duration, number, when};

/// Cycles that one cycle is looked for in.
const LOOK_BACK: u32 = 10_000;

/// List the last cycles, or show one with what it read and proved
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  usher cycles                                the last ones, newest first
  usher cycles 12                             one, with its certificate")]
pub(crate) struct Args {
    /// Number of a cycle
    #[arg(value_name = "CYCLE")]
    id: Option<i64>,
    /// List at most N
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let channel: Option<ChannelId> = match context.channel() {
        Some(name) => Some(session.admin.select(Some(name)).await?.1),
        None => None,
    };
    let limit = if args.id.is_some() {
        LOOK_BACK
    } else {
        args.limit
    };
    let cycles = session.store.cycles(channel.as_ref(), None, limit).await?;
    let ui = context.ui;
    let Some(id) = args.id else {
        ui.json(&cycles);
        list(ui, &cycles);
        return Ok(Exit::Done);
    };
    let cycle = cycles
        .iter()
        .find(|cycle| cycle.id.0 == id)
        .ok_or_else(|| {
            Failure::refused(format!("there is no cycle {id} among the last {LOOK_BACK}"))
                .help("`usher cycles` lists them")
        })?;
    ui.json(cycle);
    one(ui, cycle);
    Ok(Exit::Done)
}

fn list(ui: &Ui, cycles: &[Cycle]) {
    let headings = [
        "#cycle", "began", "mode", "state", "#read", "#steps", "#held", "took",
    ];
    let mut table = Table::new(&headings);
    for cycle in cycles {
        let took = cycle.ended_at.map(|end| duration(end - cycle.started_at));
        table.row([
            cycle.id.to_string(),
            when(cycle.started_at),
            sync_report::mode_name(cycle.mode).replace(" cycle", ""),
            cycle.state.name().to_owned(),
            number(cycle.read),
            number(cycle.steps.values().sum()),
            number(cycle.held.values().sum()),
            took.unwrap_or_default(),
        ]);
    }
    if table.is_empty() {
        ui.line(
            "No cycle has run yet: `usher plan` shows what one would do, `usher sync` runs one.",
        );
    } else {
        table.show(ui);
    }
}

fn one(ui: &Ui, cycle: &Cycle) {
    sync_report::show_cycle(ui, cycle);
    for (what, counts) in [("planned", &cycle.steps), ("held", &cycle.held)] {
        let words: Vec<String> = counts
            .iter()
            .map(|(name, n)| format!("{} {name}", number(*n)))
            .collect();
        if !words.is_empty() {
            ui.line(format!("  {what}: {}", words.join(", ")));
        }
    }
    if let Some(hash) = &cycle.plan_hash {
        ui.line(format!(
            "  plan {hash}, configuration revision {}",
            cycle.revision
        ));
    }
    let Some(certificate) = &cycle.certificate else {
        return;
    };
    ui.heading("What its read proves");
    ui.line(format!(
        "  {} and {} in {} from {}",
        count(certificate.users, "person", "people"),
        count(certificate.groups, "group", "groups"),
        count(certificate.pages, "page", "pages"),
        certificate.host
    ));
    ui.line(format!(
        "  sentinels: {} of {} found",
        certificate.sentinels_found, certificate.sentinels_asked
    ));
    for asked in &certificate.asked {
        ui.line(format!("  asked: {asked}"));
    }
    for (group, reason) in &certificate.incomplete_groups {
        ui.line(format!("  {} {group}: {reason}", ui.yellow("!")));
    }
    for entry in &certificate.bad_entries {
        ui.line(format!("  {} {entry}", ui.yellow("!")));
    }
}
