//! Channels: how each is, and setting it going or stopping it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_core::model::{
    Channel, ChannelId, ChannelSource, Cycle, CycleMode, MappingRule, Millis, SpConnection,
};
use usher_engine::SendOptions;
use usher_engine::admin::{Admin, ChannelStatus, Permission, StopReport, SyncOptions, SyncReport};
use usher_store::{ChannelState, StepCount};

use super::Caller;
use super::given::{Given, GivenOrNot};
use super::jobs::{JobKind, JobView, NewJob, Outcome};
use super::openapi::{Group, Takes, get, post, put};
use super::params::Params;
use super::place::Place;
use super::problem::{Fault, Problem};
use crate::Api;

pub(super) fn group() -> Group {
    Group::new("Channels", "One source to one target each: how they are, running and stopping them")
        .add(
            get("/channels", "listChannels", "Every channel with how it is")
                .answers_as(200, "The channels", json!({"items": ["Channel"]})),
            list,
        )
        .add(
            get("/channels/{channel}", "getChannel", "One channel with its source settings and mapping")
                .answers(200, "The channel", "ChannelInFull"),
            one,
        )
        .add(
            get("/channels/{channel}/refusals", "getRefusals", "What keeps the channel from being activated")
                .help("Everything at once, in words. An empty list means that only the target's own answer decides.")
                .answers_as(200, "The refusals", json!({"refusals": ["string"]})),
            refusals,
        )
        .add(
            put("/channels/{channel}/mode", "setMode", "Activate, observe or pause")
                .help("`active` verifies the target first and is refused with every reason. `paused` sends no new request within a second and tells what is in flight. `observe` reads and plans, and never writes.")
                .takes(Takes::Body(json!({"mode": "active|observe|paused"}), json!({"mode": "active"})))
                .answers_as(200, "The mode", json!({"mode": "string", "in_flight": [IN_FLIGHT]}))
                .refuses(409, "It may not be activated; `errors` has every reason"),
            set_mode,
        )
        .add(
            post("/stop", "stopEverything", "Pause every channel at once")
                .answers_as(200, "What is paused, and what was in flight", json!({"channels": ["string"], "in_flight": [IN_FLIGHT]})),
            stop,
        )
        .add(
            post("/channels/{channel}/runs", "run", "Run now")
                .help("Reads and sends as the schedule would, at once. `hash` applies exactly the plan that was reviewed, its held steps included, or nothing. `first` sends so many steps and then pauses the channel. The run goes on by itself: ask for it at `Location`.")
                .takes(Takes::BodyOrNot(
                    json!({"mode?": "incremental|full|reconcile", "hash?": "string?", "first?": "integer?"}),
                    json!({"mode": "full"}),
                ))
                .answers(202, "The run began", "Job")
                .refuses(429, "Too many plans and runs are under way"),
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
        .shape("Channel", channel_shape())
        .shape("ChannelInFull", {
            let mut shape = channel_shape();
            shape["source"] = json!("Source");
            shape["mapping"] = json!(["MappingRule"]);
            shape
        })
        .shape("Source", source_shape())
        .shape("Location", json!({"group_dn": "string?", "nested": "boolean", "filter": "string?"}))
        .shape("MappingRule", mapping_shape())
        .shape("StepCount", json!({
            "kind": "user|group", "verb": "string", "state": "string", "count": "integer", "members": "integer",
        }))
        .shape("InFlight", json!({"id": "integer", "verb": "string", "display": "string", "dn": "string"}))
        .shape("Job", json!({
            "id": "string", "kind": "plan|run", "channel": "string", "what": "string", "by": "string",
            "state": "running|done|failed|cancelled", "started_at": "time", "ended_at": "time?",
            "progress": {"read": "integer", "listed": "integer", "sent": "integer", "to_send": "integer"},
            "report": "RunReport?", "problem": "JobProblem?",
        }))
        .shape("JobProblem", json!({"code": "string", "detail": "string"}))
        .shape("RunReport", json!({
            "cycle": "Cycle?", "mode": "string", "succeeded": "integer", "parked": "integer",
            "replanned": "integer", "waiting": "integer", "held": "integer", "stopped": "string?",
            "again_at": "time?",
        }))
        .shape("Cycle", cycle_shape())
        .shape("Certificate", json!({
            "incomplete": ["string"], "host": "string", "asked": ["string"], "pages": "integer",
            "users": "integer", "groups": "integer", "sentinels_found": "integer",
            "sentinels_asked": "integer", "incomplete_groups": {"*": "string"}, "bad_entries": ["string"],
        }))
}

const IN_FLIGHT: &str = "InFlight";

fn channel_shape() -> Value {
    json!({
        "id": "string", "name": "string",
        "sp_connection": {"id": "string", "name": "string", "active": "boolean"},
        "data_store": {"id": "string", "name": "string"},
        "connector": "string", "active": "boolean",
        "mode": "draft|observe|active|paused|quarantined",
        "health": "good|warning|critical", "remarks": ["string"],
        "counts": {
            "states": {"*": "integer"}, "verdicts": {"*": "integer"},
            "active_links": "integer", "dirty": "integer",
        },
        "steps": ["StepCount"], "last_cycle": "Cycle?", "last_complete_at": "time?",
    })
}

fn source_shape() -> Value {
    json!({
        "data_store": "string", "guid_attribute": "string", "guid_binary": "boolean",
        "base_dn": "string", "member_of_attribute": "string?", "group_member_attribute": "string",
        "user_object_class": "string", "group_object_class": "string",
        "change_detection": "active_directory_usn|timestamp|timestamp_no_negation",
        "usn_attribute": "string?", "timestamp_attribute": "string", "status": {"*": "any"},
        "expiry": "any", "users": "Location", "groups": "Location?",
    })
}

fn mapping_shape() -> Value {
    json!({
        "field": "string", "attributes": ["string"], "default": "string?", "expression": "string?",
        "create_only": "boolean", "trim": "boolean", "case": "none|upper|lower",
        "parser": "none|extract_cn_from_dn|extract_username_from_email", "masked": "boolean",
    })
}

fn cycle_shape() -> Value {
    json!({
        "id": "integer", "channel": "string", "mode": "incremental|full|reconcile|rekey|follow_up",
        "started_at": "time", "ended_at": "time?",
        "state": "reading|completed|incomplete|aborted", "reasons": ["string"],
        "read": "integer", "verdicts": {"*": "integer"}, "unexplained": "integer",
        "steps": {"*": "integer"}, "held": {"*": "integer"}, "breaches": ["string"],
        "drift": ["string"], "certificate": "Certificate?", "plan_hash": "string?",
        "revision": "integer",
    })
}

#[derive(Serialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct SpNamed {
    id: String,
    name: String,
    active: bool,
}

