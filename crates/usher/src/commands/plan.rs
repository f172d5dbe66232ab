//! `usher plan`

use std::collections::BTreeMap;

use usher_core::model::{CycleMode, CycleState, Kind, Verb, Verdict};
use usher_engine::admin::{NotProvisioned, PlanOptions, PlanReport};

use super::{Context, steps, sync_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Bar, Table, Ui, count, number, verb};
use crate::wiring::WithoutTarget;

/// People that a summary names per reason.
const NAMED: usize = 5;

/// E-mail domains that a summary names.
const DOMAINS: usize = 20;

/// Show what a sync would do, without doing it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Runs the real cycle on a copy of the state and throws the copy away: nothing is sent, nothing is
kept. It ends with a hash; `usher apply HASH` does exactly this plan or nothing.

Examples:
  usher plan                                  totals, reasons and some of each operation
  usher plan --full --json                    every step, for other programs
  usher plan --subject ana@example.com        one person
  usher plan --no-target                      before there is an account at the target:
                                              as if the target were empty")]
pub(crate) struct Args {
    /// Show every step instead of some of each operation
    #[arg(long)]
    full: bool,
    /// Read everything, not only what changed
    #[arg(long, conflicts_with = "subject")]
    full_read: bool,
    /// Plan what `usher sync --rekey` would hold: people who are there under another key
    #[arg(long, conflicts_with_all = ["full_read", "subject"])]
    rekey: bool,
    /// Only this person or group: user name, e-mail, DN or source key; may be repeated
    #[arg(long, value_name = "X")]
    subject: Vec<String>,
    /// Do not ask the target: plan as if it were empty
    #[arg(long)]
    no_target: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let mut session = context.open(Access::Look).await?;
    if args.no_target {
        let connectors = &mut session.admin.engine.connectors;
        *connectors = WithoutTarget::over(connectors.clone());
    }
    let mut keys = Vec::new();
    for text in &args.subject {
        keys.push(session.admin.key_of(context.channel(), text).await?);
    }
    let options = PlanOptions {
        mode: if args.rekey {
            CycleMode::Rekey
        } else if args.full_read {
            CycleMode::Full
        } else {
            CycleMode::Incremental
        },
        only: (!keys.is_empty()).then_some(keys),
        full: args.full,
    };
    let bar = Bar::new(context.ui);
    let result = session
        .admin
        .plan(context.channel(), &options, bar.clone())
        .await;
    bar.finish();
    let report = result?;
    context.ui.json(&report);
    show(
        context.ui,
        &report,
        next_command(&args, context, &report).as_deref(),
    );
    Ok(if report.held.is_empty() && is_whole(&report) {
        Exit::Done
    } else {
        Exit::Partly
    })
}

/// Whether the read behind the plan was complete.
fn is_whole(report: &PlanReport) -> bool {
    !matches!(report.cycle.state, CycleState::Incomplete { .. })
}

/// The command that does this plan, with everything that made it.
fn next_command(args: &Args, context: &Context<'_>, report: &PlanReport) -> Option<String> {
    if args.no_target || report.totals.is_empty() {
        return None;
    }
    let mut words = if args.rekey {
        vec!["usher sync --rekey".to_owned()]
    } else {
        vec!["usher apply".to_owned(), report.hash.clone()]
    };
    if args.full_read {
        words.push("--full-read".to_owned());
    }
    words.extend(
        args.subject
            .iter()
            .map(|text| format!("--subject '{text}'")),
    );
    words.extend(context.channel().map(|name| format!("--channel '{name}'")));
    Some(words.join(" "))
}

/// Shows a plan.
pub(crate) fn show(ui: &Ui, report: &PlanReport, next: Option<&str>) {
    ui.line(format!("Plan for {}", ui.bold(&report.channel)));
    sync_report::show_cycle(ui, &report.cycle);
    totals(ui, report);
    if !report.held.is_empty() {
        ui.heading("Waits for a person");
        for group in &report.held {
            ui.line(format!("  {:>7}  {}", number(group.steps), group.reason));
        }
    }
    adoption(ui, report);
    if !report.samples.is_empty() {
        ui.heading("Steps");
        for step in &report.samples {
            steps::show(ui, step);
        }
    }
    not_provisioned(ui, report);
    email_domains(ui, report);
    ui.line("");
    if report.totals.is_empty() && !is_whole(report) {
        ui.line(
            "Nothing to do for what was read; the read was not complete, so this proves little.",
        );
    } else if report.totals.is_empty() && differ(report) > 0 {
        ui.line(format!(
            "Nothing to send, but the target is not as the directory says for {} named above: `usher status` and `usher explain X` tell what to do.",
            count(differ(report), "entry", "entries")
        ));
    } else if report.totals.is_empty() {
        ui.line(ui.green("Nothing to do: the target is as the directory says."));
    } else {
        ui.line(format!(
            "Plan {}: {}",
            ui.bold(&report.hash),
            report.estimate
        ));
    }
    if let Some(next) = next {
        ui.line(format!("  {} to do exactly this: `{next}`", ui.blue("=")));
    }
}

