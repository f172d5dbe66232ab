//! The page of a data store: made, changed, tested.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use usher_admin_api::documents::{self, Refused, Wanted, tag};
use usher_connector::Check;
use usher_core::model::Configuration;
use usher_engine::admin::Permission;
use usher_pf::{INTERNAL_STORE, Mode, Resource};

use super::document::{self, Kind};
use super::rows::{self, Row};
use super::templates::{self, Template as TypeTemplate};
use super::test::{self, Tested, tone};
use super::{LIST, TITLE, href};
use crate::form::{Field, Mistakes, NotSaved, Summed, at, set, show};
use crate::frame::text::{NAME, Shown, plain};
use crate::frame::{
    Done, Fault, Frame, Notice, Posted, SignedIn, Tab, page, page_as, see, see_done,
};

/// A part of the page.
struct PartShown {
    legend: &'static str,
    note: &'static str,
    fields: Vec<Field>,
    folded: bool,
    /// Something in it is wrong: it is not folded then.
    open: bool,
}

#[derive(Template)]
#[template(path = "data_stores/edit.html")]
struct EditPage {
    frame: Frame,
    action: String,
    parts: Vec<PartShown>,
    rows: Vec<Row>,
    types: Vec<TypeTemplate>,
    checks: Option<Vec<Check>>,
    summary: Vec<Summed>,
    seen: String,
    is_ldap: bool,
    may: bool,
    /// Whoever was asked refused: it can be saved without asking.
    outside: bool,
}

/// What is being edited.
struct Editing {
    /// None for a new one.
    id: Option<String>,
    document: Value,
    seen: String,
}

/// What is told beside the fields.
#[derive(Default)]
struct Told {
    mistakes: Mistakes,
    notice: Option<Notice>,
    checks: Option<Vec<Check>>,
    outside: bool,
    /// The fields, where they say more than the document.
    fields: Option<Vec<Field>>,
}

pub(super) async fn forward(_: SignedIn, Path(id): Path<String>) -> Response {
    see(&href(&id))
}

pub(super) async fn new_ldap(who: SignedIn) -> Result<Response, Fault> {
    new(&who, Kind::Ldap)
}

pub(super) async fn new_ldif(who: SignedIn) -> Result<Response, Fault> {
    new(&who, Kind::Ldif)
}

fn new(who: &SignedIn, kind: Kind) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    page(&made(who, &Editing::new(kind), Told::default()))
}

pub(super) async fn make_ldap(posted: Posted) -> Result<Response, Fault> {
    sent(posted, Editing::new(Kind::Ldap)).await
}

pub(super) async fn make_ldif(posted: Posted) -> Result<Response, Fault> {
    sent(posted, Editing::new(Kind::Ldif)).await
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    if id == INTERNAL_STORE {
        return internal(&who);
    }
    let editing = Editing::saved(&who, id).await?;
    page(&made(&who, &editing, Told::default()))
}

pub(super) async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Fault> {
    posted.who.admin.require(Permission::Configure)?;
    let mut editing = Editing::saved(&posted.who, id).await?;
    posted.form.text("seen").clone_into(&mut editing.seen);
    sent(posted, editing).await
}

impl Editing {
    fn new(kind: Kind) -> Self {
        Self {
            id: None,
            document: kind.fresh(),
            seen: String::new(),
        }
    }

    async fn saved(who: &SignedIn, id: String) -> Result<Self, Fault> {
        let configuration = who.admin.configuration_to_show().await?;
        let document = document::saved(&configuration, &id)
            .ok_or_else(|| Fault::missing(format!("There is no data store `{id}`.")))?;
        Ok(Self {
            id: Some(id),
            seen: tag(&document),
            document,
        })
    }

    fn action(&self) -> String {
        match (&self.id, Kind::of(&self.document)) {
            (Some(id), _) => href(id),
            (None, Kind::Ldap) => format!("{LIST}/new/ldap"),
            (None, Kind::Ldif) => format!("{LIST}/new/ldif"),
        }
    }

