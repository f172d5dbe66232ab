//! Cycles: what each read, what became of every entry, and what it proves.

use axum::Json;
use serde::Serialize;
use serde_json::{Value, json};
use usher_core::model::{Cycle, CycleId, CycleMode, CycleState};
use usher_engine::admin::CycleWanted;

use super::Caller;
use super::openapi::{Group, get};
use super::page::Page;
use super::params::Params;
use super::place::Place;
use super::problem::Problem;

const LIST: &str = "cycles";
const MODES: [&str; 5] = ["incremental", "full", "reconcile", "rekey", "follow_up"];
const STATES: [&str; 4] = ["reading", "completed", "incomplete", "aborted"];

pub(super) fn group() -> Group {
    Group::new("Cycles", "What each run read, planned and proved")
        .add(
            get("/channels/{channel}/cycles", "listCycles", "Cycles of a channel, newest first")
                .query("mode", "Only these modes", json!([MODES.join("|")]))
                .query("state", "Only these states", json!([STATES.join("|")]))
                .answers_page("A page of cycles", "Cycle"),
            list,
        )
        .add(
            get("/cycles/{cycle}", "getCycle", "One cycle with its certificate and its verdicts")
                .help("`verdicts` add up to `read`; `unexplained` is the difference and always 0 in a cycle that ended: every entry that was read is accounted for.")
                .answers(200, "The cycle", "Cycle"),
            one,
        )
        .shape("Cycle", cycle_shape())
        .shape("Certificate", json!({
            "incomplete": ["string"], "host": "string", "asked": ["string"], "pages": "integer",
            "users": "integer", "groups": "integer", "sentinels_found": "integer",
            "sentinels_asked": "integer", "scope_doubt": "string?", "incomplete_groups": {"*": "string"}, "bad_entries": ["string"],
        }))
}

fn cycle_shape() -> Value {
    json!({
        "id": "integer", "channel": "string", "mode": "incremental|full|reconcile|rekey|follow_up",
        "started_at": "time", "ended_at": "time?",
        "state": "reading|completed|incomplete|aborted", "reasons": ["string"],
        "read": "integer", "verdicts": {"*": "integer"}, "unexplained": "integer",
        "steps": {"*": "integer"}, "held": {"*": "integer"}, "breaches": ["string"],
        "drift": ["string"], "remarks": ["string"], "certificate": "Certificate?", "plan_hash": "string?",
        "revision": "integer",
    })
}

/// A cycle as it is told, the conservation law included.
#[derive(Serialize)]
pub(super) struct CycleView {
    #[serde(flatten)]
    cycle: Value,
    reasons: Vec<String>,
    unexplained: i64,
}

impl From<Cycle> for CycleView {
    fn from(cycle: Cycle) -> Self {
        let unexplained = cycle.unexplained();
        let reasons = match &cycle.state {
            CycleState::Reading | CycleState::Completed => Vec::new(),
            CycleState::Incomplete { reasons } => reasons.clone(),
            CycleState::Aborted { reason } => vec![reason.clone()],
        };
        let state = cycle.state.name();
        let mut value = serde_json::to_value(cycle).unwrap_or_default();
        value["state"] = json!(state);
        Self {
            cycle: value,
            reasons,
            unexplained,
        }
    }
}

async fn list(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Page<CycleView>>, Problem> {
    let wanted = CycleWanted {
        modes: params.several("mode", &MODES, |word| match word {
            "incremental" => Some(CycleMode::Incremental),
            "full" => Some(CycleMode::Full),
            "reconcile" => Some(CycleMode::Reconcile),
            "rekey" => Some(CycleMode::Rekey),
            "follow_up" => Some(CycleMode::FollowUp),
            _ => None,
        }),
        states: params.several("state", &STATES, |word| {
            STATES.contains(&word).then(|| word.to_owned())
        }),
    };
    let (limit, before) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let (_, channel) = place.channel(&admin).await?;
    let (cycles, end) = admin
        .cycle_page(Some(&channel), &wanted, before, limit)
        .await?;
    let items = cycles.into_iter().map(CycleView::from).collect();
    Ok(Json(Page::of(items, LIST, end)))
}

async fn one(Caller(admin): Caller, place: Place) -> Result<Json<CycleView>, Problem> {
    let id = place.number("cycle")?;
    let found = admin.cycle(CycleId(id)).await?;
    found
        .map(|cycle| Json(cycle.into()))
        .ok_or_else(|| Problem::not_found(format!("there is no cycle {id}")))
}
