//! Who is told when something needs a person, and of what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ConnectionId, Millis, Sealed, SpConnection};

/// A key without a date of its own is taken to last so long after it was entered, milliseconds.
const KEY_LASTS_MS: i64 = 365 * 24 * 3600 * 1000;

/// Settings of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertSettings {
    /// Addresses that are told by e-mail, through the mail server of the server settings.
    pub emails: Vec<String>,
    /// Addresses that are told by a signed request.
    pub webhooks: Vec<Webhook>,
    /// More parked steps than this in one channel need a person.
    pub parked_threshold: u64,
    /// Kinds that nobody is told of. They are still shown.
    pub off: BTreeSet<AlertKind>,
    /// When the keys of SP connections expire, where that is known.
    pub keys: BTreeMap<ConnectionId, KeyExpiry>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            emails: Vec::new(),
            webhooks: Vec::new(),
            parked_threshold: 20,
            off: BTreeSet::new(),
            keys: BTreeMap::new(),
        }
    }
}

impl AlertSettings {
    /// Everybody who is told, as deliveries name them: `mailto:` with an address, or the URL of a webhook.
    pub fn recipients(&self) -> Vec<String> {
        let emails = self.emails.iter().map(|email| format!("mailto:{email}"));
        let webhooks = self.webhooks.iter().map(|webhook| webhook.url.clone());
        emails.chain(webhooks).collect()
    }

    /// When the key of an SP connection expires: as told of this very key, or a year after it was entered.
    /// `None` when there is no secret, or nobody knows when it was entered.
    pub fn key_expires_at(&self, sp: &SpConnection) -> Option<Millis> {
        let entered = key_entered_at(sp)?;
        let told = self.keys.get(&sp.id);
        let of_this_key = told.filter(|told| told.key_entered_at == entered);
        Some(of_this_key.map_or(entered.saturating_add(KEY_LASTS_MS), |told| told.expires_at))
    }
}

/// When the oldest secret of an SP connection was entered.
pub fn key_entered_at(sp: &SpConnection) -> Option<Millis> {
    let entered = sp.secret_entered_at.iter();
    entered
        .filter(|(name, _)| sp.secrets.contains_key(*name))
        .map(|(_, at)| *at)
        .min()
}

/// A receiver of signed requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Where; `https`, or `http` on this machine.
    pub url: String,
    /// The secret that signs, sealed.
    pub secret: Sealed,
}

/// When a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyExpiry {
    /// When, UTC milliseconds.
    pub expires_at: Millis,
    /// When the key was entered that this is about; another key has another date.
    pub key_entered_at: Millis,
}

/// What needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Steps wait for a person.
    StepsHeld,
    /// A directory or a target refuses to work with us.
    CredentialsRefused,
    /// A channel stopped itself for another reason.
    ChannelStopped,
    /// A directory could not be read for a while.
    SourceUnreadable,
    /// Two full reads in a row are missing.
    FullReadMissed,
    /// Too many steps were given up.
    StepsParked,
    /// A key expires soon.
    KeyExpiry,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::StepsHeld,
        Self::CredentialsRefused,
        Self::ChannelStopped,
        Self::SourceUnreadable,
        Self::FullReadMissed,
        Self::StepsParked,
        Self::KeyExpiry,
    ];

    /// Its name in storage and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StepsHeld => "steps_held",
            Self::CredentialsRefused => "credentials_refused",
            Self::ChannelStopped => "channel_stopped",
            Self::SourceUnreadable => "source_unreadable",
            Self::FullReadMissed => "full_read_missed",
            Self::StepsParked => "steps_parked",
            Self::KeyExpiry => "key_expiry",
        }
    }
}

/// Something that needs a person. Says no more of people than how many they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Names it: the same as long as it lasts, and told once under this name.
    pub key: String,
    /// The key without its stage: a new stage of the same matter takes the place of the one before.
    pub matter: String,
    /// The kind.
    pub kind: AlertKind,
    /// What it is about, by name: a channel (`SP connection/channel`) or an SP connection.
    pub about: String,
    /// The stage, such as `14 days`.
    pub stage: Option<String>,
    /// Since when.
    pub since: Millis,
    /// How many, where something is counted.
    pub count: Option<u64>,
    /// What is the matter, in one line.
    pub summary: String,
    /// What to do next.
    pub next: String,
}
