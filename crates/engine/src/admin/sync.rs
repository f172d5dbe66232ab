//! Look and send: a cycle, its steps, and what became possible through them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, OwnedMutexGuard};
use usher_connector::Failure;
use usher_core::model::{
    ChannelId, Cycle, CycleMode, CycleState, Kind, Millis, SourceKey, StepId, StepState, Verb,
};
use usher_store::{ChannelRecord, ChannelState, Fence, StepFilter};

use super::Admin;
use super::operator::Permission;
use crate::context::{OpenChannel, Progress, Silent};
use crate::cycle::{CycleOptions, CycleReport};
use crate::error::EngineError;
use crate::lease::Lease;
use crate::send::{SendOptions, SendReport};
use crate::service::ServiceEvent;

/// Rounds of "plan what became possible, send it" after a cycle.
const FOLLOW_UPS: u32 = 8;
/// Held adoptions that are looked through to decide whether a first activation must wait.
const LOOK_THROUGH: u32 = 10_000;
/// One step is enough to know that there is one.
const LOOK_AT: u32 = 1;

/// What a sync is asked to do.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// What to read.
    pub mode: CycleMode,
    /// These subjects only.
    pub only: Option<Vec<SourceKey>>,
    /// How long to send.
    pub send: SendOptions,
    /// Apply exactly the plan of this hash, held steps included, or nothing.
    pub reviewed: Option<String>,
}

impl SyncOptions {
    /// A whole sync of that mode.
    pub fn of(mode: CycleMode) -> Self {
        Self {
            mode,
            only: None,
            send: SendOptions::default(),
            reviewed: None,
        }
    }
}

/// What a sync did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SyncReport {
    /// The cycle, if one ran.
    pub cycle: Option<Cycle>,
    /// The channel's mode after it.
    pub mode: String,
    /// Steps that succeeded.
    pub succeeded: u64,
    /// Steps that were parked.
    pub parked: u64,
    /// Steps that were planned again because their premise was wrong.
    pub replanned: u64,
    /// Steps that still wait: for their next attempt, or because the channel may not send.
    pub waiting: u64,
    /// Steps that wait for a person.
    pub held: u64,
    /// Why nothing (more) was sent, if so.
    pub stopped: Option<String>,
    /// When it is worth syncing again for what waits for its time: UTC milliseconds.
    pub again_at: Option<Millis>,
}

