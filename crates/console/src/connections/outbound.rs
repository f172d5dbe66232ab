//! Outbound Provisioning: the way into its configuration.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::draft::Draft;
use super::steps::{self, Step};
use super::target;
use crate::frame::{Fault, Frame, Posted, SignedIn, page, see};

#[derive(Template)]
#[template(path = "connections/outbound.html")]
struct OutboundPage {
    frame: Frame,
    kind: String,
    target: String,
    channels: Vec<(String, bool)>,
    action: String,
    version: u64,
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    let descriptors = who.admin.engine.connectors.descriptors();
    let kind = descriptors
        .iter()
        .find(|one| one.id == draft.body.connector());
    let address = kind.and_then(|kind| {
        let setting = kind.settings.iter().find(|setting| setting.required)?;
        Some(super::settings::value(&draft.body, setting))
    });
    let channels = draft.body.kept().map(|channel| {
        let active = channel
            .document
            .get("active")
            .and_then(serde_json::Value::as_bool);
        (channel.name().to_owned(), active == Some(true))
    });
    page(&OutboundPage {
        frame: steps::frame(&who, &draft, Step::Outbound),
        kind: kind.map(|kind| kind.name.clone()).unwrap_or_default(),
        target: address.unwrap_or_default(),
        channels: channels.collect(),
        action: draft.href(Step::Outbound.slug()),
        version: draft.version,
    })
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    if form.text("go") == "configure" {
        return Ok(see(&draft.href(target::SLUG)));
    }
    Ok(steps::onward(&form, &draft, Step::Outbound))
}
