//! Asking directories and targets before a configuration is saved (behaviour §17).

use usher_connector::{CheckOutcome, Failure, SourceError};
use usher_core::model::{
    CaCertificate, Channel, ChannelId, Configuration, ConnectionId, DataStore, DataStoreId,
    DataStoreKind, SpConnection,
};

use usher_store::ChannelState;

use super::Admin;
use super::activation::nobody_disabled;
use super::patience::Impatient;
use super::state::of_store;
use crate::error::EngineError;

/// Checks of a probe that say whether a data store can be used at all. The others are about one channel.
const ESSENTIAL: [&str; 4] = ["host", "bind", "connection", "file"];

/// Longest that one answer of a directory is waited for, milliseconds.
const WAIT_MS: u32 = 10_000;

/// A configuration after its directories and targets were asked.
pub(super) struct Verified {
    /// The configuration. What a target refused is turned off in it.
    pub(super) configuration: Configuration,
    /// What was turned off and why, and which target could not be asked.
    pub(super) warnings: Vec<String>,
}

/// What was asked already for a change, and the answers: a change that is made again asks only what is new.
#[derive(Default)]
pub(super) struct Asked {
    authorities: Vec<CaCertificate>,
    stores: Vec<(DataStore, Result<(), String>)>,
    targets: Vec<(SpConnection, Answer)>,
    directories: Vec<(DataStore, Answer)>,
}

/// Something that keeps a configuration from being saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What was asked.
    pub place: Place,
    /// What it answered, and what to do.
    pub why: String,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory.
    DataStore(DataStoreId),
    /// A target.
    Target(ConnectionId),
}

impl Admin {
    /// Asks every directory whose access changed or of which a channel is turned on, and every target that is turned
    /// on, or whose access changed while it is on. A target that refuses, or the directory of a channel, is turned off again, whichever of channel and connection was turned on last,
    /// so that the configuration can be saved; one that is on already and would be refused with its new settings
    /// is a doubt, and what runs goes on with the old ones. A target that does not answer is turned on: the engine
    /// waits for it.
    pub(super) async fn verify_patiently(
        &self,
        before: &Configuration,
        after: Configuration,
        asked: &mut Asked,
    ) -> Result<Result<Verified, Vec<Doubt>>, Impatient> {
        let asks = after.data_stores.iter().any(|store| is_new(before, store))
            || after
                .sp_connections
                .iter()
                .any(|sp| Turned::of(before, sp).is_asked());
        if !asks {
            return Ok(Ok(Verified {
                configuration: after,
                warnings: Vec::new(),
            }));
        }
        self.patient_in_turn(self.verify_change(before, after, asked))
            .await
    }

    async fn verify_change(
        &self,
        before: &Configuration,
        after: Configuration,
        asked: &mut Asked,
    ) -> Result<Verified, Vec<Doubt>> {
        if asked.authorities != after.ca_certificates {
            *asked = Asked {
                authorities: after.ca_certificates.clone(),
                ..Asked::default()
            };
        }
        let mut doubts = Vec::new();
        for store in &after.data_stores {
            if !is_new(before, store) {
                continue;
            }
            if let Err(why) = self.store_answer(&after, store, asked).await {
                doubts.push(Doubt {
                    place: Place::DataStore(store.id.clone()),
                    why,
                });
            }
        }
        let mut verified = Verified {
            configuration: after.clone(),
            warnings: Vec::new(),
        };
        for (index, sp) in after.sp_connections.iter().enumerate() {
            let turned = Turned::of(before, sp);
            if !turned.is_asked() {
                continue;
            }
            match self.target_answer(&after, sp, asked).await {
                Answer::Good => {}
                Answer::Silent(why) => verified.warnings.push(format!(
                    "the target of `{}` could not be asked, so that the engine waits for it: {why}",
                    sp.name
                )),
                Answer::Refused(why) if turned.on() => {
                    let what = turned.off(verified.configuration.sp_connections.get_mut(index));
                    verified
                        .warnings
                        .push(format!("{what} stays off, since the target refused: {why}"));
                }
                Answer::Refused(why) => doubts.push(Doubt {
                    place: Place::Target(sp.id.clone()),
                    why: format!(
                        "the target refused these settings while it is in use: {why}; correct them, or turn the SP connection off in the same change"
                    ),
                }),
            }
            if let Some(sp) = verified.configuration.sp_connections.get_mut(index) {
                let told = self.directories_of(before, sp, &after, asked).await;
                verified.warnings.extend(told);
            }
        }
        if doubts.is_empty() {
            Ok(verified)
        } else {
            Err(doubts)
        }
    }