#[derive(Serialize)]
struct ChannelView {
    id: ChannelId,
    name: String,
    sp_connection: SpNamed,
    data_store: Named,
    connector: String,
    active: bool,
    mode: String,
    health: usher_engine::admin::Health,
    remarks: Vec<String>,
    counts: usher_store::ChannelCounts,
    steps: Vec<StepCount>,
    last_cycle: Option<CycleView>,
    last_complete_at: Option<Millis>,
}

#[derive(Serialize)]
struct InFull {
    #[serde(flatten)]
    view: ChannelView,
    source: ChannelSource,
    mapping: Vec<MappingRule>,
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
        use usher_core::model::CycleState;
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

impl ChannelView {
    fn of(
        configuration: &usher_core::model::Configuration,
        sp: &SpConnection,
        channel: &Channel,
        status: ChannelStatus,
    ) -> Self {
        let store = configuration.data_store(&channel.source.data_store);
        Self {
            id: channel.id.clone(),
            name: channel.name.clone(),
            sp_connection: SpNamed {
                id: sp.id.to_string(),
                name: sp.name.clone(),
                active: sp.active,
            },
            data_store: Named {
                id: channel.source.data_store.to_string(),
                name: store.map(|store| store.name.clone()).unwrap_or_default(),
            },
            connector: sp.connector.clone(),
            active: channel.active,
            mode: status.mode,
            health: status.health,
            remarks: status.remarks,
            counts: status.counts,
            steps: status.steps,
            last_cycle: status.last_cycle.map(CycleView::from),
            last_complete_at: status.last_complete_at,
        }
    }
}

async fn list(Caller(admin): Caller, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let configuration = admin.look_at_configuration().await?;
    let mut items = Vec::new();
    for (sp, channel) in configuration.channels() {
        let status = admin.status_of(sp, channel).await?;
        items.push(ChannelView::of(&configuration, sp, channel, status));
    }
    Ok(Json(json!({"items": items})))
}

async fn one(Caller(admin): Caller, place: Place) -> Result<Json<InFull>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let Some((sp, channel)) = configuration.channel(&id) else {
        return Err(Problem::not_found("the channel is gone"));
    };
    let status = admin.status_of(sp, channel).await?;
    Ok(Json(InFull {
        view: ChannelView::of(&configuration, sp, channel, status),
        source: channel.source.clone(),
        mapping: channel.mapping.clone(),
    }))
}

