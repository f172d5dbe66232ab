//! Look and send: a cycle, its steps, and what became possible through them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use usher_connector::Failure;
use usher_core::model::{ChannelId, Cycle, CycleMode, CycleState, Kind, Millis, SourceKey};
use usher_store::{ChannelRecord, ChannelState, Fence, StepFilter};

use super::Admin;
use super::held::held_groups;
use super::operator::Permission;
use super::report::HeldGroup;
use super::restored;
use super::unfinished::Told;
use crate::context::{OpenChannel, Progress};
use crate::cycle::{CycleOptions, CycleReport};
use crate::error::EngineError;
use crate::lease::Lease;
use crate::send::{Only, SendOptions};
use crate::service::ServiceEvent;

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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// Those that wait for a person by their reasons, and how to go on with each.
    #[serde(default)]
    pub stays_held: Vec<HeldGroup>,
    /// Why nothing (more) was sent, if so.
    pub stopped: Option<String>,
    /// Why not everything arrived, though nobody decided so: steps that failed, a target that is left alone,
    /// people who cannot be mapped. In words.
    #[serde(default)]
    pub unfinished: Vec<String>,
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
            hash_all: options.reviewed.is_some(),
            only_as_asked: false,
        };
        if options.only.is_some() || options.reviewed.is_some() {
            restored::may_send(&self.engine.record(&open.sp, &open.channel.id).await?)?;
        }
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
            self.release_plan(open, fence, &cycle, options.only.as_deref())
                .await?;
        }
        let mut report = SyncReport {
            cycle: Some(cycle.cycle),
            ..SyncReport::default()
        };
        let send = self.send_options(open, options).await?;
        Box::pin(self.deliver(open, fence, &send, turn, progress, &mut report)).await?;
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
        if let ServiceEvent::CycleEnded { mode, outcome, .. } = &event {
            let meters = &self.engine.shared.meters;
            meters.cycle(&open.channel.id, *mode, outcome);
        }
        self.engine.shared.tell(event);
        // Before a channel is seen to stop, it is known why.
        self.engine.note_look(open, options, &cycle).await;
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
            let subjects = heads.into_iter().map(|head| head.id).collect();
            send.only = Some(Only::Subjects(subjects));
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
        let refusals = self.refusals(&configuration, &open.channel.id).await?;
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
        let steps = self.engine.store.step_counts(&filter).await?;
        for count in &steps {
            match count.state.as_str() {
                "pending" | "waiting" | "claimed" | "unknown" => report.waiting += count.count,
                "held" => report.held += count.count,
                _ => {}
            }
        }
        report.stays_held.clear();
        if report.held > 0 {
            report.stays_held = held_groups(self.engine.store.as_ref(), &filter).await?;
        }
        let counts = self.engine.store.counts(&open.channel.id).await?;
        report.unfinished = self
            .unfinished(&open.sp.id, &open.channel.id, Told::All, &counts)
            .await?;
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

/// Whether a cycle read everything it wanted.
pub(super) fn is_complete(cycle: &Cycle) -> bool {
    match &cycle.state {
        CycleState::Completed => true,
        CycleState::Reading | CycleState::Incomplete { .. } | CycleState::Aborted { .. } => false,
    }
}

/// The kinds in the order in which they are shown.
pub(super) const KINDS: [Kind; 2] = [Kind::User, Kind::Group];
