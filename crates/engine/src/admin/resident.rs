//! Leaving the sending to the sender that a running service has for each target.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use usher_core::model::CycleMode;
use usher_store::{ChannelState, Fence, StepFilter};

use super::Admin;
use super::sync::SyncReport;
use crate::context::{OpenChannel, Silent};
use crate::cycle::CycleOptions;
use crate::error::EngineError;
use crate::send::SendOptions;

/// How often is looked whether everything was sent.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long is waited for what is only handed over.
const HANDED_OVER: Duration = Duration::from_secs(3);
/// Rounds of "plan what became possible, have it sent".
const ROUNDS: u32 = 8;

/// What a channel's outbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Steps that are, or can be, sent now.
    moving: u64,
    succeeded: u64,
    parked: u64,
    replanned: u64,
}

impl Admin {
    /// Waits until the resident sender has sent what this channel may send, within the patience.
    pub(super) async fn await_resident(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        options: &SendOptions,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        let before = self.tally(open).await?;
        let until = options.hand_over.then(|| Instant::now() + HANDED_OVER);
        for _ in 0..ROUNDS {
            self.engine.shared.target(&open.sp.id).poke();
            if !self.quiet(open, options, until).await? {
                break;
            }
            let follow = CycleOptions::of(CycleMode::FollowUp);
            let silent = Arc::new(Silent);
            let next = self.engine.run_cycle(open, fence, &follow, silent).await?;
            if next.settled.pending == 0 {
                break;
            }
        }
        let after = self.tally(open).await?;
        report.succeeded += after.succeeded.saturating_sub(before.succeeded);
        report.parked += after.parked.saturating_sub(before.parked);
        report.replanned += after.replanned.saturating_sub(before.replanned);
        Ok(())
    }

    /// Waits until nothing more moves; false if the channel may not send, or nobody waits any longer.
    async fn quiet(
        &self,
        open: &OpenChannel,
        options: &SendOptions,
        until: Option<Instant>,
    ) -> Result<bool, EngineError> {
        let patience = Duration::from_millis(options.patience_ms.max(0).unsigned_abs());
        let (mut last, mut moved_at) = (self.tally(open).await?, Instant::now());
        loop {
            let record = self.engine.record(&open.sp, &open.channel.id).await?;
            if record.state != ChannelState::Active || self.engine.shared.is_closed() {
                return Ok(false);
            }
            let now = self.tally(open).await?;
            if now.moving == 0 {
                return Ok(true);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
            if now != last {
                (last, moved_at) = (now, Instant::now());
            } else if moved_at.elapsed() > patience.max(LOOK_EVERY * 10) {
                return Ok(true);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn tally(&self, open: &OpenChannel) -> Result<Tally, EngineError> {
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            ..StepFilter::default()
        };
        let mut tally = Tally::default();
        for count in self.engine.store.step_counts(&filter).await? {
            match count.state.as_str() {
                "pending" | "claimed" | "waiting" | "unknown" => tally.moving += count.count,
                "succeeded" => tally.succeeded += count.count,
                "parked" => tally.parked += count.count,
                "replan" => tally.replanned += count.count,
                _ => {}
            }
        }
        Ok(tally)
    }
}
