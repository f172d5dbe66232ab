//! Turning channels on and off, and what keeps one from running.

use serde::{Deserialize, Serialize};
use usher_connector::CheckOutcome;
use usher_core::model::{ChannelId, Configuration, DataStore, DirectoryKind, SpConnection};
use usher_store::{AuditEvent, ChannelState};

use super::Admin;
use super::activation::nobody_disabled;
use super::operator::Permission;
use super::plan::in_flight;
use super::report::StepSample;
use super::restored;
use super::verify::Answer;
use crate::error::EngineError;

/// What a stop did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StopReport {
    /// The channels that are paused now.
    pub channels: Vec<String>,
    /// Steps that were being sent at that moment.
    pub in_flight: Vec<StepSample>,
    /// Why it is not in the state yet, in words: the service keeps it in mind and writes it as soon as it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwritten: Option<String>,
}

impl Admin {
    /// Stops channels at once: no new request within a second. Works beside a running process.
    /// Says what is in flight: its outcome is recorded, or looked up at the next start.
    pub async fn stop(&self, channel: Option<&str>) -> Result<StopReport, EngineError> {
        self.require(Permission::Operate)?;
        let configuration = self.engine.configuration().await?;
        let ids: Vec<ChannelId> = match channel {
            Some(text) => vec![self.select(Some(text)).await?.1],
            None => configuration
                .channels()
                .map(|(_, channel)| channel.id.clone())
                .collect(),
        };
        let mut report = StopReport::default();
        for (sp, channel) in configuration
            .channels()
            .filter(|(_, c)| ids.contains(&c.id))
        {
            let event = self.event("STOP", Some(&channel.id), "stopped by an operator");
            let set = self.set(sp, &channel.id, &ChannelState::Paused, &event);
            if let Err(error) = set.await {
                // Whatever ails the state must keep nobody from stopping.
                if !self.engine.shared.distress.stop(&channel.id, &sp.id, event) {
                    return Err(error);
                }
                self.engine.shared.note_change();
                report.unwritten = Some(error.to_string());
            }
            // What cannot be shown is stopped all the same.
            let in_flight = in_flight(&self.engine, &channel.id).await;
            report.in_flight.extend(in_flight.unwrap_or_default());
            report
                .channels
                .push(format!("{}/{}", sp.name, channel.name));
        }
        Ok(report)
    }

    /// Changes a channel's mode. Going active needs everything that [`Admin::refusals`] asks for,
    /// and a target that accepts the credentials.
    pub async fn set_mode(
        &self,
        channel: Option<&str>,
        mode: ChannelState,
    ) -> Result<(), EngineError> {
        self.require(Permission::Operate)?;
        let (configuration, id) = self.select(channel).await?;
        let Some((sp, _)) = configuration.channel(&id) else {
            return Ok(());
        };
        if mode == ChannelState::Active {
            restored::may_send(&self.engine.record(sp, &id).await?)?;
            self.verify(&configuration, &id).await?;
        }
        let event = self.event("MODE", Some(&id), &format!("set to {}", mode_name(&mode)));
        self.set(sp, &id, &mode, &event).await
    }

    /// What keeps a channel from being activated, in words; all at once.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn refusals(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
    ) -> Result<Vec<String>, EngineError> {
        let Some((sp, channel)) = configuration.channel(id) else {
            return Ok(vec![format!("there is no channel with the id `{id}`")]);
        };
        let mut refusals = Vec::new();
        if !sp.active {
            refusals.push(format!(
                "SP connection `{}` is not active in the configuration",
                sp.name
            ));
        }
        if !channel.active {
            refusals.push(format!(
                "channel `{}` is not active in the configuration",
                channel.name
            ));
        }
        if let Some(store) = configuration.data_store(&channel.source.data_store) {
            refusals.extend(of_store(store));
        }
        if let Err(error) = self.engine.open(configuration, id) {
            refusals.push(error.to_string());
        }
        let record = self.engine.record(sp, id).await?;
        refusals.extend(nobody_disabled(channel, &record));
        Ok(refusals)
    }

    /// Refuses a channel that may not run, with the directory's or the target's own answer. A directory that does
    /// not answer refuses nothing: the engine waits for it.
    pub async fn verify(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
    ) -> Result<(), EngineError> {
        let refusals = self.refusals(configuration, id).await?;
        if !refusals.is_empty() {
            return Err(EngineError::Refused(format!(
                "the channel cannot be activated:\n  {}",
                refusals.join("\n  ")
            )));
        }
        let open = self.engine.open(configuration, id)?;
        if let Answer::Refused(why) = self.ask_store_of(configuration, &open.channel).await {
            return Err(EngineError::Refused(format!(
                "the channel is not activated: {why}"
            )));
        }
        let failed: Vec<String> = open
            .target
            .check()
            .await
            .into_iter()
            .filter(|check| check.outcome == CheckOutcome::Failed)
            .map(|check| format!("{}: {}", check.name, check.detail))
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "the channel is not activated, because the target did not accept us:\n  {}",
            failed.join("\n  ")
        )))
    }

    pub(super) async fn set(
        &self,
        sp: &SpConnection,
        id: &ChannelId,
        state: &ChannelState,
        event: &AuditEvent,
    ) -> Result<(), EngineError> {
        self.engine
            .store
            .set_state(id, &sp.id, state, event)
            .await?;
        self.engine.shared.distress.forget(id);
        self.engine.shared.note_change();
        Ok(())
    }
}

/// Why no channel that reads this data store may write, in words.
pub(super) fn of_store(store: &DataStore) -> Vec<String> {
    let mut refusals = Vec::new();
    if store.directory == DirectoryKind::ActiveDirectory {
        refusals.push(
            "Active Directory is not proven yet: the template exists, but this version was not tried against a domain controller. Plans work (`usher plan`); activation is refused".to_owned(),
        );
    }
    if let Some(unmet) = store.unmet() {
        refusals.push(format!("{}: {}", unmet.key, unmet.why));
    }
    refusals
}

/// A channel state's name.
pub(super) fn mode_name(state: &ChannelState) -> &'static str {
    match state {
        ChannelState::Draft => "draft",
        ChannelState::Observe => "observe",
        ChannelState::Active => "active",
        ChannelState::Paused => "paused",
        ChannelState::Quarantined { .. } => "quarantined",
    }
}