impl Admin {
    /// Runs one cycle of a channel and sends what may be sent.
    pub async fn sync(
        &self,
        channel: Option<&str>,
        options: &SyncOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<SyncReport, EngineError> {
        self.require(Permission::Operate)?;
        let (configuration, id) = self.select(channel).await?;
        let open = Arc::new(self.engine.open(&configuration, &id)?);
        let lease = self.lease(&open).await?;
        // On the heap: whoever syncs should not carry the whole of it on the stack.
        let result = Box::pin(self.locked_sync(&open, lease.fence(), options, progress)).await;
        lease.release().await?;
        result
    }

    /// Takes the lease of a channel's target.
    pub(super) async fn lease(&self, open: &OpenChannel) -> Result<Lease, EngineError> {
        self.engine.hold(&open.sp.id).await
    }

    async fn locked_sync(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &SyncOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<SyncReport, EngineError> {
        let cycle_options = CycleOptions {
            mode: options.mode,
            only: options.only.clone(),
            expected_hash: options.reviewed.clone(),
            only_as_asked: false,
        };
        // Whoever is singled out is sent here: from before the plan on, nobody else sends.
        let singled_out = options.only.is_some() || options.send.at_most.is_some();
        let turn = if singled_out {
            Some(self.sending_turn(open).await)
        } else {
            None
        };
        let cycle = self
            .look(open, fence, &cycle_options, progress.clone())
            .await?;
        if options.only.is_some() {
            self.may_pilot(open).await?;
        }
        if options.reviewed.is_some() {
            self.release_plan(open, fence, &cycle).await?;
        }
        let mut report = SyncReport {
            cycle: Some(cycle.cycle),
            ..SyncReport::default()
        };
        let send = self.send_options(open, options).await?;
        self.deliver(open, fence, &send, turn, progress, &mut report)
            .await?;
        self.finish_first_sync(open, fence).await?;
        self.fill(open, &mut report).await?;
        if send.at_most.is_some_and(|most| most > 0) && report.waiting > 0 {
            self.pause_after_pilot(open, &mut report).await?;
        }
        Ok(report)
    }

    /// One cycle with what belongs to it, whoever asks for it: old approvals end before, a first
    /// activation is decided after it. Nothing is sent.
    pub(crate) async fn look(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &CycleOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<CycleReport, EngineError> {
        let record = self.engine.record(&open.sp, &open.channel.id).await?;
        Self::may_run(&record, open)?;
        self.expire(open, fence).await?;
        let begun = self.engine.clock.now();
        self.engine.shared.tell(ServiceEvent::CycleBegan {
            at: begun,
            channel: open.channel.id.clone(),
            mode: options.mode,
        });
        let cycle = self.engine.run_cycle(open, fence, options, progress).await;
        let event = ended(
            &open.channel.id,
            options.mode,
            begun,
            self.engine.clock.now(),
            &cycle,
        );
        self.engine.shared.tell(event);
        let cycle = match cycle {
            Ok(cycle) => cycle,
            Err(error) => return Err(self.note_refusal(open, &record, error).await?),
        };
        if options.only.is_none() && is_complete(&cycle.cycle) {
            self.first_activation(open, &cycle).await?;
        }
        Ok(cycle)
    }

    /// A sync of named subjects sends only theirs.
    async fn send_options(
        &self,
        open: &OpenChannel,
        options: &SyncOptions,
    ) -> Result<SendOptions, EngineError> {
        let mut send = options.send.clone();
        if let Some(keys) = &options.only {
            let heads = self.engine.store.heads(&open.channel.id, keys).await?;
            send.only = Some(heads.into_iter().map(|head| head.id).collect());
        }
        Ok(send)
    }

    /// The first steps were for looking at: the rest waits for a person (behaviour §2).
    async fn pause_after_pilot(
        &self,
        open: &OpenChannel,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        let event = self.event("MODE", Some(&open.channel.id), "paused after a pilot");
        self.set(&open.sp, &open.channel.id, &ChannelState::Paused, &event)
            .await?;
        super::state::mode_name(&ChannelState::Paused).clone_into(&mut report.mode);
        report.stopped = Some(format!(
            "the pilot is over: the channel is paused, and {} steps wait. Set it going with `usher channels activate`",
            report.waiting
        ));
        Ok(())
    }

    /// Refuses channels that a person, or the engine itself, stopped.
    fn may_run(record: &ChannelRecord, open: &OpenChannel) -> Result<(), EngineError> {
        match &record.state {
            ChannelState::Draft | ChannelState::Observe | ChannelState::Active => Ok(()),
            ChannelState::Paused => Err(EngineError::Refused(format!(
                "channel `{}` is paused. Nothing was read or sent. Set it going again with `usher channels activate`, or let it only look with `usher channels observe`",
                open.channel.name
            ))),
            ChannelState::Quarantined { why } => Err(EngineError::Refused(format!(
                "channel `{}` stopped itself: {why}. When the cause is gone, set it going again with `usher channels activate`",
                open.channel.name
            ))),
        }
    }

    /// A pilot writes even while the channel only observes: everything but the mode must allow it.
    async fn may_pilot(&self, open: &OpenChannel) -> Result<(), EngineError> {
        let configuration = self.engine.configuration().await?;
        let refusals = self.refusals(&configuration, &open.channel.id);
        if refusals.is_empty() {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "nothing was sent, because the channel may not run:\n  {}",
            refusals.join("\n  ")
        )))
    }

    /// A target that refuses us while we read stops an active channel as it would while sending.
    async fn note_refusal(
        &self,
        open: &OpenChannel,
        record: &ChannelRecord,
        error: EngineError,
    ) -> Result<EngineError, EngineError> {
        if let EngineError::Target(refusal) = &error
            && refusal.failure == Failure::StopTarget
            && record.state == ChannelState::Active
        {
            let why = format!("the target refuses to work with us: {refusal}");
            let mut event = self.event("QUARANTINE", Some(&open.channel.id), &why);
            event.success = false;
            self.set(
                &open.sp,
                &open.channel.id,
                &ChannelState::Quarantined { why },
                &event,
            )
            .await?;
        }
        Ok(error)
    }

    async fn expire(&self, open: &OpenChannel, fence: &Fence) -> Result<(), EngineError> {
        let now = self.engine.clock.now();
        let hours = i64::from(open.channel.policy.approval_hours);
        self.engine
            .store
            .expire_held(fence, now - hours * 3_600_000, now)
            .await?;
        Ok(())
    }

    /// The first cycle decides how a channel goes on (behaviour §1): any adoption waits for
    /// approval; an empty target whose scope count was seen runs at once.
    async fn first_activation(
        &self,
        open: &OpenChannel,
        cycle: &CycleReport,
    ) -> Result<(), EngineError> {
        if cycle.record.state != ChannelState::Draft {
            return Ok(());
        }
        let configuration = self.engine.configuration().await?;
        let refusals = self.refusals(&configuration, &open.channel.id);
        let adopts = !cycle.record.adoption_approved && self.has_adoptions(open).await?;
        let seen = open.channel.policy.scope_count_seen;
        let (state, why) = if !refusals.is_empty() {
            (ChannelState::Observe, refusals.join("; "))
        } else if adopts {
            let why = "the target has accounts that correspond to people of the source: the adoption plan waits for approval";
            (ChannelState::Observe, why.to_owned())
        } else if !seen {
            let why = "the scope count was not confirmed yet: look at `usher plan`, then `usher channels activate`";
            (ChannelState::Observe, why.to_owned())
        } else {
            let why = "nothing to adopt, and the scope count was seen";
            (ChannelState::Active, why.to_owned())
        };
        let event = self.event("MODE", Some(&open.channel.id), &why);
        self.set(&open.sp, &open.channel.id, &state, &event).await
    }

    pub(super) async fn has_adoptions(&self, open: &OpenChannel) -> Result<bool, EngineError> {
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: vec!["held".to_owned()],
            verbs: vec![Verb::Adopt],
            ..StepFilter::default()
        };
        let held = self
            .engine
            .store
            .steps(&filter, StepId(0), LOOK_THROUGH)
            .await?;
        // What another channel owns is not ours to adopt; it waits for nobody.
        Ok(held.iter().any(|step| match &step.state {
            StepState::Held { hold } => hold.is_approvable(),
            _ => false,
        }))
    }

