//! What is done with a whole connection: turned on and off, exported, imported, deleted.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use usher_admin_api::documents::{self, Refused, Wanted};
use usher_core::model::{Configuration, ConnectionId, SpConnection};
use usher_engine::admin::Permission;
use usher_pf::{Mode, Resource, published_sp_connection};
use usher_store::DraftId;

use super::list::turns_on;
use super::others;
use super::steps::LIST;
use crate::form::{Control, Field, Mistakes, Summed};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

fn of<'c>(configuration: &'c Configuration, id: &str) -> Result<&'c SpConnection, Fault> {
    let mut all = configuration.sp_connections.iter();
    all.find(|sp| sp.id.as_str() == id)
        .ok_or_else(|| Fault::missing(format!("There is no SP connection `{id}`.")))
}

/// What was refused, on a page of its own.
fn refused(who: &SignedIn, refused: Refused) -> Result<Response, Fault> {
    let mut lines = vec![refused.message];
    let mistakes = refused.mistakes.into_iter();
    lines.extend(mistakes.map(|(_, words)| words));
    told(who, StatusCode::UNPROCESSABLE_ENTITY, Notice::bad(lines))
}

#[derive(Template)]
#[template(path = "connections/told.html")]
struct ToldPage {
    frame: Frame,
}

fn told(who: &SignedIn, status: StatusCode, notice: Notice) -> Result<Response, Fault> {
    let frame = Frame::new(who, "SP Connections").crumb("SP Connections", LIST);
    page_as(
        status,
        &ToldPage {
            frame: frame.notice(notice),
        },
    )
}

/// Turns a connection on or off; its target is asked before it is turned on.
pub(super) async fn turn(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let mut document = published_sp_connection(of(&configuration, &id)?, false);
    if let Some(members) = document.as_object_mut() {
        members.insert("active".to_owned(), Value::from(turns_on(&form)));
    }
    let wanted = Wanted {
        resource: Resource::SpConnection,
        mode: Mode::Update,
        document: &document,
        policies: None,
        ask: true,
    };
    match Box::pin(documents::save(&who.admin, wanted, |_| Ok(()))).await {
        Ok(saved) if saved.warnings.is_empty() => Ok(see_done(LIST, Done::Saved)),
        Ok(saved) => told(&who, StatusCode::OK, Notice::warn(saved.warnings)),
        Err(why) => refused(&who, why),
    }
}

/// The connection with its channels and policies, as a configuration file.
pub(super) async fn export(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let file = usher_pf::export_connection(&configuration, &ConnectionId::new(&id));
    let file = file.ok_or_else(|| Fault::missing(format!("There is no SP connection `{id}`.")))?;
    let text = serde_json::to_string_pretty(&file).map_err(|_| Fault::defect())?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let saved = HeaderValue::from_static("attachment; filename=\"sp-connection.json\"");
    headers.insert(header::CONTENT_DISPOSITION, saved);
    Ok(response)
}

#[derive(Template)]
#[template(path = "connections/import.html")]
struct ImportPage {
    frame: Frame,
    file: Field,
    summary: Vec<Summed>,
}

fn import_page(who: &SignedIn, wrong: &Mistakes) -> ImportPage {
    let file = Field::new("file", "Configuration file", Control::File)
        .help("A connection that was exported here, or a whole configuration file. A connection with the same id is replaced; what the file does not name stays.")
        .required()
        .wrong(wrong);
    let frame = Frame::new(who, "Import").crumb("Identity Provider", "");
    ImportPage {
        frame: frame.crumb("SP Connections", LIST),
        summary: wrong.summary(&[&file]),
        file,
    }
}

pub(super) async fn import_shown(who: SignedIn) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    page(&import_page(&who, &Mistakes::default()))
}

pub(super) async fn import(Posted { who, form }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let mut wrong = Mistakes::default();
    let Some(file) = form.file("file") else {
        wrong.add("file", "expected a file, found none chosen");
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &import_page(&who, &wrong));
    };
    let text = String::from_utf8_lossy(&file.bytes);
    match Box::pin(documents::import(&who.admin, &text)).await {
        Ok(mut saved) => {
            for item in others::found(&text) {
                let name = others::keep(&who, &item).await?;
                saved.warnings.push(format!("`{name}` does not provision: it is kept as a draft. Open it on the list, and tick Outbound Provisioning on Connection Type to give it provisioning."));
            }
            if saved.warnings.is_empty() {
                return Ok(see_done(LIST, Done::Saved));
            }
            told(&who, StatusCode::OK, Notice::warn(saved.warnings))
        }
        Err(why) => {
            for (place, words) in &why.mistakes {
                wrong.add("file", format!("{place}: {words}"));
            }
            if wrong.is_empty() {
                wrong.add("file", why.message);
            }
            page_as(StatusCode::UNPROCESSABLE_ENTITY, &import_page(&who, &wrong))
        }
    }
}

#[derive(Template)]
#[template(path = "connections/delete.html")]
struct DeletePage {
    frame: Frame,
    action: String,
    name: String,
    channels: Vec<(String, u64)>,
}

/// What deleting leaves behind, and the question whether.
pub(super) async fn delete_shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let configuration = who.admin.configuration_to_show().await?;
    let sp = of(&configuration, &id)?;
    let mut channels = Vec::new();
    for channel in &sp.channels {
        channels.push((
            channel.name.clone(),
            who.admin.left_behind(&channel.id).await?,
        ));
    }
    let frame = Frame::new(&who, "Delete this connection?").crumb("Identity Provider", "");
    page(&DeletePage {
        frame: frame.crumb("SP Connections", LIST),
        action: format!("{LIST}/{id}/delete"),
        name: sp.name.clone(),
        channels,
    })
}

pub(super) async fn delete(
    Path(id): Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    let gone = ConnectionId::new(&id);
    let remove = |configuration: &mut Configuration| {
        let before = configuration.sp_connections.len();
        configuration.sp_connections.retain(|sp| sp.id != gone);
        if configuration.sp_connections.len() == before {
            return Err(Refused::because("There is no such SP connection any more."));
        }
        Ok(())
    };
    match Box::pin(documents::remove(&who.admin, remove)).await {
        Ok(_) => {
            who.admin.engine.store.remove_draft(&DraftId(id)).await?;
            Ok(see_done(LIST, Done::Deleted))
        }
        Err(why) => refused(&who, why),
    }
}
