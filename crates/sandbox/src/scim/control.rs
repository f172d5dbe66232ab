//! The control plane below `/_sandbox`, for another process or `curl`. It has no password: the
//! service listens on loopback only.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::{App, Control};
use super::config::{AccountConfig, OrgGroupConfig};
use super::fault::FaultRule;
use super::knobs::Knobs;

type Shared = State<Arc<App>>;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(index))
        .route("/knobs", get(knobs).put(put_knobs).patch(patch_knobs))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/counts", get(counts))
        .route("/state", get(state))
        .route("/organisation", get(organisation))
        .route("/reset", post(reset))
        .route("/save", post(save))
        .route("/accounts", post(add_account))
        .route("/org-groups", post(add_org_group))
        .route("/org-groups/{name}/sync", post(synchronise_group))
        .route("/domains", post(verify_domain))
        .route("/users", post(add_user))
        .route("/groups", post(add_group))
        .route("/key", post(regenerate_key))
        .route("/key/expire", post(expire_key))
        .route("/clock", post(set_clock))
}

pub(crate) async fn index(State(app): Shared) -> Json<Value> {
    let control = Control(app);
    let directories: Vec<_> = control
        .directories()
        .into_iter()
        .map(|(base_url, key)| json!({"base_url": base_url, "key": key}))
        .collect();
    Json(json!({
        "directories": directories,
        "admin_key": control.admin_key(),
        "control": {
            "GET, PUT (all), PATCH (some) knobs": "settings of the behaviour",
            "GET, POST (one or an array), DELETE faults": "planned faults",
            "GET (?last=N&method=M&path=TEXT), DELETE requests": "requests with bodies",
            "GET counts": "counters",
            "GET state": "users and groups of the first directory",
            "GET organisation": "accounts, groups, propagation log",
            "POST accounts, org-groups, domains, users, groups": "seed data",
            "POST org-groups/NAME/sync": "what an administrator does with a group under review",
            "POST key, key/expire": "new key; expired key",
            "POST clock {\"offset_seconds\": N}": "shift the time",
            "POST reset, save": "start again; write the state file",
        },
    }))
}

async fn knobs(State(app): Shared) -> Json<Knobs> {
    Json(Control(app).knobs())
}

/// Members that are left out get their defaults.
async fn put_knobs(State(app): Shared, Json(knobs): Json<Knobs>) -> Json<Knobs> {
    let control = Control(app);
    control.set_knobs(knobs);
    Json(control.knobs())
}

/// Members that are left out stay, inside `rate_limit` and `limits` too.
async fn patch_knobs(State(app): Shared, Json(change): Json<Value>) -> Response {
    let control = Control(app);
    let merged = serde_json::to_value(control.knobs()).and_then(|mut knobs| {
        merge(&mut knobs, change);
        serde_json::from_value::<Knobs>(knobs)
    });
    match merged {
        Ok(knobs) => {
            control.set_knobs(knobs);
            Json(control.knobs()).into_response()
        }
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response(),
    }
}

/// Two levels are all there is.
fn merge(knobs: &mut Value, change: Value) {
    let (Some(knobs), Value::Object(change)) = (knobs.as_object_mut(), change) else {
        return;
    };
    for (name, value) in change {
        match (knobs.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => inner.extend(more),
            (_, value) => {
                knobs.insert(name, value);
            }
        }
    }
}

async fn faults(State(app): Shared) -> Response {
    Json(Control(app).faults()).into_response()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<FaultRule>),
    One(FaultRule),
}

async fn add_faults(State(app): Shared, Json(rules): Json<OneOrMany>) -> Response {
    let control = Control(app);
    match rules {
        OneOrMany::Many(rules) => rules.into_iter().for_each(|rule| control.fault(rule)),
        OneOrMany::One(rule) => control.fault(rule),
    }
    Json(control.faults()).into_response()
}

async fn clear_faults(State(app): Shared) -> StatusCode {
    Control(app).clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Which {
    last: Option<usize>,
    method: Option<String>,
    path: Option<String>,
}

async fn requests(State(app): Shared, Query(which): Query<Which>) -> Response {
    let mut requests = Control(app).requests();
    requests.retain(|r| {
        which
            .method
            .as_deref()
            .is_none_or(|m| r.method.eq_ignore_ascii_case(m))
            && which.path.as_deref().is_none_or(|p| r.path.contains(p))
    });
    let skip = which
        .last
        .map_or(0, |last| requests.len().saturating_sub(last));
    Json(requests.split_off(skip)).into_response()
}

async fn clear_requests(State(app): Shared) -> StatusCode {
    Control(app).clear_requests();
    StatusCode::NO_CONTENT
}

async fn counts(State(app): Shared) -> Response {
    Json(Control(app).counts()).into_response()
}

async fn state(State(app): Shared) -> Response {
    Json(Control(app).snapshot()).into_response()
}

async fn organisation(State(app): Shared) -> Json<Value> {
    Json(Control(app).organisation())
}

async fn reset(State(app): Shared) -> StatusCode {
    Control(app).reset();
    StatusCode::NO_CONTENT
}

async fn save(State(app): Shared) -> Response {
    match tokio::task::spawn_blocking(move || Control(app).save()).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Serialize)]
struct Made {
    id: String,
}

async fn add_account(State(app): Shared, Json(account): Json<AccountConfig>) -> Response {
    Json(Made {
        id: Control(app).add_account(account),
    })
    .into_response()
}

async fn add_org_group(State(app): Shared, Json(group): Json<OrgGroupConfig>) -> StatusCode {
    Control(app).add_org_group(group);
    StatusCode::NO_CONTENT
}

async fn synchronise_group(State(app): Shared, Path(name): Path<String>) -> StatusCode {
    if Control(app).synchronise_group(&name) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domain {
    name: String,
}

async fn verify_domain(State(app): Shared, Json(domain): Json<Domain>) -> StatusCode {
    Control(app).verify_domain(&domain.name);
    StatusCode::NO_CONTENT
}

async fn add_user(State(app): Shared, Json(user): Json<Value>) -> Response {
    seeded(Control(app).add_user(user))
}

async fn add_group(State(app): Shared, Json(group): Json<Value>) -> Response {
    seeded(Control(app).add_group(group))
}

fn seeded(made: Result<String, super::app::SeedError>) -> Response {
    match made {
        Ok(id) => Json(Made { id }).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response(),
    }
}

async fn regenerate_key(State(app): Shared) -> Json<Value> {
    Json(json!({"key": Control(app).regenerate_key()}))
}

async fn expire_key(State(app): Shared) -> StatusCode {
    Control(app).expire_key();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offset {
    offset_seconds: i64,
}

async fn set_clock(State(app): Shared, Json(offset): Json<Offset>) -> StatusCode {
    Control(app).set_time_offset(SignedDuration::from_secs(offset.offset_seconds));
    StatusCode::NO_CONTENT
}
