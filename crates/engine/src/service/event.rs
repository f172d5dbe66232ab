//! What happens, for whoever listens.

use serde::Serialize;
use usher_core::model::{ChannelId, ConnectionId, CycleId, CycleMode, Millis};
use usher_store::ChannelState;

/// Something that happened. Without values of people and without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ServiceEvent {
    /// A cycle began.
    CycleBegan {
        /// When.
        at: Millis,
        /// The channel.
        channel: ChannelId,
        /// What was asked for; a cycle may read more.
        mode: CycleMode,
    },
    /// A cycle ended.
    CycleEnded {
        /// When.
        at: Millis,
        /// The channel.
        channel: ChannelId,
        /// The cycle, if one was stored.
        cycle: Option<CycleId>,
        /// What it read.
        mode: CycleMode,
        /// `completed`, `incomplete`, `aborted`, or `failed` when it could not be carried out.
        outcome: &'static str,
        /// Milliseconds that it took.
        took_ms: i64,
        /// Entries read.
        read: u64,
        /// Steps that may be sent.
        pending: u64,
        /// Steps that wait for a person.
        held: u64,
        /// What went wrong, in words.
        problem: Option<String>,
    },
    /// Sending came to an end, or to a pause.
    Sent {
        /// When.
        at: Millis,
        /// The SP connection.
        connection: ConnectionId,
        /// Steps that succeeded.
        succeeded: u64,
        /// Steps that were parked.
        parked: u64,
        /// Steps whose premise was wrong.
        replanned: u64,
        /// Steps that wait for their next attempt.
        waiting: u64,
        /// Why nothing (more) is sent, in words.
        stopped: Option<String>,
    },
    /// A channel is in another state.
    ChannelState {
        /// When.
        at: Millis,
        /// The channel.
        channel: ChannelId,
        /// The state.
        state: ChannelState,
    },
    /// The configuration was saved.
    ConfigurationSaved {
        /// When.
        at: Millis,
        /// Its revision.
        revision: u64,
    },
    /// Something needs a person.
    AlertRaised {
        /// When.
        at: Millis,
        /// What kind of thing.
        kind: String,
        /// What it is about: a channel, an SP connection, a key.
        subject: String,
        /// In words.
        text: String,
    },
    /// It does no longer.
    AlertCleared {
        /// When.
        at: Millis,
        /// What kind of thing.
        kind: String,
        /// What it was about.
        subject: String,
    },
}
