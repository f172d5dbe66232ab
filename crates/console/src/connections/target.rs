//! Configure Provisioning > Target: where requests go, with which key, and what provisioning may do.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use usher_connector::{Check, CheckOutcome};
use usher_core::calendar;
use usher_core::descriptor::{ConnectorDescriptor, SettingDescriptor, SettingKind};
use usher_core::model::ConnectionId;

use super::draft::{Body, Draft};
use super::settings::{self, Group};
use super::steps;
use super::tab::{self, Place, Sent};
use crate::form::{Control, Field, Form, Mistakes, Summed};
use crate::frame::{
    Done, Fault, Frame, Notice, Posted, SignedIn, Tab, page, page_as, see, see_done,
};

pub(super) const SLUG: &str = "target";
/// The next one.
const CHANNELS: &str = "manage-channels";

#[derive(Template)]
#[template(path = "connections/target.html")]
struct TargetPage {
    frame: Frame,
    connection: Vec<Field>,
    options: Vec<Field>,
    protection: Vec<Field>,
    network: Vec<Field>,
    summary: Vec<Summed>,
    /// What came of "Test target".
    checks: Option<Vec<Check>>,
    action: String,
    version: u64,
}

/// The tabs below "Configure Provisioning".
pub(super) fn frame(who: &SignedIn, draft: &Draft, title: &str, here: &str) -> Frame {
    let tab = |label: &str, slug: &str| Tab {
        label: label.to_owned(),
        href: draft.href(slug),
        here: slug == here,
    };
    let tabs = vec![tab("Target", SLUG), tab("Manage Channels", CHANNELS)];
    let outbound = draft.href(steps::Step::Outbound.slug());
    steps::around(who, draft, title)
        .crumb("Outbound Provisioning", outbound)
        .tabs(tabs)
}

/// The connector of a draft, or that there is none yet.
pub(crate) fn descriptor<'w>(
    who: &'w SignedIn,
    draft: &Draft,
) -> Result<&'w ConnectorDescriptor, Fault> {
    let connector = who
        .admin
        .engine
        .connectors
        .connector(draft.body.connector());
    connector
        .map(usher_connector::Connector::descriptor)
        .ok_or_else(|| {
            Fault::told(
                StatusCode::CONFLICT,
                "No kind of target is chosen",
                "The settings of the target depend on its kind.",
                "Choose it on the tab Connection Type of this connection.",
            )
        })
}

fn made(
    who: &SignedIn,
    draft: &Draft,
    wrong: &Mistakes,
    checks: Option<Vec<Check>>,
) -> Result<TargetPage, Fault> {
    let descriptor = descriptor(who, draft)?;
    let of = |group: Group| -> Vec<Field> {
        let settings = descriptor.settings.iter();
        let settings = settings.filter(|setting| settings::group(setting) == group);
        let field = |setting: &SettingDescriptor| {
            let field = settings::field(setting, &draft.body, wrong);
            offered(&draft.body, setting, field)
        };
        settings.map(field).collect()
    };
    let mut protection = of(Group::Protection);
    protection.push(
        Field::new(
            NOBODY,
            "None of the accounts that administer the target is in this directory",
            Control::Box,
        )
        .ticked(draft.body.nobody_to_protect)
        .help("Tick it when the list is empty on purpose. An administrator who is in scope and not protected can be disabled by the provisioning.")
        .wrong(wrong),
    );
    let mut connection = of(Group::Connection);
    connection.push(expiry(&draft.body, wrong));
    let (options, network) = (of(Group::Options), of(Group::Network));
    let all: Vec<&Field> = [&connection, &options, &protection, &network]
        .into_iter()
        .flatten()
        .collect();
    Ok(TargetPage {
        frame: frame(who, draft, "Target", SLUG),
        summary: wrong.summary(&all),
        connection,
        options,
        protection,
        network,
        checks,
        action: draft.href(SLUG),
        version: draft.version,
    })
}

/// The box that says that an empty list of protected accounts is meant.
pub(super) const NOBODY: &str = "nobody_to_protect";

/// When the key expires.
const EXPIRES: &str = "key_expires";

fn expiry(body: &Body, wrong: &Mistakes) -> Field {
    Field::new(EXPIRES, "API key expires on", Control::Date)
        .value(&body.key_expires)
        .help("Left empty, a new key is taken to last a year from now. You are warned 60, 30, 14, 7 and 1 days before.")
        .wrong(wrong)
}

