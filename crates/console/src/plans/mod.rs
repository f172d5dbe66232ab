//! Plans: what a run would do, looked through and applied as it is.

mod begin;
mod decide;
mod left_out;
mod review;
mod steps;
mod totals;

use axum::Router;
use axum::routing::{get, post};
use usher_admin_api::Api;
use usher_admin_api::work::{self, JobKind, JobView};
use uuid::Uuid;

use crate::channels::{At, configured, of, tabs};
use crate::frame::{Fault, Frame, SignedIn};

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(
            "/channels/{id}/plans/new",
            get(begin::shown).post(begin::begin),
        )
        .route("/plans/{job}", get(review::shown))
        .route("/plans/{job}/steps/{step}", get(steps::one))
        .route("/plans/{job}/not-provisioned", get(left_out::shown))
        .route("/plans/{job}/apply", post(decide::apply))
        .route("/plans/{job}/discard", post(decide::discard))
}

/// The job of a plan.
fn job(api: &Api, who: &SignedIn, id: &str) -> Result<JobView, Fault> {
    let found = Uuid::try_parse(id).ok();
    let found = found.and_then(|id| work::job(api, &who.admin, JobKind::Plan, id));
    found.ok_or_else(|| {
        Fault::told(
            axum::http::StatusCode::NOT_FOUND,
            "Not found",
            "There is no such plan.",
            "Plans are kept for an hour, two of an operator at most. Make a new one on the page of the channel.",
        )
    })
}

/// The frame of a page of a plan.
async fn frame(who: &SignedIn, job: &JobView, title: &str) -> Result<Frame, Fault> {
    let (configuration, id) = configured(who, job.channel.as_str()).await?;
    let (sp, channel) = of(&configuration, &id)?;
    let mut frame = tabs(who, sp, channel, At::Plans);
    frame.title = format!(
        "{title} of {}",
        frame.title.replacen("Channel ", "channel ", 1)
    );
    Ok(frame)
}
