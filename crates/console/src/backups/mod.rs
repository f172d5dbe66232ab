//! System > Backups: copies of the state.

use std::path::PathBuf;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;
use usher_engine::EngineError;
use usher_engine::admin::Permission;

use crate::frame::text::number;
use crate::frame::when::When;
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

const HERE: &str = "/system/backups";

pub(crate) fn routes() -> Router<Api> {
    Router::new().route(HERE, get(shown).post(make))
}

struct Row {
    name: String,
    at: When,
    bytes: String,
}

#[derive(Template)]
#[template(path = "backups/page.html")]
struct BackupsPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Where they are written; none where this service has no state folder.
    folder: Option<String>,
    newest: String,
    may: bool,
}

fn folder(api: &Api) -> Option<PathBuf> {
    api.state_folder.as_ref().map(|state| state.join("backups"))
}

async fn shown(State(api): State<Api>, who: SignedIn) -> Result<Response, Fault> {
    page(&made(&api, &who, None).await?)
}

async fn made(api: &Api, who: &SignedIn, notice: Option<Notice>) -> Result<BackupsPage, Fault> {
    let mut frame = Frame::new(who, "Backups").crumb("System", "");
    frame.notices.extend(notice);
    let folder = folder(api);
    let found = match &folder {
        Some(folder) => who.admin.backups(folder).await?,
        None => Vec::new(),
    };
    let newest = found
        .first()
        .map_or("DIR", |backup| &backup.name)
        .to_owned();
    let rows = found.into_iter().map(|backup| Row {
        name: backup.name,
        at: When::at(backup.at),
        bytes: number(backup.bytes),
    });
    Ok(BackupsPage {
        frame,
        rows: rows.collect(),
        folder: folder.map(|folder| folder.display().to_string()),
        newest,
        may: who.may(Permission::Operate),
    })
}

async fn make(State(api): State<Api>, Posted { who, .. }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::Operate)?;
    let Some(folder) = folder(&api) else {
        let why = "This service has no state folder to write backups to.".to_owned();
        let made = made(&api, &who, Some(Notice::bad(vec![why]))).await?;
        return page_as(StatusCode::CONFLICT, &made);
    };
    match who.admin.backup(&folder).await {
        Ok(_) => Ok(see_done(HERE, Done::Created)),
        Err(EngineError::Refused(why)) => {
            let made = made(&api, &who, Some(Notice::bad(vec![why]))).await?;
            page_as(StatusCode::CONFLICT, &made)
        }
        Err(error) => Err(error.into()),
    }
}
