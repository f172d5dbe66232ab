//! What alerts are judged from.

use std::collections::BTreeSet;

use crate::model::{ChannelId, ConnectionId, Millis};

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Of every channel.
    pub channels: Vec<ChannelFacts>,
    /// Of every SP connection.
    pub connections: Vec<ConnectionFacts>,
    /// The keys of alerts that are raised: what is judged with a margin depends on it.
    pub open: BTreeSet<String>,
    /// See `AlertSettings::parked_threshold`.
    pub parked_threshold: u64,
}

/// Of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFacts {
    /// Its id.
    pub id: ChannelId,
    /// `SP connection/channel`.
    pub name: String,
    /// Its SP connection.
    pub connection: ConnectionId,
    /// It is meant to run, and nobody paused it.
    pub runs: bool,
    /// It stopped itself.
    pub quarantined: bool,
    /// A cycle is planning at this moment: what it held before may be about to be planned anew.
    pub planning: bool,
    /// Steps that wait for a person.
    pub held: u64,
    /// Those of them that disable or delete an account, or take members out.
    pub held_removals: u64,
    /// When the oldest of those was planned, or the oldest of all when none is such.
    pub held_since: Option<Millis>,
    /// Steps that were given up.
    pub parked: u64,
    /// Since when the directory cannot be read.
    pub source_failing_since: Option<Millis>,
    /// Since when the directory refuses the credentials.
    pub source_refused_since: Option<Millis>,
    /// When the last complete full read ended; when the channel was made, if there was none.
    pub last_complete_at: Option<Millis>,
    /// Milliseconds between full reads.
    pub full_every_ms: i64,
}

/// Of one SP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// Since when the target refuses to work with us.
    pub refused_since: Option<Millis>,
    /// When its key expires.
    pub key_expires_at: Option<Millis>,
}
