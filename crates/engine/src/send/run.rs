//! The sender's loop over one SP connection.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};
use usher_core::model::{
    ChannelId, ConnectionId, Operation, Step, StepId, StepState, Subject, SubjectId, Verb,
};
use usher_core::planner::ChannelRules;
use usher_store::{AuditEvent, ChannelState, Fence, Outcome, StepFilter, StoreError};

use super::attempt::{Attempt, Ended, old_stays, stale};
use super::health::Health;
use super::limiter::Limiter;
use super::outcome::Finished;
use super::recover::{Unknowns, stays_unknown};
use crate::context::{Engine, OpenChannel, Progress};
use crate::error::EngineError;

/// Outcomes recorded in one transaction at most.
const RECORD_AT_MOST: usize = 100;
/// How often the operator's word is looked at while sending.
const LOOK_AT_STATE: Duration = Duration::from_millis(300);
/// Exchanges of one subject that are looked at for earlier conflicts.
const LOOK_BACK: u32 = 50;
/// Tries to record an outcome beside a cycle that changes its subject.
const RECORD_TRIES: u32 = 5;

/// How many steps are claimed before they can be sent. A claim is a transaction, made for many; but what is claimed can
/// neither be overtaken nor planned anew, so it is no more than is sent in a quarter of a second.
fn ahead(width: usize, per_second: f64) -> usize {
    let most = width * 4;
    if per_second > 0.0 {
        most.min((per_second / 4.0).ceil() as usize)
    } else {
        most
    }
}

/// How long to send.
#[derive(Clone, Debug)]
pub struct SendOptions {
    /// Wait for steps that are to be tried again within so many milliseconds.
    pub patience_ms: i64,
    /// Send at most so many steps.
    pub at_most: Option<u64>,
    /// Send steps of these subjects only, even while the channel only observes: a person named
    /// them (a pilot). A paused or quarantined channel sends nothing all the same.
    pub only: Option<Vec<SubjectId>>,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            patience_ms: 15_000,
            at_most: None,
            only: None,
        }
    }
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendReport {
    /// Steps that succeeded.
    pub succeeded: u64,
    /// Steps that were parked.
    pub parked: u64,
    /// Steps whose premise was wrong.
    pub replanned: u64,
    /// Steps that wait for their next attempt.
    pub waiting: u64,
    /// Why sending stopped before everything was sent, if it did.
    pub stopped: Option<String>,
}

/// An opened channel with the planner's rules for it.
pub(super) struct Lane {
    open: Arc<OpenChannel>,
    rules: Arc<ChannelRules>,
}

/// A sender at work.
pub(super) struct Sender<'a> {
    pub(super) engine: &'a Engine,
    pub(super) fence: &'a Fence,
    pub(super) connection: ConnectionId,
    pub(super) lanes: HashMap<ChannelId, Lane>,
    limiter: Arc<Limiter>,
    health: Health,
    /// Steps that are sent at once.
    width: usize,
    /// Steps that are claimed beside those, so that no slot waits for the store.
    ahead: usize,
    pub(super) report: SendReport,
    lost: u64,
    looked_at: Option<Instant>,
    /// Since when nothing was sent because everything waits.
    waiting_since: Option<Instant>,
    allowed: Vec<ChannelId>,
    pub(super) unknowns: Unknowns,
    /// Steps being looked up at this moment.
    pub(super) looking: HashSet<StepId>,
    total: u64,
    progress: Arc<dyn Progress>,
}