    /// Asks the directories of channels that are turned on. One that refuses leaves off what was turned on last.
    async fn directories_of(
        &self,
        before: &Configuration,
        sp: &mut SpConnection,
        after: &Configuration,
        asked: &mut Asked,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        for store in &after.data_stores {
            let mut turned = Turned::of(before, sp);
            let reads = |id: &ChannelId| {
                let mut channels = sp.channels.iter();
                channels.any(|c| &c.id == id && c.active && c.source.data_store == store.id)
            };
            turned.channels.retain(reads);
            let all = sp.channels.iter().any(|c| reads(&c.id));
            turned.connection &= all;
            // One that is new, or reached in another way, answered already.
            if !turned.on() || is_new(before, store) {
                continue;
            }
            match self.directory_answer(after, store, asked).await {
                Answer::Good => {}
                Answer::Silent(why) => warnings.push(format!(
                    "the data store `{}` could not be asked, so that the engine waits for it: {why}",
                    store.name
                )),
                Answer::Refused(why) => {
                    let what = turned.off(Some(sp));
                    warnings.push(format!("{what} stays off: {why}"));
                }
            }
        }
        warnings
    }

    async fn directory_answer(
        &self,
        after: &Configuration,
        store: &DataStore,
        asked: &mut Asked,
    ) -> Answer {
        let known = asked.directories.iter().find(|(known, _)| known == store);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let answer = self.ask_store(after, store).await;
        asked.directories.push((store.clone(), answer.clone()));
        answer
    }

    /// Whether the directory of a channel lets us in.
    pub(super) async fn ask_store_of(
        &self,
        configuration: &Configuration,
        channel: &Channel,
    ) -> Answer {
        match configuration.data_store(&channel.source.data_store) {
            Some(store) => self.ask_store(configuration, store).await,
            None => Answer::Good,
        }
    }

    async fn ask_store(&self, configuration: &Configuration, store: &DataStore) -> Answer {
        // What is reached in a way which is not there is refused for that.
        if store.unmet().is_some() {
            return Answer::Good;
        }
        let asked = self.greet(configuration, &hurried(store)).await;
        let Err(error) = asked else {
            return Answer::Good;
        };
        let why = format!("data store `{}`: {error}", store.name);
        match error {
            EngineError::Source(
                SourceError::Unreachable(_) | SourceError::Protocol(_) | SourceError::Stopped,
            ) => Answer::Silent(why),
            _ => Answer::Refused(why),
        }
    }

    async fn store_answer(
        &self,
        after: &Configuration,
        store: &DataStore,
        asked: &mut Asked,
    ) -> Result<(), String> {
        let known = asked.stores.iter().find(|(known, _)| known == store);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let answer = self.verify_data_store(after, &hurried(store)).await;
        asked.stores.push((store.clone(), answer.clone()));
        answer
    }

    async fn target_answer(
        &self,
        after: &Configuration,
        sp: &SpConnection,
        asked: &mut Asked,
    ) -> Answer {
        let known = asked.targets.iter().find(|(known, _)| known == sp);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let answer = self.ask(after, sp).await;
        asked.targets.push((sp.clone(), answer.clone()));
        answer
    }

