//! Saving configuration: what it drops is archived, never undone at the target.

use serde::Serialize;
use usher_core::model::{ChannelId, Configuration, ConnectionId};
use usher_store::StoreError;

use super::Admin;
use crate::error::EngineError;
use crate::lease::Lease;

/// What saving did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SaveReport {
    /// The new revision.
    pub revision: u64,
    /// Channels that the configuration no longer has, with how many accounts they leave behind.
    pub archived: Vec<(String, u64)>,
}

impl Admin {
    /// Saves a whole configuration over the one that it was made from (`from_revision`); a newer
    /// one in between is refused. `differences` says in words, without secrets, what changes.
    ///
    /// Channels that it no longer has are archived first: nothing happens at the target, and a
    /// channel that comes back finds the accounts again by `externalId` (also if the process ends
    /// in between).
    pub async fn save(
        &self,
        configuration: Configuration,
        from_revision: u64,
        differences: &str,
    ) -> Result<SaveReport, EngineError> {
        let before = self.engine.configuration().await?;
        if before.revision != from_revision {
            return Err(StoreError::Conflict {
                expected: from_revision,
                found: before.revision,
            }
            .into());
        }
        let mut report = SaveReport {
            revision: from_revision + 1,
            archived: Vec::new(),
        };
        for (sp, channel) in before.channels() {
            if configuration.channel(&channel.id).is_none() {
                let left = self.archive(&sp.id, &channel.id).await?;
                report
                    .archived
                    .push((format!("{}/{}", sp.name, channel.name), left));
            }
        }
        let configuration = Configuration {
            revision: report.revision,
            ..configuration
        };
        let event = self.event("CONFIG", None, differences);
        self.engine
            .store
            .save_configuration(&configuration, &event)
            .await?;
        Ok(report)
    }

    /// Archives a channel's subjects once whoever works on its target is done; returns how many
    /// accounts stay behind.
    async fn archive(&self, sp: &ConnectionId, channel: &ChannelId) -> Result<u64, EngineError> {
        let engine = &self.engine;
        let lease = Lease::take(&engine.store, &engine.clock, sp, &engine.owner).await?;
        let left = self.left_behind(channel).await?;
        engine.store.archive_channel(lease.fence(), channel).await?;
        let detail = format!("{left} accounts stay at the target as they are");
        let event = self.event("ARCHIVE", Some(channel), &detail);
        engine.store.audit(&[event]).await?;
        lease.release().await?;
        Ok(left)
    }

    async fn left_behind(&self, channel: &ChannelId) -> Result<u64, EngineError> {
        let counts = self.engine.store.counts(channel).await?;
        let of = |state: &str| counts.states.get(state).copied().unwrap_or_default();
        Ok(of("user.linked") + of("user.disabled") + of("user.frozen"))
    }
}