/// One attempt that ended.
pub(super) struct Finish {
    pub(super) step: Step,
    pub(super) subject: Subject,
    pub(super) ended: Ended,
    pub(super) log: Vec<usher_connector::Exchange>,
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
        let mut lanes = HashMap::new();
        for open in opens {
            let record = self.record(&open.sp, &open.channel.id).await?;
            let rules = Arc::new(open.planner_rules(&record, false));
            lanes.insert(
                open.channel.id.clone(),
                Lane {
                    open: open.clone(),
                    rules,
                },
            );
        }
        let capabilities = &first.descriptor.capabilities;
        let load = &first.channel.policy.load;
        let rate = load
            .requests_per_second
            .unwrap_or(capabilities.requests_per_second);
        let in_flight = load.in_flight.unwrap_or(capabilities.in_flight);
        let threads: u16 = opens
            .iter()
            .map(|open| open.channel.max_threads.max(1))
            .sum();
        let width = usize::from(in_flight.min(threads).max(1));
        let mut sender = Sender {
            engine: self,
            fence,
            connection: first.sp.id.clone(),
            lanes,
            limiter: Arc::new(Limiter::new(rate, width)),
            health: Health::default(),
            width,
            ahead: ahead(width, rate),
            report: SendReport::default(),
            lost: 0,
            looked_at: None,
            waiting_since: None,
            allowed: Vec::new(),
            unknowns: Unknowns::default(),
            looking: HashSet::new(),
            total: 0,
            progress,
        };
        sender.recover().await?;
        sender.run(options).await?;
        Ok(sender.report)
    }
}

