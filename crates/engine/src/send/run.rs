//! The sender's loop over one SP connection.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use usher_core::model::{ChannelId, ConnectionId, StepId};
use usher_core::planner::ChannelRules;
use usher_store::Fence;

use super::attempt::old_stays;
use super::claim::Ahead;
use super::fly::{Finish, Known};
use super::fruitless::Fruitless;
use super::gate::{Gate, LOOK_AT_STATE, keep_looking, look};
use super::health::{Health, Look};
use super::limiter::Limiter;
use super::options::{SendOptions, SendReport};
use super::recover::Unknowns;
use crate::context::{Engine, OpenChannel, Progress};
use crate::error::EngineError;

/// Outcomes recorded in one transaction at most.
const RECORD_AT_MOST: usize = 250;

/// An opened channel with the planner's rules for it.
pub(super) struct Lane {
    pub(super) open: Arc<OpenChannel>,
    pub(super) rules: Arc<ChannelRules>,
    pub(super) gate: Arc<Gate>,
}

/// A sender at work.
pub(super) struct Sender<'a> {
    pub(super) engine: &'a Engine,
    pub(super) fence: &'a Fence,
    pub(super) connection: ConnectionId,
    pub(super) lanes: HashMap<ChannelId, Lane>,
    pub(super) limiter: Arc<Limiter>,
    /// Room for the steps that are sent at once.
    pub(super) places: Arc<Semaphore>,
    /// How long to wait for steps, and for a target that is to be left alone.
    pub(super) patience: Duration,
    health: Health,
    ahead: Ahead,
    pub(super) report: SendReport,
    pub(super) lost: u64,
    /// Since when nothing was sent because everything waits.
    pub(super) waiting_since: Option<Instant>,
    fruitless: Fruitless,
    pub(super) unknowns: Unknowns,
    /// Steps being looked up at this moment.
    pub(super) looking: HashSet<StepId>,
    pub(super) total: u64,
    pub(super) progress: Arc<dyn Progress>,
}

impl Engine {
    /// Sends what is due of an SP connection's outbox, through these channels of it, until nothing
    /// can be sent within the patience. Steps found in flight from before a crash are looked up
    /// first.
    pub async fn send(
        &self,
        opens: &[Arc<OpenChannel>],
        fence: &Fence,
        options: &SendOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<SendReport, EngineError> {
        let Some(first) = opens.first() else {
            return Ok(SendReport::default());
        };
        let mut sender = self.sender(opens, first, fence, options, progress).await?;
        let gates: Vec<_> = sender
            .lanes
            .iter()
            .map(|(id, lane)| (id.clone(), lane.gate.clone()))
            .collect();
        let pilot = options.only.is_some();
        let target = &first.sp.id;
        look(self, target, &gates, pilot).await?;
        sender.recover().await?;
        tokio::select! {
            done = sender.run(options) => done?,
            () = keep_looking(self, target, &gates, pilot) => {}
        }
        Ok(sender.report)
    }

    async fn sender<'a>(
        &'a self,
        opens: &[Arc<OpenChannel>],
        first: &OpenChannel,
        fence: &'a Fence,
        options: &SendOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<Sender<'a>, EngineError> {
        let mut lanes = HashMap::new();
        for open in opens {
            let record = self.record(&open.sp, &open.channel.id).await?;
            let lane = Lane {
                open: open.clone(),
                rules: Arc::new(open.planner_rules(&record, false)),
                gate: Arc::default(),
            };
            lanes.insert(open.channel.id.clone(), lane);
        }
        let limiter = self.limiter_of(first).await?;
        let width = width(opens, first);
        Ok(Sender {
            engine: self,
            fence,
            connection: first.sp.id.clone(),
            lanes,
            ahead: Ahead::new(width, limiter.per_second()),
            limiter,
            places: Arc::new(Semaphore::new(width)),
            patience: Duration::from_millis(options.patience_ms.max(0) as u64),
            health: Health::default(),
            report: SendReport::default(),
            lost: 0,
            waiting_since: None,
            fruitless: Fruitless::default(),
            unknowns: Unknowns::default(),
            looking: HashSet::new(),
            total: 0,
            progress,
        })
    }
}

/// How many steps are sent at once.
fn width(opens: &[Arc<OpenChannel>], first: &OpenChannel) -> usize {
    let load = &first.channel.policy.load;
    let in_flight = load
        .in_flight
        .unwrap_or(first.descriptor.capabilities.in_flight);
    let threads = opens.iter().map(|open| open.channel.max_threads.max(1));
    usize::from(in_flight.min(threads.fold(0, u16::saturating_add)).max(1))
}

