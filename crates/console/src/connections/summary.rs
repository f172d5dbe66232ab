//! Activation and Summary: everything at a glance, the switch, and Save. Nothing was sent before but explicit tests.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use usher_admin_api::Api;
use usher_admin_api::documents::{self, Refused};
use usher_core::calendar;
use usher_core::descriptor::SettingKind;
use usher_core::model::{Configuration, ConnectionId};
use usher_engine::admin::Permission;
use usher_pf::{Difference, published_sp_connection};

use super::draft::{Body, Draft, day_of};
use super::general;
use super::rehearsal::{self, Rehearsal};
use super::settings;
use super::steps::{self, LIST, Step};
use super::tab::{self, Place, Sent};
use super::{channels, target};
use crate::form::{self, Control, Field, Form, Mistakes, set};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

/// A part of the summary: a tab with what it says and what is wrong with it.
struct Part {
    label: String,
    href: String,
    rows: Vec<(String, String)>,
    wrong: Vec<String>,
}

#[derive(Template)]
#[template(path = "connections/summary.html")]
struct SummaryPage {
    frame: Frame,
    active: Field,
    parts: Vec<Part>,
    /// Everything that keeps it from being saved, by tab.
    wrong: usize,
    /// What somebody else saved meanwhile, and what this draft would make of it.
    beside: Vec<Difference>,
    action: String,
    version: u64,
    /// What saving would cause in the channels that run.
    rehearsals: Vec<Rehearsal>,
    /// Whether there is something to save or to discard.
    is_kept: bool,
    is_new: bool,
    may: bool,
}

impl SummaryPage {
    fn is_rehearsing(&self) -> bool {
        self.rehearsals.iter().any(|one| one.is_running)
    }
}

fn made(who: &SignedIn, draft: &Draft, refused: Option<&Refused>) -> SummaryPage {
    let parts = parts(who, draft, refused);
    let active = draft.body.document.get("active").and_then(Value::as_bool);
    let mut active = Field::new("active", "Active", Control::Box)
        .ticked(active == Some(true))
        .help("A channel runs while both it and its connection are active. Turning the connection off stops all of its channels; nothing is done at the target.");
    active.fixed = !who.may(Permission::Configure);
    SummaryPage {
        frame: steps::frame(who, draft, Step::Summary),
        active,
        wrong: parts.iter().map(|part| part.wrong.len()).sum(),
        parts,
        beside: Vec::new(),
        rehearsals: Vec::new(),
        action: draft.href(Step::Summary.slug()),
        version: draft.version,
        is_kept: draft.is_kept(),
        is_new: draft.body.base.is_none(),
        may: who.may(Permission::Configure),
    }
}

fn parts(who: &SignedIn, draft: &Draft, refused: Option<&Refused>) -> Vec<Part> {
    let body = &draft.body;
    let none = Refused::default();
    let refused = refused.unwrap_or(&none);
    let mut left: Vec<&(String, String)> = refused.mistakes.iter().collect();
    let mut take = |of: &dyn Fn(&str) -> bool| -> Vec<String> {
        let (taken, rest): (Vec<_>, Vec<_>) = left.iter().partition(|(at, _)| of(at));
        left = rest;
        taken
            .into_iter()
            .map(|(at, words)| placed(at, words))
            .collect()
    };
    let mut parts = Vec::new();
    let mut channel_parts = Vec::new();
    for (index, channel) in body
        .channels
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.dropped)
    {
        let before = body
            .channels
            .iter()
            .take(index)
            .filter(|one| !one.dropped)
            .count();
        let path = format!("outboundProvision.channels[{before}]");
        let said = body.channels.iter().take(index);
        let said = said
            .filter(|one| !one.dropped && !one.policy.is_empty())
            .count();
        let policy = format!("policies[{said}].");
        let has_policy = !channel.policy.is_empty();
        channel_parts.push(Part {
            label: format!("Channel {}", channel.name()),
            href: draft.channel_href(index, "activation-summary"),
            rows: channel_rows(&channel.document),
            wrong: take(&|at| at.starts_with(&path) || (has_policy && at.starts_with(&policy))),
        });
    }
    let shown = form::show(general::SPECS, &body.document, &Mistakes::default());
    let rows = shown.into_iter().filter(|field| !field.value.is_empty());
    let is_general = |at: &str| {
        let mut specs = general::SPECS.iter();
        specs.any(|spec| at.starts_with(spec.path.split('.').next().unwrap_or(spec.path)))
    };
    let general = Part {
        label: Step::General.label().to_owned(),
        href: draft.href(Step::General.slug()),
        rows: rows.map(|field| (field.label, field.value)).collect(),
        wrong: take(&is_general),
    };
    let target = Part {
        label: "Target".to_owned(),
        href: draft.href(target::SLUG),
        rows: target_rows(who, body),
        wrong: take(&|at| {
            at.starts_with("outboundProvision.targetSettings") || at == settings::PROTECTION
        }),
    };
    let channels = Part {
        label: "Manage Channels".to_owned(),
        href: draft.href(channels::SLUG),
        rows: vec![("Channels".to_owned(), body.kept().count().to_string())],
        wrong: take(&|at| at.starts_with("outboundProvision.channels")),
    };
    let kind = Part {
        label: Step::Type.label().to_owned(),
        href: draft.href(Step::Type.slug()),
        rows: vec![(
            "Outbound Provisioning".to_owned(),
            body.connector().to_owned(),
        )],
        wrong: take(&|_| true),
    };
    parts.extend([kind, general, target, channels]);
    parts.extend(channel_parts);
    parts
}