    /// Waits until nobody else sends to the channel's target.
    pub(super) async fn sending_turn(&self, open: &OpenChannel) -> OwnedMutexGuard<()> {
        let desk = self.engine.shared.target(&open.sp.id);
        desk.sending_turn().await
    }

    /// Sends what the channel may send: here, if whoever asks has the turn or nobody else sends;
    /// otherwise through the resident sender of its target.
    pub(super) async fn deliver(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &SendOptions,
        turn: Option<OwnedMutexGuard<()>>,
        progress: Arc<dyn Progress>,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        let desk = self.engine.shared.target(&open.sp.id);
        if turn.is_none() && desk.has_resident() {
            return self.await_resident(open, fence, options, report).await;
        }
        let _turn = match turn {
            Some(turn) => turn,
            None => desk.sending_turn().await,
        };
        self.send_and_follow(open, fence, options, progress, report)
            .await
    }

    /// Sends, and plans what became possible through it (members of accounts that have an id now,
    /// subjects whose step had a wrong premise), until nothing more comes of it.
    async fn send_and_follow(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &SendOptions,
        progress: Arc<dyn Progress>,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        for _ in 0..FOLLOW_UPS {
            let (sent, looked) = self
                .send_while_looking(open, fence, options, progress.clone())
                .await?;
            let moved = looked > 0 || sent.succeeded + sent.replanned > 0;
            add(report, &sent);
            let pilot = options.at_most.is_some() || options.only.is_some();
            if sent.stopped.is_some() || pilot || !moved {
                break;
            }
            let follow = CycleOptions::of(CycleMode::FollowUp);
            let next = self
                .engine
                .run_cycle(open, fence, &follow, progress.clone())
                .await?;
            if looked + next.settled.pending == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Sends; while that takes long, newer reads go on beside it, and their disables overtake what
    /// waits (behaviour §6). Also returns how many steps the last of those reads planned: sending may
    /// have ended before it did.
    async fn send_while_looking(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &SendOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<(SendReport, u64), EngineError> {
        let over = Notify::new();
        let sending = async {
            let opens = std::slice::from_ref(open);
            let sent = self.engine.send(opens, fence, options, progress).await;
            over.notify_one();
            sent
        };
        if options.at_most.is_some() || options.only.is_some() {
            return Ok((sending.await?, 0));
        }
        let (sent, looked) = tokio::join!(sending, self.look_again(open, fence, &over));
        Ok((sent?, looked))
    }

    /// Incremental cycles by the channel's schedule until sending is over; how many steps the last one
    /// planned.
    async fn look_again(&self, open: &Arc<OpenChannel>, fence: &Fence, over: &Notify) -> u64 {
        let every = u64::from(open.channel.policy.schedule.incremental_seconds.max(1));
        let options = CycleOptions::of(CycleMode::Incremental);
        let mut planned = 0;
        loop {
            tokio::select! {
                () = over.notified() => return planned,
                () = tokio::time::sleep(Duration::from_secs(every)) => {}
            }
            // A source that cannot be read now does not stop what is being sent.
            let looked = self
                .engine
                .run_cycle(open, fence, &options, Arc::new(Silent))
                .await;
            match looked {
                Ok(report) => planned = report.settled.pending,
                Err(error) => {
                    tracing::warn!(channel.id = %open.channel.id, %error, "a look beside sending failed");
                }
            }
        }
    }

    /// The first sync is over when every create of the first complete plan has an outcome.
    pub(crate) async fn finish_first_sync(
        &self,
        open: &OpenChannel,
        fence: &Fence,
    ) -> Result<(), EngineError> {
        let mut record = self.engine.record(&open.sp, &open.channel.id).await?;
        if record.first_sync_done
            || record.last_complete_at.is_none()
            || record.state != ChannelState::Active
        {
            return Ok(());
        }
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: ["pending", "claimed", "waiting", "unknown"]
                .map(str::to_owned)
                .to_vec(),
            verbs: vec![Verb::Create],
            ..StepFilter::default()
        };
        if self
            .engine
            .store
            .steps(&filter, StepId(0), LOOK_AT)
            .await?
            .is_empty()
        {
            record.first_sync_done = true;
            self.engine.store.save_channel(fence, &record).await?;
        }
        Ok(())
    }

    pub(super) async fn fill(
        &self,
        open: &OpenChannel,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        let record = self.engine.record(&open.sp, &open.channel.id).await?;
        super::state::mode_name(&record.state).clone_into(&mut report.mode);
        // Not those that are done: they may be as many as people.
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: ["pending", "waiting", "claimed", "unknown", "held"]
                .map(str::to_owned)
                .to_vec(),
            ..StepFilter::default()
        };
        (report.waiting, report.held) = (0, 0);
        for count in self.engine.store.step_counts(&filter).await? {
            match count.state.as_str() {
                "pending" | "waiting" | "claimed" | "unknown" => report.waiting += count.count,
                "held" => report.held += count.count,
                _ => {}
            }
        }
        if let ChannelState::Quarantined { why } = &record.state {
            report.stopped = Some(why.clone());
        }
        Ok(())
    }
}

/// How a cycle ended, for whoever listens.
fn ended(
    channel: &ChannelId,
    asked: CycleMode,
    begun: Millis,
    now: Millis,
    result: &Result<CycleReport, EngineError>,
) -> ServiceEvent {
    let cycle = result.as_ref().ok().map(|report| &report.cycle);
    let settled = result.as_ref().ok().map(|report| &report.settled);
    ServiceEvent::CycleEnded {
        at: now,
        channel: channel.clone(),
        cycle: cycle.map(|cycle| cycle.id),
        mode: cycle.map_or(asked, |cycle| cycle.mode),
        outcome: cycle.map_or("failed", |cycle| cycle.state.name()),
        took_ms: now - begun,
        read: cycle.map_or(0, |cycle| cycle.read),
        pending: settled.map_or(0, |settled| settled.pending),
        held: settled.map_or(0, |settled| settled.held),
        problem: match result {
            Err(error) => Some(error.to_string()),
            Ok(report) => why_incomplete(&report.cycle),
        },
    }
}

/// Why a cycle did not read everything it wanted, in words.
pub(crate) fn why_incomplete(cycle: &Cycle) -> Option<String> {
    match &cycle.state {
        CycleState::Reading | CycleState::Completed => None,
        CycleState::Incomplete { reasons } => Some(reasons.join("; ")),
        CycleState::Aborted { reason } => Some(reason.clone()),
    }
}

fn add(report: &mut SyncReport, sent: &SendReport) {
    report.succeeded += sent.succeeded;
    report.parked += sent.parked;
    report.replanned += sent.replanned;
    report.stopped = sent.stopped.clone().or(report.stopped.take());
    report.again_at = sent.again_at;
}

/// Whether a cycle read everything it wanted.
pub(super) fn is_complete(cycle: &Cycle) -> bool {
    match &cycle.state {
        CycleState::Completed => true,
        CycleState::Reading | CycleState::Incomplete { .. } | CycleState::Aborted { .. } => false,
    }
}

/// The kinds in the order in which they are shown.
pub(super) const KINDS: [Kind; 2] = [Kind::User, Kind::Group];
