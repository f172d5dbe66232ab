//! Copies of the state.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use usher_engine::admin::{Backup, Permission};

use super::Caller;
use super::openapi::{Group, get, post};
use super::problem::Problem;
use crate::Api;

pub(super) fn group() -> Group {
    Group::new("Backups", "Copies of the state, made while it is in use")
        .add(
            post("/backups", "backUp", "Write a copy of the state")
                .help("Into the folder `backups` of the state folder. Secrets in it are sealed; the key file that opens them is not in it and must be kept elsewhere. `usher restore` takes it back.")
                .answers(201, "The copy", "Backup")
                .refuses(409, "The folder cannot be used, or there is none"),
            make,
        )
        .add(
            get("/backups", "listBackups", "The copies, newest first")
                .answers_as(200, "The copies", json!({"items": ["Backup"]}))
                .refuses(409, "The folder cannot be used, or there is none"),
            list,
        )
        .shape("Backup", json!({"name": "string", "at": "time", "bytes": "integer"}))
}

fn folder(api: &Api) -> Result<PathBuf, Problem> {
    let folder = api.state_folder.as_ref();
    folder.map(|state| state.join("backups")).ok_or_else(|| {
        let detail = "this service has no state folder to write backups to";
        Problem::new(StatusCode::CONFLICT, "refused", detail)
            .hint("make one on the machine itself: `usher backup FOLDER`")
    })
}

async fn make(
    State(api): State<Api>,
    Caller(admin): Caller,
) -> Result<(StatusCode, Json<Backup>), Problem> {
    admin.require(Permission::Operate)?;
    let made = admin.backup(&folder(&api)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn list(State(api): State<Api>, Caller(admin): Caller) -> Result<Json<Value>, Problem> {
    let items = admin.backups(&folder(&api)?).await?;
    Ok(Json(json!({"items": items})))
}
