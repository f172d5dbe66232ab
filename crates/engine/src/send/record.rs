//! Recording how steps ended: many in one transaction.

use usher_core::model::{Operation, Step, StepState, Subject, SubjectId};
use usher_store::{Outcome, StoreError};

use super::attempt::Ended;
use super::fly::Finish;
use super::outcome::Finished;
use super::recover::stays_unknown;
use super::run::Sender;
use crate::error::EngineError;

/// Exchanges of one subject that are looked at for earlier conflicts.
const LOOK_BACK: u32 = 50;
/// Tries to record an outcome beside a cycle that changes its subject.
const RECORD_TRIES: u32 = 5;

impl Sender<'_> {
    /// Records how steps ended. Where a cycle changed the subject in the meantime, the outcome is
    /// made again from the subject as it is now.
    pub(super) async fn record(&mut self, mut ended: Vec<Finish>) -> Result<(), EngineError> {
        for Finish { step, ended, .. } in &ended {
            self.looking.remove(&step.id);
            if stays_unknown(step, ended) {
                self.unknowns.remain();
            } else if step.state == StepState::Unknown && matches!(ended, Ended::Again { .. }) {
                self.unknowns.found_not_done(step.id);
            }
        }
        ended.retain(|one| !stays_unknown(&one.step, &one.ended));
        self.park_foreign(&mut ended).await?;
        let mut tries = 0;
        while tries < RECORD_TRIES && !ended.is_empty() {
            let mut outcomes = Vec::with_capacity(ended.len());
            for one in &mut ended {
                // Made in advance from the subject as it was: made anew where that is no longer so.
                outcomes.push(match one.success.take() {
                    Some(outcome) => *outcome,
                    None => self.outcome_of(one).await?,
                });
            }
            let now = self.engine.clock.now();
            let left = match self.engine.store.record(self.fence, &outcomes, now).await {
                Ok(left) => left,
                // Somebody else decided about one of them: that one must not stop the others.
                Err(StoreError::Transition { step, source }) => {
                    tracing::warn!(step.id = %step, %source, "an outcome came too late to be recorded");
                    ended.retain(|one| one.step.id != step);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            tries += 1;
            for outcome in outcomes
                .iter()
                .filter(|outcome| !left.contains(&outcome.step))
            {
                self.tally(outcome);
            }
            for (one, outcome) in ended.iter().zip(&outcomes) {
                if !left.contains(&one.step.id) {
                    self.measure(&one.step, outcome);
                }
            }
            ended.retain(|one| left.contains(&one.step.id));
            let steps: Vec<Step> = ended.iter().map(|one| one.step.clone()).collect();
            let fresh = self.subjects(&steps).await?;
            for one in &mut ended {
                if let Some(now) = fresh.get(&one.step.subject) {
                    one.subject.clone_from(now);
                }
            }
        }
        if !ended.is_empty() {
            // They stay claimed: the next start looks their outcome up.
            tracing::warn!(
                steps = ended.len(),
                "outcomes could not be recorded beside a busy cycle"
            );
        }
        Ok(())
    }

    fn tally(&mut self, outcome: &Outcome) {
        match &outcome.state {
            StepState::Succeeded => self.report.succeeded += 1,
            StepState::Parked { .. } => self.report.parked += 1,
            StepState::Replan { .. } => self.report.replanned += 1,
            StepState::Waiting { .. } => self.report.waiting += 1,
            StepState::Unknown => {
                self.report.waiting += 1;
                self.unknowns.remain();
            }
            StepState::Planned
            | StepState::Pending
            | StepState::Held { .. }
            | StepState::Claimed
            | StepState::Superseded
            | StepState::Rejected
            | StepState::Expired => {}
        }
        let done = self.report.succeeded + self.report.parked + self.report.replanned;
        self.progress.sent(done, self.total.max(done));
    }

    /// For monitoring.
    fn measure(&self, step: &Step, outcome: &Outcome) {
        let meters = &self.engine.shared.meters;
        meters.step(&self.connection, step.verb(), outcome.state.name());
        if outcome.state == StepState::Succeeded {
            let lag = self.engine.clock.now().saturating_sub(step.created_at);
            meters.lag(&self.connection, lag);
        }
    }

    async fn outcome_of(&self, one: &Finish) -> Result<Outcome, EngineError> {
        let Finish {
            step,
            subject,
            ended,
            log,
            took: _,
            success: _,
        } = one;
        let lane = self
            .lanes
            .get(&step.channel)
            .ok_or_else(|| EngineError::Refused(format!("channel {} is not open", step.channel)))?;
        let finished = Finished {
            open: &lane.open,
            rules: &lane.rules,
            step,
            subject: subject.clone(),
            others: self.others(step, ended).await?,
            looks: self.looks(step, ended).await?,
            now: self.engine.clock.now(),
            random: (self.engine.random)(),
        };
        Ok(finished.outcome(ended.clone(), log))
    }

    /// How often this step met a conflict (409) before. Other failures do not count.
    async fn looks(&self, step: &Step, ended: &Ended) -> Result<u32, EngineError> {
        if !matches!(ended, Ended::Hidden { .. }) {
            return Ok(0);
        }
        let store = &self.engine.store;
        let exchanges = store.exchanges(step.subject, LOOK_BACK).await?;
        let conflicts = exchanges
            .iter()
            .filter(|one| {
                one.step == step.id
                    && one
                        .exchange
                        .get("status")
                        .is_some_and(|status| *status == 409)
            })
            .count();
        // A retry by a person begins anew: its attempts are counted from zero.
        Ok(step.attempts.min(conflicts as u32))
    }

    /// The other subjects that an end concerns.
    async fn others(&self, step: &Step, ended: &Ended) -> Result<Vec<Subject>, EngineError> {
        let ids: Vec<SubjectId> = match (ended, &step.planned.operation) {
            (Ended::Done(_) | Ended::Partly { .. }, Operation::Rekey { old_subject, .. }) => {
                vec![*old_subject]
            }
            (
                Ended::Partly {
                    refused:
                        Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. },
                    ..
                },
                _,
            ) => members.iter().map(|member| member.subject).collect(),
            _ => return Ok(Vec::new()),
        };
        Ok(self.engine.store.subjects(&ids).await?)
    }
}
