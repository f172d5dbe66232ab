//! Plans that stand already: what waits for a person is not written again while nothing changed, so that
//! its number, its age and an approval of it keep their meaning.

use std::collections::HashMap;

use usher_core::model::{
    Hash128, PlannedStep, Step, StepId, StepState, Subject, SubjectId, Verb, Verdict,
};
use usher_core::planner::{SubjectPlan, is_same_plan};
use usher_store::StepFilter;

use super::page::Judged;
use super::run::Run;
use crate::error::EngineError;

impl Run<'_> {
    /// Whether the plan is the one that waits already: each of its steps is held, the very same ones are
    /// held in the outbox, or were approved and are on their way, no others live there, and the subject
    /// would be stored as it is.
    pub(super) async fn stands(
        &self,
        plan: &SubjectPlan,
        before: &Subject,
        hash: Hash128,
    ) -> Result<bool, EngineError> {
        let all_held = plan.steps.iter().all(|step| step.hold.is_some());
        let Some(id) = before.id.filter(|_| all_held && !plan.steps.is_empty()) else {
            return Ok(false);
        };
        if before.desired_hash != Some(hash) {
            return Ok(false);
        }
        let live = self.live_steps(id, None).await?;
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
    pub(super) async fn stays_parked(&self, plan: &SubjectPlan) -> Result<bool, EngineError> {
        let Some(id) = plan.subject.id.filter(|_| plan.steps.is_empty()) else {
            return Ok(false);
        };
        if plan.verdict != Verdict::Parked {
            return Ok(false);
        }
        let live = self.live_steps(id, None).await?;
        Ok(live.iter().all(|step| step.state.name() == "parked"))
    }

    /// What this cycle planned for these subjects before.
    pub(super) async fn planned_before(
        &self,
        items: &[Judged],
        ids: &HashMap<&str, SubjectId>,
    ) -> Result<HashMap<SubjectId, Vec<PlannedStep>>, EngineError> {
        let mut planned = HashMap::new();
        for item in items {
            let Some(id) = ids.get(item.key.as_str()) else {
                continue;
            };
            let own = self.own_steps(*id).await?.into_iter();
            planned.insert(*id, own.map(|step| step.planned).collect());
        }
        Ok(planned)
    }

    /// Whether this cycle planned steps for a subject's account.
    pub(super) async fn is_planned(&self, id: SubjectId) -> Result<bool, EngineError> {
        Ok(!self.own_steps(id).await?.is_empty())
    }

    async fn own_steps(&self, id: SubjectId) -> Result<Vec<Step>, EngineError> {
        let mut steps = self.live_steps(id, Some("planned")).await?;
        steps.retain(|step| step.cycle == self.cycle);
        Ok(steps)
    }

    /// Steps for a subject's account that are not over, in order.
    async fn live_steps(
        &self,
        id: SubjectId,
        state: Option<&str>,
    ) -> Result<Vec<Step>, EngineError> {
        let all = [
            "planned", "pending", "held", "claimed", "waiting", "parked", "unknown",
        ];
        let filter = StepFilter {
            subject: Some(id),
            states: match state {
                Some(state) => vec![state.to_owned()],
                None => all.map(str::to_owned).to_vec(),
            },
            ..StepFilter::default()
        };
        let mut steps = self.engine.store.steps(&filter, StepId(0), 1_000).await?;
        steps.retain(|step| !matches!(step.verb(), Verb::AddMembers | Verb::RemoveMembers));
        Ok(steps)
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
