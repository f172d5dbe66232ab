//! Applying a plan, and throwing it away.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::{Api, work};

use crate::frame::{Done, Fault, Posted, see_done};

/// Exactly this plan, or nothing; with a number, so many of its steps and then the channel is paused.
pub(super) async fn apply(
    State(api): State<Api>,
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let job = super::job(&api, &who, &id)?;
    let first = match form.text("which") {
        "first" => Some(first(form.text("first"))?),
        _ => None,
    };
    work::apply(&api, who.admin.clone(), &job, first)?;
    Ok(see_done(
        &format!("/channels/{}", job.channel),
        Done::Started,
    ))
}

fn first(text: &str) -> Result<u64, Fault> {
    let number = text.trim().parse().ok();
    number.filter(|first| *first > 0).ok_or_else(|| {
        Fault::told(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Not done",
            "How many steps: expected a number from 1 on.",
            "Go back to the plan, and type it there. Nothing was sent.",
        )
    })
}

pub(super) async fn discard(
    State(api): State<Api>,
    Path(id): Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    let job = super::job(&api, &who, &id)?;
    work::discard(&api, &who.admin, &job)?;
    Ok(see_done(
        &format!("/channels/{}/plans/new", job.channel),
        Done::Deleted,
    ))
}