    /// Whether it is still what its editor read.
    fn unless_seen(&self, current: &Configuration) -> Result<(), Refused> {
        let Some(id) = &self.id else { return Ok(()) };
        match document::saved(current, id) {
            Some(now) => Refused::unless_seen(&self.seen, &now),
            None => Err(Refused::because(format!(
                "The data store `{id}` was deleted since you opened it. Nothing was saved."
            ))),
        }
    }

    fn mode(&self) -> Mode {
        match self.id {
            Some(_) => Mode::Update,
            None => Mode::Create,
        }
    }
}

async fn sent(Posted { who, form }: Posted, mut editing: Editing) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let before = editing.document.clone();
    document::take(&mut editing.document, &form);
    match form.text("go") {
        "defaults" => {
            document::apply_defaults(&mut editing.document);
            let lines =
                vec!["The advanced options have their defaults; save to keep them.".to_owned()];
            let told = Told {
                notice: Some(Notice::warn(lines)),
                ..Told::default()
            };
            forget_typed(&mut editing.document, &before);
            page(&made(&who, &editing, told))
        }
        "test" => tested(&who, editing, &before).await,
        go => saved(&who, editing, &before, go != "unasked").await,
    }
}

async fn tested(who: &SignedIn, mut editing: Editing, before: &Value) -> Result<Response, Fault> {
    let mut edited = editing.document.clone();
    with_id(&mut edited, editing.id.as_deref());
    let prepare = |_: &mut Configuration| Ok(());
    let result = test::run(who, editing.mode(), &edited, prepare).await?;
    forget_typed(&mut editing.document, before);
    let told = match result {
        Tested::Checks(checks) => Told {
            checks: Some(checks),
            ..Told::default()
        },
        Tested::Told(notice) => Told {
            notice: Some(notice),
            ..Told::default()
        },
        Tested::Refused(refused) => return refuse(who, &editing, refused).await,
    };
    page(&made(who, &editing, told))
}

async fn saved(
    who: &SignedIn,
    mut editing: Editing,
    before: &Value,
    ask: bool,
) -> Result<Response, Fault> {
    let mut edited = editing.document.clone();
    with_id(&mut edited, editing.id.as_deref());
    let (document, policies) = document::split(&edited);
    let wanted = Wanted {
        resource: Resource::DataStore,
        mode: editing.mode(),
        document: &document,
        policies: Some(&policies),
        ask,
    };
    let is_seen = |current: &mut Configuration| editing.unless_seen(current);
    match Box::pin(documents::save(&who.admin, wanted, is_seen)).await {
        Ok(saved) if saved.warnings.is_empty() => Ok(see_done(LIST, Done::Saved)),
        Ok(saved) => {
            let id = at(&edited, "id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let editing = Editing::saved(who, id.to_owned()).await?;
            let mut lines = vec!["It is saved. Some of it has no effect here:".to_owned()];
            lines.extend(saved.warnings);
            let told = Told {
                notice: Some(Notice::warn(lines)),
                ..Told::default()
            };
            page(&made(who, &editing, told))
        }
        Err(refused) => {
            forget_typed(&mut editing.document, before);
            refuse(who, &editing, document::at_fields(refused)).await
        }
    }
}

/// The form with what is wrong with it, or with what somebody else saved meanwhile.
async fn refuse(who: &SignedIn, editing: &Editing, refused: Refused) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let theirs = editing.id.as_ref();
    let theirs = theirs.and_then(|id| document::saved(&configuration, id));
    let outside = refused.outside;
    let specs = Kind::of(&editing.document).specs();
    let not = NotSaved::new(
        &specs,
        &editing.document,
        &theirs.unwrap_or_default(),
        refused,
    );
    let editing = Editing {
        id: editing.id.clone(),
        document: editing.document.clone(),
        seen: not.seen.unwrap_or_else(|| editing.seen.clone()),
    };
    let told = Told {
        mistakes: not.mistakes,
        notice: not.notice,
        fields: Some(not.fields),
        outside,
        ..Told::default()
    };
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made(who, &editing, told))
}

/// A new one gets an id.
fn with_id(document: &mut Value, id: Option<&str>) {
    let id = id.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
    set(document, "id", Some(Value::from(id)));
}