    /// Connects to a data store and signs in; what is wrong in words.
    async fn verify_data_store(
        &self,
        configuration: &Configuration,
        store: &DataStore,
    ) -> Result<(), String> {
        let checks = self.probe(configuration, store).await;
        let checks = checks.map_err(|error| error.to_string())?;
        let failed: Vec<String> = checks
            .into_iter()
            .filter(|check| check.outcome == CheckOutcome::Failed)
            .filter(|check| ESSENTIAL.contains(&check.name.as_str()))
            .map(|check| check.detail)
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed.join("; "))
        }
    }

    /// Turns off again what is turned on and may not run by what was read; tells what and why. Nobody outside is
    /// asked.
    pub(super) async fn turn_off_unknown(
        &self,
        before: &Configuration,
        after: &mut Configuration,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        for sp in &mut after.sp_connections {
            let turned = Turned::of(before, sp);
            if let Some(why) = self.unknown_status(sp, &turned).await {
                let what = turned.off(Some(sp));
                warnings.push(format!("{what} stays off: {why}"));
            }
        }
        warnings
    }

    /// Why one of the channels that are turned on may not run: nobody is disabled among many.
    async fn unknown_status(&self, sp: &SpConnection, turned: &Turned) -> Option<String> {
        let is_turned = |id: &ChannelId| turned.connection || turned.channels.contains(id);
        for channel in sp.channels.iter().filter(|c| c.active && is_turned(&c.id)) {
            // A state that cannot be read refuses the change anyway.
            let record = self.engine.record(sp, &channel.id).await.ok()?;
            if let Some(why) = nobody_disabled(channel, &record) {
                return Some(format!("channel `{}`: {why}", channel.name));
            }
        }
        None
    }

    async fn ask(&self, configuration: &Configuration, sp: &SpConnection) -> Answer {
        let Some(channel) = sp.channels.iter().find(|channel| channel.active) else {
            return Answer::Good;
        };
        let target = match self.engine.open_target(configuration, sp, channel) {
            Ok(target) => target,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        match target.verify().await {
            Ok(()) => Answer::Good,
            Err(error) if error.failure == Failure::StopTarget => Answer::Refused(error.message),
            Err(error) => Answer::Silent(error.message),
        }
    }

    /// Refuses a change that gives a channel which writes a data store that no channel may be activated with.
    pub(super) async fn refuse_stores(
        &self,
        before: &Configuration,
        after: &Configuration,
    ) -> Result<(), EngineError> {
        let refusals = |configuration: &Configuration, channel: &Channel| {
            let store = configuration.data_store(&channel.source.data_store);
            store.map(of_store).unwrap_or_default()
        };
        let mut refused = Vec::new();
        for (sp, channel) in after.channels() {
            let known = before.channel(&channel.id);
            let known = known.map(|(_, channel)| refusals(before, channel));
            let mut why = refusals(after, channel);
            why.retain(|why| !known.as_ref().is_some_and(|known| known.contains(why)));
            if why.is_empty()
                || self.engine.record(sp, &channel.id).await?.state != ChannelState::Active
            {
                continue;
            }
            refused.push(format!(
                "channel `{}/{}` is active, and with its data store `{}` as it is to be it cannot be: {}. Let it only observe before that (`usher channels observe`, or its mode through /api/v1)",
                sp.name,
                channel.name,
                channel.source.data_store,
                why.join("; ").trim_end_matches('.')
            ));
        }
        if refused.is_empty() {
            return Ok(());
        }
        Err(EngineError::Refused(refused.join("; ")))
    }

    /// Refuses a change in which an SP connection loses channels that are linked to accounts and gains others: a
    /// shape in which channels have no id cannot tell that from a new name.
    pub(super) async fn refuse_renames(
        &self,
        before: &Configuration,
        after: &Configuration,
    ) -> Result<(), EngineError> {
        for sp in &after.sp_connections {
            let Some(known) = before.sp_connections.iter().find(|known| known.id == sp.id) else {
                continue;
            };
            let has = |channels: &[usher_core::model::Channel], id: &ChannelId| {
                channels.iter().any(|channel| &channel.id == id)
            };
            let new = sp.channels.iter().find(|c| !has(&known.channels, &c.id));
            let Some(new) = new else { continue };
            for gone in known.channels.iter().filter(|c| !has(&sp.channels, &c.id)) {
                let links = self.left_behind(&gone.id).await?;
                if links > 0 {
                    return Err(EngineError::Refused(format!(
                        "the channel `{}`, which is linked to {links} accounts, would be dropped and `{}` made: channels are known by their names here, so that its links would be lost if that is only a new name. Rename it through /api/v1; to drop it, drop it first and make the other one after that",
                        gone.name, new.name
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Whether a data store is reached in another way than before, or for the first time.
fn is_new(before: &Configuration, store: &DataStore) -> bool {
    // One that is reached in a way which is not there is read by nobody.
    if store.unmet().is_some() {
        return false;
    }
    let known = before.data_store(&store.id);
    known.is_none_or(|known| known.kind != store.kind)
}

/// A data store that is waited for as long as somebody waits who saves it.
fn hurried(store: &DataStore) -> DataStore {
    let mut hurried = store.clone();
    if let DataStoreKind::Ldap(ldap) = &mut hurried.kind {
        ldap.read_timeout_ms = ldap.read_timeout_ms.min(WAIT_MS);
        ldap.connect_timeout_ms = ldap.connect_timeout_ms.min(WAIT_MS);
    }
    hurried
}

/// What a target or a directory answers to whoever turns a channel on.
#[derive(Clone)]
pub(super) enum Answer {
    Good,
    /// Only a person can help.
    Refused(String),
    /// It may pass.
    Silent(String),
}

/// What a change does to the toggles of an SP connection.
struct Turned {
    /// The connection is turned on.
    connection: bool,
    /// These channels are turned on.
    channels: Vec<ChannelId>,
    /// It was on, and how the target is reached changes.
    access: bool,
}

impl Turned {
    fn of(before: &Configuration, after: &SpConnection) -> Self {
        let known = |known: &&SpConnection| known.id == after.id;
        let before = before.sp_connections.iter().find(known);
        let is_on = after.active && after.channels.iter().any(|channel| channel.active);
        let was_active = |id: &ChannelId| {
            let channels = before.into_iter().flat_map(|known| &known.channels);
            channels.into_iter().any(|c| &c.id == id && c.active)
        };
        let turned = after
            .channels
            .iter()
            .filter(|c| c.active && !was_active(&c.id));
        Self {
            connection: is_on && !before.is_some_and(|known| known.active),
            channels: turned
                .filter(|_| is_on)
                .map(|channel| channel.id.clone())
                .collect(),
            access: is_on
                && before.is_some_and(|known| {
                    known.settings != after.settings
                        || known.secrets != after.secrets
                        || known.connector != after.connector
                }),
        }
    }

    fn is_asked(&self) -> bool {
        self.on() || self.access
    }

    fn on(&self) -> bool {
        self.connection || !self.channels.is_empty()
    }

    /// Turns off again what was turned on last; gives its name.
    fn off(&self, sp: Option<&mut SpConnection>) -> String {
        let Some(sp) = sp else {
            return "the SP connection".to_owned();
        };
        if self.connection {
            sp.active = false;
            return format!("the SP connection `{}`", sp.name);
        }
        let mut names = Vec::new();
        for channel in &mut sp.channels {
            if self.channels.contains(&channel.id) {
                channel.active = false;
                names.push(format!("`{}`", channel.name));
            }
        }
        format!("channel {} of `{}`", names.join(", "), sp.name)
    }
}
