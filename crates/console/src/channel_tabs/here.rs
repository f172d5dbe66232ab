//! The tabs of a channel: which there are, what stands around them, and where their buttons lead.

use axum::response::Response;
use serde_json::{Map, Value};
use usher_admin_api::documents::{self, Refused};
use usher_core::model::{ChannelId, Configuration};

use super::said;
use crate::connections::draft::{ChannelDraft, Draft};
use crate::connections::{steps, tab};
use crate::form::{Form, Mistakes, at, set};
use crate::frame::{Done, Fault, Frame, SignedIn, Tab, see, see_done};

/// A tab of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Info,
    Source,
    Settings,
    Location,
    Mapping,
    Policy,
    Summary,
}

/// In their order.
pub(super) const ALL: [Page; 7] = [
    Page::Info,
    Page::Source,
    Page::Settings,
    Page::Location,
    Page::Mapping,
    Page::Policy,
    Page::Summary,
];

impl Page {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Info => "Channel Info",
            Self::Source => "Source",
            Self::Settings => "Source Settings",
            Self::Location => "Source Location",
            Self::Mapping => "Attribute Mapping",
            Self::Policy => "Policy",
            Self::Summary => "Activation & Summary",
        }
    }

    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Info => "channel-info",
            Self::Source => "source",
            Self::Settings => "source-settings",
            Self::Location => "source-location",
            Self::Mapping => "attribute-mapping",
            Self::Policy => "policy",
            Self::Summary => "activation-summary",
        }
    }

    /// The places of the channel's document that this tab answers for; `policy.` stands before those of its policy.
    pub(super) fn places(self) -> &'static [&'static str] {
        match self {
            Self::Info => &["name", "maxThreads", "timeout"],
            Self::Source => &["channelSource.dataSource"],
            Self::Settings => &[
                "channelSource.guidAttributeName",
                "channelSource.guidBinary",
                "channelSource.groupMembershipDetection",
                "channelSource.changeDetectionSettings",
                "channelSource.accountManagementSettings",
            ],
            Self::Location => &[
                "channelSource.baseDn",
                "channelSource.userSourceLocation",
                "channelSource.groupSourceLocation",
                "policy.exclude",
                "policy.further_group_dns",
            ],
            Self::Mapping => &["attributeMapping"],
            Self::Policy => &["policy"],
            Self::Summary => &["active"],
        }
    }
}

/// A channel of a draft.
pub(super) struct Here {
    pub(super) draft: Draft,
    /// Its position in the draft.
    pub(super) n: usize,
}

impl Here {
    pub(super) async fn open(who: &SignedIn, id: &str, n: &str) -> Result<Self, Fault> {
        Self::of(Draft::load(who, id).await?, n)
    }

    pub(super) fn of(draft: Draft, n: &str) -> Result<Self, Fault> {
        let there = n.parse().ok().filter(|n: &usize| {
            let channel = draft.body.channels.get(*n);
            channel.is_some_and(|channel| !channel.dropped)
        });
        let missing = || Fault::missing(format!("There is no channel {n} in this SP connection."));
        let n = there.ok_or_else(missing)?;
        Ok(Self { draft, n })
    }

    pub(super) fn channel(&self) -> Result<&ChannelDraft, Fault> {
        let channel = self.draft.body.channels.get(self.n);
        channel.ok_or_else(Fault::defect)
    }

    pub(super) fn href(&self, page: Page) -> String {
        self.draft.channel_href(self.n, page.slug())
    }

    /// What its forms show: its document with what is so where it says nothing, and its policy beside.
    pub(super) fn view(&self) -> Result<Value, Fault> {
        Ok(view(self.channel()?))
    }

    /// Everything wrong with the channel as it is, judged as saving would.
    pub(super) async fn judge(&self, who: &SignedIn) -> Mistakes {
        match tab::judge(who, &self.draft).await {
            Ok(_) => Mistakes::default(),
            Err(refused) => self.mistakes(&refused),
        }
    }

