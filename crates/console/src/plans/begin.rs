//! Making a plan.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::Api;
use usher_admin_api::work::{self, JobKind};
use usher_core::model::{ChannelId, CycleMode, SourceKey};
use usher_engine::admin::PlanOptions;

use crate::channels::live::Live;
use crate::channels::{At, configured, of, tabs};
use crate::frame::{Fault, Frame, Notice, Posted, SignedIn, page, page_as, see};

/// Most people that a plan is asked for by name.
const SUBJECTS: usize = 100;

struct Kept {
    href: String,
    live: Live,
}

#[derive(Template)]
#[template(path = "plans/begin.html")]
struct BeginPage {
    frame: Frame,
    id: String,
    kept: Vec<Kept>,
    what: String,
    subjects: String,
    mistakes: Vec<String>,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Path(id): Path<String>,
    who: SignedIn,
) -> Result<Response, Fault> {
    page(&made(&api, &who, &id, "full", "", Vec::new()).await?)
}

async fn made(
    api: &Api,
    who: &SignedIn,
    id: &str,
    what: &str,
    subjects: &str,
    mistakes: Vec<String>,
) -> Result<BeginPage, Fault> {
    let (configuration, id) = configured(who, id).await?;
    let (sp, channel) = of(&configuration, &id)?;
    let now = who.admin.engine.clock.now();
    let kept = work::jobs(api, &who.admin, JobKind::Plan, Some(&id));
    let kept = kept.iter().map(|job| Kept {
        href: format!("/plans/{}", job.id),
        live: Live::of(job, now, 0),
    });
    let frame = tabs(who, sp, channel, At::Plans);
    Ok(BeginPage {
        frame: frame.notice(Notice::bad(mistakes.clone())),
        id: id.to_string(),
        kept: kept.collect(),
        what: what.to_owned(),
        subjects: subjects.to_owned(),
        mistakes,
    })
}

pub(super) async fn begin(
    State(api): State<Api>,
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let (_, channel) = configured(&who, &id).await?;
    let (what, subjects) = (form.text("what"), form.text("subjects"));
    let mode = match what {
        "full" | "subject" => CycleMode::Full,
        "reconcile" => CycleMode::Reconcile,
        "rekey" => CycleMode::Rekey,
        _ => CycleMode::Incremental,
    };
    let mut options = PlanOptions {
        mode,
        only: None,
        full: false,
    };
    if what == "subject" {
        match keys(&who, &channel, subjects).await {
            Ok(keys) => {
                options = PlanOptions {
                    mode: CycleMode::Incremental,
                    only: Some(keys),
                    full: false,
                }
            }
            Err(mistakes) => {
                let made = made(&api, &who, &id, what, subjects, mistakes).await?;
                return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
            }
        }
    }
    let begun = work::plan(&api, who.admin.clone(), channel, options)?;
    Ok(see(&format!("/plans/{}", begun.id)))
}

/// The keys of those who are named, one a line.
async fn keys(
    who: &SignedIn,
    channel: &ChannelId,
    text: &str,
) -> Result<Vec<SourceKey>, Vec<String>> {
    let names: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() || names.len() > SUBJECTS {
        let found = names.len();
        return Err(vec![format!(
            "People and groups: expected 1 to {SUBJECTS}, one a line, found {found}."
        )]);
    }
    let (mut keys, mut mistakes) = (Vec::new(), Vec::new());
    for name in names {
        match who.admin.key_of(Some(channel.as_str()), name).await {
            Ok(key) => keys.push(key),
            Err(error) => mistakes.push(error.to_string()),
        }
    }
    if mistakes.is_empty() {
        Ok(keys)
    } else {
        Err(mistakes)
    }
}
