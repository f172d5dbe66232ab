//! General Info.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::draft::Draft;
use super::steps::{self, Step};
use super::tab::{self, Place, Sent};
use crate::form::{self, Field, Mistakes, Shape, Spec, Summed};
use crate::frame::{Fault, Frame, Posted, SignedIn, page, page_as};

const fn spec(
    path: &'static str,
    label: &'static str,
    shape: Shape,
    help: &'static str,
    more: &'static str,
) -> Spec {
    Spec {
        path,
        label,
        shape,
        required: false,
        help,
        more,
    }
}

const KEPT: &str = "Kept for PingFederate's other features; Usher does nothing with it.";

/// The fields of the tab.
pub(super) const SPECS: &[Spec] = &[
    Spec {
        required: true,
        ..spec(
            "entityId",
            "Partner's Entity ID (Connection ID)",
            Shape::Text,
            "Identifies this connection. It can be any text that no other connection has; the metadata file suggests one.",
            "",
        )
    },
    Spec {
        required: true,
        ..spec(
            "name",
            "Connection Name",
            Shape::Text,
            "What the connection is called in lists. No other connection has the same name.",
            "",
        )
    },
    spec(
        "virtualEntityIds",
        "Virtual Server IDs",
        Shape::Lines,
        "Other ids of this installation, one on each line.",
        KEPT,
    ),
    spec(
        "defaultVirtualEntityId",
        "Default Virtual Server ID",
        Shape::Text,
        "One of the virtual server ids, if there are any.",
        KEPT,
    ),
    spec(
        "baseUrl",
        "Base URL",
        Shape::Text,
        "The Directory base URL from the target's user provisioning page. It is offered on the Target tab.",
        "What requests are sent to is the Directory base URL of the Target tab; when the two differ, the Target tab wins and says so.",
    ),
    spec("contactInfo.company", "Company", Shape::Text, "", KEPT),
    spec(
        "contactInfo.firstName",
        "Contact first name",
        Shape::Text,
        "",
        KEPT,
    ),
    spec(
        "contactInfo.lastName",
        "Contact last name",
        Shape::Text,
        "",
        KEPT,
    ),
    spec("contactInfo.phone", "Contact Number", Shape::Text, "", KEPT),
    spec("contactInfo.email", "Contact Email", Shape::Text, "", KEPT),
    spec("applicationName", "Application Name", Shape::Text, "", KEPT),
    spec(
        "applicationIconUrl",
        "Application Icon URL",
        Shape::Text,
        "",
        KEPT,
    ),
    spec(
        "loggingMode",
        "Logging Mode",
        Shape::OneOf(&[
            ("NONE", "None"),
            ("STANDARD", "Standard"),
            ("ENHANCED", "Enhanced"),
            ("FULL", "Full"),
        ]),
        "",
        "Kept without effect: every request is in the log with its masked bodies, whatever is chosen.",
    ),
];

#[derive(Template)]
#[template(path = "connections/fields.html")]
struct GeneralPage {
    frame: Frame,
    fields: Vec<Field>,
    summary: Vec<Summed>,
    action: String,
    version: u64,
    previous: bool,
}

impl GeneralPage {
    fn new(frame: Frame, draft: &Draft, fields: Vec<Field>, mistakes: &Mistakes) -> Self {
        let all: Vec<&Field> = fields.iter().collect();
        Self {
            frame,
            summary: mistakes.summary(&all),
            fields,
            action: draft.href(Step::General.slug()),
            version: draft.version,
            previous: steps::has_previous(draft, Step::General),
        }
    }
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    let none = Mistakes::default();
    let fields = form::show(SPECS, &draft.body.document, &none);
    let frame = steps::frame(&who, &draft, Step::General);
    page(&GeneralPage::new(frame, &draft, fields, &none))
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let place = Place::Connection;
    let draft = match tab::keep(&who, &id, (place, SPECS), &form, |_, _| ()).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside {
            theirs,
            fields,
            notice,
        } => {
            let frame = steps::frame(&who, &theirs, Step::General).notice(notice);
            let made = GeneralPage::new(frame, &theirs, fields, &Mistakes::default());
            return page_as(tab::BESIDE, &made);
        }
    };
    if steps::goes_on(&form)
        && let Err(refused) = tab::judge(&who, &draft).await
    {
        let all = tab::mistakes(&refused, &draft.body, place);
        let mistakes = tab::of_fields(&all, SPECS);
        if !mistakes.is_empty() {
            let fields = form::show(SPECS, &draft.body.document, &mistakes);
            let frame = steps::frame(&who, &draft, Step::General);
            let made = GeneralPage::new(frame, &draft, fields, &mistakes);
            return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
        }
    }
    Ok(steps::onward(&form, &draft, Step::General))
}