/// The date that was sent. That of the old key is not that of a new one.
fn new_expiry(descriptor: &ConnectorDescriptor, form: &Form, body: &Body) -> String {
    let now = form.text(EXPIRES).trim();
    let is_key = |setting: &&SettingDescriptor| {
        setting.required && setting.kind == SettingKind::Secret && form.has_text(&setting.name)
    };
    let is_old = body.base.is_some() && body.key_expires == now;
    if is_old && descriptor.settings.iter().any(|setting| is_key(&setting)) {
        return String::new();
    }
    now.to_owned()
}

/// The address from General Info is offered where none was given yet.
fn offered(body: &Body, setting: &SettingDescriptor, mut field: Field) -> Field {
    let is_address = setting.required && field.control == Control::Text;
    let base = body
        .document
        .get("baseUrl")
        .and_then(serde_json::Value::as_str);
    if let (true, true, Some(base)) = (is_address, field.value.is_empty(), base) {
        base.clone_into(&mut field.value);
        field.help.push_str(" Taken over from General Info.");
    }
    field
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    page(&made(&who, &draft, &Mistakes::default(), None)?)
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let before = Draft::load(&who, &id).await?;
    let descriptor = descriptor(&who, &before)?;
    let put = |body: &mut Body, form: &Form| {
        settings::take(descriptor, form, body);
        body.nobody_to_protect = form.has(NOBODY);
        body.key_expires = new_expiry(descriptor, form, body);
    };
    let draft = match tab::keep(&who, &id, (Place::Connection, &[]), &form, put).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside { theirs, notice, .. } => {
            let mut made = made(&who, &theirs, &Mistakes::default(), None)?;
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    if form.text("go") == "test" {
        return tested(&who, &draft, descriptor).await;
    }
    if steps::goes_on(&form) {
        let mut wrong = wrong(&who, &draft, descriptor).await;
        if !draft.body.key_expires.is_empty() && calendar::day(&draft.body.key_expires).is_none() {
            wrong.add(
                EXPIRES,
                "expected a date such as 2027-11-24, found another text",
            );
        }
        if !wrong.is_empty() {
            let made = made(&who, &draft, &wrong, None)?;
            return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
        }
    }
    Ok(match form.text("go") {
        "next" => see(&draft.href(CHANNELS)),
        "previous" => see(&draft.href(steps::Step::Outbound.slug())),
        _ => see_done(&draft.href(SLUG), Done::Kept),
    })
}

async fn wrong(who: &SignedIn, draft: &Draft, descriptor: &ConnectorDescriptor) -> Mistakes {
    match tab::judge(who, draft).await {
        Ok(_) => Mistakes::default(),
        Err(refused) => settings::mistakes(&refused, descriptor, &draft.body),
    }
}

/// Asks the target once, with the draft as it is. Nothing is changed there.
async fn tested(
    who: &SignedIn,
    draft: &Draft,
    descriptor: &ConnectorDescriptor,
) -> Result<Response, Fault> {
    // The channels are none of its business, and may not be complete yet.
    let alone = Draft {
        id: draft.id.clone(),
        version: draft.version,
        changed: None,
        body: Body {
            channels: Vec::new(),
            ..draft.body.clone()
        },
    };
    let configuration = match tab::judge(who, &alone).await {
        Ok(configuration) => configuration,
        Err(refused) => {
            let mut wrong = settings::mistakes(&refused, descriptor, &draft.body);
            if wrong.is_empty() {
                let elsewhere = refused
                    .mistakes
                    .iter()
                    .map(|(at, words)| format!("{at}: {words}"));
                let mut lines: Vec<String> = elsewhere.collect();
                lines.push(refused.message);
                wrong.add(
                    "",
                    format!(
                        "It cannot be tested before this is mended on other tabs: {}",
                        lines.join("; ")
                    ),
                );
            }
            let made = made(who, draft, &wrong, None)?;
            return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
        }
    };
    let id = ConnectionId::new(&draft.id);
    let asked = who.admin.test_sp_connection(&configuration, &id);
    let checks = match who.admin.patient(asked).await {
        Ok(checks) => checks?,
        Err(why) => {
            let mut made = made(who, draft, &Mistakes::default(), None)?;
            made.frame = made.frame.notice(Notice::bad(vec![why.to_string()]));
            return page_as(StatusCode::GATEWAY_TIMEOUT, &made);
        }
    };
    page(&made(who, draft, &Mistakes::default(), Some(checks))?)
}

/// How a check is shown: never by colour alone.
pub(crate) fn tone(check: &Check) -> (&'static str, &'static str) {
    match check.outcome {
        CheckOutcome::Good => ("good", "good"),
        CheckOutcome::Warning => ("warn", "look"),
        CheckOutcome::Failed => ("bad", "failed"),
    }
}
