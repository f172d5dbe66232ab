//! Saving configuration: what it drops is archived, never undone at the target.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use usher_core::model::{ChannelId, Configuration, ConnectionId};
use usher_store::StoreError;

use super::Admin;
use super::differences::Differences;
use super::operator::Permission;
use crate::error::EngineError;
use crate::service::ServiceEvent;

/// What saving did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SaveReport {
    /// The new revision.
    pub revision: u64,
    /// Channels that the configuration no longer has, with how many accounts they leave behind.
    pub archived: Vec<(String, u64)>,
}

impl Admin {
    /// Saves a whole configuration over the one that it was made from (`from_revision`); a newer
    /// one in between is refused. `differences` says without secrets what changes: for the audit log, with the
    /// value before and after of each place.
    ///
    /// Channels that it no longer has are archived first: nothing happens at the target, and a
    /// channel that comes back finds the accounts again by `externalId` (also if the process ends
    /// in between).
    pub async fn save(
        &self,
        configuration: Configuration,
        from_revision: u64,
        differences: impl Into<Differences>,
    ) -> Result<SaveReport, EngineError> {
        let before = self.engine.configuration().await?;
        for permission in needed(&before, &configuration) {
            self.require(permission)?;
        }
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
        let Differences { text, changes } = differences.into();
        let detail = format!("revision {}: {text}", report.revision);
        let mut event = self.event("CONFIG", None, &detail);
        event.changes = changes;
        self.engine
            .store
            .save_configuration(&configuration, &event)
            .await?;
        self.engine.shared.tell(ServiceEvent::ConfigurationSaved {
            at: self.engine.clock.now(),
            revision: report.revision,
        });
        self.engine.shared.note_change();
        Ok(report)
    }

    /// Archives a channel's subjects once whoever works on its target is done; returns how many
    /// accounts stay behind.
    async fn archive(&self, sp: &ConnectionId, channel: &ChannelId) -> Result<u64, EngineError> {
        let engine = &self.engine;
        let lease = engine.hold(sp).await?;
        let _sending = engine.shared.target(sp).sending_turn().await;
        let _cycle = engine.shared.cycle_turn(channel).await;
        let left = self.left_behind(channel).await?;
        engine.store.archive_channel(lease.fence(), channel).await?;
        let detail = format!("{left} accounts stay at the target as they are");
        let event = self.event("ARCHIVE", Some(channel), &detail);
        engine.store.audit(&[event]).await?;
        lease.release().await?;
        Ok(left)
    }

    pub(super) async fn left_behind(&self, channel: &ChannelId) -> Result<u64, EngineError> {
        let counts = self.engine.store.counts(channel).await?;
        let of = |state: &str| counts.states.get(state).copied().unwrap_or_default();
        Ok(of("user.linked") + of("user.disabled") + of("user.frozen"))
    }
}

/// What saving takes: certificates and mapping expressions are for those who may manage and write them.
fn needed(before: &Configuration, after: &Configuration) -> Vec<Permission> {
    let mut needed = Vec::new();
    let others = Configuration {
        revision: before.revision,
        ca_certificates: before.ca_certificates.clone(),
        ..after.clone()
    };
    if before.ca_certificates == after.ca_certificates || others != *before {
        needed.push(Permission::Configure);
    }
    if before.ca_certificates != after.ca_certificates {
        needed.push(Permission::ManageCertificates);
    }
    let known = expressions(before);
    if expressions(after)
        .iter()
        .any(|expression| !known.contains(expression))
    {
        needed.push(Permission::EditExpressions);
    }
    needed
}

/// Every mapping expression, with where it stands.
fn expressions(configuration: &Configuration) -> BTreeSet<(ChannelId, String, String)> {
    let mut found = BTreeSet::new();
    for (_, channel) in configuration.channels() {
        for rule in &channel.mapping {
            if let Some(expression) = &rule.expression {
                found.insert((channel.id.clone(), rule.field.clone(), expression.clone()));
            }
        }
    }
    found
}
