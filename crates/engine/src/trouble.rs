//! Since when something is amiss: begun and ended where it is met, for whoever judges alerts.
//!
//! Taking note never disturbs the work itself: what cannot be noted is logged.

use std::collections::BTreeMap;

use usher_connector::{Failure, SourceError};
use usher_core::model::{ChannelId, ConnectionId, CycleMode, CycleState, Millis, SpConnection};
use usher_store::ChannelState;

use crate::context::{Engine, OpenChannel};
use crate::cycle::{CycleOptions, CycleReport};
use crate::error::EngineError;

/// The directory of a channel cannot be read.
pub(crate) fn source_failing(channel: &ChannelId) -> String {
    format!("source_failing:{channel}")
}

/// The directory of a channel refuses the credentials.
pub(crate) fn source_refused(channel: &ChannelId) -> String {
    format!("source_refused:{channel}")
}

/// A channel that may run was never read to a complete end.
pub(crate) fn never_read(channel: &ChannelId) -> String {
    format!("never_read:{channel}")
}

/// The target refuses to work with us.
pub(crate) fn target_refused(target: &ConnectionId) -> String {
    format!("target_refused:{target}")
}

impl Engine {
    /// Takes note of what a look met.
    pub(crate) async fn note_look(
        &self,
        open: &OpenChannel,
        options: &CycleOptions,
        result: &Result<CycleReport, EngineError>,
    ) {
        if let Err(error) = self.note(open, options, result).await {
            tracing::warn!(%error, channel.id = %open.channel.id, "what a look met could not be noted");
        }
    }

    /// Takes note of a target that refuses to work with us.
    pub(crate) async fn note_target_refused(&self, target: &ConnectionId) {
        let noted = async {
            let known = self.store.troubles().await?;
            self.begin(&known, &target_refused(target)).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, target.id = %target, "a refusal could not be noted");
        }
    }

    async fn note(
        &self,
        open: &OpenChannel,
        options: &CycleOptions,
        result: &Result<CycleReport, EngineError>,
    ) -> Result<(), EngineError> {
        let known = self.store.troubles().await?;
        let channel = &open.channel.id;
        let (failing, refused) = (source_failing(channel), source_refused(channel));
        match result {
            Err(EngineError::Source(error)) => match error {
                SourceError::Credentials(_) => self.begin(&known, &refused).await,
                SourceError::Unreachable(_) | SourceError::Protocol(_) => {
                    self.begin(&known, &failing).await
                }
                SourceError::Settings(_) | SourceError::Stopped => Ok(()),
            },
            Err(EngineError::Target(error)) if error.failure == Failure::StopTarget => {
                self.begin(&known, &target_refused(&open.sp.id)).await
            }
            Err(_) => Ok(()),
            Ok(report) => {
                // Named subjects, and none, say little about the directory as a whole.
                if options.only.is_none() && report.cycle.mode != CycleMode::FollowUp {
                    match &report.cycle.state {
                        CycleState::Completed => {
                            // A look at what changed says nothing of a full read that failed: nobody who is
                            // deleted is noticed before one is complete.
                            if report.record.full_incomplete.is_empty() {
                                self.end(&known, &failing).await?;
                            }
                            self.end(&known, &refused).await?;
                        }
                        CycleState::Incomplete { .. } => self.begin(&known, &failing).await?,
                        CycleState::Reading | CycleState::Aborted { .. } => {}
                    }
                }
                self.note_well(&known, &open.sp).await
            }
        }
    }

    /// A target is taken to work with us again once no channel of it is stopped.
    async fn note_well(
        &self,
        known: &BTreeMap<String, Millis>,
        sp: &SpConnection,
    ) -> Result<(), EngineError> {
        let key = target_refused(&sp.id);
        if !known.contains_key(&key) {
            return Ok(());
        }
        for channel in &sp.channels {
            let state = self.kept(&channel.id).await?.state;
            if matches!(state, ChannelState::Quarantined { .. }) {
                return Ok(());
            }
        }
        self.end(known, &key).await
    }

    /// Begins a trouble, unless it is known.
    pub(crate) async fn begin(
        &self,
        known: &BTreeMap<String, Millis>,
        key: &str,
    ) -> Result<(), EngineError> {
        if !known.contains_key(key) {
            let now = self.clock.now();
            self.store.set_trouble(key, Some(now)).await?;
        }
        Ok(())
    }

    /// Ends a trouble, if there is one.
    pub(crate) async fn end(
        &self,
        known: &BTreeMap<String, Millis>,
        key: &str,
    ) -> Result<(), EngineError> {
        if known.contains_key(key) {
            self.store.set_trouble(key, None).await?;
        }
        Ok(())
    }
}
