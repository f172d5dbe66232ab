//! The mail server through which alerts are told.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use usher_admin_api::documents::{self, Refused, Wanted, tag};
use usher_core::model::Configuration;
use usher_engine::admin::Permission;
use usher_pf::{Mode, Resource, published_server_settings};

use super::MAIL;
use crate::form::{Field, Mistakes, NotSaved, Shape, Spec, Summed, set, show, take};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

const fn spec(path: &'static str, label: &'static str, shape: Shape, help: &'static str) -> Spec {
    Spec {
        path,
        label,
        shape,
        required: false,
        help,
        more: "",
    }
}

const SPECS: &[Spec] = &[
    spec(
        "emailServer.sourceAddr",
        "From address",
        Shape::Text,
        "The address that messages come from. Left empty with the rest, there is no mail server.",
    ),
    spec(
        "emailServer.emailServer",
        "Mail server",
        Shape::Text,
        "Its host name or address.",
    ),
    spec(
        "emailServer.port",
        "Port",
        Shape::Number,
        "25 or 587 as a rule.",
    ),
    spec(
        "emailServer.sslPort",
        "Port for TLS",
        Shape::Number,
        "465 as a rule; used with the next box.",
    ),
    spec(
        "emailServer.useSSL",
        "TLS from the beginning",
        Shape::Flag,
        "",
    ),
    spec(
        "emailServer.useTLS",
        "STARTTLS",
        Shape::Flag,
        "The connection is encrypted before anything is said.",
    ),
    spec(
        "emailServer.verifyHostname",
        "Verify the host name of its certificate",
        Shape::Flag,
        "",
    ),
    spec(
        "emailServer.username",
        "User name",
        Shape::Text,
        "If it asks for one.",
    ),
    spec(
        "emailServer.password",
        "Password",
        Shape::Secret("emailServer.encryptedPassword"),
        "Never shown again.",
    ),
    spec(
        "emailServer.timeout",
        "Time-out, seconds",
        Shape::Number,
        "For the whole of one attempt.",
    ),
];

#[derive(Template)]
#[template(path = "alerts/mail.html")]
struct MailPage {
    frame: Frame,
    fields: Vec<Field>,
    summary: Vec<Summed>,
    seen: String,
    may: bool,
}

fn document(configuration: &Configuration) -> Value {
    published_server_settings(&configuration.server)
}

pub(super) async fn shown(who: SignedIn) -> Result<Response, Fault> {
    let document = document(&who.admin.configuration_to_show().await?);
    page(&MailPage {
        frame: super::frame(&who, MAIL),
        fields: show(SPECS, &document, &Mistakes::default()),
        summary: Vec::new(),
        seen: tag(&document),
        may: who.may(Permission::Configure),
    })
}

pub(super) async fn save(Posted { who, form }: Posted) -> Result<Response, Fault> {
    let before = who.admin.configuration_to_show().await?;
    let mut mine = document(&before);
    take(SPECS, &form, &mut mine);
    let is_empty = ["sourceAddr", "emailServer", "port"]
        .iter()
        .all(|name| form.text(&format!("emailServer.{name}")).trim().is_empty());
    if is_empty {
        set(&mut mine, "emailServer", None);
    }
    let wanted = Wanted {
        resource: Resource::ServerSettings,
        mode: Mode::Update,
        document: &mine,
        policies: None,
        ask: true,
    };
    let seen = form.text("seen").to_owned();
    let is_seen = |current: &mut Configuration| Refused::unless_seen(&seen, &document(current));
    let refused = match Box::pin(documents::save(&who.admin, wanted, is_seen)).await {
        Ok(saved) if saved.warnings.is_empty() => return Ok(see_done(MAIL, Done::Saved)),
        Ok(saved) => {
            let document = document(&saved.configuration);
            return page(&MailPage {
                frame: super::frame(&who, MAIL).notice(Notice::warn(saved.warnings)),
                fields: show(SPECS, &document, &Mistakes::default()),
                summary: Vec::new(),
                seen: tag(&document),
                may: true,
            });
        }
        Err(refused) => refused,
    };
    let theirs = document(&who.admin.configuration_to_show().await?);
    let not = NotSaved::new(SPECS, &mine, &theirs, refused);
    let fields: Vec<&Field> = not.fields.iter().collect();
    let summary = not.mistakes.summary(&fields);
    let mut frame = super::frame(&who, MAIL);
    frame.notices.extend(not.notice);
    let made = MailPage {
        frame,
        summary,
        fields: not.fields,
        seen: not.seen.unwrap_or(seen),
        may: who.may(Permission::Configure),
    };
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}
