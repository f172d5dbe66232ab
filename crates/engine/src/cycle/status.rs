//! How many people are disabled in the source (behaviour §16).

use usher_store::{AuditEvent, ChannelState};

use super::run::Run;
use crate::admin::{SUSPICIOUS, nobody_disabled};
use crate::error::EngineError;

impl Run<'_> {
    /// Keeps how many people are disabled in the source. That nobody is, is kept when it is certain only.
    pub(super) async fn note_disabled(&mut self, whole: bool) -> Result<(), EngineError> {
        let is_whole = whole && self.full && self.is_complete();
        if is_whole {
            self.record.last_complete_people = self.people;
        }
        if self.disabled > 0 {
            self.record.disabled_people = Some(self.disabled);
        } else if is_whole && !self.unjudged {
            self.record.disabled_people = Some(0);
        } else if is_whole && self.is_worth_asking() {
            let store = &self.engine.store;
            if !store.may_have_disabled(&self.open.channel.id).await? {
                self.record.disabled_people = Some(0);
            }
        }
        Ok(())
    }

    /// Whether the answer would matter: the question may go through everybody.
    fn is_worth_asking(&self) -> bool {
        let is_acknowledged = self.open.channel.policy.no_disabled_seen;
        self.people > SUSPICIOUS && !is_acknowledged && self.record.disabled_people != Some(0)
    }

    /// A channel that was activated before anything was read is judged by its first complete full read: before its
    /// steps are released it only observes, if nobody is disabled among many. So is one whose configuration was
    /// changed, if somebody was disabled until then: the new rule may not see who is.
    pub(super) async fn refuse_unknown_status(
        &mut self,
        whole: bool,
        disabled_before: Option<u64>,
    ) -> Result<(), EngineError> {
        let is_first = self.record.last_complete_at.is_none();
        let is_new = self.beginning.configuration_changed && disabled_before != Some(0);
        if !(whole && (is_first || is_new) && self.full && self.is_complete()) {
            return Ok(());
        }
        let (sp, channel) = (&self.open.sp, &self.open.channel);
        let Some(why) = nobody_disabled(channel, &self.record) else {
            return Ok(());
        };
        // Somebody may have stopped it while this cycle was reading.
        if self.engine.record(sp, &channel.id).await?.state != ChannelState::Active {
            return Ok(());
        }
        let event = AuditEvent {
            at: self.engine.clock.now(),
            actor: "engine".to_owned(),
            event: "MODE".to_owned(),
            channel: Some(channel.id.to_string()),
            success: true,
            detail: why,
            ..AuditEvent::default()
        };
        let store = &self.engine.store;
        store
            .set_state(&channel.id, &sp.id, &ChannelState::Observe, &event)
            .await?;
        self.record.state = ChannelState::Observe;
        self.engine.shared.note_change();
        Ok(())
    }
}
