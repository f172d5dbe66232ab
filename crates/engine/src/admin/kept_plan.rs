//! A plan that is kept for a while, so that it can be looked through.

use std::sync::Arc;

use usher_core::model::{ChannelId, Configuration, SourceKey, StepId};

use super::Admin;
use super::history::Stretch;
use super::plan::{Rehearsed, describe};
use super::plan_steps::steps_of_plan;
use super::report::{PlanOptions, PlanReport};
use super::step_pages::{StepView, StepWanted, step_page};
use crate::context::Progress;
use crate::error::EngineError;

/// A plan with the copy of the state that it was made on.
pub struct KeptPlan {
    /// What it tells, with some steps of each operation.
    pub report: PlanReport,
    rehearsed: Rehearsed,
    only: Option<Vec<SourceKey>>,
    of_draft: bool,
}

impl Admin {
    /// As [`Admin::plan`]; the copy of the state stays on disk until the plan is dropped.
    pub async fn plan_and_keep(
        &self,
        channel: &ChannelId,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<KeptPlan, EngineError> {
        let rehearsed = self
            .rehearse(Some(channel.as_str()), options, progress)
            .await?;
        KeptPlan::of(rehearsed, options, false).await
    }

    /// What saving another configuration would cause in one of its channels (behaviour §14): shown, never applied.
    pub async fn plan_draft_and_keep(
        &self,
        draft: Configuration,
        channel: &ChannelId,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<KeptPlan, EngineError> {
        let rehearsed = self.rehearse_draft(draft, channel, options, progress);
        KeptPlan::of(rehearsed.await?, options, true).await
    }
}

impl KeptPlan {
    async fn of(
        rehearsed: Rehearsed,
        options: &PlanOptions,
        of_draft: bool,
    ) -> Result<Self, EngineError> {
        let Rehearsed {
            engine,
            open,
            cycle,
            ..
        } = &rehearsed;
        let report = describe(engine, open, cycle.clone(), options).await?;
        Ok(Self {
            report,
            rehearsed,
            only: options.only.clone(),
            of_draft,
        })
    }

    /// Whether it was made with a configuration that is not saved: then there is nothing to apply.
    pub fn of_draft(&self) -> bool {
        self.of_draft
    }

    /// The subjects that it is about, if not about all.
    pub fn only(&self) -> Option<&[SourceKey]> {
        self.only.as_deref()
    }

    /// Its steps, in the order of their ids. The page may be short although more follow.
    pub async fn steps(
        &self,
        wanted: &StepWanted,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<StepView>, EngineError> {
        let Rehearsed {
            engine,
            open,
            cycle,
            ..
        } = &self.rehearsed;
        let mut filter = steps_of_plan(engine.store.as_ref(), open, cycle, self.only()).await?;
        let asked = wanted.filter();
        filter.verbs = asked.verbs;
        if !asked.states.is_empty() {
            filter.states = asked.states;
        }
        if let Some(subject) = wanted.subject {
            if !filter.subjects.is_empty() && !filter.subjects.contains(&subject) {
                // Not in this plan: it planned nothing for that subject.
                filter.cycle = Some(cycle.id);
            }
            filter.subjects = vec![subject];
        }
        let after = StepId(after.unwrap_or_default());
        step_page(engine, open, &filter, wanted, after, limit).await
    }
}
