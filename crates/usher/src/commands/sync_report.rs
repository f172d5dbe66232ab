//! What a sync did, and what a person should do now.

use usher_core::model::{Cycle, CycleMode, CycleState};
use usher_engine::admin::SyncReport;

use crate::exit::Exit;
use crate::ui::{Table, Ui, count, duration, number, when};

/// Shows a report and says how it went.
pub(crate) fn show(ui: &Ui, report: &SyncReport) -> Exit {
    if let Some(cycle) = &report.cycle {
        show_cycle(ui, cycle);
    }
    let mut table = Table::new(&["outcome", "#steps"]);
    for (name, n) in [
        ("done", report.succeeded),
        ("parked", report.parked),
        ("planned again", report.replanned),
        ("waiting", report.waiting),
        ("held for a person", report.held),
    ] {
        if n > 0 || name == "done" {
            table.row([name.to_owned(), number(n)]);
        }
    }
    ui.line("");
    table.show(ui);
    ui.line("");
    if let Some(why) = &report.stopped {
        ui.line(format!("{} {why}", ui.red("Stopped:")));
    }
    for why in &report.unfinished {
        ui.line(format!("{} {why}", ui.yellow("!")));
    }
    for group in &report.stays_held {
        ui.line(format!(
            "{} {} held ({}): {}. Next: {}",
            ui.yellow("!"),
            number(group.steps),
            group.hold,
            group.reason,
            group.next
        ));
    }
    ui.line(format!("The channel {}.", mode_words(&report.mode)));
    for hint in hints(report) {
        ui.line(format!("  {} {hint}", ui.blue("=")));
    }
    exit(report)
}

/// The cycle's reading side.
pub(crate) fn show_cycle(ui: &Ui, cycle: &Cycle) {
    let mode = mode_name(cycle.mode);
    let took = cycle
        .ended_at
        .map(|end| format!(" in {}", duration(end - cycle.started_at)))
        .unwrap_or_default();
    ui.line(format!(
        "{} (cycle {}): {} read{took}, {}",
        ui.bold(mode),
        cycle.id,
        count(cycle.read, "entry", "entries"),
        cycle_state(ui, &cycle.state),
    ));
    for reason in incomplete(&cycle.state) {
        ui.line(format!("  {} {reason}", ui.yellow("!")));
    }
    let verdicts: Vec<String> = cycle
        .verdicts
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(name, n)| format!("{} {}", number(*n), verdict_words(name)))
        .collect();
    if !verdicts.is_empty() {
        ui.line(format!("  of which {}", verdicts.join(", ")));
    }
    for remark in &cycle.remarks {
        ui.line(format!("  {} {remark}", ui.yellow("!")));
    }
    for breach in &cycle.breaches {
        ui.line(format!("  {} {breach}", ui.yellow("held:")));
    }
}

/// A mode in words.
pub(crate) fn mode_name(mode: CycleMode) -> &'static str {
    match mode {
        CycleMode::Incremental => "Incremental cycle",
        CycleMode::Full => "Full cycle",
        CycleMode::Reconcile => "Reconciling cycle",
        CycleMode::Rekey => "Re-keying cycle",
        CycleMode::FollowUp => "Follow-up cycle",
    }
}

fn cycle_state(ui: &Ui, state: &CycleState) -> String {
    match state {
        CycleState::Completed => ui.green("complete"),
        CycleState::Reading => "under way".to_owned(),
        CycleState::Incomplete { .. } => {
            ui.yellow("not complete: nothing was removed because of what is missing")
        }
        CycleState::Aborted { reason } => ui.red(&format!("aborted: {reason}")),
    }
}

fn incomplete(state: &CycleState) -> &[String] {
    match state {
        CycleState::Incomplete { reasons } => reasons,
        CycleState::Reading | CycleState::Completed | CycleState::Aborted { .. } => &[],
    }
}

/// A verdict's name in words.
pub(crate) fn verdict_words(name: &str) -> &str {
    match name {
        "stepped" => "with something to do",
        "held" => "held for a person",
        "skipped_by_option" => "skipped by a provisioning option",
        "out_of_scope" => "out of scope",
        "invalid" => "that cannot be mapped",
        other => other,
    }
}

/// A channel's mode as the end of a sentence.
fn mode_words(mode: &str) -> &str {
    match mode {
        "active" => "is active",
        "observe" => "only observes",
        "paused" => "is paused",
        "quarantined" => "stopped itself",
        "draft" => "was never run",
        other => other,
    }
}

fn hints(report: &SyncReport) -> Vec<String> {
    let mut hints = Vec::new();
    if report.held > 0 {
        hints.push(
            "what is held and why: `usher status --held`; release it with `usher approve`"
                .to_owned(),
        );
    }
    if report.parked > 0 {
        hints.push("what is parked and why: `usher status --parked`".to_owned());
    }
    match report.mode.as_str() {
        "observe" => hints.push(
            "nothing is sent while it only observes: look at `usher plan`, then `usher apply` or `usher channels activate`".to_owned(),
        ),
        "paused" if report.waiting > 0 => {
            hints.push("`usher channels activate`, then `usher sync` sends what waits".to_owned());
        }
        _ if report.waiting > 0 => hints.push(match report.again_at {
            Some(at) => format!("`usher sync` goes on with what waits, from {} on", when(at)),
            None => "`usher sync` goes on with what waits".to_owned(),
        }),
        _ => {}
    }
    hints
}

/// How it went.
pub(crate) fn exit(report: &SyncReport) -> Exit {
    let complete = report
        .cycle
        .as_ref()
        .is_none_or(|cycle| cycle.state == CycleState::Completed);
    if report.mode == "quarantined" {
        Exit::Failed
    } else if report.stopped.is_some()
        || report.held + report.parked > 0
        || !report.unfinished.is_empty()
        // What waits only because nobody may send yet is in order.
        || (report.mode == "active" && report.waiting > 0)
        || !complete
    {
        Exit::Partly
    } else {
        Exit::Done
    }
}