    fn mistakes(&self, refused: &Refused) -> Mistakes {
        let place = tab::Place::Channel(self.n);
        let mistakes = tab::mistakes(refused, &self.draft.body, place);
        // A location that says nobody is mended at its filter.
        mistakes.renamed(|field| match field {
            "channelSource.userSourceLocation" | "channelSource.groupSourceLocation" => {
                format!("{field}.filter")
            }
            other => other.to_owned(),
        })
    }

    /// The configuration with the draft as far as it goes, the channel's id in it, and what is wrong with the channel.
    pub(super) async fn sketch(
        &self,
        who: &SignedIn,
    ) -> Result<(Configuration, ChannelId, Mistakes), Fault> {
        let body = &self.draft.body;
        let (document, policies) = (body.whole(), body.policies());
        let prepare = |configuration: &mut Configuration| tab::rename(who, body, configuration);
        let wanted = tab::wanted(body, &document, &policies);
        let sketched = documents::sketch(&who.admin, wanted, prepare).await;
        let (configuration, wrong) = sketched.map_err(|refused| not_yet(&refused.message))?;
        let before = body.channels.iter().take(self.n);
        let place = before.filter(|channel| !channel.dropped).count();
        let mut sps = configuration.sp_connections.iter();
        let sp = sps.find(|sp| sp.id.as_str() == self.draft.id);
        let channel = sp.and_then(|sp| sp.channels.get(place));
        let name = self.channel()?.name();
        let Some(channel) = channel.filter(|channel| channel.name == name) else {
            return Err(not_yet(
                "The connection's other tabs, or the names of its channels, are not right yet.",
            ));
        };
        let id = channel.id.clone();
        let mistakes = wrong
            .err()
            .map(|refused| self.mistakes(&refused))
            .unwrap_or_default();
        Ok((configuration, id, mistakes))
    }
}

/// What a channel's forms show.
pub(super) fn view(channel: &ChannelDraft) -> Value {
    let mut view = match &channel.document {
        Value::Object(_) => channel.document.clone(),
        _ => Value::Object(Map::new()),
    };
    let status = "channelSource.accountManagementSettings";
    let defaults = [
        ("maxThreads".to_owned(), Value::from(1)),
        ("timeout".to_owned(), Value::from(60)),
        (format!("{status}.defaultStatus"), Value::from(true)),
        (format!("{status}.flagComparisonStatus"), Value::from(true)),
    ];
    for (path, value) in defaults {
        if at(&view, &path).is_none() {
            set(&mut view, &path, Some(value));
        }
    }
    set(&mut view, "policy", Some(said::effective(&channel.policy)));
    view
}

fn not_yet(why: &str) -> Fault {
    Fault::told(
        axum::http::StatusCode::CONFLICT,
        "This cannot be looked at yet",
        why,
        "What is wrong stands on Activation and Summary of the connection. Mend it there, and come back.",
    )
}

/// The tabs, and what stands around them.
pub(super) fn frame(who: &SignedIn, here: &Here, page: Page) -> Result<Frame, Fault> {
    let tabs = ALL.iter().map(|tab| Tab {
        label: tab.label().to_owned(),
        href: here.href(*tab),
        here: *tab == page,
    });
    let name = match here.channel()?.name() {
        "" => "New channel".to_owned(),
        name => name.to_owned(),
    };
    Ok(steps::around(who, &here.draft, page.label())
        .crumb("Manage Channels", here.draft.href("manage-channels"))
        .crumb(name, here.href(Page::Summary))
        .tabs(tabs.collect()))
}

/// The tab before or after one.
fn beside(page: Page, forward: bool) -> Option<Page> {
    let place = ALL.iter().position(|tab| *tab == page)?;
    let place = if forward {
        place.checked_add(1)
    } else {
        place.checked_sub(1)
    };
    ALL.get(place?).copied()
}

/// Where a tab leads when its form is kept and nothing on it is to be mended.
pub(super) fn onward(form: &Form, here: &Here, page: Page) -> Response {
    match form.text("go") {
        "done" => see(&here.draft.href("manage-channels")),
        "next" | "previous" => {
            let forward = form.text("go") == "next";
            see(&here.href(beside(page, forward).unwrap_or(page)))
        }
        _ => see_done(&here.href(page), Done::Kept),
    }
}
