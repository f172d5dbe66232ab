//! Held steps: why they wait, and what a person decides about them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_core::model::{Hold, Kind, StepId, Verb};
use usher_engine::admin::{DecisionReport, HeldGroup, Permission, Selection, StepView, StepWanted};
use usher_engine::{Silent, to_its_end};

use super::{At, configured, of, tabs};
use crate::form::Form;
use crate::frame::text::{Shown, number};
use crate::frame::when::span;
use crate::frame::{Fault, Frame, Notice, Posted, SignedIn, page, page_as};
use crate::steps::{StepRow, StepRows, hold_words, verb_words};

const PER_PAGE: u32 = 50;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    hold: String,
    verb: String,
    kind: String,
    q: String,
    after: Option<i64>,
}

struct Group {
    hold: String,
    why: &'static str,
    reason: Shown,
    steps: String,
    /// What a person can do.
    can: &'static str,
    is_approvable: bool,
    href: String,
}

pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) chosen: bool,
}

#[derive(Template)]
#[template(path = "channels/held.html")]
struct HeldPage {
    frame: Frame,
    id: String,
    groups: Vec<Group>,
    wanted: Wanted,
    holds: Vec<Choice>,
    verbs: Vec<Choice>,
    rows: StepRows,
    first: Option<String>,
    next: Option<String>,
    expiry: String,
    observes: bool,
    may: bool,
}

pub(super) async fn shown(
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let made = made(&who, &id, wanted, None).await?;
    page(&made)
}

async fn made(
    who: &SignedIn,
    id: &str,
    wanted: Wanted,
    notice: Option<Notice>,
) -> Result<HeldPage, Fault> {
    let (configuration, id) = configured(who, id).await?;
    let (sp, channel) = of(&configuration, &id)?;
    let filter = filter(&wanted);
    let found = who.admin.step_page(&id, &filter, wanted.after, PER_PAGE);
    let (steps, end) = found.await?;
    let groups = who.admin.held_by_reason(&id).await?;
    let record = who.admin.engine.record(sp, &id).await?;
    let mut frame = tabs(who, sp, channel, At::Held);
    frame.notices.extend(notice);
    let may = who.may(Permission::Operate);
    let hours = i64::from(channel.policy.approval_hours);
    Ok(HeldPage {
        frame,
        id: id.to_string(),
        groups: groups
            .iter()
            .map(|group| shown_group(id.as_str(), group))
            .collect(),
        holds: holds(&wanted.hold),
        verbs: verbs(&wanted.verb),
        rows: StepRows {
            rows: steps.iter().map(row).collect(),
            label: "Held steps".to_owned(),
            select: may.then_some("step"),
            empty: "No step is held like that.".to_owned(),
        },
        first: wanted.after.map(|_| wanted.href(id.as_str(), None)),
        next: end.map(|end| wanted.href(id.as_str(), Some(end))),
        wanted,
        expiry: span(hours * 3_600_000),
        observes: record.state != usher_store::ChannelState::Active,
        may,
    })
}

impl Wanted {
    fn href(&self, id: &str, after: Option<i64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in [
            ("hold", &self.hold),
            ("verb", &self.verb),
            ("kind", &self.kind),
            ("q", &self.q),
        ] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("/channels/{id}/held?{}", query.finish())
    }
}

fn filter(wanted: &Wanted) -> StepWanted {
    let hold = Hold::NAMES.into_iter().filter(|name| *name == wanted.hold);
    StepWanted {
        states: vec!["held".to_owned()],
        holds: hold.map(str::to_owned).collect(),
        verbs: Verb::parse(&wanted.verb).into_iter().collect(),
        kind: kind(&wanted.kind),
        text: Some(wanted.q.trim().to_owned()).filter(|text| !text.is_empty()),
        ..StepWanted::default()
    }
}

/// A kind by its name.
pub(crate) fn kind(name: &str) -> Option<Kind> {
    match name {
        "user" => Some(Kind::User),
        "group" => Some(Kind::Group),
        _ => None,
    }
}

/// Every reason to hold a step, to choose from.
pub(crate) fn holds(chosen: &str) -> Vec<Choice> {
    let choice = |value: &'static str| Choice {
        value,
        label: hold_words(value),
        chosen: value == chosen,
    };
    Hold::NAMES.map(choice).into()
}

