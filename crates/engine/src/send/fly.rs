//! One step on its way: it waits for a place, for its turn, and for the target's answer. It never
//! waits for the store.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use usher_connector::Exchange;
use usher_core::model::{Step, StepState, Subject, Verb};
use usher_core::planner::ChannelRules;
use usher_store::Outcome;

use super::attempt::{Attempt, Ended, stale};
use super::gate::Gate;
use super::limiter::Limiter;
use super::outcome::Finished;
use super::run::{Lane, Sender};
use crate::context::{Engine, OpenChannel};

/// One attempt that ended.
pub(super) struct Finish {
    pub(super) step: Step,
    pub(super) subject: Subject,
    pub(super) ended: Ended,
    pub(super) log: Vec<Exchange>,
    /// How long it had its place; `None` when it got none.
    pub(super) took: Option<Duration>,
    /// What a plain success comes to, made here, where nothing waits for it. Any other end is judged
    /// first.
    pub(super) success: Option<Box<Outcome>>,
}

/// What is known of a step before it goes.
#[derive(Default)]
pub(super) struct Known {
    /// Why what it would take away stays, if so.
    pub(super) keeps: Option<String>,
    /// It was looked up and not carried out, and nothing was sent since.
    pub(super) not_done: bool,
}

/// What a step needs on its way.
struct Flight {
    engine: Engine,
    open: Arc<OpenChannel>,
    rules: Arc<ChannelRules>,
    gate: Arc<Gate>,
    limiter: Arc<Limiter>,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Sender<'_> {
    /// Sends one step.
    pub(super) fn fly(
        &self,
        step: Step,
        subject: Subject,
        known: Known,
    ) -> impl Future<Output = Finish> + use<> {
        let flight = self.lanes.get(&step.channel).map(|lane| self.flight(lane));
        async move {
            let mut log = Vec::new();
            let mut took = None;
            let ended = match &flight {
                Some(flight) => flight.go(&step, &subject, known, &mut log, &mut took).await,
                None => Ended::Unsent,
            };
            let success = flight.and_then(|flight| flight.success(&step, &subject, &ended, &log));
            Finish {
                step,
                subject,
                ended,
                log,
                took,
                success,
            }
        }
    }

    fn flight(&self, lane: &Lane) -> Flight {
        Flight {
            engine: self.engine.clone(),
            open: lane.open.clone(),
            rules: lane.rules.clone(),
            gate: lane.gate.clone(),
            limiter: self.limiter.clone(),
            places: self.places.clone(),
            patience: self.patience,
        }
    }
}

impl Flight {
    async fn go(
        &self,
        step: &Step,
        subject: &Subject,
        known: Known,
        log: &mut Vec<Exchange>,
        took: &mut Option<Duration>,
    ) -> Ended {
        let place = tokio::select! {
            biased;
            () = self.gate.until_shut() => return Ended::Unsent,
            place = self.places.acquire() => place,
        };
        let Ok(_place) = place else {
            return Ended::Unsent;
        };
        if step.state != StepState::Unknown
            && let Some(reason) = stale(step, subject).or(known.keeps)
        {
            return Ended::Stale { reason };
        }
        let since = Instant::now();
        // A fault in a connector is one step's failure, not the end of everybody's sending.
        let ended = AssertUnwindSafe(self.attempt(step, known.not_done, log))
            .catch_unwind()
            .await;
        *took = Some(since.elapsed());
        ended.unwrap_or_else(|_| Ended::Unknown {
            reason: "the connector failed unexpectedly while it sent this step (a fault of this program; the log has its place)"
                .to_owned(),
        })
    }

    /// The outcome of a success that concerns nobody else.
    fn success(
        &self,
        step: &Step,
        subject: &Subject,
        ended: &Ended,
        log: &[Exchange],
    ) -> Option<Box<Outcome>> {
        if !matches!(ended, Ended::Done(_)) || step.verb() == Verb::Rekey {
            return None;
        }
        let finished = Finished {
            open: &self.open,
            rules: &self.rules,
            step,
            subject: subject.clone(),
            others: Vec::new(),
            looks: 0,
            now: self.engine.clock.now(),
            random: 0,
        };
        Some(Box::new(finished.outcome(ended.clone(), log)))
    }

    async fn attempt(&self, step: &Step, not_done: bool, log: &mut Vec<Exchange>) -> Ended {
        let attempt = Attempt {
            engine: &self.engine,
            open: &self.open,
            limiter: &self.limiter,
            gate: &self.gate,
            patience: self.patience,
            not_done,
        };
        if step.state == StepState::Unknown {
            let reason = "whether it was carried out was not known".to_owned();
            return attempt.unknown(step, reason).await;
        }
        attempt.make(step, log).await
    }
}
