//! `usher explain`

use usher_core::mapping::FieldPreview;
use usher_core::model::{Kind, StepState, SubjectState};
use usher_engine::admin::{Explanation, StepStory};
use usher_store::ExchangeRecord;

use super::{Context, steps};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Ui, ago, short_json, when};

/// Exchanges that are shown; JSON has all that are told.
const EXCHANGES: usize = 3;
/// Steps shown with everything about them; older ones get one line.
const FULL_STEPS: usize = 2;
const BODY: usize = 400;

/// Tell the story of one person or group: scope, mapping, link, steps, what happens next
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Names a person by user name, e-mail, DN, source key or target id, a group by its name. Of somebody
who was never in scope, the directory is asked.

Examples:
  usher explain ana@example.com
  usher explain 'Team Sales'
  usher explain uid=ana,ou=people,dc=example,dc=com --json")]
pub(crate) struct Args {
    /// Whom to explain
    #[arg(value_name = "PERSON-OR-GROUP")]
    who: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let story = session.admin.explain(context.channel(), &args.who).await?;
    context.ui.json(&story);
    show(context.ui, &story, session.admin.engine.clock.now());
    Ok(Exit::Done)
}

/// Shows a story.
pub(crate) fn show(ui: &Ui, story: &Explanation, now: i64) {
    let subject = &story.subject;
    if !subject.display.is_empty() {
        ui.line(ui.bold(&subject.display));
    }
    ui.line(&subject.dn);
    ui.line(format!(
        "  {} of channel {}, source key {}",
        subject.kind, story.channel, subject.key
    ));
    let link = match (&subject.target_id, subject.state.is_linked()) {
        (Some(id), true) if subject.state == SubjectState::Linked => format!("linked to {id}"),
        (Some(id), true) => format!("linked to {id}, {}", subject.state.as_str()),
        (Some(id), false) => format!("{}; was linked to {id}", subject.state.as_str()),
        (None, _) => format!("not linked ({})", subject.state.as_str()),
    };
    if story.known {
        ui.line(format!("  link: {link}"));
    } else {
        ui.line("  link: none; no cycle has read it, so this is from the directory as it is now");
    }
    ui.line(format!("  scope: {}", story.scope));
    let reason = if subject.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", subject.reason)
    };
    if story.known {
        ui.line(format!(
            "  last verdict: {}{reason}",
            subject.verdict.as_str()
        ));
    }
    mapping(ui, &story.mapping);
    groups(ui, story);
    history(ui, &story.steps, now);
    exchanges(ui, &story.exchanges);
    ui.heading("What happens next");
    let at = story
        .next
        .at
        .map(|at| format!(" ({}, {})", ago(at, now), when(at)))
        .unwrap_or_default();
    ui.line(format!("  {}{at}", story.next.what));
}

fn mapping(ui: &Ui, fields: &[FieldPreview]) {
    if fields.is_empty() {
        return;
    }
    ui.heading("Mapping, from the entry as it is now");
    for field in fields {
        let result = field.result.as_deref().unwrap_or("(empty)");
        let inputs: Vec<String> = field
            .inputs
            .iter()
            .map(|(name, values)| match values.as_slice() {
                [] => format!("{name} is absent"),
                values => format!("{name}={}", values.join(" | ")),
            })
            .collect();
        let from = if inputs.is_empty() {
            String::new()
        } else {
            ui.dim(&format!("  <- {}", inputs.join(", ")))
        };
        ui.line(format!("  {}: {result}{from}", field.field));
        if let Some(expression) = &field.expression {
            ui.line(ui.dim(&format!("      expression {expression}")));
        }
        for step in field.steps.iter().filter(|step| step.step != "value") {
            let (name, result) = (&step.step, &step.result);
            ui.line(ui.dim(&format!("      {name}: {} -> {result}", step.input)));
        }
        for remark in &field.remarks {
            ui.line(format!("      {} {remark}", ui.yellow("!")));
        }
    }
}

fn groups(ui: &Ui, story: &Explanation) {
    if story.groups.is_empty() {
        return;
    }
    ui.heading(match story.subject.kind {
        Kind::User => "Groups",
        Kind::Group => "Members",
    });
    const SHOWN: usize = 50;
    let subject = &story.subject;
    let unread = subject.kind == Kind::Group && subject.in_scope && !subject.members_complete;
    for path in story.groups.iter().take(SHOWN) {
        let via = if path.via.is_empty() {
            String::new()
        } else {
            format!(" through {}", path.via.join(" > "))
        };
        let state = match (path.desired, path.present) {
            // Whether it still is in the source is what could not be read.
            (true, true) if unread => "there; whether it is still wanted could not be read",
            (true, true) => "in order",
            (true, false) => "wanted, not there yet",
            (false, true) => "there, no longer wanted",
            (false, false) => "gone",
        };
        ui.line(format!("  {}{via}: {state}", path.name));
    }
    if story.groups.len() > SHOWN {
        ui.line(format!("  ... and {} more", story.groups.len() - SHOWN));
    }
}

fn history(ui: &Ui, stories: &[StepStory], now: i64) {
    if stories.is_empty() {
        return;
    }
    ui.heading("Steps, newest first");
    for (at, story) in stories.iter().enumerate() {
        let state = state_words(&story.state);
        if at < FULL_STEPS {
            steps::show(ui, &story.step);
            ui.line(format!(
                "    {state}, {} ({})",
                ago(story.at, now),
                attempts(story.attempts)
            ));
        } else {
            let [id, what, _, why] = steps::line(&story.step, &story.step.reason);
            ui.line(format!(
                "  step {id}: {what}, {state}, {}: {why}",
                ago(story.at, now)
            ));
        }
    }
}

fn attempts(n: u32) -> String {
    crate::ui::count(u64::from(n), "attempt", "attempts")
}

fn state_words(state: &StepState) -> String {
    match state {
        StepState::Held { hold } => format!("held: {hold}"),
        StepState::Waiting { until, reason, .. } => {
            format!("waits until {}: {reason}", when(*until))
        }
        StepState::Parked { reason } => format!("parked: {reason}"),
        StepState::Replan { reason } => format!("planned again: {reason}"),
        StepState::Planned
        | StepState::Pending
        | StepState::Claimed
        | StepState::Succeeded
        | StepState::Unknown
        | StepState::Superseded
        | StepState::Rejected
        | StepState::Expired => state.name().to_owned(),
    }
}

fn exchanges(ui: &Ui, records: &[ExchangeRecord]) {
    if records.is_empty() {
        return;
    }
    ui.heading("Last requests and replies, newest first");
    for record in records.iter().take(EXCHANGES) {
        let text = |key: &str| {
            let value = record.exchange.get(key);
            value.and_then(|value| value.as_str()).unwrap_or_default()
        };
        ui.line(format!(
            "  {} step {}: {} {}",
            when(record.at),
            record.step,
            text("method"),
            text("url")
        ));
        if let Some(body) = record
            .exchange
            .get("request")
            .filter(|body| !body.is_null())
        {
            ui.line(format!(
                "    {} {}",
                ui.blue(">"),
                short_json(&body.to_string(), BODY)
            ));
        }
        let status = record
            .exchange
            .get("status")
            .and_then(serde_json::Value::as_u64);
        let status = status.map_or("no reply".to_owned(), |status| status.to_string());
        ui.line(format!(
            "    {} {status} {}",
            ui.blue("<"),
            short_json(text("reply"), BODY)
        ));
    }
}
