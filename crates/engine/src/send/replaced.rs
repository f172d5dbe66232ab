//! What an end means for the whole target: it refuses us, or it is not the one that it was.

use usher_core::model::{Step, Verb};
use usher_store::{AuditEvent, ChannelState};

use super::attempt::Ended;
use super::run::Sender;
use crate::error::EngineError;

impl Sender<'_> {
    /// What an end means for the whole target.
    pub(super) async fn note(&mut self, step: &Step, ended: &Ended) -> Result<(), EngineError> {
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
            self.engine.note_target_refused(&self.connection).await;
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
        for lane in self.lanes.values() {
            lane.gate.shut();
        }
        Ok(())
    }
}
