//! Sending parked steps again: one, or all of a reason.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_core::model::{ChannelId, StepId};
use usher_engine::admin::Permission;
use usher_engine::to_its_end;

use super::{HERE, RETRY};
use crate::frame::{Done, Fault, Frame, Posted, Shown, SignedIn, page, see_done};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    channel: String,
    reason: String,
    step: String,
}

#[derive(Template)]
#[template(path = "waiting/retry.html")]
struct RetryPage {
    frame: Frame,
    action: &'static str,
    which: Which,
    reason: Shown,
}

pub(super) async fn shown(who: SignedIn, Query(which): Query<Which>) -> Result<Response, Fault> {
    who.admin.require(Permission::Operate)?;
    page(&RetryPage {
        frame: Frame::new(&who, "Retry").crumb("Held and parked", HERE),
        action: RETRY,
        reason: Shown::value(&which.reason),
        which,
    })
}

pub(super) async fn retry(Posted { who, form }: Posted) -> Result<Response, Fault> {
    let (_, channel) = who.admin.select(Some(form.text("channel"))).await?;
    let reason = form.text("reason").to_owned();
    let step = form.text("step").parse().ok().map(StepId);
    let done = again(&who, channel, reason, step).await?;
    if done == 0 {
        return Err(Fault::told(
            StatusCode::CONFLICT,
            "Not done",
            "None of this is parked any more.",
            "Held and parked shows what still waits.",
        ));
    }
    Ok(see_done(HERE, Done::Retried))
}

/// How many are sent again. Neither a step nor a reason is nothing, and never everything.
async fn again(
    who: &SignedIn,
    channel: ChannelId,
    reason: String,
    step: Option<StepId>,
) -> Result<u64, Fault> {
    let admin = who.admin.clone();
    let work = to_its_end(async move {
        match step {
            Some(step) => admin.retry(Some(channel.as_str()), &[step]).await,
            None => admin.retry_reason(&channel, &reason).await,
        }
    });
    Ok(work.await?.done)
}