impl Sender<'_> {
    /// Sends until nothing can be sent within the patience. After an error nobody goes on sending
    /// when it returns: what was under way is looked up by the next send.
    async fn run(&mut self, options: &SendOptions) -> Result<(), EngineError> {
        self.total = self.waiting_count().await?;
        let mut flying = JoinSet::new();
        let sent = self.send_all(&mut flying, options).await;
        if sent.is_err() {
            flying.shutdown().await;
        }
        sent
    }

    async fn send_all(
        &mut self,
        flying: &mut JoinSet<Finish>,
        options: &SendOptions,
    ) -> Result<(), EngineError> {
        let mut left = options.at_most.unwrap_or(u64::MAX);
        let mut landed: Option<Instant> = None;
        loop {
            // What would have to wait is not taken up: it can still be overtaken.
            if self.limiter.paused().is_none() {
                self.take_up(flying, options, &mut left).await?;
            }
            if let Some(store) = landed.take() {
                self.ahead.note_store(store.elapsed());
            }
            if flying.is_empty() {
                if self.health.has_suspects() {
                    self.rest().await?;
                    continue;
                }
                let over = self.allowed().is_empty() || self.report.stopped.is_some() || left == 0;
                if over || !self.wait().await? {
                    return Ok(());
                }
                continue;
            }
            // Between two looks at what the operator wants, and at what a cycle has added.
            if let Ok(Some(one)) = tokio::time::timeout(LOOK_AT_STATE, flying.join_next()).await {
                landed = Some(Instant::now());
                self.land(one, flying).await?;
            }
        }
    }

    /// Takes up what is to be looked up or sent now, as far as there is room.
    async fn take_up(
        &mut self,
        flying: &mut JoinSet<Finish>,
        options: &SendOptions,
        left: &mut u64,
    ) -> Result<(), EngineError> {
        let room = self.ahead.room(flying.len());
        for (step, subject) in self.unknown(room).await? {
            flying.spawn(self.fly(step, subject, Known::default()));
        }
        let room = self.ahead.room(flying.len());
        let wish = (room as u64).min(*left) as u32;
        for (step, subject) in self.claim(options, wish).await? {
            *left -= 1;
            // Asked here: what is in flight never waits for the store.
            let keeps = match self.lanes.get(&step.channel) {
                Some(lane) => old_stays(self.engine, &lane.rules, &step, &subject).await,
                None => None,
            };
            let known = Known {
                keeps,
                not_done: self.unknowns.take_not_done(step.id),
            };
            flying.spawn(self.fly(step, subject, known));
        }
        Ok(())
    }

    /// Takes note of what ended and records it; whatever else is ready, in the same transaction.
    async fn land(
        &mut self,
        one: Result<Finish, JoinError>,
        flying: &mut JoinSet<Finish>,
    ) -> Result<(), EngineError> {
        let mut ready = vec![one.map_err(|error| broken(&error))?];
        while ready.len() < RECORD_AT_MOST
            && let Some(one) = flying.try_join_next()
        {
            ready.push(one.map_err(|error| broken(&error))?);
        }
        for one in &mut ready {
            if let Some(took) = one.took {
                self.ahead.note(took);
            }
            let random = (self.engine.random)();
            self.health.note(one, &self.limiter, random);
            self.note(&one.step, &one.ended).await?;
            if let Some(why) = self.fruitless.note(one, self.patience) {
                self.give_up(&why).await?;
            }
        }
        let random = (self.engine.random)();
        let ready = self.health.judged(ready, &self.limiter, random);
        self.record(ready).await?;
        self.engine.keep(&self.limiter, self.fence).await
    }

    /// Ends what is sent now: whatever waits is left to the next send.
    async fn give_up(&mut self, why: &str) -> Result<(), EngineError> {
        if self.report.stopped.is_none() {
            let left = self
                .limiter
                .paused()
                .map_or(0, |pause| pause.left.as_millis() as i64);
            self.report.again_at = Some(self.engine.clock.now() + left);
            let waiting = self.waiting_count().await?;
            self.report.stopped = Some(format!(
                "{why}. {waiting} steps wait, and nothing of them is lost"
            ));
        }
        Ok(())
    }

    /// Nothing is under way: whose the failures are is decided, with one look at the target if that
    /// can tell.
    async fn rest(&mut self) -> Result<(), EngineError> {
        let look = if self.target_answers().await {
            let waiting = self.waiting_count().await?;
            Look::Well { waiting }
        } else {
            Look::Unwell
        };
        let random = (self.engine.random)();
        let rest = self.health.rest(look, &self.limiter, random);
        self.record(rest).await?;
        self.engine.keep(&self.limiter, self.fence).await
    }

    /// Whether the target answers a cheap request as it should. It is not asked while it wants to be
    /// left alone.
    async fn target_answers(&self) -> bool {
        let Some(lane) = self.lanes.values().find(|lane| !lane.gate.is_shut()) else {
            return false;
        };
        let seconds = u64::from(lane.open.channel.timeout_seconds.max(1)) + 5;
        let look =
            async { self.limiter.turn_to_look().await && lane.open.target.verify().await.is_ok() };
        tokio::select! {
            biased;
            () = lane.gate.until_shut() => false,
            answers = tokio::time::timeout(Duration::from_secs(seconds), look) => {
                answers.unwrap_or(false)
            }
        }
    }

    /// Waits for the next step that is due within the patience; false when there is none.
    async fn wait(&mut self) -> Result<bool, EngineError> {
        let now = self.engine.clock.now();
        let allowed = self.allowed();
        let store = &self.engine.store;
        let next = store.next_send(&self.connection, &allowed).await?;
        let look = self.unknowns.due_in_ms();
        let Some(due) = next.map(|next| next - now).into_iter().chain(look).min() else {
            return Ok(false);
        };
        let pause = self.limiter.paused();
        let left = pause.map_or(due, |pause| due.max(pause.left.as_millis() as i64));
        let patience = self.patience.as_millis() as i64;
        let since = self.waiting_since.get_or_insert_with(Instant::now);
        if left > patience || since.elapsed().as_millis() as i64 > patience + 1_000 {
            self.report.again_at = (left > 0).then(|| now + left);
            if let Some(pause) = pause.filter(|_| left > patience) {
                let waiting = self.waiting_count().await?;
                self.report.stopped = Some(format!(
                    "{}. {waiting} steps wait, and nothing of them is lost",
                    pause.reason()
                ));
            }
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(left.clamp(5, 300) as u64)).await;
        Ok(true)
    }
}

fn broken(error: &JoinError) -> EngineError {
    EngineError::Refused(format!(
        "sending a step failed unexpectedly ({error}); what it did is looked up at the next start"
    ))
}
