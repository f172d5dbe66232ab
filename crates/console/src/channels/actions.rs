//! Setting a channel going, and stopping it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::{Api, work};
use usher_core::model::CycleMode;
use usher_engine::to_its_end;
use usher_store::ChannelState;

use super::configured;
use super::stopped::stopped;
use crate::frame::{Done, Fault, Posted, see_done};

/// Pause and Stop are one: no new request within a second, and what is in flight is told.
pub(super) async fn set_mode(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let (_, id) = configured(&who, &id).await?;
    let back = format!("/channels/{id}");
    let admin = who.admin.clone();
    match form.text("mode") {
        "paused" => {
            let report = to_its_end(async move { admin.stop(Some(id.as_str())).await }).await?;
            return stopped(&who, &report, back);
        }
        "observe" => {
            let change = async move {
                admin
                    .set_mode(Some(id.as_str()), ChannelState::Observe)
                    .await
            };
            to_its_end(change).await?;
        }
        "active" => {
            let change = async move {
                admin
                    .set_mode(Some(id.as_str()), ChannelState::Active)
                    .await
            };
            to_its_end(change).await?;
        }
        _ => return Err(unclear("a mode: active, observe or paused")),
    }
    Ok(see_done(&back, Done::Saved))
}

/// Everything at once.
pub(super) async fn stop_all(Posted { who, .. }: Posted) -> Result<Response, Fault> {
    let admin = who.admin.clone();
    let report = to_its_end(async move { admin.stop(None).await }).await?;
    stopped(&who, &report, "/channels".to_owned())
}

/// Begins a run.
pub(super) async fn run(
    State(api): State<Api>,
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let (_, id) = configured(&who, &id).await?;
    let mode = match form.text("what") {
        "incremental" => CycleMode::Incremental,
        "full" => CycleMode::Full,
        "reconcile" => CycleMode::Reconcile,
        _ => return Err(unclear("what to read: incremental, full or reconcile")),
    };
    let back = format!("/channels/{id}");
    work::run(&api, who.admin.clone(), id, work::Run::of(mode))?;
    Ok(see_done(&back, Done::Started))
}

fn unclear(expected: &str) -> Fault {
    let detail = format!("Expected {expected}; the form had something else.");
    let hint = "Go back to the page, and use its buttons.";
    Fault::told(StatusCode::UNPROCESSABLE_ENTITY, "Not done", detail, hint)
}
