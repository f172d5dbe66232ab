//! Channels: how each is, and setting it going or stopping it.

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_core::model::{Channel, ChannelId, ChannelSource, MappingRule, Millis, SpConnection};
use usher_engine::admin::{ChannelStatus, Permission, StopReport};
use usher_store::{ChannelState, StepCount};

use super::Caller;
use super::cycles::CycleView;
use super::given::Given;
use super::openapi::{Group, Takes, get, post, put};
use super::params::Params;
use super::place::Place;
use super::problem::{Fault, Problem};

pub(super) fn group() -> Group {
    Group::new("Channels", "One source to one target each: how they are, setting them going and stopping them")
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
                .answers_as(200, "The mode", json!({"mode": "string", "in_flight": [IN_FLIGHT], "unwritten": "string?"}))
                .refuses(409, "It may not be activated; `errors` has every reason"),
            set_mode,
        )
        .add(
            post("/stop", "stopEverything", "Pause every channel at once")
                .help("Works also while the state cannot be written: then `unwritten` says why, nothing is sent as long as this service runs, and it is written as soon as that is possible.")
                .answers_as(200, "What is paused, and what was in flight", json!({"channels": ["string"], "in_flight": [IN_FLIGHT], "unwritten": "string?"})),
            stop,
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
        json!({"refusals": admin.refusals(&configuration, &id).await?}),
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
                json!({"mode": "paused", "in_flight": in_flight(&report), "unwritten": report.unwritten}),
            ));
        }
        ModeName::Observe => admin.set_mode(name, ChannelState::Observe).await?,
        ModeName::Active => {
            admin.require(Permission::Operate)?;
            refuse(admin.refusals(&configuration, &id).await?)?;
            admin.set_mode(name, ChannelState::Active).await?;
        }
    }
    let mode = match wanted.mode {
        ModeName::Observe => "observe",
        ModeName::Active | ModeName::Paused => "active",
    };
    Ok(Json(
        json!({"mode": mode, "in_flight": [], "unwritten": null}),
    ))
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
        json!({"channels": report.channels, "in_flight": in_flight(&report), "unwritten": report.unwritten}),
    ))
}
