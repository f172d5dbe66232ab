//! The way through the tabs of a connection.

use axum::response::Response;
use usher_engine::admin::Permission;

use super::draft::Draft;
use crate::form::Form;
use crate::frame::{Done, Frame, Notice, SignedIn, Tab, see, see_done};

pub(super) const LIST: &str = "/sp-connections";

/// A tab of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Template,
    Type,
    General,
    Outbound,
    Summary,
}

/// In their order.
const ALL: [Step; 5] = [
    Step::Template,
    Step::Type,
    Step::General,
    Step::Outbound,
    Step::Summary,
];

impl Step {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Template => "Connection Template",
            Self::Type => "Connection Type",
            Self::General => "General Info",
            Self::Outbound => "Outbound Provisioning",
            Self::Summary => "Activation and Summary",
        }
    }

    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Template => "connection-template",
            Self::Type => "connection-type",
            Self::General => "general-info",
            Self::Outbound => "outbound-provisioning",
            Self::Summary => "activation-summary",
        }
    }

    /// Whether a draft has this tab: a saved connection has its template, and what does not provision has nothing to
    /// say about it.
    fn is_there(self, draft: &Draft) -> bool {
        match self {
            Self::Template => draft.body.base.is_none(),
            Self::Outbound => draft.body.provisions,
            Self::Type | Self::General | Self::Summary => true,
        }
    }

    fn beside(self, draft: &Draft, forward: bool) -> Option<Self> {
        let at = ALL.iter().position(|step| *step == self)?;
        let there = |step: &&Step| step.is_there(draft);
        if forward {
            ALL.iter().skip(at + 1).find(|step| there(step)).copied()
        } else {
            ALL.iter().take(at).rev().find(|step| there(step)).copied()
        }
    }
}

/// The tabs, and what stands around them.
pub(super) fn frame(who: &SignedIn, draft: &Draft, here: Step) -> Frame {
    let tabs = ALL.iter().filter(|step| step.is_there(draft));
    let tabs = tabs.map(|step| Tab {
        label: step.label().to_owned(),
        href: draft.href(step.slug()),
        here: *step == here,
    });
    around(who, draft, here.label()).tabs(tabs.collect())
}

/// What stands around every page of a connection.
pub(crate) fn around(who: &SignedIn, draft: &Draft, title: &str) -> Frame {
    let name = match draft.body.name() {
        "" => "New connection",
        name => name,
    };
    let frame = Frame::new(who, title)
        .crumb("Identity Provider", "")
        .crumb("SP Connections", LIST)
        .crumb(name, draft.href(Step::Summary.slug()));
    frame.notice(Notice::warn(told(who, draft)))
}

/// What whoever looks at a draft should know.
fn told(who: &SignedIn, draft: &Draft) -> Vec<String> {
    if !who.may(Permission::Configure) {
        return vec!["You may look at this connection, not change it.".to_owned()];
    }
    let Some((by, _)) = &draft.changed else {
        return Vec::new();
    };
    if *by == who.session.operator.name {
        return Vec::new();
    }
    vec![format!(
        "`{by}` changed this draft last. Both of you see the same draft."
    )]
}

/// Where a tab leads when its form is sent and nothing on it is to be mended.
pub(super) fn onward(form: &Form, draft: &Draft, here: Step) -> Response {
    let forward = form.text("go") == "next";
    match here.beside(draft, forward) {
        Some(step) if form.text("go") != "stay" => see(&draft.href(step.slug())),
        _ => see_done(&draft.href(here.slug()), Done::Kept),
    }
}

/// Whether the form asks to go on: only then a tab is judged.
pub(crate) fn goes_on(form: &Form) -> bool {
    form.text("go") == "next"
}

/// Whether there is a tab before this one.
pub(super) fn has_previous(draft: &Draft, here: Step) -> bool {
    here.beside(draft, false).is_some()
}
