//! Steps in pages, and one step with everything about it.

use std::collections::BTreeMap;

use usher_core::model::{
    ChannelId, CycleId, Kind, Millis, Step, StepId, StepState, Subject, SubjectId, Verb,
};
use usher_store::{ExchangeRecord, StepFilter};

use super::Admin;
use super::history::{CHUNK, LOOKED_AT, Stretch};
use super::operator::Permission;
use super::plan::samples;
use super::report::StepSample;
use crate::context::{Engine, OpenChannel};
use crate::error::EngineError;

/// Exchanges of a subject among which those of one step are looked for.
const EXCHANGES: u32 = 1_000;

/// Which steps; empty = any.
#[derive(Clone, Debug, Default)]
pub struct StepWanted {
    /// In one of these states, by name.
    pub states: Vec<String>,
    /// With one of these verbs.
    pub verbs: Vec<Verb>,
    /// About people, or about groups.
    pub kind: Option<Kind>,
    /// Held for one of these reasons, by name.
    pub holds: Vec<String>,
    /// Planned by this cycle.
    pub cycle: Option<CycleId>,
    /// About this subject.
    pub subject: Option<SubjectId>,
    /// About somebody whose display, DN, source key or target id contains this, in any case.
    pub text: Option<String>,
}

/// A step, shown.
#[derive(Clone, Debug)]
pub struct StepView {
    /// Whom it is about, what changes, the very request.
    pub sample: StepSample,
    /// Where it is.
    pub state: StepState,
    /// Whom it is about, by number.
    pub subject: SubjectId,
    /// The cycle that planned it.
    pub cycle: CycleId,
    /// Its channel.
    pub channel: ChannelId,
    /// When it was planned.
    pub created_at: Millis,
    /// When its state last changed.
    pub changed_at: Millis,
    /// Attempts made.
    pub attempts: u32,
}

impl StepWanted {
    /// The part that the store can judge.
    pub(super) fn filter(&self) -> StepFilter {
        StepFilter {
            cycle: self.cycle,
            subjects: self.subject.into_iter().collect(),
            states: self.states.clone(),
            verbs: self.verbs.clone(),
            ..StepFilter::default()
        }
    }

    fn fits(&self, step: &Step) -> bool {
        let held = |hold: &usher_core::model::Hold| self.holds.iter().any(|n| n == hold.name());
        self.kind.is_none_or(|kind| kind == step.kind)
            && (self.holds.is_empty()
                || matches!(&step.state, StepState::Held { hold } if held(hold)))
    }
}

impl Admin {
    /// Steps of a channel, in the order of their ids. The page may be short although more follow.
    pub async fn step_page(
        &self,
        channel: &ChannelId,
        wanted: &StepWanted,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<StepView>, EngineError> {
        self.require(Permission::Look)?;
        let configuration = self.engine.configuration().await?;
        let open = self.engine.open(&configuration, channel)?;
        let filter = StepFilter {
            channel: Some(channel.clone()),
            ..wanted.filter()
        };
        let after = StepId(after.unwrap_or_default());
        step_page(&self.engine, &open, &filter, wanted, after, limit).await
    }

    /// One step with its exchanges, newest first; `None` when there is none.
    pub async fn step(
        &self,
        id: StepId,
    ) -> Result<Option<(StepView, Vec<ExchangeRecord>)>, EngineError> {
        self.require(Permission::Look)?;
        let filter = StepFilter {
            ids: vec![id],
            ..StepFilter::default()
        };
        let Some(step) = self.engine.store.steps(&filter, StepId(0), 1).await?.pop() else {
            return Ok(None);
        };
        let configuration = self.engine.configuration().await?;
        let open = self.engine.open(&configuration, &step.channel)?;
        let mut exchanges = self.engine.store.exchanges(step.subject, EXCHANGES).await?;
        exchanges.retain(|exchange| exchange.step == id);
        let view = views(&self.engine, &open, vec![step]).await?.pop();
        Ok(view.map(|view| (view, exchanges)))
    }
}

/// Steps of a store, looked through until the page is full or enough was looked at.
pub(super) async fn step_page(
    engine: &Engine,
    open: &OpenChannel,
    filter: &StepFilter,
    wanted: &StepWanted,
    after: StepId,
    limit: u32,
) -> Result<Stretch<StepView>, EngineError> {
    let (mut found, mut at, mut looked) = (Vec::new(), after, 0);
    let mut more = true;
    while more && looked < LOOKED_AT && (found.len() as u32) < limit {
        let steps = engine.store.steps(filter, at, CHUNK).await?;
        more = steps.len() as u32 == CHUNK;
        let named = match &wanted.text {
            Some(text) => Some(named(engine, &steps, text).await?),
            None => None,
        };
        for step in steps {
            if found.len() as u32 == limit {
                more = true;
                break;
            }
            looked += 1;
            at = step.id;
            let is_named = named.as_ref().is_none_or(|ids| ids.contains(&step.subject));
            if is_named && wanted.fits(&step) {
                found.push(step);
            }
        }
    }
    let views = views(engine, open, found).await?;
    Ok((views, more.then_some(at.0)))
}

/// Whom of these a text is about.
async fn named(engine: &Engine, steps: &[Step], text: &str) -> Result<Vec<SubjectId>, EngineError> {
    let ids: Vec<SubjectId> = steps.iter().map(|step| step.subject).collect();
    let subjects = engine.store.subjects(&ids).await?;
    let fits = |subject: &Subject| is_named(subject, text);
    Ok(subjects
        .into_iter()
        .filter(fits)
        .filter_map(|subject| subject.id)
        .collect())
}

/// Whether a text is part of what a subject is called.
pub(super) fn is_named(subject: &Subject, text: &str) -> bool {
    let text = text.to_lowercase();
    let target = subject.target_id.as_ref().map_or("", |id| id.as_str());
    [
        subject.display.as_str(),
        subject.dn.as_str(),
        subject.key.as_str(),
        target,
    ]
    .into_iter()
    .any(|name| name.to_lowercase().contains(&text))
}

async fn views(
    engine: &Engine,
    open: &OpenChannel,
    steps: Vec<Step>,
) -> Result<Vec<StepView>, EngineError> {
    let mut kept: BTreeMap<i64, Step> = BTreeMap::new();
    for step in &steps {
        kept.insert(step.id.0, step.clone());
    }
    let shown = samples(engine, open, steps).await?;
    Ok(shown
        .into_iter()
        .filter_map(|sample| {
            let step = kept.remove(&sample.id)?;
            Some(StepView {
                sample,
                state: step.state,
                subject: step.subject,
                cycle: step.cycle,
                channel: step.channel,
                created_at: step.created_at,
                changed_at: step.changed_at,
                attempts: step.attempts,
            })
        })
        .collect())
}
