//! Saving configuration: what it drops is archived, never undone at the target.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use usher_core::model::{
    ChannelId, Configuration, ConnectionId, DataStoreKind, LdapSecurity, MailSecurity,
};
use usher_store::StoreError;

use super::Admin;
use super::differences::Differences;
use super::operator::Permission;
use crate::error::EngineError;
use crate::lease::Lease;
use crate::service::ServiceEvent;
use crate::to_its_end::to_its_end;

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
    /// Channels that it no longer has are archived in the same transaction: nothing happens at the target,
    /// and a channel that comes back finds the accounts again by `externalId`. What is refused archives
    /// nothing. It is carried out to its end, also if whoever asked does not wait for it.
    pub async fn save(
        &self,
        configuration: Configuration,
        from_revision: u64,
        differences: impl Into<Differences>,
    ) -> Result<SaveReport, EngineError> {
        let (admin, differences) = (self.clone(), differences.into());
        to_its_end(async move {
            let before = admin.engine.configuration().await?;
            admin.permit(&before, &configuration)?;
            if before.revision != from_revision {
                return Err(StoreError::Conflict {
                    expected: from_revision,
                    found: before.revision,
                }
                .into());
            }
            let dropped = dropped(&before, &configuration);
            let leaving = Box::pin(admin.hold(dropped)).await?;
            let saved = admin.save_held(configuration, from_revision, differences, &leaving);
            let saved = saved.await;
            // Whatever came out: what cannot be given back ends by itself.
            for target in leaving {
                if let Err(error) = target.lease.release().await {
                    tracing::debug!(%error, "a lease that was not given back ends by itself");
                }
            }
            saved
        })
        .await
    }

    async fn save_held(
        &self,
        configuration: Configuration,
        from_revision: u64,
        differences: Differences,
        leaving: &[Leaving],
    ) -> Result<SaveReport, EngineError> {
        let mut report = SaveReport {
            revision: from_revision + 1,
            archived: Vec::new(),
        };
        let (mut archive, mut events) = (Vec::new(), Vec::new());
        for target in leaving {
            for (channel, name) in &target.channels {
                let left = self.left_behind(channel).await?;
                let detail = format!("{left} accounts stay at the target as they are");
                events.push(self.event("ARCHIVE", Some(channel), &detail));
                archive.push((target.lease.fence().clone(), channel.clone()));
                report.archived.push((name.clone(), left));
            }
        }
        let configuration = Configuration {
            revision: report.revision,
            ..configuration
        };
        let Differences { text, changes } = differences;
        let detail = format!("revision {}: {text}", report.revision);
        let mut event = self.event("CONFIG", None, &detail);
        event.changes = changes;
        events.push(event);
        let store = &self.engine.store;
        store
            .save_configuration(&configuration, &archive, &events)
            .await?;
        self.engine.shared.tell(ServiceEvent::ConfigurationSaved {
            at: self.engine.clock.now(),
            revision: report.revision,
        });
        self.engine.shared.note_change();
        Ok(report)
    }

    /// Whether the operator may make this change.
    pub(super) fn permit(
        &self,
        before: &Configuration,
        after: &Configuration,
    ) -> Result<(), EngineError> {
        for permission in needed(before, after) {
            self.require(permission)?;
        }
        Ok(())
    }

    /// Waits until whoever works on the targets of these channels is done, and lets nobody begin.
    async fn hold(&self, dropped: Dropped) -> Result<Vec<Leaving>, EngineError> {
        let engine = &self.engine;
        let mut leaving = Vec::new();
        for (sp, channels) in dropped {
            let lease = engine.hold(&sp).await?;
            let mut turns = vec![engine.shared.target(&sp).sending_turn().await];
            for (channel, _) in &channels {
                turns.push(engine.shared.cycle_turn(channel).await);
            }
            leaving.push(Leaving {
                lease,
                channels,
                _turns: turns,
            });
        }
        Ok(leaving)
    }

    /// How many accounts a channel is linked to: they stay as they are when it leaves the configuration.
    pub async fn left_behind(&self, channel: &ChannelId) -> Result<u64, EngineError> {
        let counts = self.engine.store.counts(channel).await?;
        let of = |state: &str| counts.states.get(state).copied().unwrap_or_default();
        Ok(of("user.linked") + of("user.disabled") + of("user.frozen"))
    }
}

/// Channels with their names, by the SP connection of which they are.
type Dropped = BTreeMap<ConnectionId, Vec<(ChannelId, String)>>;

/// A target of which channels leave the configuration; nobody works on it meanwhile.
struct Leaving {
    lease: Lease,
    channels: Vec<(ChannelId, String)>,
    _turns: Vec<OwnedMutexGuard<()>>,
}

/// Always in the same order: two who wait for several targets do not wait for each other.
fn dropped(before: &Configuration, after: &Configuration) -> Dropped {
    let mut dropped = Dropped::new();
    for (sp, channel) in before.channels() {
        if after.channel(&channel.id).is_none() {
            let name = format!("{}/{}", sp.name, channel.name);
            let channels = dropped.entry(sp.id.clone()).or_default();
            channels.push((channel.id.clone(), name));
        }
    }
    for channels in dropped.values_mut() {
        channels.sort();
    }
    dropped
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
    let trusts = !trusted(after).is_subset(&trusted(before));
    if before.ca_certificates != after.ca_certificates || trusts {
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

/// What is trusted at one place beside the authorities of the system and of the installation, or in spite of what a
/// certificate says: whoever adds to it decides who can stand in for a directory, a target or the mail server.
fn trusted(configuration: &Configuration) -> BTreeSet<(&str, &str, &str)> {
    let mut found = BTreeSet::new();
    for store in &configuration.data_stores {
        if let DataStoreKind::Ldap(ldap) = &store.kind {
            let id = store.id.as_str();
            found.extend(ldap.ca_file.as_deref().map(|file| ("store", id, file)));
            let pin = ldap.certificate_sha256.as_deref();
            found.extend(pin.map(|pin| ("store", id, pin)));
            if !ldap.verify_host && pin.is_none() && ldap.security != LdapSecurity::Plain {
                found.insert(("store", id, ""));
            }
        }
    }
    for sp in &configuration.sp_connections {
        let certificates = sp.settings.values();
        let certificates = certificates.filter(|value| value.contains("-----BEGIN"));
        found.extend(certificates.map(|pem| ("target", sp.id.as_str(), pem.as_str())));
    }
    let mail = configuration.server.mail.as_ref();
    if mail.is_some_and(|mail| !mail.verify_host && mail.security != MailSecurity::Plain) {
        found.insert(("mail", "", ""));
    }
    found
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
