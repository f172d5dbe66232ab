//! Source Settings, and what the directory says to them.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use usher_core::model::{Channel, DirectoryKind};

use super::forms::{Button, FormPage, FormTab, Outcome};
use super::found::{self, Probed};
use super::here::{Here, Page};
use super::source::{kind_words, loaded_words};
use super::specs::SETTINGS;
use crate::connections::draft::{ChannelDraft, directory_of};
use crate::form::{Form, Mistakes, at, set};
use crate::frame::{Done, Fault, Notice, Posted, SignedIn, page, page_as, see_done};

fn tab() -> FormTab {
    FormTab {
        page: Page::Settings,
        groups: &SETTINGS,
        dress,
        put,
    }
}

fn dress(_: &SignedIn, _: &Here, made: &mut FormPage) {
    made.buttons.push(Button {
        value: "probe",
        label: "Probe",
    });
}

/// An attribute may be meant to be empty, which the document says in its own way; the acknowledgement is a button's.
fn put(channel: &mut ChannelDraft, form: &Form) {
    let path = "channelSource.accountManagementSettings.accountStatusAttributeName";
    if at(&channel.document, path).is_none() {
        set(&mut channel.document, path, Some(Value::from("")));
    }
    if form.text("go") == "acknowledge" {
        channel
            .policy
            .insert("no_disabled_seen".to_owned(), Value::from(true));
    }
}

#[derive(Deserialize)]
pub(super) struct Came {
    loaded: Option<String>,
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
    Query(came): Query<Came>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    let mut made = tab().made(&who, &here, &Mistakes::default())?;
    if let Some(word) = came.loaded {
        let configuration = who.admin.configuration_to_show().await?;
        let kind = directory_of(&configuration, store(&here)?);
        if let Some(words) = loaded_words(&word, kind) {
            made.frame = made.frame.notice(Notice::good(words));
        }
    }
    page(&made)
}

fn store(here: &Here) -> Result<&str, Fault> {
    let document = &here.channel()?.document;
    let store = at(document, "channelSource.dataSource.id").and_then(Value::as_str);
    Ok(store.unwrap_or_default())
}

pub(super) async fn keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let here = match tab().keep(&who, (&id, &n), &form).await? {
        Outcome::Answer(response) => return Ok(response),
        Outcome::Kept(here) => here,
    };
    match form.text("go") {
        "probe" => probed(&who, &here).await,
        _ => Ok(see_done(&here.href(Page::Settings), Done::Kept)),
    }
}

/// Whether it is said who is in scope.
fn is_located(channel: &Channel) -> bool {
    let (source, users) = (&channel.source, &channel.source.users);
    !source.base_dn.is_empty() && (users.filter.is_some() || users.group_dn.is_some())
}

/// Asks the directory with the settings as they are.
async fn probed(who: &SignedIn, here: &Here) -> Result<Response, Fault> {
    let (configuration, id, mistakes) = here.sketch(who).await?;
    let places = [Page::Source.places(), Page::Settings.places()].concat();
    let mistakes = mistakes.among(&places);
    if !mistakes.is_empty() {
        let made = tab().made(who, here, &mistakes)?;
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    let mut made = tab().made(who, here, &mistakes)?;
    let asked = who.admin.probe_source(&configuration, &id);
    let report = match Box::pin(who.admin.patient(asked)).await {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return not_answered(made, &error.to_string()),
        Err(why) => return not_answered(made, &why.to_string()),
    };
    let channel = configuration.channel(&id).map(|(_, channel)| channel);
    let survey = if channel.is_some_and(is_located) {
        let counted = who.admin.survey(&configuration, &id, false);
        match Box::pin(who.admin.patient(counted)).await {
            Ok(Ok(survey)) => Some(survey),
            Ok(Err(error)) => return not_answered(made, &error.to_string()),
            Err(why) => return not_answered(made, &why.to_string()),
        }
    } else {
        None
    };
    let expected = directory_of(&configuration, store(here)?);
    let odd = report.looks_like != expected && report.looks_like != DirectoryKind::Generic;
    let acknowledged = here.channel()?.policy.get("no_disabled_seen") == Some(&Value::from(true));
    let probed = Probed {
        server: report.server,
        host: report.host,
        kind: kind_words(report.looks_like),
        otherwise: odd.then(|| kind_words(expected)),
        contexts: report.naming_contexts,
        checks: report.checks,
    };
    made.found = found::render(Some(&probed), survey.as_ref(), acknowledged)?;
    if !acknowledged && survey.is_some_and(|survey| survey.is_nobody_disabled()) {
        made.buttons.push(ACKNOWLEDGE);
    }
    page(&made)
}

/// The button that says that it is right that nobody is disabled.
pub(super) const ACKNOWLEDGE: Button = Button {
    value: "acknowledge",
    label: "It is right that nobody is disabled",
};

/// The page again, with why there is no answer.
pub(super) fn not_answered(mut made: FormPage, why: &str) -> Result<Response, Fault> {
    let lines = vec![
        "The directory could not be asked. What you typed is kept.".to_owned(),
        why.to_owned(),
    ];
    made.frame = made.frame.notice(Notice::bad(lines));
    page_as(StatusCode::BAD_GATEWAY, &made)
}
