//! Sending what a channel may send, with the cycles that go on beside it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use usher_core::model::CycleMode;
use usher_store::Fence;

use super::Admin;
use super::sync::SyncReport;
use crate::context::{OpenChannel, Progress, Silent};
use crate::cycle::CycleOptions;
use crate::error::EngineError;
use crate::send::{SendOptions, SendReport};

/// Rounds of "plan what became possible, send it" after a cycle.
const FOLLOW_UPS: u32 = 8;
/// Why nothing more is sent while a service stops.
const ENDING: &str = "the service is ending: what still waits is sent when it runs again";

impl Admin {
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
            self.await_resident(open, fence, options, report).await?;
        } else if !self.engine.shared.is_closed() {
            let _turn = match turn {
                Some(turn) => turn,
                None => desk.sending_turn().await,
            };
            Box::pin(self.send_and_follow(open, fence, options, progress, report)).await?;
        }
        if self.engine.shared.is_closed() && report.stopped.is_none() {
            report.stopped = Some(ENDING.to_owned());
        }
        Ok(())
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
}

fn add(report: &mut SyncReport, sent: &SendReport) {
    report.succeeded += sent.succeeded;
    report.parked += sent.parked;
    report.replanned += sent.replanned;
    report.stopped = sent.stopped.clone().or(report.stopped.take());
    report.again_at = sent.again_at;
}
