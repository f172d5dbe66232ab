//! `usher links`

use clap::ValueEnum;
use serde::Serialize;
use usher_core::model::{Kind, Subject, SubjectId, SubjectState, Verdict};
use usher_store::{SubjectFilter, Subjects as _};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::Table;

/// Subjects read at once.
const PAGE: u32 = 1_000;

/// List people and groups with their links, states and verdicts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  usher links                                 everybody
  usher links --kind user --in disabled       who is disabled
  usher links --verdict held --verdict parked who waits, and why")]
pub(crate) struct Args {
    /// Only people, or only groups
    #[arg(long)]
    kind: Option<KindName>,
    /// Only in this state: pending, linked, disabled, removed, frozen, rekeying, ambiguous,
    /// archived; may be repeated
    #[arg(long = "in", value_name = "STATE")]
    states: Vec<String>,
    /// Only with this last verdict: unchanged, stepped, held, parked, skipped_by_option, protected,
    /// out_of_scope, invalid; may be repeated
    #[arg(long, value_name = "VERDICT")]
    verdict: Vec<String>,
    /// List at most N
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindName {
    User,
    Group,
}

/// One link, without what the target holds of it (`usher explain` tells that).
#[derive(Serialize)]
struct Row {
    kind: Kind,
    display: String,
    dn: String,
    key: String,
    state: SubjectState,
    target_id: Option<String>,
    in_scope: bool,
    verdict: Verdict,
    reason: String,
}

impl From<Subject> for Row {
    fn from(subject: Subject) -> Self {
        Self {
            kind: subject.kind,
            display: subject.display,
            dn: subject.dn,
            key: subject.key.to_string(),
            state: subject.state,
            target_id: subject.target_id.map(|id| id.to_string()),
            in_scope: subject.in_scope,
            verdict: subject.verdict,
            reason: subject.reason,
        }
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let channel = match context.channel() {
        Some(name) => Some(session.admin.select(Some(name)).await?.1),
        None => None,
    };
    let filter = SubjectFilter {
        channel,
        kind: args.kind.map(|kind| match kind {
            KindName::User => Kind::User,
            KindName::Group => Kind::Group,
        }),
        states: parse(
            &args.states,
            "state",
            SubjectState::parse,
            &SubjectState::ALL.map(SubjectState::as_str),
        )?,
        verdicts: parse(
            &args.verdict,
            "verdict",
            Verdict::parse,
            &Verdict::ALL.map(Verdict::as_str),
        )?,
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut after = SubjectId(0);
    while rows.len() < args.limit {
        let page = session.store.list(&filter, after, PAGE).await?;
        let Some(last) = page.last().and_then(|subject| subject.id) else {
            break;
        };
        after = last;
        rows.extend(page.into_iter().map(Row::from));
    }
    rows.truncate(args.limit);
    let ui = context.ui;
    ui.json(&rows);
    let mut table = Table::new(&["kind", "name", "state", "target id", "verdict", "why"]);
    for row in &rows {
        let name = if row.display.is_empty() {
            &row.dn
        } else {
            &row.display
        };
        table.row([
            row.kind.to_string(),
            name.clone(),
            row.state.as_str().to_owned(),
            row.target_id.clone().unwrap_or_default(),
            row.verdict.as_str().to_owned(),
            row.reason.clone(),
        ]);
    }
    if table.is_empty() {
        ui.line("Nobody fits.");
    } else {
        table.show(ui);
    }
    Ok(Exit::Done)
}

fn parse<T>(
    texts: &[String],
    what: &str,
    parse: fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Vec<T>, Failure> {
    texts
        .iter()
        .map(|text| {
            parse(text).ok_or_else(|| {
                Failure::refused(format!("there is no {what} `{text}`"))
                    .help(format!("expected one of {}", known.join(", ")))
            })
        })
        .collect()
}
