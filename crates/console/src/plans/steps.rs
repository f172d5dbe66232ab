//! The steps of a plan: which are shown, and one of them whole.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use usher_admin_api::{Api, work};
use usher_core::model::{Hold, Verb};
use usher_engine::admin::StepWanted;

use crate::channels::held::kind;
use crate::frame::{Fault, Frame, SignedIn, page};
use crate::steps::StepShown;

/// What is shown, as the address says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) verb: String,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) hold: String,
    pub(super) q: String,
    pub(super) after: Option<i64>,
}

impl Wanted {
    pub(super) fn filter(&self) -> StepWanted {
        let hold = Hold::NAMES.into_iter().filter(|name| *name == self.hold);
        let state = ["pending", "held"].into_iter();
        let state = state.filter(|name| *name == self.state);
        StepWanted {
            states: state.map(str::to_owned).collect(),
            verbs: Verb::parse(&self.verb).into_iter().collect(),
            kind: kind(&self.kind),
            holds: hold.map(str::to_owned).collect(),
            text: Some(self.q.trim().to_owned()).filter(|text| !text.is_empty()),
            ..StepWanted::default()
        }
    }

    /// The address of the same from there on.
    pub(super) fn href(&self, here: &str, after: Option<i64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in [
            ("verb", &self.verb),
            ("kind", &self.kind),
            ("state", &self.state),
            ("hold", &self.hold),
            ("q", &self.q),
        ] {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("{here}?{}#steps", query.finish())
    }
}

#[derive(Template)]
#[template(path = "plans/step.html")]
struct StepPage {
    frame: Frame,
    step: StepShown,
}

pub(super) async fn one(
    State(api): State<Api>,
    Path((id, step)): Path<(String, i64)>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let job = super::job(&api, &who, &id)?;
    let plan = work::kept(&api, &who.admin, &job)?;
    // Steps come in the order of their numbers: the first after the number before is the one, if there is one.
    let before = step.saturating_sub(1);
    let found = plan.steps(&StepWanted::default(), Some(before), 1).await?;
    let found = found.0.into_iter().find(|one| one.sample.id == step);
    let found = found.ok_or_else(|| Fault::missing("There is no such step in this plan."))?;
    let frame = super::frame(&who, &job, &format!("Step {step} of a plan")).await?;
    page(&StepPage {
        frame: frame.crumb("Plan", format!("/plans/{}", job.id)),
        step: StepShown::of(&found),
    })
}