fn placed(at: &str, words: &str) -> String {
    if at.is_empty() {
        words.to_owned()
    } else {
        format!("{at}: {words}")
    }
}

fn target_rows(who: &SignedIn, body: &Body) -> Vec<(String, String)> {
    let descriptors = who.admin.engine.connectors.descriptors();
    let Some(descriptor) = descriptors.iter().find(|one| one.id == body.connector()) else {
        return Vec::new();
    };
    let row = |setting: &usher_core::descriptor::SettingDescriptor| {
        let value = match setting.kind {
            SettingKind::Secret if settings::has_secret(body, &setting.name) => {
                "given; not shown".to_owned()
            }
            SettingKind::Secret => String::new(),
            SettingKind::Checkbox if settings::value(body, setting) == "true" => "on".to_owned(),
            SettingKind::Checkbox => "off".to_owned(),
            SettingKind::Text | SettingKind::Select(_) | SettingKind::TextArea => {
                settings::value(body, setting)
            }
        };
        (setting.label.clone(), value)
    };
    let rows = descriptor.settings.iter().map(row);
    rows.filter(|(_, value)| !value.is_empty()).collect()
}

fn channel_rows(document: &Value) -> Vec<(String, String)> {
    let text = |pointer: &str| match document.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let active = document.get("active").and_then(Value::as_bool) == Some(true);
    let rows = [
        (
            "Status",
            if active { "Active" } else { "Inactive" }.to_owned(),
        ),
        ("Active Data Store", text("/channelSource/dataSource/id")),
        ("Base DN", text("/channelSource/baseDn")),
        (
            "Users: Group DN",
            text("/channelSource/userSourceLocation/groupDN"),
        ),
        (
            "Users: Filter",
            text("/channelSource/userSourceLocation/filter"),
        ),
        (
            "Groups: Group DN",
            text("/channelSource/groupSourceLocation/groupDN"),
        ),
        (
            "Groups: Filter",
            text("/channelSource/groupSourceLocation/filter"),
        ),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    rows.map(|(label, value)| (label.to_owned(), value))
        .collect()
}

pub(super) async fn shown(
    State(api): State<Api>,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    if !draft.is_kept() {
        return page(&made(&who, &draft, None));
    }
    match tab::judge(&who, &draft).await {
        Ok(configuration) => {
            let mut made = made(&who, &draft, None);
            made.rehearsals = rehearsal::of(&api, &who, &draft, &configuration).await?;
            page(&made)
        }
        Err(refused) => page(&made(&who, &draft, Some(&refused))),
    }
}

pub(super) async fn save(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    if form.text("go") == "discard" {
        let draft = Draft::load(&who, &id).await?;
        draft.discard(&who).await?;
        return Ok(see_done(LIST, Done::Discarded));
    }
    let put = |body: &mut Body, form: &Form| {
        set(
            &mut body.document,
            "active",
            Some(Value::from(form.has("active"))),
        );
    };
    let draft = match tab::keep(&who, &id, (Place::Connection, &[]), &form, put).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside { theirs, notice, .. } => {
            let mut made = made(&who, &theirs, None);
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    match form.text("go") {
        "stay" => Ok(see_done(&draft.href(Step::Summary.slug()), Done::Kept)),
        "previous" => Ok(steps::onward(&form, &draft, Step::Summary)),
        over => finish(&who, draft, over == "over").await,
    }
}

/// Saves the draft; `over` = also over what somebody else saved meanwhile.
async fn finish(who: &SignedIn, draft: Draft, over: bool) -> Result<Response, Fault> {
    let body = &draft.body;
    let (document, policies) = (body.whole(), body.policies());
    let prepare = |configuration: &mut Configuration| {
        require_protection(body)?;
        if !over {
            unless_changed(body, &draft.id, configuration)?;
        }
        tab::rename(who, body, configuration)
    };
    let finish = |configuration: &mut Configuration| key_expiry(who, &draft, configuration);
    let wanted = tab::wanted(body, &document, &policies);
    let saving = documents::save_finished(&who.admin, wanted, prepare, finish);
    let saved = Box::pin(saving).await;
    match saved {
        Ok(saved) => {
            draft.discard(who).await?;
            if saved.warnings.is_empty() {
                return Ok(see_done(&draft.href(Step::Summary.slug()), Done::Saved));
            }
            let fresh = Draft::load(who, &draft.id).await?;
            let mut made = made(who, &fresh, None);
            let mut lines = vec!["Saved.".to_owned()];
            lines.extend(saved.warnings.iter().map(|one| bare(one).to_owned()));
            made.frame = made.frame.notice(Notice::warn(lines));
            page(&made)
        }
        Err(refused) => not_saved(who, &draft, refused).await,
    }
}

async fn not_saved(who: &SignedIn, draft: &Draft, refused: Refused) -> Result<Response, Fault> {
    let mut made = made(who, draft, Some(&refused));
    if refused.changed_meanwhile {
        let now = who.admin.configuration_to_show().await?;
        if let Ok(mine) = tab::judge(who, draft).await {
            made.beside = usher_pf::diff(&now, &mine);
        }
    }
    if refused.mistakes.is_empty() {
        made.frame = made.frame.notice(Notice::bad(vec![refused.message]));
    }
    let status = if refused.changed_meanwhile {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    page_as(status, &made)
}

/// A warning without the place in the document, which no page shows.
fn bare(warning: &str) -> &str {
    match warning.split_once(": ") {
        Some((place, words)) if !place.contains(' ') => words,
        _ => warning,
    }
}

/// Behaviour §3: whoever administers the target is named, or said not to be in the directory, before anything runs.
fn require_protection(body: &Body) -> Result<(), Refused> {
    let is_on = |document: &Value| document.get("active").and_then(Value::as_bool) == Some(true);
    let runs = is_on(&body.document) && body.kept().any(|channel| is_on(&channel.document));
    if !runs || body.nobody_to_protect || settings::protects_somebody(body) {
        return Ok(());
    }
    let words = "expected the accounts that administer the target, or the tick that none of them is in this directory, before anything is turned on; found neither";
    Err(Refused {
        mistakes: vec![(settings::PROTECTION.to_owned(), words.to_owned())],
        ..Refused::because("Nothing was saved.")
    })
}

/// The date of the key goes where alerts look for it. What is taken anyway needs no note.
fn key_expiry(
    who: &SignedIn,
    draft: &Draft,
    configuration: &mut Configuration,
) -> Result<(), Refused> {
    let id = ConnectionId::new(&draft.id);
    let mut all = configuration.sp_connections.iter();
    let taken = all
        .find(|sp| sp.id == id)
        .and_then(|sp| configuration.alerts.key_expires_at(sp))
        .map(day_of);
    let wanted = draft.body.key_expires.as_str();
    let Some(day) = calendar::day(wanted).filter(|_| taken.as_deref() != Some(wanted)) else {
        return Ok(());
    };
    let at = day.saturating_mul(24 * 60 * 60 * 1000);
    *configuration = who
        .admin
        .with_key_expiry(configuration, &id, at)
        .map_err(Refused::because)?;
    Ok(())
}

fn unless_changed(body: &Body, id: &str, configuration: &Configuration) -> Result<(), Refused> {
    let mut sps = configuration.sp_connections.iter();
    let now = sps.find(|sp| sp.id.as_str() == id);
    let now = now.map(|sp| published_sp_connection(sp, false));
    match (&body.base, now) {
        (Some(base), Some(now)) => Refused::unless_seen(base, &now),
        (Some(_), None) => Err(Refused::because(
            "Somebody else deleted this connection since you opened it. Discard the draft, or copy what you need from it.",
        )),
        (None, _) => Ok(()),
    }
}