/// Every operation, to choose from.
pub(crate) fn verbs(chosen: &str) -> Vec<Choice> {
    let choice = |verb: Verb| Choice {
        value: verb.as_str(),
        label: verb_words(verb),
        chosen: verb.as_str() == chosen,
    };
    Verb::ALL.map(choice).into()
}

fn row(step: &StepView) -> StepRow {
    StepRow::of(step, format!("/steps/{}", step.sample.id))
}

fn shown_group(id: &str, group: &HeldGroup) -> Group {
    Group {
        why: hold_words(&group.hold),
        reason: Shown::value(&group.reason),
        steps: number(group.steps),
        can: can(&group.hold),
        is_approvable: is_approvable(&group.hold),
        href: format!("/channels/{id}/held?hold={}", group.hold),
        hold: group.hold.clone(),
    }
}

fn is_approvable(hold: &str) -> bool {
    !Hold::NOT_APPROVABLE.contains(&hold) && !["conflict", "ambiguous", "swap"].contains(&hold)
}

/// What approving would do, or what else helps.
pub(crate) fn can(hold: &str) -> &'static str {
    match hold {
        "conflict" => {
            "Change what they share in the directory, or the mapping: they go on by themselves."
        }
        "ambiguous" | "swap" => {
            "Choose one by approving its step; approving many at once chooses nothing."
        }
        "protected_name" | "owned_elsewhere" => {
            "No approval releases them: change the name, the mapping or the scope."
        }
        "adoption" => {
            "Approving links these to what exists at the target, and keeps it up to date from then on."
        }
        "rekey" => "Approving keeps the account for the new key.",
        "missing" => "Approving makes it anew at the target.",
        "guard" => "Approving sends them although there are more than the limit allows.",
        _ => "Approving sends them as planned; each only if what it expects still holds.",
    }
}

pub(super) async fn decided(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let (_, channel) = configured(&who, &id).await?;
    who.admin.require(Permission::Operate)?;
    let Some(mut selection) = selection(&form) else {
        let lines = vec![
            "Nothing was chosen. Tick steps, choose a reason, or use a button of all.".to_owned(),
        ];
        let made = made(&who, &id, Wanted::default(), Some(Notice::bad(lines))).await?;
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    };
    let admin = who.admin.clone();
    let approves = form.text("decision") == "approve";
    form.text("note").clone_into(&mut selection.note);
    let report = to_its_end(async move {
        let channel = Some(channel.as_str());
        if approves {
            Box::pin(admin.approve(channel, &selection, None, Arc::new(Silent))).await
        } else {
            admin.reject(channel, &selection).await
        }
    });
    let notice = told(&report.await?, approves);
    page(&made(&who, &id, Wanted::default(), Some(notice)).await?)
}

/// What is chosen: the steps that are ticked, those of one reason, or all.
fn selection(form: &Form) -> Option<Selection> {
    let steps: Vec<StepId> = form
        .all("step")
        .filter_map(|text| text.parse().ok().map(StepId))
        .collect();
    let hold = Hold::NAMES
        .into_iter()
        .find(|name| *name == form.text("hold"));
    let selection = match form.text("which") {
        "all" => Selection {
            all: true,
            ..Selection::default()
        },
        "reason" => Selection {
            hold: Some(hold?.to_owned()),
            ..Selection::default()
        },
        _ if steps.is_empty() => return None,
        _ => Selection {
            steps,
            ..Selection::default()
        },
    };
    Some(selection)
}

fn told(report: &DecisionReport, approves: bool) -> Notice {
    let word = if approves { "approved" } else { "rejected" };
    let count = number(report.done);
    let mut lines = vec![match report.done {
        1 => format!("1 step is {word}."),
        _ => format!("{count} steps are {word}."),
    }];
    if !report.stale.is_empty() {
        let count = report.stale.len();
        lines.push(format!("{count} were not held any more: it was too late."));
    }
    let refused = report.refused.iter().take(20);
    lines.extend(refused.map(|(step, why)| {
        let why = crate::frame::text::plain(why, 300);
        format!("Step {step} stays held: {why}")
    }));
    if report.refused.len() > 20 {
        lines.push(format!("{} more stay held.", report.refused.len() - 20));
    }
    if report.done > 0 && report.refused.is_empty() {
        Notice {
            tone: "good",
            lines,
        }
    } else {
        Notice::warn(lines)
    }
}
