//! Steps whose outcome is not known: from before a crash, or from a lost network.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use usher_core::model::{Step, StepId, StepState, Subject};
use usher_store::StepFilter;

use super::attempt::Ended;
use super::run::Sender;
use crate::error::EngineError;

/// How often what is still not known is looked up again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Unknown steps taken up at once at most; the others follow.
const LOOK_AT_MOST: u32 = 1_000;

/// What is still to be looked up.
#[derive(Default)]
pub(super) struct Unknowns {
    waiting: Vec<Step>,
    looked_at: Option<Instant>,
    remain: bool,
    /// Looked up and found not carried out, and not sent since.
    not_done: HashSet<StepId>,
}

impl Unknowns {
    /// Something ended in an unknown way: it is looked up again by and by.
    pub(super) fn remain(&mut self) {
        self.remain = true;
    }

    /// A look-up found the step not carried out.
    pub(super) fn found_not_done(&mut self, step: StepId) {
        self.not_done.insert(step);
    }

    /// Whether the step is known not to have been carried out. It is about to be sent: from now on that
    /// is not known any more.
    pub(super) fn take_not_done(&mut self, step: StepId) -> bool {
        self.not_done.remove(&step)
    }

    /// Milliseconds until the next look; `None` when nothing is unknown.
    pub(super) fn due_in_ms(&self) -> Option<i64> {
        if !self.waiting.is_empty() {
            return Some(0);
        }
        let at = self.looked_at.filter(|_| self.remain)?;
        Some(LOOK_AGAIN.saturating_sub(at.elapsed()).as_millis() as i64)
    }
}

impl Sender<'_> {
    /// Marks what was in flight when the process before this one ended.
    pub(super) async fn recover(&mut self) -> Result<(), EngineError> {
        let now = self.engine.clock.now();
        self.unknowns.waiting = self.engine.store.recover(self.fence, now).await?;
        self.unknowns.looked_at = Some(Instant::now());
        Ok(())
    }

    /// Up to `wish` steps that are to be looked up now. One that stays unknown blocks nobody but
    /// its own subject, and is looked up again while sending goes on.
    pub(super) async fn unknown(
        &mut self,
        wish: usize,
    ) -> Result<Vec<(Step, Subject)>, EngineError> {
        if self.report.stopped.is_some() || wish == 0 {
            return Ok(Vec::new());
        }
        if self.unknowns.waiting.is_empty() && self.unknowns.due_in_ms() == Some(0) {
            let filter = StepFilter {
                connection: Some(self.connection.clone()),
                states: vec![StepState::Unknown.name().to_owned()],
                ..StepFilter::default()
            };
            let store = &self.engine.store;
            self.unknowns.waiting = store.steps(&filter, StepId(0), LOOK_AT_MOST).await?;
            self.unknowns.looked_at = Some(Instant::now());
            self.unknowns.remain = false;
        }
        let (lanes, flying) = (&self.lanes, &self.looking);
        self.unknowns.waiting.retain(|step| {
            let lane = lanes.get(&step.channel);
            lane.is_some_and(|lane| !lane.gate.is_shut()) && !flying.contains(&step.id)
        });
        let rest = self.unknowns.waiting.len().min(wish);
        let steps: Vec<Step> = self.unknowns.waiting.drain(..rest).collect();
        let mut subjects = self.subjects(&steps).await?;
        let found: Vec<(Step, Subject)> = steps
            .into_iter()
            .filter_map(|step| {
                let subject = subjects.remove(&step.subject)?;
                Some((step, subject))
            })
            .collect();
        self.looking.extend(found.iter().map(|(step, _)| step.id));
        Ok(found)
    }
}

/// Whether a step that was looked up is as unknown as before: there is nothing to record.
pub(super) fn stays_unknown(step: &Step, ended: &Ended) -> bool {
    step.state == StepState::Unknown
        && match ended {
            Ended::Unknown { .. } | Ended::Unsent => true,
            Ended::Stop { sent, .. } => *sent,
            Ended::Done(_)
            | Ended::Partly { .. }
            | Ended::Again { .. }
            | Ended::InTheWay { .. }
            | Ended::Hidden { .. }
            | Ended::Stale { .. }
            | Ended::Parked { .. }
            | Ended::Gone { .. } => false,
        }
}
