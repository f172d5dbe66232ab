//! Who gets no account by a plan, and why.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use usher_admin_api::{Api, work};
use usher_core::model::Verdict;
use usher_engine::admin::NotProvisioned;

use crate::frame::text::{Shown, number};
use crate::frame::{Fault, Frame, SignedIn, page};
use crate::steps::kind_words;

const PER_PAGE: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    from: usize,
}

struct Row {
    dn: Shown,
    kind: &'static str,
    verdict: &'static str,
    reason: Shown,
}

#[derive(Template)]
#[template(path = "plans/left_out.html")]
struct LeftOutPage {
    frame: Frame,
    rows: Vec<Row>,
    found: String,
    q: String,
    next: Option<String>,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let job = super::job(&api, &who, &id)?;
    let plan = work::kept(&api, &who.admin, &job)?;
    let part = wanted.q.trim().to_lowercase();
    let has = |text: &str| part.is_empty() || text.to_lowercase().contains(&part);
    let all = plan.report.not_provisioned.iter();
    let found: Vec<&NotProvisioned> = all.filter(|one| has(&one.dn) || has(&one.reason)).collect();
    let rows = found
        .iter()
        .skip(wanted.from)
        .take(PER_PAGE)
        .map(|one| Row {
            dn: Shown::line(&one.dn),
            kind: one.kind.map_or("Not known", kind_words),
            verdict: verdict(one.verdict),
            reason: Shown::value(&one.reason),
        });
    let end = wanted.from.saturating_add(PER_PAGE);
    let next = (found.len() > end).then(|| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &wanted.q);
        query.append_pair("from", &end.to_string());
        format!("/plans/{}/not-provisioned?{}", job.id, query.finish())
    });
    let frame = super::frame(&who, &job, "Not provisioned by a plan").await?;
    page(&LeftOutPage {
        frame: frame.crumb("Plan", format!("/plans/{}", job.id)),
        rows: rows.collect(),
        found: number(found.len() as u64),
        q: wanted.q,
        next,
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Invalid => "Invalid",
        Verdict::Held => "Held",
        Verdict::Parked => "Parked",
        Verdict::SkippedByOption => "Skipped by an option",
        Verdict::Protected => "Protected",
        Verdict::OutOfScope => "Out of scope",
        Verdict::Unchanged => "Unchanged",
        Verdict::Stepped => "To be sent",
    }
}
