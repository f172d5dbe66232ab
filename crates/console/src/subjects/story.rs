//! The story of one person or group.

mod told;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use usher_core::model::{StepState, Verb};
use usher_engine::admin::{Explanation, GroupPath, LinkView, Permission, StepWanted};
use usher_store::ExchangeRecord;

use self::told::{Field, Member, StepTold};
use super::row::{called, state, verdict};
use super::{LIST, nobody, number};
use crate::frame::when::When;
use crate::frame::{Fault, Frame, Shown, SignedIn, href, page, patient};
use crate::steps::kind_words;

/// Memberships on a page.
const EACH: u32 = 50;

/// A story as the page tells it.
pub(super) struct Story {
    pub(super) id: i64,
    pub(super) known: bool,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) is_group: bool,
    pub(super) channel: Shown,
    pub(super) channel_id: String,
    pub(super) dn: Shown,
    pub(super) key: Shown,
    pub(super) state: (&'static str, &'static str),
    pub(super) verdict: (&'static str, &'static str),
    pub(super) reason: Shown,
    pub(super) next: Shown,
    pub(super) next_at: Option<When>,
    pub(super) scope: Shown,
    pub(super) clauses: Vec<ClauseTold>,
    pub(super) fields: Vec<Field>,
    pub(super) target_id: Shown,
    pub(super) active: Option<bool>,
    pub(super) linked: Vec<Linked>,
    pub(super) unknown_members: bool,
    pub(super) steps: Vec<StepTold>,
    pub(super) held: bool,
    pub(super) parked: bool,
}

pub(super) struct ClauseTold {
    pub(super) words: Shown,
    pub(super) holds: Option<bool>,
}

/// A step that linked somebody.
pub(super) struct Linked {
    pub(super) at: When,
    pub(super) words: &'static str,
    pub(super) reason: Shown,
}

#[derive(Template)]
#[template(path = "subjects/story.html")]
struct StoryPage {
    frame: Frame,
    story: Story,
    members: Vec<Member>,
    first: Option<String>,
    next: Option<String>,
    may: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    after: String,
}

pub(super) async fn shown(
    who: SignedIn,
    Path(text): Path<String>,
    Query(at): Query<At>,
) -> Result<Response, Fault> {
    let id = number(&text)?;
    let asked = Box::pin(who.admin.explain_subject(id));
    let told = patient(&who.admin, asked).await?;
    let told = told.ok_or_else(|| nobody(&text))?;
    let after = at.after.parse().ok();
    let (members, end) = who.admin.membership_page(id, after, EACH).await?;
    let here = format!("{LIST}/{}", id.0);
    let linked = linked(&who, &told).await?;
    let story = Story::new(told, linked);
    page(&StoryPage {
        frame: Frame::new(&who, &story.name).crumb("People and groups", LIST),
        may: who.session.operator.may(Permission::Operate),
        members: members.into_iter().map(Member::from).collect(),
        first: after.map(|_: i64| here.clone()),
        next: end.map(|end| href(&here, &[("after", &end.to_string())])),
        story,
    })
}

/// The steps that linked it, newest first.
async fn linked(who: &SignedIn, told: &Explanation) -> Result<Vec<Linked>, Fault> {
    let wanted = StepWanted {
        states: vec!["succeeded".to_owned()],
        verbs: vec![Verb::Create, Verb::Adopt, Verb::Rekey],
        subject: told.subject.id,
        ..StepWanted::default()
    };
    let page = who
        .admin
        .step_page(&told.subject.channel, &wanted, None, 20);
    let (mut steps, _) = page.await?;
    steps.reverse();
    let linked = steps.iter().map(|step| Linked {
        at: When::at(step.changed_at),
        words: match step.sample.verb {
            Verb::Create => "created at the target",
            Verb::Rekey => "kept under a new source key",
            _ => "an account that was there was adopted",
        },
        reason: Shown::value(&step.sample.reason),
    });
    Ok(linked.collect())
}

impl Story {
    pub(super) fn new(told: Explanation, linked: Vec<Linked>) -> Self {
        let view = LinkView::from(&told.subject);
        let is_group = view.kind == usher_core::model::Kind::Group;
        let live = |is: fn(&StepState) -> bool| told.steps.iter().any(|step| is(&step.state));
        let clauses = told.clauses.iter().map(|clause| ClauseTold {
            words: Shown::value(&clause.words),
            holds: clause.holds,
        });
        let exchanges: &[ExchangeRecord] = &told.exchanges;
        Self {
            id: view.id,
            known: told.known,
            name: called(&view.display, &view.dn),
            kind: kind_words(view.kind),
            is_group,
            channel: Shown::name(&told.channel),
            channel_id: view.channel.to_string(),
            dn: Shown::value(&view.dn),
            key: Shown::line(&view.key),
            state: state(view.state),
            verdict: verdict(view.verdict),
            reason: Shown::value(&view.reason),
            next: Shown::value(&told.next.what),
            next_at: told.next.at.map(When::at),
            scope: Shown::new(&told.scope, 2_000),
            clauses: clauses.collect(),
            fields: told::fields(&told.mapping, &view),
            target_id: Shown::line(view.target_id.as_deref().unwrap_or_default()),
            active: view.active_at_target,
            linked,
            unknown_members: told.known && is_group && !told.subject.members_complete,
            held: live(|state| matches!(state, StepState::Held { .. })),
            parked: live(|state| matches!(state, StepState::Parked { .. })),
            steps: told
                .steps
                .iter()
                .map(|step| StepTold::new(step, exchanges))
                .collect(),
        }
    }
}

impl From<GroupPath> for Member {
    fn from(path: GroupPath) -> Self {
        Self {
            id: path.id.0,
            name: called(&path.name, ""),
            desired: path.desired,
            present: path.present,
            via: path.via.iter().map(|group| Shown::line(group)).collect(),
        }
    }
}
