//! The cycles of a channel, in pages.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use usher_admin_api::Api;
use usher_core::model::CycleMode;
use usher_engine::admin::CycleWanted;

use super::{CycleTable, Plots, Row};
use crate::channels::glance::mode_words;
use crate::channels::{At, configured, of, tabs};
use crate::frame::{Fault, Frame, SignedIn, page};

const PER_PAGE: u32 = 50;

const MODES: [(&str, CycleMode); 5] = [
    ("incremental", CycleMode::Incremental),
    ("full", CycleMode::Full),
    ("reconcile", CycleMode::Reconcile),
    ("rekey", CycleMode::Rekey),
    ("follow_up", CycleMode::FollowUp),
];
const STATES: [(&str, &str); 4] = [
    ("completed", "Complete"),
    ("incomplete", "Not complete"),
    ("aborted", "Aborted"),
    ("reading", "Under way"),
];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    mode: String,
    state: String,
    before: Option<i64>,
}

struct Choice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "cycles/list.html")]
struct ListPage {
    frame: Frame,
    modes: Vec<Choice>,
    states: Vec<Choice>,
    plots: Plots,
    table: CycleTable,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let (configuration, id) = configured(&who, &id).await?;
    let (sp, channel) = of(&configuration, &id)?;
    let modes = MODES.iter().filter(|(name, _)| *name == wanted.mode);
    let states = STATES.iter().filter(|(name, _)| *name == wanted.state);
    let filter = CycleWanted {
        modes: modes.map(|(_, mode)| *mode).collect(),
        states: states.map(|(name, _)| (*name).to_owned()).collect(),
    };
    let (cycles, end) = who
        .admin
        .cycle_page(Some(&id), &filter, wanted.before, PER_PAGE)
        .await?;
    let href = |before: Option<i64>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("mode", &wanted.mode);
        query.append_pair("state", &wanted.state);
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        format!("/channels/{id}/cycles?{}", query.finish())
    };
    page(&ListPage {
        frame: tabs(&who, sp, channel, At::Cycles),
        modes: MODES
            .map(|(value, mode)| Choice {
                value,
                label: mode_words(mode),
                chosen: value == wanted.mode,
            })
            .into(),
        states: STATES
            .map(|(value, label)| Choice {
                value,
                label,
                chosen: value == wanted.state,
            })
            .into(),
        plots: Plots::of(&api, &sp.id, &cycles),
        table: CycleTable {
            rows: cycles.iter().map(Row::of).collect(),
        },
        first: wanted.before.map(|_| href(None)),
        next: end.map(|end| href(Some(end))),
    })
}