/// How many of those not provisioned are so by a fault or a decision that is due, not by a choice.
fn differ(report: &PlanReport) -> u64 {
    let due = |one: &&NotProvisioned| match one.verdict {
        Verdict::Invalid | Verdict::Held | Verdict::Parked => true,
        Verdict::Unchanged
        | Verdict::Stepped
        | Verdict::SkippedByOption
        | Verdict::Protected
        | Verdict::OutOfScope => false,
    };
    report.not_provisioned.iter().filter(due).count() as u64
}

/// The e-mail domains of the scope, where one of them may not be sent, or several are and none was chosen.
fn email_domains(ui: &Ui, report: &PlanReport) {
    let domains = &report.email_domains;
    let is_chosen = domains.iter().any(|domain| !domain.may_be_sent);
    if domains.is_empty() || (!is_chosen && domains.len() == 1) {
        return;
    }
    ui.heading("E-mail domains in scope");
    for domain in domains.iter().take(DOMAINS) {
        let note = if domain.may_be_sent {
            ""
        } else {
            "  (not among `email_domains`: held)"
        };
        ui.line(format!(
            "  {:>7}  {}{note}",
            number(domain.people),
            domain.domain
        ));
    }
    let names = domains.iter().take(DOMAINS).map(|domain| &domain.domain);
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    ui.line(format!(
        "  In the policy, without those that must not be sent: \"email_domains\": [{}]",
        names.join(", ")
    ));
}

/// A table of steps by operation.
fn totals(ui: &Ui, report: &PlanReport) {
    let mut rows: BTreeMap<(u8, String), (u64, u64, u64)> = BTreeMap::new();
    for count in &report.totals {
        let at = Verb::ALL.iter().position(|verb| *verb == count.verb);
        let kind = u8::from(count.kind == Kind::Group);
        let order = at.unwrap_or_default() as u8 * 2 + kind;
        let row = rows
            .entry((order, verb(count.verb, count.kind)))
            .or_default();
        row.0 += count.count;
        row.1 += count.members;
        if count.state == "held" {
            row.2 += count.count;
        }
    }
    if rows.is_empty() {
        return;
    }
    ui.heading("Operations");
    let mut table = Table::new(&["operation", "#steps", "#members", "#of these held"]);
    for ((_, name), (steps, members, held)) in rows {
        let blank = |n: u64| if n == 0 { String::new() } else { number(n) };
        table.row([name, number(steps), blank(members), blank(held)]);
    }
    if report.memberships_to_follow > 0 {
        let follow = number(report.memberships_to_follow);
        table.row([
            "memberships that follow".to_owned(),
            String::new(),
            follow,
            String::new(),
        ]);
    }
    table.show(ui);
}

fn adoption(ui: &Ui, report: &PlanReport) {
    let adoption = &report.adoption;
    let known = adoption.adopt_unchanged
        + adoption.adopt_with_changes
        + adoption.ambiguous
        + adoption.only_at_target;
    if known == 0 {
        return;
    }
    ui.heading("What the target holds already");
    for (n, what) in [
        (adoption.adopt_unchanged, "to be linked as they are"),
        (adoption.adopt_with_changes, "to be linked and changed"),
        (adoption.ambiguous, "ambiguous: several correspond"),
        (adoption.only_at_target, "of nobody in scope: never touched"),
    ] {
        if n > 0 {
            ui.line(format!("  {:>7}  {what}", number(n)));
        }
    }
}

fn not_provisioned(ui: &Ui, report: &PlanReport) {
    if report.not_provisioned.is_empty() {
        return;
    }
    ui.heading("Not provisioned, and why");
    let mut reasons: BTreeMap<(&str, &str), Vec<&NotProvisioned>> = BTreeMap::new();
    for one in &report.not_provisioned {
        let key = (one.verdict.as_str(), one.reason.as_str());
        reasons.entry(key).or_default().push(one);
    }
    for ((verdict, reason), people) in reasons {
        let words = sync_report::verdict_words(verdict);
        ui.line(format!(
            "  {:>7}  {words}: {reason}",
            number(people.len() as u64)
        ));
        for one in people.iter().take(NAMED) {
            ui.line(format!("           {}", ui.dim(&one.dn)));
        }
        if people.len() > NAMED {
            ui.line(ui.dim(&format!("           and {} more", people.len() - NAMED)));
        }
    }
}
