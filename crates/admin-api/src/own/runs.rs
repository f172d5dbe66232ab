//! Runs: a channel looks and sends now. A run goes on by itself.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_core::model::CycleMode;
use usher_engine::admin::{Permission, SyncReport};

use super::Caller;
use super::cycles::CycleView;
use super::given::GivenOrNot;
use super::jobs::{JobKind, JobView};
use super::openapi::{Group, Takes, get, post};
use super::params::Params;
use super::place::Place;
use super::problem::Problem;
use crate::Api;
use crate::work::{self, NotDone};

pub(super) fn group() -> Group {
    Group::new("Runs", "A channel looks and sends now")
        .add(
            post("/channels/{channel}/runs", "run", "Run now")
                .help("Reads and sends as the schedule would, at once. `hash` applies exactly the plan that was reviewed, its held steps included, or nothing. `first` sends so many steps and then pauses the channel. `rekey` is for a directory that was built anew: people who come under other keys are held as re-keys, and nobody is removed. The run goes on by itself: ask for it at `Location`. A channel has one run at a time: one that began before may have read past what changed since, so that it answers for no other. A run ends when its steps were handed to whoever sends, a few seconds later at most: `waiting` are then still to be sent.")
                .takes(Takes::BodyOrNot(
                    json!({"mode?": "incremental|full|reconcile|rekey", "hash?": "string?", "first?": "integer?"}),
                    json!({"mode": "full"}),
                ))
                .answers(202, "The run began", "Job")
                .refuses(409, "Another run of this channel is under way")
                .refuses(429, "Too many runs are under way"),
            run,
        )
        .add(
            get("/channels/{channel}/runs", "listRuns", "Runs that were asked for here lately, newest first")
                .answers_as(200, "The runs", json!({"items": ["Job"]})),
            runs,
        )
        .add(
            get("/channels/{channel}/runs/{run}", "getRun", "One run, under way or ended")
                .answers(200, "The run", "Job"),
            one_run,
        )
        .shape("Job", json!({
            "id": "string", "kind": "plan|run", "channel": "string", "what": "string", "by": "string",
            "state": "running|done|failed|cancelled", "started_at": "time", "ended_at": "time?",
            "progress": {"read": "integer", "listed": "integer", "sent": "integer", "to_send": "integer"},
            "report": "RunReport?", "problem": "JobProblem?",
        }))
        .shape("JobProblem", json!({"code": "string", "detail": "string"}))
        .shape("RunReport", json!({
            "cycle": "Cycle?", "mode": "string", "succeeded": "integer", "parked": "integer",
            "replanned": "integer", "waiting": "integer", "held": "integer", "stays_held": ["HeldGroup"], "stopped": "string?",
            "unfinished": ["string"], "again_at": "time?",
        }))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Run {
    mode: Option<RunMode>,
    hash: Option<String>,
    first: Option<u64>,
}

/// What a run or a plan reads.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RunMode {
    Incremental,
    Full,
    Reconcile,
    Rekey,
}

impl RunMode {
    pub(super) fn cycle(self) -> CycleMode {
        match self {
            Self::Incremental => CycleMode::Incremental,
            Self::Full => CycleMode::Full,
            Self::Reconcile => CycleMode::Reconcile,
            Self::Rekey => CycleMode::Rekey,
        }
    }
}

/// The answer to what began.
pub(super) type Began = (StatusCode, HeaderMap, Json<JobView>);

async fn run(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
    GivenOrNot(wanted): GivenOrNot<Run>,
) -> Result<Began, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    admin.require(Permission::Operate)?;
    let wanted = wanted.unwrap_or_default();
    let mode = wanted.mode.unwrap_or(RunMode::Incremental);
    let run = work::Run {
        reviewed: wanted.hash,
        first: wanted.first,
        ..work::Run::of(mode.cycle())
    };
    let view = work::run(&api, admin, channel, run).map_err(NotDone::problem)?;
    Ok(run_began(view))
}

/// The answer to a run that began.
pub(super) fn run_began(view: JobView) -> Began {
    let place = format!("/api/v1/channels/{}/runs/{}", view.channel, view.id);
    began(&place, view)
}

/// What a run did, as it is told.
pub(crate) fn run_report(report: SyncReport) -> Value {
    let cycle = report.cycle.clone().map(CycleView::from);
    let mut value = serde_json::to_value(report).unwrap_or_default();
    value["cycle"] = serde_json::to_value(cycle).unwrap_or_default();
    value
}

/// A job that began.
pub(super) fn began(place: &str, view: JobView) -> Began {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(place) {
        headers.insert(header::LOCATION, value);
    }
    (StatusCode::ACCEPTED, headers, Json(view))
}

async fn runs(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let (_, channel) = place.channel(&admin).await?;
    let now = admin.engine.clock.now();
    let items = api.jobs.all(JobKind::Run, Some(&channel), now);
    Ok(Json(json!({"items": items})))
}

async fn one_run(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
) -> Result<Json<JobView>, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    let id = place.uuid("run")?;
    let found = api.jobs.view(id, admin.engine.clock.now());
    found
        .filter(|view| view.channel == channel && view.kind == JobKind::Run)
        .map(Json)
        .ok_or_else(|| {
            Problem::not_found(format!("there is no run {id} of this channel"))
                .hint("runs are forgotten an hour after their end; cycles stay: `GET /api/v1/channels/{channel}/cycles`")
        })
}
