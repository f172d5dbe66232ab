//! API tokens.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_engine::access::{NewToken, TokenView};
use usher_engine::admin::Role;
use usher_store::ApiTokenId;

use crate::Api;
use crate::caller::Caller;
use crate::own::given::Given;
use crate::own::openapi::{Group, Takes, delete, get, post};
use crate::own::problem::Problem;

/// How many days a token is valid when nothing is said.
const DAYS: u32 = 90;

pub(crate) fn group() -> Group {
    Group::new("API tokens", "For programs: fewer roles than their owner, and an end")
        .add(
            get("/tokens", "listTokens", "API tokens")
                .help("One's own; with the role USER_ADMINISTRATOR everybody's. An account has at most 100.")
                .answers_as(200, "The tokens, without their text", json!({"items": ["ApiToken"]})),
            list,
        )
        .add(
            post("/tokens", "addToken", "Make an API token for oneself")
                .help("`token` is shown this once. It gives some of one's own roles, or with `read_only` only looking. Valid for `days`, 1 to 366; 90 when not given.")
                .takes(Takes::Body(
                    json!({"name": "string", "roles?": ["string"], "read_only?": "boolean", "days?": "integer"}),
                    json!({"name": "nightly report", "read_only": true, "days": 90}),
                ))
                .answers_as(201, "The token", json!({"token": "string", "about": "ApiToken"})),
            add,
        )
        .add(
            delete("/tokens/{id}", "revokeToken", "Revoke an API token")
                .help("One's own; with the role USER_ADMINISTRATOR anybody's.")
                .answers_as(200, "It does not work any more", json!({})),
            revoke,
        )
        .shape("ApiToken", json!({
            "id": "integer", "name": "string", "owner": "string", "roles": ["string"],
            "read_only": "boolean", "created_at": "time", "expires_at": "time", "used_at": "time?",
        }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    #[serde(default)]
    roles: BTreeSet<Role>,
    #[serde(default)]
    read_only: bool,
    #[serde(default = "days")]
    days: u32,
}

fn days() -> u32 {
    DAYS
}

async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Value>, Problem> {
    let tokens = api.access.tokens(&caller.operator).await?;
    let items: Vec<Value> = tokens.iter().map(shown).collect();
    Ok(Json(json!({"items": items})))
}

async fn add(
    State(api): State<Api>,
    caller: Caller,
    Given(wanted): Given<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = NewToken {
        name: wanted.name,
        roles: wanted.roles,
        read_only: wanted.read_only,
        days: wanted.days,
    };
    let (view, token) = api.access.add_token(&caller.operator, new).await?;
    let body = json!({"token": token.reveal(), "about": shown(&view)});
    Ok((StatusCode::CREATED, Json(body)))
}

async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: i64 = id
        .parse()
        .map_err(|_| Problem::not_found(format!("there is no API token `{id}`")))?;
    api.access
        .revoke_token(&caller.operator, ApiTokenId(id))
        .await?;
    Ok(Json(json!({})))
}

fn shown(token: &TokenView) -> Value {
    json!(token)
}
