//! What `approve`, `reject` and `retry` have in common.

use usher_core::model::{Hold, StepId, Verb};
use usher_engine::admin::{DecisionReport, Selection};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{Ui, count};

use super::sync_report;

/// Which held steps.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Numbers of steps, as `usher status --held` lists them
    #[arg(value_name = "STEP")]
    steps: Vec<i64>,
    /// Steps with this verb, such as `create` or `disable`; may be repeated
    #[arg(long, value_name = "VERB")]
    verb: Vec<String>,
    /// Steps held for this reason: guard, adoption, foreign_external_id, ambiguous,
    /// inactive_at_target, conflict, rekey, domain, owned_elsewhere, protected_name,
    /// configuration_change, group_removal, missing,
    /// container_missing, key_unreadable, swap, members_not_copied
    #[arg(long, value_name = "REASON")]
    hold: Option<String>,
    /// Every held step
    #[arg(long)]
    all: bool,
}

impl Which {
    /// For the engine.
    pub(crate) fn selection(self) -> Result<Selection, Failure> {
        let mut verbs = Vec::new();
        for text in &self.verb {
            verbs.push(Verb::parse(text).ok_or_else(|| {
                let known = Verb::ALL.map(Verb::as_str).join(", ");
                Failure::refused(format!("there is no verb `{text}`"))
                    .help(format!("expected one of {known}"))
            })?);
        }
        if let Some(name) = self
            .hold
            .as_deref()
            .filter(|name| !Hold::NAMES.contains(name))
        {
            return Err(
                Failure::refused(format!("there is no reason to hold named `{name}`"))
                    .help(format!("expected one of {}", Hold::NAMES.join(", "))),
            );
        }
        Ok(Selection {
            steps: self.steps.into_iter().map(StepId).collect(),
            verbs,
            hold: self.hold,
            all: self.all,
            note: String::new(),
        })
    }
}

/// Shows what a decision did and says how it went.
pub(crate) fn show(ui: &Ui, done: &str, report: &DecisionReport) -> Exit {
    ui.json(report);
    ui.line(format!(
        "{} {done}.",
        count(report.done, "step was", "steps were")
    ));
    for (step, state) in &report.stale {
        let is = match state.as_str() {
            "gone" => "is not there".to_owned(),
            state => format!("is {state} now and was left alone"),
        };
        ui.line(format!("  {} step {step} {is}", ui.yellow("!")));
    }
    for (step, remedy) in &report.refused {
        ui.line(format!(
            "  {} step {step} needs more than a yes: {remedy}",
            ui.yellow("!")
        ));
    }
    let own = if report.done == 0 || !report.stale.is_empty() || !report.refused.is_empty() {
        Exit::Partly
    } else {
        Exit::Done
    };
    match &report.sync {
        Some(sync) => own.max(sync_report::show(ui, sync)),
        None => own,
    }
}