async fn refusals(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    Ok(Json(
        json!({"refusals": admin.refusals(&configuration, &id)}),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: ModeName,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeName {
    Active,
    Observe,
    Paused,
}

async fn set_mode(
    Caller(admin): Caller,
    place: Place,
    Given(wanted): Given<Mode>,
) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let name = Some(id.as_str());
    match wanted.mode {
        ModeName::Paused => {
            let report = admin.stop(name).await?;
            return Ok(Json(
                json!({"mode": "paused", "in_flight": in_flight(&report)}),
            ));
        }
        ModeName::Observe => admin.set_mode(name, ChannelState::Observe).await?,
        ModeName::Active => {
            admin.require(Permission::Operate)?;
            refuse(admin.refusals(&configuration, &id))?;
            admin.set_mode(name, ChannelState::Active).await?;
        }
    }
    let mode = match wanted.mode {
        ModeName::Observe => "observe",
        ModeName::Active | ModeName::Paused => "active",
    };
    Ok(Json(json!({"mode": mode, "in_flight": []})))
}

/// Refuses an activation with every reason.
fn refuse(refusals: Vec<String>) -> Result<(), Problem> {
    if refusals.is_empty() {
        return Ok(());
    }
    let errors = refusals
        .into_iter()
        .map(|why| Fault::at("/mode", why))
        .collect();
    Err(Problem::new(
        StatusCode::CONFLICT,
        "refused",
        "the channel cannot be activated; `errors` has every reason",
    )
    .errors(errors))
}

fn in_flight(report: &StopReport) -> Vec<Value> {
    let steps = report.in_flight.iter();
    steps
        .map(|step| {
            json!({"id": step.id, "verb": step.verb, "display": step.display, "dn": step.dn})
        })
        .collect()
}

async fn stop(Caller(admin): Caller) -> Result<Json<Value>, Problem> {
    let report = admin.stop(None).await?;
    Ok(Json(
        json!({"channels": report.channels, "in_flight": in_flight(&report)}),
    ))
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
}

impl RunMode {
    pub(super) fn cycle(self) -> CycleMode {
        match self {
            Self::Incremental => CycleMode::Incremental,
            Self::Full => CycleMode::Full,
            Self::Reconcile => CycleMode::Reconcile,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Reconcile => "reconcile",
        }
    }
}

type Began = (StatusCode, HeaderMap, Json<JobView>);

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
    let mut what = mode.words().to_owned();
    if let Some(hash) = &wanted.hash {
        what.push_str(&format!(", applying the reviewed plan {hash}"));
    }
    if let Some(first) = wanted.first {
        what.push_str(&format!(", the first {first} steps"));
    }
    let options = SyncOptions {
        send: SendOptions {
            at_most: wanted.first,
            ..SendOptions::default()
        },
        reviewed: wanted.hash,
        ..SyncOptions::of(mode.cycle())
    };
    begin_run(&api, admin, channel, what, options)
}

/// Begins a run.
pub(super) fn begin_run(
    api: &Api,
    admin: Admin,
    channel: ChannelId,
    what: String,
    options: SyncOptions,
) -> Result<Began, Problem> {
    let new = NewJob {
        kind: JobKind::Run,
        channel: channel.clone(),
        what,
        by: admin.operator.name.clone(),
        clock: admin.engine.clock.clone(),
    };
    let view = api.jobs.begin(new, |meter| async move {
        let report = admin.sync(Some(channel.as_str()), &options, meter).await?;
        Ok(Outcome::Run(run_report(report)))
    })?;
    let place = format!("/api/v1/channels/{}/runs/{}", view.channel, view.id);
    Ok(began(&place, view))
}

/// What a run did, as it is told.
pub(super) fn run_report(report: SyncReport) -> Value {
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
