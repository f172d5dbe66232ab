//! Plans that stand already: what waits for a person is not written again while nothing changed, so that
//! its number, its age and an approval of it keep their meaning.

use std::collections::{BTreeSet, HashMap};

use usher_core::model::{
    Hash128, PlannedStep, Step, StepId, StepState, Subject, SubjectId, Verb, Verdict,
};
use usher_core::planner::{SubjectPlan, is_same_plan};
use usher_store::StepFilter;

use super::run::Run;
use crate::error::EngineError;

/// States of steps that are not over.
const LIVE: [&str; 7] = [
    "planned", "pending", "held", "claimed", "waiting", "parked", "unknown",
];
/// Steps read at once.
const AT_ONCE: u32 = 1_000;

impl Run<'_> {
    /// Whether the plan is the one that waits already: each of its steps is held, the very same ones are
    /// held in the outbox, or were approved and are on their way, no others live there, and the subject
    /// would be stored as it is.
    pub(super) async fn stands(
        &self,
        plan: &SubjectPlan,
        before: &Subject,
        hash: Hash128,
        known: Option<&Vec<Step>>,
    ) -> Result<bool, EngineError> {
        let all_held = plan.steps.iter().all(|step| step.hold.is_some());
        let Some(id) = before.id.filter(|_| all_held && !plan.steps.is_empty()) else {
            return Ok(false);
        };
        if before.desired_hash != Some(hash) {
            return Ok(false);
        }
        let live = self.live(id, known).await?;
        let approved = live.iter().any(|step| is_approved(&step.state));
        let waits = |step: &Step| step.state.name() == "held" || is_approved(&step.state);
        let waits = live.iter().all(waits);
        let steps: Vec<PlannedStep> = live.into_iter().map(|step| step.planned).collect();
        Ok(
            waits
                && is_same_plan(&plan.steps, &steps)
                && is_as_stored(plan, before, hash, approved),
        )
    }

    /// Whether a subject stays given up, and its parked steps with it: a person may try them again.
    pub(super) async fn stays_parked(
        &self,
        plan: &SubjectPlan,
        known: Option<&Vec<Step>>,
    ) -> Result<bool, EngineError> {
        let Some(id) = plan.subject.id.filter(|_| plan.steps.is_empty()) else {
            return Ok(false);
        };
        if plan.verdict != Verdict::Parked {
            return Ok(false);
        }
        let live = self.live(id, known).await?;
        Ok(live.iter().all(|step| step.state.name() == "parked"))
    }

    /// Which of these subjects this cycle planned steps for, for their accounts.
    pub(super) async fn planned_of(
        &self,
        ids: &[SubjectId],
    ) -> Result<BTreeSet<SubjectId>, EngineError> {
        let steps = self.account_steps(ids, &["planned"]).await?.into_iter();
        let own = steps.filter(|step| self.is_own(step));
        Ok(own.map(|step| step.subject).collect())
    }

    /// The steps for the accounts of these subjects that are not over; every one asked for is in it.
    pub(super) async fn live_of(
        &self,
        ids: &[SubjectId],
    ) -> Result<HashMap<SubjectId, Vec<Step>>, EngineError> {
        let mut live: HashMap<SubjectId, Vec<Step>> =
            ids.iter().map(|id| (*id, Vec::new())).collect();
        for step in self.account_steps(ids, &LIVE).await? {
            live.entry(step.subject).or_default().push(step);
        }
        Ok(live)
    }

    /// What this cycle planned, of these steps.
    pub(super) fn own_of(&self, live: &[Step]) -> Vec<PlannedStep> {
        let own = live.iter().filter(|step| self.is_own(step));
        own.map(|step| step.planned.clone()).collect()
    }

    fn is_own(&self, step: &Step) -> bool {
        step.cycle == self.cycle && step.state == StepState::Planned
    }

    async fn live(
        &self,
        id: SubjectId,
        known: Option<&Vec<Step>>,
    ) -> Result<Vec<Step>, EngineError> {
        match known {
            Some(known) => Ok(known.clone()),
            None => self.account_steps(&[id], &LIVE).await,
        }
    }

    /// Steps for the accounts of these subjects in these states, in order.
    async fn account_steps(
        &self,
        ids: &[SubjectId],
        states: &[&str],
    ) -> Result<Vec<Step>, EngineError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let filter = StepFilter {
            subjects: ids.to_vec(),
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..StepFilter::default()
        };
        let mut all = Vec::new();
        let mut after = StepId(0);
        loop {
            let some = self.engine.store.steps(&filter, after, AT_ONCE).await?;
            let is_last = some.len() < AT_ONCE as usize;
            after = some.last().map_or(after, |step| step.id);
            let account =
                |step: &Step| !matches!(step.verb(), Verb::AddMembers | Verb::RemoveMembers);
            all.extend(some.into_iter().filter(account));
            if is_last {
                return Ok(all);
            }
        }
    }
}

/// Whether a step that the plan held was released by a person, and has no outcome yet.
fn is_approved(state: &StepState) -> bool {
    match state {
        StepState::Pending
        | StepState::Claimed
        | StepState::Waiting { .. }
        | StepState::Unknown => true,
        StepState::Planned
        | StepState::Held { .. }
        | StepState::Succeeded
        | StepState::Parked { .. }
        | StepState::Replan { .. }
        | StepState::Superseded
        | StepState::Rejected
        | StepState::Expired => false,
    }
}

/// Whether writing the plan would leave the subject as it is, but for the words of the reason; while an
/// approved step is on its way, also but for what its attempts left.
fn is_as_stored(plan: &SubjectPlan, before: &Subject, hash: Hash128, approved: bool) -> bool {
    let mut after = plan.subject.clone();
    after.desired_hash = Some(hash);
    after.reason.clone_from(&before.reason);
    if before.desired.is_some() == after.desired.is_some() {
        // The hashes are equal: they differ by the tokens of masked values at most.
        after.desired.clone_from(&before.desired);
    }
    if approved {
        after.verdict = before.verdict;
        after.dirty = before.dirty;
        after.attempts = before.attempts;
        after.next_at = before.next_at;
    }
    after == *before
}
