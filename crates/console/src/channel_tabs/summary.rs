//! Activation & Summary of a channel: the switch, and every tab at a glance with what is wrong on it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde_json::Value;
use usher_engine::admin::Permission;

use super::here::{self, ALL, Here, Page, onward};
use super::policy;
use super::said;
use super::specs::{Group, INFO, LOCATION, SETTINGS};
use crate::connections::draft::Body;
use crate::connections::tab::{self, Place, Sent};
use crate::form::{Choice, Control, Field, Form, Mistakes, at, set};
use crate::frame::{Fault, Frame, Posted, Shown, SignedIn, page, page_as};

/// A tab with what it says.
struct Part {
    label: &'static str,
    href: String,
    rows: Vec<(String, String)>,
    wrong: Vec<String>,
}

#[derive(Template)]
#[template(path = "channel_tabs/summary.html")]
struct SummaryPage {
    frame: Frame,
    action: String,
    version: u64,
    active: Field,
    parts: Vec<Part>,
    /// What is wrong in all.
    wrong: usize,
    may: bool,
}

async fn made(who: &SignedIn, here: &Here) -> Result<SummaryPage, Fault> {
    let mistakes = if who.may(Permission::Configure) {
        here.judge(who).await
    } else {
        Mistakes::default()
    };
    let view = here.view()?;
    let tabs = ALL.iter().filter(|tab| **tab != Page::Summary);
    let parts = tabs.map(|tab| part(who, here, *tab, &view, &mistakes));
    let parts = parts.collect::<Result<Vec<Part>, Fault>>()?;
    let is_on = at(&view, "active").and_then(Value::as_bool) == Some(true);
    let choices = vec![
        Choice::new("true", "Active"),
        Choice::new("false", "Inactive"),
    ];
    let mut active = Field::new("active", "Channel Status", Control::Radio(choices))
        .value(if is_on { "true" } else { "false" })
        .help("An active channel of an active connection runs as soon as the connection is saved. Turning it off stops it; nothing is done at the target.");
    active.fixed = !who.may(Permission::Configure);
    Ok(SummaryPage {
        frame: here::frame(who, here, Page::Summary)?,
        action: here.href(Page::Summary),
        version: here.draft.version,
        active,
        wrong: parts.iter().map(|part| part.wrong.len()).sum(),
        parts,
        may: who.may(Permission::Configure),
    })
}

fn part(
    who: &SignedIn,
    here: &Here,
    tab: Page,
    view: &Value,
    mistakes: &Mistakes,
) -> Result<Part, Fault> {
    let channel = here.channel()?;
    let wrong = mistakes.among(tab.places());
    let wrong: Vec<String> = match tab {
        // What stands on Source Location is told there.
        Page::Policy => wrong.without(Page::Location.places()).words(),
        _ => wrong.words(),
    };
    Ok(Part {
        label: tab.label(),
        href: here.href(tab),
        rows: match tab {
            Page::Info => rows(&INFO, view),
            Page::Source => {
                let store = at(view, "channelSource.dataSource.id").and_then(Value::as_str);
                let store = store.unwrap_or("none yet").to_owned();
                vec![("Active Data Store".to_owned(), store)]
            }
            Page::Settings => rows(&SETTINGS, view),
            Page::Location => rows(&LOCATION, view),
            Page::Mapping => mapped(who, here, view),
            Page::Policy => {
                let said = said::leaves(&channel.policy);
                let said = said.into_iter();
                said.map(|(path, value)| (policy::words(&path), value))
                    .collect()
            }
            Page::Summary => Vec::new(),
        },
        wrong,
    })
}

/// What the fields of a tab say.
fn rows(groups: &[Group], view: &Value) -> Vec<(String, String)> {
    let specs = groups.iter().flat_map(|group| &group.specs);
    let shown = specs.map(|spec| {
        let field = spec.show(view, &Mistakes::default());
        let value = match &field.control {
            Control::Box if field.value == "true" => "yes".to_owned(),
            Control::Select(choices) => {
                let mut choices = choices.iter();
                let chosen = choices.find(|choice| choice.value == field.value);
                chosen.map_or(field.value, |choice| choice.label.clone())
            }
            _ => field.value,
        };
        (field.label, value)
    });
    shown.filter(|(_, value)| !value.is_empty()).collect()
}

/// Each mapped field and where it comes from.
fn mapped(who: &SignedIn, here: &Here, view: &Value) -> Vec<(String, String)> {
    let connectors = &who.admin.engine.connectors;
    let connector = connectors.connector(here.draft.body.connector());
    let label = |name: &str| {
        let descriptor = connector.map(usher_connector::Connector::descriptor);
        let field = descriptor.and_then(|descriptor| descriptor.field(name));
        field.map_or_else(|| name.to_owned(), |field| field.label.clone())
    };
    let rules = at(view, "attributeMapping").and_then(Value::as_array);
    let rules = rules.map(Vec::as_slice).unwrap_or_default().iter();
    let named = rules.filter_map(|rule| {
        let name = rule.get("fieldName")?.as_str()?;
        Some((label(name), from(rule)))
    });
    named.collect()
}

/// Where a mapped field comes from, in a line.
pub(super) fn from(rule: &Value) -> String {
    let text = |path: &str| at(rule, path).and_then(Value::as_str).unwrap_or_default();
    let names = at(rule, "saasFieldInfo.attributeNames").and_then(Value::as_array);
    let names = names.map(Vec::as_slice).unwrap_or_default().iter();
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    let mut parts = vec![names.join(", ")];
    let (expression, default) = (
        text("saasFieldInfo.expression"),
        text("saasFieldInfo.defaultValue"),
    );
    if !expression.is_empty() {
        parts.push(format!("expression {expression}"));
    }
    if !default.is_empty() {
        parts.push(format!("default {default}"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    page(&made(&who, &here).await?)
}

pub(super) async fn keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let index = Here::open(&who, &id, &n).await?.n;
    let put = |body: &mut Body, form: &Form| {
        if let Some(channel) = body.channels.get_mut(index) {
            let active = Value::from(form.text("active") == "true");
            set(&mut channel.document, "active", Some(active));
        }
    };
    match tab::keep(&who, &id, (Place::Channel(index), &[]), &form, put).await? {
        Sent::Kept(draft) => Ok(onward(&form, &Here::of(draft, &n)?, Page::Summary)),
        Sent::Beside { theirs, notice, .. } => {
            let theirs = Here::of(*theirs, &n)?;
            let mut made = made(&who, &theirs).await?;
            made.frame = made.frame.notice(notice);
            page_as(tab::BESIDE, &made)
        }
    }
}