impl Sender<'_> {
    async fn run(&mut self, options: &SendOptions) -> Result<(), EngineError> {
        self.total = self.waiting_count().await?;
        // Dropped on any error: then nobody goes on sending.
        let mut flying = JoinSet::new();
        let mut left = options.at_most.unwrap_or(u64::MAX);
        loop {
            let allowed = self.allowed_channels(options.only.is_some()).await?;
            let room = self.room(flying.len());
            for (step, subject) in self.unknown(room).await? {
                flying.spawn(self.fly(step, subject, None));
            }
            let room = self.room(flying.len());
            let wish = (room as u64).min(left) as u32;
            for (step, subject) in self.claim(&allowed, options, wish).await? {
                left -= 1;
                // Asked here: what is in flight never waits for the store.
                let keeps = Box::pin(old_stays(self.engine, &step)).await;
                flying.spawn(self.fly(step, subject, keeps));
            }
            if flying.is_empty() {
                let rest = self.health.rest();
                if !rest.is_empty() {
                    self.record(rest).await?;
                    continue;
                }
                let over = self.report.stopped.is_some() || left == 0 || allowed.is_empty();
                if over || !self.wait(options, &allowed).await? {
                    return Ok(());
                }
                continue;
            }
            // Between two looks at what the operator wants, and at what a cycle has added.
            if let Ok(Some(one)) = tokio::time::timeout(LOOK_AT_STATE, flying.join_next()).await {
                let mut ready = vec![one.map_err(|error| broken(&error))?];
                // Whatever else is ready is recorded in the same transaction.
                while ready.len() < RECORD_AT_MOST
                    && let Some(one) = flying.try_join_next()
                {
                    ready.push(one.map_err(|error| broken(&error))?);
                }
                for one in &mut ready {
                    let random = (self.engine.random)();
                    self.health.note(one, &self.limiter, random);
                    self.note(&one.step, &one.ended).await?;
                }
                let ready = self.health.judged(ready);
                self.record(ready).await?;
            }
        }
    }

    /// How many steps are to be taken up now. A few free places wait for more: claims are made for many.
    fn room(&self, flying: usize) -> usize {
        if flying > self.width + self.ahead / 2 {
            return 0;
        }
        (self.width + self.ahead).saturating_sub(flying)
    }

    /// Claims up to `wish` steps durably, with their subjects.
    async fn claim(
        &mut self,
        allowed: &[ChannelId],
        options: &SendOptions,
        wish: u32,
    ) -> Result<Vec<(Step, Subject)>, EngineError> {
        if wish == 0 || self.report.stopped.is_some() || allowed.is_empty() {
            return Ok(Vec::new());
        }
        let store = &self.engine.store;
        let now = self.engine.clock.now();
        let steps = match &options.only {
            Some(subjects) => store.claim_of(self.fence, subjects, now, wish).await?,
            None => store.claim(self.fence, allowed, now, wish).await?,
        };
        if !steps.is_empty() {
            self.waiting_since = None;
        }
        let mut subjects = self.subjects(&steps).await?;
        let mut claimed = Vec::with_capacity(steps.len());
        for mut step in steps {
            if step.attempts > 0 {
                self.leave_out_done(&mut step).await?;
            }
            if let Some(subject) = subjects.remove(&step.subject) {
                claimed.push((step, subject));
            }
        }
        Ok(claimed)
    }

    /// Of a membership step that was carried out in part, only the rest is sent again.
    async fn leave_out_done(&self, step: &mut Step) -> Result<(), EngineError> {
        let adds = step.verb() == Verb::AddMembers;
        if !adds && step.verb() != Verb::RemoveMembers {
            return Ok(());
        }
        let rows = self.engine.store.members(step.subject).await?;
        let present: HashSet<SubjectId> = rows
            .into_iter()
            .filter(|row| row.present)
            .map(|row| row.user)
            .collect();
        if let Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. } =
            &mut step.planned.operation
        {
            members.retain(|member| present.contains(&member.subject) != adds);
        }
        Ok(())
    }

    /// Waits for the next step that is due within the patience; false when there is none.
    async fn wait(
        &mut self,
        options: &SendOptions,
        allowed: &[ChannelId],
    ) -> Result<bool, EngineError> {
        let next = self
            .engine
            .store
            .next_send(&self.connection, allowed)
            .await?;
        let due = next.map(|next| next - self.engine.clock.now());
        let look = self.unknowns.due_in_ms();
        let Some(left) = due.into_iter().chain(look).min() else {
            return Ok(false);
        };
        let waited = self
            .waiting_since
            .get_or_insert_with(Instant::now)
            .elapsed();
        if left > options.patience_ms || waited.as_millis() as i64 > options.patience_ms + 1_000 {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(left.clamp(5, 300) as u64)).await;
        Ok(true)
    }

    /// Sends one step; `keeps` is why a re-key must not take the link, if so. Uses the target only,
    /// never the store.
    fn fly(
        &self,
        step: Step,
        subject: Subject,
        keeps: Option<String>,
    ) -> impl Future<Output = Finish> + use<> {
        let engine = self.engine.clone();
        let limiter = self.limiter.clone();
        let open = self.lanes.get(&step.channel).map(|lane| lane.open.clone());
        async move {
            let mut log = Vec::new();
            let Some(open) = open else {
                let reason = "its channel is not open".to_owned();
                let ended = Ended::Unknown { reason };
                return Finish {
                    step,
                    subject,
                    ended,
                    log,
                };
            };
            let attempt = Attempt {
                engine: &engine,
                open: &open,
                limiter: &limiter,
            };
            let Some(_slot) = limiter.slot().await else {
                let ended = Ended::Stop {
                    reason: "sending was stopped before this request was sent".to_owned(),
                    sent: step.state == StepState::Unknown,
                };
                return Finish {
                    step,
                    subject,
                    ended,
                    log,
                };
            };
            let ended = if step.state == StepState::Unknown {
                let reason = "whether it was carried out was not known".to_owned();
                attempt.unknown(&step, reason).await
            } else if let Some(reason) = stale(&step, &subject) {
                Ended::Stale { reason }
            } else if let Some(reason) = keeps {
                Ended::Stale { reason }
            } else {
                attempt.make(&step, &mut log).await
            };
            Finish {
                step,
                subject,
                ended,
                log,
            }
        }
    }

    async fn outcome_of(&self, one: &Finish) -> Result<Outcome, EngineError> {
        let Finish {
            step,
            subject,
            ended,
            log,
        } = one;
        let lane = self
            .lanes
            .get(&step.channel)
            .ok_or_else(|| EngineError::Refused(format!("channel {} is not open", step.channel)))?;
        let finished = Finished {
            open: &lane.open,
            rules: &lane.rules,
            step: step.clone(),
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
            (Ended::Done(_), Operation::Rekey { old_subject, .. }) => vec![*old_subject],
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

    /// What an end means for the whole target.
    async fn note(&mut self, step: &Step, ended: &Ended) -> Result<(), EngineError> {
        match ended {
            Ended::Gone { reason } if step.verb() != Verb::Delete => {
                self.lost += 1;
                self.target_replaced(step, reason).await?;
            }
            Ended::Stop { reason, .. } => self.stop(step, reason).await?,
            _ => {}
        }
        Ok(())
    }

    /// Too many linked resources are missing: this is not the directory that it was.
    async fn target_replaced(&mut self, step: &Step, reason: &str) -> Result<(), EngineError> {
        let Some(lane) = self.lanes.get(&step.channel) else {
            return Ok(());
        };
        let links = self.engine.store.counts(&step.channel).await?.active_links;
        let limit = lane.rules.policy.target_replaced.of(links);
        if self.lost <= limit {
            return Ok(());
        }
        let why = format!(
            "target replaced? {} linked accounts were not found at the target in one run, the limit is {limit}. Last: {reason} Check the Directory base URL and that the target directory still exists",
            self.lost
        );
        self.quarantine(step, &why).await
    }

    async fn stop(&mut self, step: &Step, reason: &str) -> Result<(), EngineError> {
        if self.report.stopped.is_none() {
            let why = format!("the target refuses to work with us: {reason}");
            self.quarantine(step, &why).await?;
        }
        Ok(())
    }

    async fn quarantine(&mut self, step: &Step, why: &str) -> Result<(), EngineError> {
        let audit = AuditEvent {
            at: self.engine.clock.now(),
            actor: "engine".to_owned(),
            event: "QUARANTINE".to_owned(),
            channel: Some(step.channel.to_string()),
            success: false,
            detail: why.to_owned(),
            ..AuditEvent::default()
        };
        let state = ChannelState::Quarantined {
            why: why.to_owned(),
        };
        self.engine
            .store
            .set_state(&step.channel, &self.connection, &state, &audit)
            .await?;
        self.report.stopped = Some(why.to_owned());
        self.limiter.close();
        Ok(())
    }

    /// Records how steps ended. Where a cycle changed the subject in the meantime, the outcome is
    /// made again from the subject as it is now.
    async fn record(&mut self, mut ended: Vec<Finish>) -> Result<(), EngineError> {
        for Finish { step, ended, .. } in &ended {
            self.looking.remove(&step.id);
            if stays_unknown(step, ended) {
                self.unknowns.remain();
            }
        }
        ended.retain(|one| !stays_unknown(&one.step, &one.ended));
        let mut tries = 0;
        while tries < RECORD_TRIES && !ended.is_empty() {
            let mut outcomes = Vec::with_capacity(ended.len());
            for one in &ended {
                outcomes.push(self.outcome_of(one).await?);
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

    pub(super) async fn subjects(
        &self,
        steps: &[Step],
    ) -> Result<HashMap<SubjectId, Subject>, EngineError> {
        let ids: Vec<SubjectId> = steps.iter().map(|step| step.subject).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let subjects = self.engine.store.subjects(&ids).await?;
        Ok(subjects
            .into_iter()
            .filter_map(|subject| Some((subject.id?, subject)))
            .collect())
    }

    /// The channels that may send now. Looked at again and again: a stop takes effect within a
    /// second.
    async fn allowed_channels(&mut self, pilot: bool) -> Result<Vec<ChannelId>, EngineError> {
        if self
            .looked_at
            .is_some_and(|at| at.elapsed() < LOOK_AT_STATE)
        {
            return Ok(self.allowed.clone());
        }
        self.looked_at = Some(Instant::now());
        let mut allowed = Vec::new();
        for id in self.lanes.keys() {
            let may = match self.engine.store.channel(id).await?.state {
                ChannelState::Active => true,
                ChannelState::Draft | ChannelState::Observe => pilot,
                ChannelState::Paused | ChannelState::Quarantined { .. } => false,
            };
            if may {
                allowed.push(id.clone());
            }
        }
        if allowed.is_empty() && self.report.stopped.is_none() {
            self.report.stopped =
                Some("no channel of this SP connection is active: nothing more is sent".to_owned());
        }
        if self.report.stopped.is_some() {
            self.limiter.close();
        }
        self.allowed.clone_from(&allowed);
        Ok(allowed)
    }

    async fn waiting_count(&self) -> Result<u64, EngineError> {
        let filter = StepFilter {
            connection: Some(self.connection.clone()),
            states: vec!["pending".to_owned(), "waiting".to_owned()],
            ..StepFilter::default()
        };
        let counts = self.engine.store.step_counts(&filter).await?;
        Ok(counts.iter().map(|count| count.count).sum())
    }
}

fn broken(error: &JoinError) -> EngineError {
    EngineError::Refused(format!(
        "sending a step failed unexpectedly ({error}); what it did is looked up at the next start"
    ))
}
