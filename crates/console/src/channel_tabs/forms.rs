//! The form of a tab: shown, kept, and judged when it is left by Next.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use usher_engine::admin::Permission;

use super::here::{self, Here, Page, onward, view};
use super::said;
use super::specs::Group;
use crate::connections::draft::{Body, ChannelDraft};
use crate::connections::steps::goes_on;
use crate::connections::tab::{self, Place, Sent};
use crate::form::{self, Field, Form, Mistakes, Spec, Summed};
use crate::frame::{Fault, Frame, Notice, SignedIn, page, page_as};

/// Fields under a heading; without one when it is empty.
pub(super) struct Shown {
    pub(super) legend: &'static str,
    /// Side by side, where there is room.
    pub(super) dense: bool,
    pub(super) fields: Vec<Field>,
}

/// A further button of a tab.
pub(super) struct Button {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
}

/// A link of a tab.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) label: &'static str,
}

#[derive(Template)]
#[template(path = "channel_tabs/form.html")]
pub(super) struct FormPage {
    pub(super) frame: Frame,
    pub(super) action: String,
    pub(super) version: u64,
    pub(super) groups: Vec<Shown>,
    pub(super) summary: Vec<Summed>,
    /// What was found, made by another template of ours.
    pub(super) found: String,
    pub(super) links: Vec<Link>,
    pub(super) buttons: Vec<Button>,
    pub(super) previous: bool,
    /// Whether it can be changed.
    pub(super) may: bool,
}

impl FormPage {
    pub(super) fn new(
        who: &SignedIn,
        here: &Here,
        tab: Page,
        groups: Vec<Shown>,
        mistakes: &Mistakes,
    ) -> Result<Self, Fault> {
        let may = who.may(Permission::Configure);
        let fix = |mut field: Field| {
            field.fixed |= !may;
            field
        };
        let groups: Vec<Shown> = groups
            .into_iter()
            .map(|group| Shown {
                fields: group.fields.into_iter().map(fix).collect(),
                ..group
            })
            .collect();
        let all: Vec<&Field> = groups.iter().flat_map(|group| &group.fields).collect();
        Ok(Self {
            frame: here::frame(who, here, tab)?,
            action: here.href(tab),
            version: here.draft.version,
            summary: mistakes.summary(&all),
            groups,
            found: String::new(),
            links: Vec::new(),
            buttons: Vec::new(),
            previous: tab != Page::Info,
            may,
        })
    }
}

/// A tab that is a form: what a page of its own adds is made by `dress`.
pub(super) struct FormTab {
    pub(super) page: Page,
    pub(super) groups: &'static [Group],
    /// Puts its links, buttons and fields of its own to the page.
    pub(super) dress: fn(&SignedIn, &Here, &mut FormPage),
    /// Brings what is no plain field into the channel.
    pub(super) put: fn(&mut ChannelDraft, &Form),
}

/// What came of sending a tab.
pub(super) enum Outcome {
    /// This is the answer.
    Answer(Response),
    /// It is kept, and its button asks for something of its own.
    Kept(Here),
}

impl FormTab {
    fn specs(&self) -> impl Iterator<Item = &'static Spec> {
        self.groups.iter().flat_map(|group| group.specs.iter())
    }

    /// The page with a channel as it is in the draft.
    pub(super) fn made(
        &self,
        who: &SignedIn,
        here: &Here,
        mistakes: &Mistakes,
    ) -> Result<FormPage, Fault> {
        let view = here.view()?;
        let groups = self.groups.iter().map(|group| Shown {
            legend: group.legend,
            dense: self.page == Page::Policy,
            fields: form::show(&group.specs, &view, mistakes),
        });
        self.dressed(who, here, groups.collect(), mistakes)
    }

    fn dressed(
        &self,
        who: &SignedIn,
        here: &Here,
        groups: Vec<Shown>,
        mistakes: &Mistakes,
    ) -> Result<FormPage, Fault> {
        let mut made = FormPage::new(who, here, self.page, groups, mistakes)?;
        (self.dress)(who, here, &mut made);
        Ok(made)
    }

    pub(super) async fn shown(&self, who: &SignedIn, id: &str, n: &str) -> Result<Response, Fault> {
        let here = Here::open(who, id, n).await?;
        page(&self.made(who, &here, &Mistakes::default())?)
    }

    /// Keeps what was sent, and judges it when it is left by Next.
    pub(super) async fn keep(
        &self,
        who: &SignedIn,
        (id, n): (&str, &str),
        form: &Form,
    ) -> Result<Outcome, Fault> {
        who.admin.require(Permission::Configure)?;
        let before = Here::open(who, id, n).await?;
        let (specs, policy) = self.parted();
        let index = before.n;
        let was = before.channel()?.clone();
        let put = |body: &mut Body, form: &Form| {
            if let Some(channel) = body.channels.get_mut(index) {
                self.put_into(channel, &policy, form);
                said::forget_seen(&was, channel);
            }
        };
        let place = (Place::Channel(index), specs.as_slice());
        let here = match tab::keep(who, id, place, form, put).await? {
            Sent::Kept(draft) => Here::of(draft, n)?,
            Sent::Beside { theirs, notice, .. } => {
                let theirs = Here::of(*theirs, n)?;
                return self.beside(who, &theirs, form, notice).map(Outcome::Answer);
            }
        };
        if goes_on(form) || form.text("go") == "done" {
            let mistakes = here.judge(who).await.among(self.page.places());
            if !mistakes.is_empty() && goes_on(form) {
                let made = self.made(who, &here, &mistakes)?;
                return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made).map(Outcome::Answer);
            }
        }
        Ok(match form.text("go") {
            "next" | "previous" | "stay" | "done" | "" => {
                Outcome::Answer(onward(form, &here, self.page))
            }
            _ => Outcome::Kept(here),
        })
    }

    /// The fields of the document, and those of the policy beside it.
    fn parted(&self) -> (Vec<Spec>, Vec<Spec>) {
        let of_policy = |spec: &Spec| spec.path.starts_with("policy.");
        self.specs().copied().partition(|spec| !of_policy(spec))
    }

    fn put_into(&self, channel: &mut ChannelDraft, policy: &[Spec], form: &Form) {
        if !policy.is_empty() {
            said::put(channel, policy, form);
        }
        (self.put)(channel, form);
    }

    /// What was typed, and beside it what somebody else has meanwhile.
    fn beside(
        &self,
        who: &SignedIn,
        theirs: &Here,
        form: &Form,
        notice: Notice,
    ) -> Result<Response, Fault> {
        let mut mine = theirs.channel()?.clone();
        let (specs, policy) = self.parted();
        form::take(&specs, form, &mut mine.document);
        self.put_into(&mut mine, &policy, form);
        let (mine, saved) = (view(&mine), theirs.view()?);
        let groups = self.groups.iter().map(|group| Shown {
            legend: group.legend,
            dense: self.page == Page::Policy,
            fields: form::show_beside(&group.specs, &mine, &saved),
        });
        let mut made = self.dressed(who, theirs, groups.collect(), &Mistakes::default())?;
        made.frame = made.frame.notice(notice);
        page_as(tab::BESIDE, &made)
    }
}
