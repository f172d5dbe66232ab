//! A restored state is older than the two sides it speaks of: a channel of it only observes, and nothing may
//! be sent, before both were read in full (behaviour §19).

use usher_core::model::{Channel, CycleMode, SpConnection};
use usher_store::{ChannelRecord, ChannelState};

use super::Admin;
use crate::error::EngineError;

/// What a channel's warning begins with until both sides were read.
const MARK: &str = "restored from a backup";

impl Admin {
    /// A backup became the state: nothing that it stored about "read up to here" holds any more, and the
    /// channel observes until both sides were read.
    pub async fn observe_restored(
        &self,
        sp: &SpConnection,
        channel: &Channel,
    ) -> Result<(), EngineError> {
        let engine = &self.engine;
        let lease = engine.hold(&sp.id).await?;
        let mut record = engine.record(sp, &channel.id).await?;
        record.watermark = None;
        record.planned_digest = None;
        record.planned_revision = None;
        record.last_complete_at = None;
        record.last_complete_began = None;
        if !is_marked(&record) {
            record.warnings.push(format!(
                "{MARK}: it only observes until directory and target were read in full (`usher sync --reconcile`)"
            ));
        }
        let detail = "restored from a backup; set to observe";
        let event = self.event("RESTORE", Some(&channel.id), detail);
        self.set(sp, &channel.id, &ChannelState::Observe, &event)
            .await?;
        engine.store.save_channel(lease.fence(), &record).await?;
        lease.release().await
    }
}

/// Whether a channel was restored, and not both sides were read since.
pub(crate) fn is_marked(record: &ChannelRecord) -> bool {
    record.warnings.iter().any(|text| text.starts_with(MARK))
}

/// Refuses to let a restored channel write too early.
pub(crate) fn may_send(record: &ChannelRecord) -> Result<(), EngineError> {
    if !is_marked(record) {
        return Ok(());
    }
    Err(EngineError::Refused(
        "the state was restored from a backup, and nothing may be sent before both sides were read in full. Run `usher sync --reconcile` (a running service reads both by itself), look at what it plans, then try again".to_owned(),
    ))
}

/// A complete read of that kind ended: takes the mark off if the target was read with it.
pub(crate) fn settle(record: &mut ChannelRecord, read: CycleMode) {
    match read {
        CycleMode::Reconcile => record.warnings.retain(|text| !text.starts_with(MARK)),
        CycleMode::Incremental | CycleMode::Full | CycleMode::Rekey | CycleMode::FollowUp => {}
    }
}
