//! Connection Type.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::draft::Draft;
use super::steps::{self, Step};
use super::tab::{self, Place, Sent};
use crate::form::{Choice, Control, Field, Form, Mistakes, Summed, set};
use crate::frame::{Fault, Frame, Posted, SignedIn, page, page_as};

#[derive(Template)]
#[template(path = "connections/kind.html")]
struct TypePage {
    frame: Frame,
    /// Whether the installation provisions at all.
    is_offered: bool,
    provisioning: Field,
    kind: Field,
    summary: Vec<Summed>,
    action: String,
    version: u64,
    previous: bool,
}

async fn made(who: &SignedIn, draft: &Draft, mistakes: &Mistakes) -> Result<TypePage, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let is_offered = configuration.server.idp_role && configuration.server.outbound_provisioning;
    let descriptors = who.admin.engine.connectors.descriptors();
    let choices = descriptors
        .iter()
        .map(|one| Choice::new(&one.id, &one.name));
    let provisioning = Field::new("provisions", "Outbound Provisioning", Control::Box)
        .ticked(draft.body.provisions)
        .help("Keeps the people and groups of the partner in step with a directory.")
        .wrong(mistakes);
    let kind = Field::new("type", "Type", Control::Select(choices.collect()))
        .value(draft.body.connector())
        .help("The kind of target. The template chose it.")
        .wrong(mistakes);
    Ok(TypePage {
        frame: steps::frame(who, draft, Step::Type),
        is_offered,
        summary: mistakes.summary(&[&provisioning, &kind]),
        provisioning,
        kind,
        action: draft.href(Step::Type.slug()),
        version: draft.version,
        previous: steps::has_previous(draft, Step::Type),
    })
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    page(&made(&who, &draft, &Mistakes::default()).await?)
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let put = |body: &mut super::draft::Body, form: &Form| {
        body.provisions = form.has("provisions");
        if !form.text("type").is_empty() {
            let kind = Value::from(form.text("type"));
            set(&mut body.document, "outboundProvision.type", Some(kind));
        }
    };
    let draft = match tab::keep(&who, &id, (Place::Connection, &[]), &form, put).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside { theirs, notice, .. } => {
            let mut made = made(&who, &theirs, &Mistakes::default()).await?;
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    let mut mistakes = Mistakes::default();
    if !draft.body.provisions {
        mistakes.add(
            "provisions",
            "expected at least one type, found none ticked; Usher has only connections that provision, so tick it",
        );
    }
    if draft.body.connector().is_empty() {
        mistakes.add("type", "expected a kind of target, found none chosen");
    }
    if steps::goes_on(&form) && !mistakes.is_empty() {
        return page_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            &made(&who, &draft, &mistakes).await?,
        );
    }
    Ok(steps::onward(&form, &draft, Step::Type))
}
