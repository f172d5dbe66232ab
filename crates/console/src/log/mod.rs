//! The log: what operators did, and what was sent to targets.

mod export;
mod wanted;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;
use usher_store::AuditEvent;

use self::wanted::Wanted;
use crate::form::Choice;
use crate::frame::when::When;
use crate::frame::{Fault, Frame, Notice, Shown, SignedIn, Tab, href, page_as};
use crate::subjects::channels;

const OPERATORS: &str = "/log";
const SENT: &str = "/log/sent";
const EXPORT: &str = "/log/export";
/// Events on a page.
const EACH: u32 = 50;
/// Changes of one event that are shown.
const CHANGES: usize = 20;

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(OPERATORS, get(operators))
        .route(SENT, get(sent))
        .route(EXPORT, get(export::export))
}

/// An event.
struct Line {
    at: When,
    actor: Shown,
    event: Shown,
    channel: Option<(String, Shown)>,
    cycle: Option<i64>,
    source_id: Shown,
    /// Where whoever has this key is found.
    find: String,
    target_id: Shown,
    success: bool,
    detail: Shown,
    changes: Vec<(Shown, Option<Shown>, Option<Shown>)>,
    more_changes: usize,
}

#[derive(Template)]
#[template(path = "log/page.html")]
struct LogPage {
    frame: Frame,
    here: &'static str,
    at_targets: bool,
    wanted: Wanted,
    channels: Vec<Choice>,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    csv: String,
    json_lines: String,
}

async fn operators(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    shown(&who, wanted, false).await
}

async fn sent(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    shown(&who, wanted, true).await
}

async fn shown(who: &SignedIn, wanted: Wanted, at_targets: bool) -> Result<Response, Fault> {
    let here = if at_targets { SENT } else { OPERATORS };
    let configuration = who.admin.look_at_configuration().await?;
    let names = channels(&configuration);
    let before = wanted.before.parse().ok();
    let mut status = StatusCode::OK;
    let mut frame = frame(who, here);
    let (events, end) = match wanted.filter(at_targets) {
        Ok(filter) => who.admin.audit_page(&filter, before, EACH).await?,
        Err(mistakes) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            frame = frame.notice(Notice::bad(mistakes));
            (Vec::new(), None)
        }
    };
    page_as(
        status,
        &LogPage {
            frame,
            here,
            at_targets,
            channels: names
                .iter()
                .map(|(id, name)| Choice::new(id, name))
                .collect(),
            lines: events
                .iter()
                .map(|(_, event)| Line::new(event, &names))
                .collect(),
            first: before.map(|_: i64| wanted.at(here, "")),
            next: end.map(|end| wanted.at(here, &end.to_string())),
            csv: wanted.export(EXPORT, at_targets, "csv"),
            json_lines: wanted.export(EXPORT, at_targets, "jsonl"),
            wanted,
        },
    )
}

fn frame(who: &SignedIn, here: &str) -> Frame {
    let tab = |label: &str, href: &str| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        here: href == here,
    };
    let tabs = vec![
        tab("What operators did", OPERATORS),
        tab("What was sent", SENT),
    ];
    Frame::new(who, "Log").tabs(tabs)
}

impl Line {
    fn new(event: &AuditEvent, names: &[(String, String)]) -> Self {
        let text = |text: &Option<String>| Shown::line(text.as_deref().unwrap_or_default());
        let channel = event.channel.as_ref().map(|id| {
            let name = names.iter().find(|(known, _)| known == id);
            (id.clone(), Shown::name(name.map_or(id, |(_, name)| name)))
        });
        let value = |text: &Option<String>| text.as_deref().map(Shown::value);
        let changes = event.changes.iter().take(CHANGES);
        Self {
            at: When::at(event.at),
            actor: Shown::name(&event.actor),
            event: Shown::name(&event.event),
            channel,
            cycle: event.cycle,
            source_id: text(&event.source_id),
            find: href(
                "/search",
                &[("q", event.source_id.as_deref().unwrap_or_default())],
            ),
            target_id: text(&event.target_id),
            success: event.success,
            detail: Shown::value(&event.detail),
            changes: changes
                .map(|one| {
                    (
                        Shown::line(&one.path),
                        value(&one.before),
                        value(&one.after),
                    )
                })
                .collect(),
            more_changes: event.changes.len().saturating_sub(CHANGES),
        }
    }
}
