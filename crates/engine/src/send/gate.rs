//! Whether a channel's steps may go out: looked at before every request, and shut by an operator or
//! by the engine itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use usher_core::model::{ChannelId, ConnectionId};
use usher_store::ChannelState;

use crate::context::Engine;
use crate::error::EngineError;

/// How often the operator's word is looked at while sending.
pub(super) const LOOK_AT_STATE: Duration = Duration::from_millis(300);

/// A channel's gate. Once shut it stays shut: this send is over for the channel.
pub(super) struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    /// Nothing more is sent.
    pub(super) fn shut(&self) {
        self.0.send_replace(true);
    }

    /// Whether nothing more is sent.
    pub(super) fn is_shut(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is shut.
    pub(super) async fn until_shut(&self) {
        // The sender is held by this very gate: waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|shut| *shut).await;
    }
}

/// Shuts the gates of channels that may not send now, or all of them when somebody else is to send, or
/// nobody; `pilot`: a person named who is to be sent.
pub(super) async fn look(
    engine: &Engine,
    target: &ConnectionId,
    gates: &[(ChannelId, Arc<Gate>)],
    pilot: bool,
) -> Result<(), EngineError> {
    if engine.shared.is_closed() || engine.shared.target(target).must_end() {
        for (_, gate) in gates {
            gate.shut();
        }
        return Ok(());
    }
    for (id, gate) in gates {
        let may = match engine.kept(id).await?.state {
            ChannelState::Active => true,
            ChannelState::Draft | ChannelState::Observe => pilot,
            ChannelState::Paused | ChannelState::Quarantined { .. } => false,
        };
        if !may {
            gate.shut();
        }
    }
    Ok(())
}

/// Looks again and again, whatever the sender itself is waiting for: a stop takes effect within a
/// second.
pub(super) async fn keep_looking(
    engine: &Engine,
    target: &ConnectionId,
    gates: &[(ChannelId, Arc<Gate>)],
    pilot: bool,
) {
    loop {
        tokio::time::sleep(LOOK_AT_STATE).await;
        if let Err(error) = look(engine, target, gates, pilot).await {
            tracing::warn!(%error, "whether channels may still send could not be read");
        }
    }
}
