//! Source Location: who is in scope, counted with the draft as it is, and looked up in the directory.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use usher_connector::TreeEntry;
use usher_core::model::DataStoreId;
use usher_engine::admin::{Permission, Survey};

use super::forms::{Button, FormPage, FormTab, Outcome};
use super::found;
use super::here::{self, Here, Page};
use super::said;
use super::settings::{ACKNOWLEDGE, not_answered};
use super::specs::LOCATION;
use crate::connections::draft::{Body, ChannelDraft, NotKept};
use crate::connections::tab::{self, Place, Sent};
use crate::form::{Form, Mistakes, at, set};
use crate::frame::{
    Done, Fault, Frame, Notice, Posted, Shown, SignedIn, page, page_as, see, see_done,
};

/// Entries of one level that are shown.
const MOST: u32 = 500;

/// The places that a DN can be chosen for: the name in an address, the place, and what it is called.
const CHOSEN: [(&str, &str, &str); 3] = [
    ("baseDn", "channelSource.baseDn", "Base DN"),
    (
        "users",
        "channelSource.userSourceLocation.groupDN",
        "Users: Group DN",
    ),
    (
        "groups",
        "channelSource.groupSourceLocation.groupDN",
        "Groups: Group DN",
    ),
];

fn tab() -> FormTab {
    FormTab {
        page: Page::Location,
        groups: &LOCATION,
        dress,
        put,
    }
}

fn dress(_: &SignedIn, _: &Here, made: &mut FormPage) {
    for (value, label) in [
        ("count", "Count"),
        ("browse-baseDn", "Browse for Base DN"),
        ("browse-users", "Browse for Users: Group DN"),
        ("browse-groups", "Browse for Groups: Group DN"),
    ] {
        made.buttons.push(Button { value, label });
    }
}

fn put(channel: &mut ChannelDraft, form: &Form) {
    if form.text("go") == "acknowledge" {
        channel
            .policy
            .insert("no_disabled_seen".to_owned(), Value::from(true));
    }
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    tab().shown(&who, &id, &n).await
}

pub(super) async fn keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let here = match tab().keep(&who, (&id, &n), &form).await? {
        Outcome::Answer(response) => return Ok(response),
        Outcome::Kept(here) => here,
    };
    let go = form.text("go");
    if go == "count" {
        return counted(&who, here).await;
    }
    match go.strip_prefix("browse-") {
        Some(target) if chosen(target).is_some() => Ok(see(&format!(
            "{}/browse?for={target}",
            here.href(Page::Location)
        ))),
        _ => Ok(see_done(&here.href(Page::Location), Done::Kept)),
    }
}

