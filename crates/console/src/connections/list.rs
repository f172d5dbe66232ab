//! The list of SP connections.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use usher_core::model::{Configuration, SpConnection};
use usher_engine::admin::Permission;
use usher_store::DraftHead;

use super::draft::{Draft, KIND, NotKept};
use super::steps::{LIST, Step};
use crate::form::Form;
use crate::frame::when::When;
use crate::frame::{Fault, Frame, Posted, SignedIn, page, see};

/// Connections on a page.
const PER_PAGE: usize = 20;

/// What is listed, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    sort: String,
    status: String,
    page: usize,
}

struct Row {
    id: String,
    name: String,
    entity_id: String,
    kind: String,
    channels: usize,
    active: bool,
    modified: Option<When>,
    has_draft: bool,
}

struct DraftRow {
    id: String,
    name: String,
    by: String,
    at: When,
}

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    /// New connections that were begun and not saved.
    drafts: Vec<DraftRow>,
    wanted: Wanted,
    total: usize,
    previous: Option<String>,
    next: Option<String>,
    may: bool,
}

pub(super) async fn shown(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let may = who.may(Permission::Configure);
    let heads = who.admin.engine.store.drafts().await?;
    let heads: Vec<DraftHead> = heads
        .into_iter()
        .filter(|head| may && head.kind == KIND)
        .collect();
    let found = found(&configuration, &wanted);
    let total = found.len();
    let skip = wanted.page.saturating_mul(PER_PAGE);
    let rows = found.into_iter().skip(skip).take(PER_PAGE);
    let rows = rows.map(|sp| row(&who, sp, &heads)).collect();
    let is_saved = |id: &str| {
        configuration
            .sp_connections
            .iter()
            .any(|sp| sp.id.as_str() == id)
    };
    let drafts = heads.iter().filter(|head| !is_saved(&head.id.0));
    let drafts = drafts.map(|head| DraftRow {
        id: head.id.0.clone(),
        name: head.name.clone(),
        by: head.by.clone(),
        at: When::at(head.at),
    });
    let previous = wanted.page.checked_sub(1).map(|page| wanted.href(page));
    let has_next = total > skip.saturating_add(PER_PAGE);
    page(&ListPage {
        frame: Frame::new(&who, "SP Connections").crumb("Identity Provider", ""),
        rows,
        drafts: drafts.collect(),
        next: has_next.then(|| wanted.href(wanted.page + 1)),
        previous,
        wanted,
        total,
        may,
    })
}

impl Wanted {
    fn href(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in [
            ("q", &self.q),
            ("sort", &self.sort),
            ("status", &self.status),
        ] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        query.append_pair("page", &page.to_string());
        format!("{LIST}?{}", query.finish())
    }
}

fn found<'c>(configuration: &'c Configuration, wanted: &Wanted) -> Vec<&'c SpConnection> {
    let part = wanted.q.trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&part);
    let status = |sp: &SpConnection| match wanted.status.as_str() {
        "active" => sp.active,
        "inactive" => !sp.active,
        _ => true,
    };
    let all = configuration.sp_connections.iter();
    let all = all.filter(|sp| status(sp) && (has(&sp.name) || has(&sp.entity_id)));
    let mut found: Vec<&SpConnection> = all.collect();
    match wanted.sort.as_str() {
        "entity" => found.sort_by_key(|sp| sp.entity_id.to_lowercase()),
        "virtual" => found.sort_by_key(|sp| sp.general.default_virtual_entity_id.clone()),
        "created" => found.sort_by_key(|sp| std::cmp::Reverse(sp.dates.created)),
        "modified" => found.sort_by_key(|sp| std::cmp::Reverse(sp.dates.modified)),
        _ => found.sort_by_key(|sp| sp.name.to_lowercase()),
    }
    found
}

fn row(who: &SignedIn, sp: &SpConnection, drafts: &[DraftHead]) -> Row {
    let connector = who.admin.engine.connectors.connector(&sp.connector);
    let kind = connector.map(|connector| connector.descriptor().name.clone());
    Row {
        id: sp.id.to_string(),
        name: sp.name.clone(),
        entity_id: sp.entity_id.clone(),
        kind: kind.unwrap_or_else(|| sp.connector.clone()),
        channels: sp.channels.len(),
        active: sp.active,
        modified: sp.dates.modified.map(When::at),
        has_draft: drafts.iter().any(|head| head.id.0 == sp.id.as_str()),
    }
}

/// Create new.
pub(super) async fn create(Posted { who, .. }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let draft = Draft::new(uuid::Uuid::now_v7().to_string());
    Ok(see(&keep_new(&who, draft)
        .await?
        .href(Step::Template.slug())))
}

/// Copy, with its provisioning. Another directory has another address and another key: these are typed anew.
pub(super) async fn copy(
    axum::extract::Path(id): axum::extract::Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let configuration = who.admin.configuration_to_show().await?;
    let original = Draft::of_saved(&configuration, &id)
        .ok_or_else(|| Fault::missing(format!("There is no SP connection `{id}`.")))?;
    let mut draft = Draft::new(uuid::Uuid::now_v7().to_string());
    draft.body = super::copied::copied(&original.body, &draft.id);
    Ok(see(&keep_new(&who, draft)
        .await?
        .href(Step::General.slug())))
}

async fn keep_new(who: &SignedIn, mut draft: Draft) -> Result<Draft, Fault> {
    match draft.keep(who).await {
        Ok(()) => Ok(draft),
        Err(NotKept::Fault(fault)) => Err(fault),
        // Nobody has an id that was drawn just now.
        Err(NotKept::Meanwhile(_)) => Err(Fault::defect()),
    }
}

/// Throws a draft away, also one that cannot be opened.
pub(super) async fn discard(
    axum::extract::Path(id): axum::extract::Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let id = usher_store::DraftId(id);
    who.admin.engine.store.remove_draft(&id).await?;
    Ok(crate::frame::see_done(LIST, crate::frame::Done::Discarded))
}

/// Whether the button that was pressed turns it on.
pub(super) fn turns_on(form: &Form) -> bool {
    form.text("turn") == "on"
}
