//! One step of an outbox, on its own address.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;
use usher_core::model::StepId;

use super::{Exchanges, StepShown};
use crate::channels::{At, configured, of, tabs};
use crate::frame::{Fault, Frame, SignedIn, page};

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/steps/{id}", get(shown))
}

#[derive(Template)]
#[template(path = "steps/page.html")]
struct StepPage {
    frame: Frame,
    step: StepShown,
    exchanges: Exchanges,
    cycle: i64,
}

async fn shown(Path(id): Path<i64>, who: SignedIn) -> Result<Response, Fault> {
    let found = who.admin.step(StepId(id)).await?;
    let (step, exchanges) =
        found.ok_or_else(|| Fault::missing(format!("There is no step {id}.")))?;
    let (configuration, channel_id) = configured(&who, step.channel.as_str()).await?;
    let (sp, channel) = of(&configuration, &channel_id)?;
    let mut frame = tabs(&who, sp, channel, At::Held);
    frame.title = format!("Step {id}");
    page(&StepPage {
        frame,
        step: StepShown::of(&step),
        exchanges: Exchanges::of(&exchanges),
        cycle: step.cycle.0,
    })
}