/// Counts the scope of the draft as it is, and notes that the number was shown for exactly this.
async fn counted(who: &SignedIn, mut here: Here) -> Result<Response, Fault> {
    let (configuration, id, mistakes) = here.sketch(who).await?;
    let places = [
        Page::Source.places(),
        Page::Settings.places(),
        Page::Location.places(),
    ];
    let mistakes = mistakes.among(&places.concat());
    if !mistakes.is_empty() {
        let made = tab().made(who, &here, &mistakes)?;
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    let asked = who.admin.survey(&configuration, &id, false);
    let survey = match Box::pin(who.admin.patient(asked)).await {
        Ok(Ok(survey)) => survey,
        Ok(Err(error)) => {
            return not_answered(tab().made(who, &here, &mistakes)?, &error.to_string());
        }
        Err(why) => return not_answered(tab().made(who, &here, &mistakes)?, &why.to_string()),
    };
    let seen = note_seen(who, &mut here, &survey).await?;
    let acknowledged = here.channel()?.policy.get("no_disabled_seen") == Some(&Value::from(true));
    let mut made = tab().made(who, &here, &mistakes)?;
    made.found = found::render(None, Some(&survey), acknowledged)?;
    if survey.is_nobody_disabled() && !acknowledged {
        made.buttons.push(ACKNOWLEDGE);
    }
    made.frame = made.frame.notice(seen);
    page(&made)
}

async fn note_seen(who: &SignedIn, here: &mut Here, survey: &Survey) -> Result<Notice, Fault> {
    if !survey.incomplete.is_empty() {
        let words = "The number does not count as seen, since the read was not complete.";
        return Ok(Notice::warn(vec![words.to_owned()]));
    }
    let n = here.n;
    if let Some(channel) = here.draft.body.channels.get_mut(n) {
        channel
            .policy
            .insert("scope_count_seen".to_owned(), Value::from(true));
    }
    match here.draft.keep(who).await {
        Ok(()) => Ok(Notice::good(
            "Counted. This number counts as seen until the source or the scope is changed.",
        )),
        Err(NotKept::Fault(fault)) => Err(fault),
        Err(NotKept::Meanwhile(_)) => Ok(Notice::warn(vec![
            "Somebody else changed the draft while it was counted, so the number does not count as seen.".to_owned(),
        ])),
    }
}

fn chosen(target: &str) -> Option<(&'static str, &'static str)> {
    let mut all = CHOSEN.into_iter();
    let found = all.find(|(name, ..)| *name == target)?;
    Some((found.1, found.2))
}

#[derive(Deserialize)]
pub(super) struct Browsed {
    #[serde(default)]
    dn: String,
    #[serde(default, rename = "for")]
    target: String,
}

/// An entry of the level that is shown.
struct Row {
    dn: String,
    classes: String,
    /// Whether there can be something below it.
    opens: bool,
    href: String,
}

#[derive(Template)]
#[template(path = "channel_tabs/browse.html")]
struct BrowsePage {
    frame: Frame,
    label: &'static str,
    target: String,
    dn: String,
    rows: Vec<Row>,
    more: bool,
    action: String,
    back: String,
    version: u64,
}

pub(super) async fn browse(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
    Query(browsed): Query<Browsed>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    let (_, label) = chosen(&browsed.target)
        .ok_or_else(|| Fault::missing("There is no such field to choose a DN for."))?;
    let configuration = who.admin.configuration_to_show().await?;
    let store = at(&here.channel()?.document, "channelSource.dataSource.id");
    let store = DataStoreId::new(store.and_then(Value::as_str).unwrap_or_default());
    let asked = who
        .admin
        .tree_level(&configuration, &store, &browsed.dn, MOST);
    let level = match Box::pin(who.admin.patient(asked)).await {
        Ok(level) => level?,
        Err(why) => {
            let hint = "Try it again in a moment, or type the DN.";
            let status = StatusCode::GATEWAY_TIMEOUT;
            return Err(Fault::told(
                status,
                "The directory did not answer",
                why.to_string(),
                hint,
            ));
        }
    };
    let action = format!("{}/browse", here.href(Page::Location));
    let row = |entry: TreeEntry| Row {
        classes: entry.object_classes.join(", "),
        opens: entry.has_children != Some(false),
        href: format!("{action}?{}", query(&browsed.target, &entry.dn)),
        dn: entry.dn,
    };
    page(&BrowsePage {
        frame: here::frame(&who, &here, Page::Location)?,
        label,
        rows: level.entries.into_iter().map(row).collect(),
        more: level.more,
        back: here.href(Page::Location),
        version: here.draft.version,
        target: browsed.target,
        dn: browsed.dn,
        action,
    })
}

fn query(target: &str, dn: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("for", target)
        .append_pair("dn", dn)
        .finish()
}

/// Puts a chosen DN into the draft.
pub(super) async fn choose(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let before = Here::open(&who, &id, &n).await?;
    let (path, _) = chosen(form.text("for"))
        .ok_or_else(|| Fault::missing("There is no such field to choose a DN for."))?;
    let (index, was) = (before.n, before.channel()?.clone());
    let put = |body: &mut Body, form: &Form| {
        if let Some(channel) = body.channels.get_mut(index) {
            set(
                &mut channel.document,
                path,
                Some(Value::from(form.text("dn"))),
            );
            said::forget_seen(&was, channel);
        }
    };
    match tab::keep(&who, &id, (Place::Channel(index), &[]), &form, put).await? {
        Sent::Kept(draft) => {
            let here = Here::of(draft, &n)?;
            Ok(see_done(&here.href(Page::Location), Done::Kept))
        }
        Sent::Beside { theirs, notice, .. } => {
            let theirs = Here::of(*theirs, &n)?;
            let mut made = tab().made(&who, &theirs, &Mistakes::default())?;
            made.frame = made.frame.notice(notice);
            page_as(tab::BESIDE, &made)
        }
    }
}
