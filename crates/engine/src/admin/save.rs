//! Saving configuration: what it drops is archived, never undone at the target.

use serde::Serialize;
use usher_core::model::{ChannelId, Configuration};

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
    /// Saves a whole configuration over the one that it was made from (`revision` of the one
    /// before); a newer one in between is refused. Channels that it no longer has are archived:
    /// nothing happens at the target, and a new channel finds the accounts again by `externalId`.
    pub async fn save(
        &self,
        configuration: Configuration,
        from_revision: u64,
    ) -> Result<SaveReport, EngineError> {
        let before = self.engine.configuration().await?;
        let dropped: Vec<_> = before
            .channels()
            .filter(|(_, channel)| configuration.channel(&channel.id).is_none())
            .map(|(sp, channel)| (sp.id.clone(), sp.name.clone(), channel.clone()))
            .collect();
        // Whoever works on a dropped channel's target must be done before its links go.
        let mut leases = Vec::new();
        for (sp, _, _) in &dropped {
            let engine = &self.engine;
            leases.push(Lease::take(&engine.store, &engine.clock, sp, &engine.owner).await?);
        }
        let revision = from_revision + 1;
        let configuration = Configuration {
            revision,
            ..configuration
        };
        let event = self.event("CONFIG", None, &format!("revision {revision}"));
        self.engine
            .store
            .save_configuration(&configuration, &event)
            .await?;
        let mut report = SaveReport {
            revision,
            archived: Vec::new(),
        };
        for ((_, name, channel), lease) in dropped.into_iter().zip(leases) {
            let left = self.left_behind(&channel.id).await?;
            self.engine
                .store
                .archive_channel(lease.fence(), &channel.id)
                .await?;
            let detail = format!("{left} accounts stay at the target as they are");
            let event = self.event("ARCHIVE", Some(&channel.id), &detail);
            self.engine.store.audit(&[event]).await?;
            report
                .archived
                .push((format!("{name}/{}", channel.name), left));
            lease.release().await?;
        }
        Ok(report)
    }

    async fn left_behind(&self, channel: &ChannelId) -> Result<u64, EngineError> {
        let counts = self.engine.store.counts(channel).await?;
        let of = |state: &str| counts.states.get(state).copied().unwrap_or_default();
        Ok(of("user.linked") + of("user.disabled") + of("user.frozen"))
    }
}