/// A password that was typed is in no page: the field is empty again, and the sealed one is there as before.
fn forget_typed(document: &mut Value, before: &Value) {
    if at(document, "password").is_none() {
        return;
    }
    set(document, "password", None);
    let sealed = at(before, "encryptedPassword").cloned();
    set(document, "encryptedPassword", sealed);
}

fn made(who: &SignedIn, editing: &Editing, told: Told) -> EditPage {
    let kind = Kind::of(&editing.document);
    let may = who.may(Permission::Configure);
    let fields = told
        .fields
        .unwrap_or_else(|| show(&kind.specs(), &editing.document, &told.mistakes));
    let mut rows = Vec::new();
    if kind == Kind::Ldap {
        rows = rows::shown(&editing.document, &told.mistakes);
    }
    let all: Vec<&Field> = fields
        .iter()
        .chain(rows.iter().flat_map(|row| [&row.hosts, &row.tags]))
        .collect();
    let summary = told.mistakes.summary(&all);
    let mut frame = frame(who, editing);
    frame.notices.extend(told.notice);
    EditPage {
        frame,
        action: editing.action(),
        parts: parts(kind, fields, may),
        rows: rows.into_iter().map(|row| row.fixed(!may)).collect(),
        types: templates::all(),
        checks: told.checks,
        summary,
        seen: editing.seen.clone(),
        is_ldap: kind == Kind::Ldap,
        may,
        outside: told.outside,
    }
}

fn parts(kind: Kind, fields: Vec<Field>, may: bool) -> Vec<PartShown> {
    let without_effect = without_effect();
    let mut fields = fields.into_iter();
    let part = |part: &super::fields::Part| {
        let fields: Vec<Field> = fields
            .by_ref()
            .take(part.specs.len())
            .map(|mut field| {
                field.fixed = !may;
                if without_effect.contains(&field.name) {
                    field.help.push_str(" Kept without effect.");
                }
                field
            })
            .collect();
        PartShown {
            legend: part.legend,
            note: part.note,
            open: fields
                .iter()
                .any(|f| !f.wrong.is_empty() || f.theirs.is_some()),
            fields,
            folded: part.folded,
        }
    };
    kind.parts().iter().map(part).collect()
}

/// The paths of fields that are kept and do nothing.
fn without_effect() -> BTreeSet<String> {
    let fields = usher_pf::published_fields().into_iter();
    let kept = fields.filter(|(resource, _, does)| {
        resource.starts_with("/dataStores") && does.starts_with("kept")
    });
    kept.map(|(_, path, _)| path).collect()
}

fn frame(who: &SignedIn, editing: &Editing) -> Frame {
    let name = at(&editing.document, "name").and_then(Value::as_str);
    let title = match (&editing.id, Kind::of(&editing.document)) {
        (Some(id), _) => plain(name.unwrap_or(id), NAME),
        (None, Kind::Ldap) => "New data store: Directory (LDAP)".to_owned(),
        (None, Kind::Ldif) => "New data store: LDIF file".to_owned(),
    };
    let frame = Frame::new(who, title)
        .crumb("System", "")
        .crumb(TITLE, LIST);
    match &editing.id {
        Some(id) => frame.tabs(tabs(id, false)),
        None => frame,
    }
}

/// The tabs of a saved data store.
pub(super) fn tabs(id: &str, usage: bool) -> Vec<Tab> {
    let tab = |label: &str, href: String, here| Tab {
        label: label.to_owned(),
        href,
        here,
    };
    vec![
        tab("Configuration", href(id), !usage),
        tab("Check Usage", format!("{LIST}/{id}/usage"), usage),
    ]
}

#[derive(Template)]
#[template(path = "data_stores/internal.html")]
struct InternalPage {
    frame: Frame,
}

fn internal(who: &SignedIn) -> Result<Response, Fault> {
    let frame = Frame::new(who, INTERNAL_STORE)
        .crumb("System", "")
        .crumb(TITLE, LIST);
    page(&InternalPage { frame })
}
