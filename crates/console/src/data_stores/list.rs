//! The list of data stores. Deleting has two phases: marked, which can be undone, and applied by Save.

use askama::Template;
use axum::extract::{Query, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_admin_api::documents::{self, Refused};
use usher_core::model::{Configuration, DataStore, DataStoreKind};
use usher_engine::admin::Permission;
use usher_pf::INTERNAL_STORE;

use super::fields::TYPES;
use super::{LIST, TITLE, href};
use crate::form::{Choice, Control, Field, Form};
use crate::frame::text::{LINE, Shown};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see, see_done};

/// What is listed, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    sort: String,
}

struct Row {
    id: String,
    name: Shown,
    /// For the names of buttons.
    label: String,
    href: String,
    kind: &'static str,
    at: Shown,
    users: usize,
    /// Marked: it goes when the list is saved.
    gone: bool,
    /// It stands for this installation itself.
    fixed: bool,
}

#[derive(Template)]
#[template(path = "data_stores/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Marked ones.
    gone: Vec<String>,
    wanted: Wanted,
    may: bool,
}

pub(super) async fn shown(
    who: SignedIn,
    Query(wanted): Query<Wanted>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let query = query.unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let gone = pairs.filter(|(name, _)| name == "gone");
    let gone = gone.map(|(_, id)| id.into_owned()).collect();
    page(&made(&who, wanted, gone, None).await?)
}

async fn made(
    who: &SignedIn,
    wanted: Wanted,
    gone: Vec<String>,
    notice: Option<Notice>,
) -> Result<ListPage, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let mut frame = Frame::new(who, TITLE).crumb("System", "");
    frame.notices.extend(notice);
    let gone: Vec<String> = gone
        .into_iter()
        .filter(|id| {
            configuration
                .data_stores
                .iter()
                .any(|s| s.id.as_str() == id)
        })
        .collect();
    Ok(ListPage {
        frame,
        rows: rows(&configuration, &wanted, &gone),
        gone,
        wanted,
        may: who.may(Permission::Configure),
    })
}

fn rows(configuration: &Configuration, wanted: &Wanted, gone: &[String]) -> Vec<Row> {
    let part = wanted.q.trim().to_lowercase();
    let mut rows = Vec::new();
    let internal = internal();
    let mut keyed: Vec<(String, Row)> = configuration
        .data_stores
        .iter()
        .map(|store| row(configuration, store, gone))
        .chain([internal])
        .filter(|(text, _)| text.to_lowercase().contains(&part))
        .collect();
    keyed.sort_by_key(|(_, row)| match wanted.sort.as_str() {
        "id" => row.id.to_lowercase(),
        "type" => row.kind.to_lowercase(),
        _ => row.label.to_lowercase(),
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    rows
}

fn internal() -> (String, Row) {
    let at = "the state folder";
    let row = Row {
        id: INTERNAL_STORE.to_owned(),
        name: Shown::name(INTERNAL_STORE),
        label: INTERNAL_STORE.to_owned(),
        href: href(INTERNAL_STORE),
        kind: "Internal",
        at: Shown::line(at),
        users: 0,
        gone: false,
        fixed: true,
    };
    (format!("{INTERNAL_STORE} {at}"), row)
}

/// A row, with the text in which it is searched.
fn row(configuration: &Configuration, store: &DataStore, gone: &[String]) -> (String, Row) {
    let at = match &store.kind {
        DataStoreKind::Ldap(ldap) => ldap.hosts.join(" "),
        DataStoreKind::Ldif { path } => path.clone(),
    };
    let row = Row {
        id: store.id.to_string(),
        name: Shown::name(&store.name),
        label: crate::frame::text::plain(&store.name, LINE),
        href: href(store.id.as_str()),
        kind: kind(store),
        at: Shown::line(&at),
        users: usher_pf::readers(configuration, &store.id).len(),
        gone: gone.iter().any(|id| id == store.id.as_str()),
        fixed: false,
    };
    (format!("{} {} {at}", store.name, store.id), row)
}

fn kind(store: &DataStore) -> &'static str {
    if matches!(store.kind, DataStoreKind::Ldif { .. }) {
        return "LDIF file";
    }
    let name = serde_json::to_value(store.directory).unwrap_or_default();
    let known = TYPES.iter().find(|(known, _, _)| name == *known);
    known.map_or("Directory (LDAP)", |(_, _, label)| label)
}

pub(super) async fn change(Posted { who, form }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let mut gone: Vec<String> = form.all("gone").map(str::to_owned).collect();
    if form.text("go") == "save" {
        return save(&who, &form, gone).await;
    }
    if let Some(id) = form.get("delete") {
        let mut configuration = who.admin.configuration_to_show().await?;
        if let Err(refused) = documents::without_data_store(&mut configuration, id) {
            return refuse(&who, &form, gone, refused).await;
        }
        gone.push(id.to_owned());
    }
    if let Some(id) = form.get("undelete") {
        gone.retain(|marked| marked != id);
    }
    Ok(see(&address(&form, &gone)))
}

async fn save(who: &SignedIn, form: &Form, gone: Vec<String>) -> Result<Response, Fault> {
    let remove = |configuration: &mut Configuration| {
        for id in &gone {
            documents::without_data_store(configuration, id)?;
        }
        Ok(())
    };
    match Box::pin(documents::remove(&who.admin, remove)).await {
        Ok(saved) if saved.warnings.is_empty() => Ok(see_done(LIST, Done::Saved)),
        Ok(saved) => {
            let notice = Notice::warn(saved.warnings);
            page(&made(who, wanted(form), Vec::new(), Some(notice)).await?)
        }
        Err(refused) => refuse(who, form, gone, refused).await,
    }
}

async fn refuse(
    who: &SignedIn,
    form: &Form,
    gone: Vec<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let mut lines = vec![refused.message];
    lines.extend(refused.mistakes.into_iter().map(|(_, words)| words));
    let notice = Some(Notice::bad(lines));
    let made = made(who, wanted(form), gone, notice).await?;
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}

fn wanted(form: &Form) -> Wanted {
    Wanted {
        q: form.text("q").to_owned(),
        sort: form.text("sort").to_owned(),
    }
}

/// The list with these marked: going back and loading it anew lose nothing.
fn address(form: &Form, gone: &[String]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["q", "sort"] {
        let text = form.text(name);
        if !text.is_empty() {
            query.append_pair(name, text);
        }
    }
    for id in gone {
        query.append_pair("gone", id);
    }
    match query.finish() {
        query if query.is_empty() => LIST.to_owned(),
        query => format!("{LIST}?{query}"),
    }
}

#[derive(Template)]
#[template(path = "data_stores/add.html")]
struct AddPage {
    frame: Frame,
    kind: Field,
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    r#type: String,
}

/// Add New Data Store: which type.
pub(super) async fn add(who: SignedIn, Query(chosen): Query<Chosen>) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    if matches!(chosen.r#type.as_str(), "ldap" | "ldif") {
        return Ok(see(&format!("{LIST}/new/{}", chosen.r#type)));
    }
    let choices = vec![
        Choice::new("ldap", "Directory (LDAP)"),
        Choice::new("ldif", "LDIF file"),
    ];
    let kind = Field::new("type", "Type", Control::Radio(choices))
        .value("ldap")
        .help("A server that is asked, or a file that was exported from one.");
    let frame = Frame::new(&who, "Add New Data Store")
        .crumb("System", "")
        .crumb(TITLE, LIST);
    page(&AddPage { frame, kind })
}
