//! Alerts, newest first, with what became of their messages.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use usher_engine::admin::AlertStory;
use usher_store::DeliveryState;

use super::LIST;
use crate::frame::text::Shown;
use crate::frame::when::When;
use crate::frame::{Fault, Frame, SignedIn, page};

/// Alerts on a page.
const PER_PAGE: u32 = 30;

#[derive(Deserialize)]
pub(super) struct Wanted {
    before: Option<i64>,
}

struct Row {
    about: Shown,
    summary: Shown,
    next: Shown,
    stage: String,
    raised: When,
    cleared: Option<When>,
    messages: Vec<Message>,
}

struct Message {
    to: Shown,
    words: &'static str,
    tone: &'static str,
    error: Option<Shown>,
}

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct AlertsPage {
    frame: Frame,
    rows: Vec<Row>,
    older: Option<String>,
}

pub(super) async fn shown(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let (found, end) = who.admin.alerts_page(wanted.before, PER_PAGE).await?;
    page(&AlertsPage {
        frame: super::frame(&who, LIST),
        rows: found.into_iter().map(row).collect(),
        older: end.map(|id| format!("{LIST}?before={id}")),
    })
}

fn row(AlertStory { alert, deliveries }: AlertStory) -> Row {
    let said = alert.alert;
    Row {
        about: Shown::line(&said.about),
        summary: Shown::line(&said.summary),
        next: Shown::line(&said.next),
        stage: said.stage.unwrap_or_default(),
        raised: When::at(alert.raised_at),
        cleared: alert.cleared_at.map(When::at),
        messages: deliveries.iter().map(message).collect(),
    }
}

fn message(one: &DeliveryState) -> Message {
    let (words, tone) = match (one.done_at, &one.error) {
        (Some(_), None) => ("told", "good"),
        (Some(_), Some(_)) => ("given up", "bad"),
        (None, Some(_)) => ("failed; tried again", "warn"),
        (None, None) => ("waiting", "off"),
    };
    Message {
        to: Shown::line(&one.recipient),
        words,
        tone,
        error: one.error.as_deref().map(Shown::line),
    }
}
