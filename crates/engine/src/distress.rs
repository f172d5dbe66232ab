//! What holds while the state cannot be read or written: what is wrong with it, and which channels were
//! stopped all the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use usher_core::model::{ChannelId, ConnectionId};
use usher_store::{AuditEvent, ChannelRecord, ChannelState, StoreError};

use crate::context::Engine;
use crate::error::EngineError;

/// Known to all copies of one engine.
#[derive(Default)]
pub(crate) struct Distress {
    /// Why the state cannot be read.
    reading: Mutex<Option<String>>,
    /// Why it cannot be written.
    writing: Mutex<Option<String>>,
    /// Why nothing begins, though it can be written.
    room: Mutex<Option<String>>,
    /// Stops that are not written yet.
    stops: Mutex<BTreeMap<ChannelId, (ConnectionId, AuditEvent)>>,
    /// A service runs, which writes them once it can.
    served: AtomicBool,
}

/// What cannot be done with the state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cannot {
    Read,
    Write,
    Begin,
}

impl Distress {
    /// What is wrong with the state, in words.
    pub(crate) fn words(&self) -> Option<String> {
        let all = [&self.reading, &self.writing, &self.room];
        all.into_iter().find_map(|trouble| locked(trouble).clone())
    }

    /// Takes note; the log is told what changed.
    pub(crate) fn note(&self, what: Cannot, trouble: Option<String>) {
        let (known, done) = match what {
            Cannot::Read => (&self.reading, "read: nothing runs"),
            Cannot::Write => (&self.writing, "written: nothing is sent"),
            Cannot::Begin => (&self.room, "added to: nothing is planned or sent"),
        };
        let mut known = locked(known);
        if *known == trouble {
            return;
        }
        match &trouble {
            Some(error) => tracing::error!(%error, "the state cannot be {done}"),
            None => tracing::info!(?what, "the state can be used again"),
        }
        *known = trouble;
    }

    /// Whether a service runs.
    pub(crate) fn set_served(&self, served: bool) {
        self.served.store(served, Ordering::SeqCst);
    }

    /// Stops a channel without a word in the state; false when no service runs that would write it later.
    pub(crate) fn stop(&self, id: &ChannelId, target: &ConnectionId, event: AuditEvent) -> bool {
        let served = self.served.load(Ordering::SeqCst);
        if served {
            locked(&self.stops).insert(id.clone(), (target.clone(), event));
        }
        served
    }

    /// Another word about the channel was written: the stop is over.
    pub(crate) fn forget(&self, id: &ChannelId) {
        locked(&self.stops).remove(id);
    }

    fn is_stopped(&self, id: &ChannelId) -> bool {
        locked(&self.stops).contains_key(id)
    }
}

impl Engine {
    /// What is kept of a channel, with a stop that could not be written yet.
    pub(crate) async fn kept(&self, id: &ChannelId) -> Result<ChannelRecord, EngineError> {
        let mut record = self.store.channel(id).await?;
        if self.shared.distress.is_stopped(id) {
            record.state = ChannelState::Paused;
        }
        Ok(record)
    }

    /// Looks whether the state can be written, and writes what could not be written before.
    pub(crate) async fn try_writing(&self) {
        let words = |error: StoreError| error.to_string();
        let distress = &self.shared.distress;
        distress.note(Cannot::Write, self.store.touch().await.err().map(words));
        distress.note(Cannot::Begin, self.store.room().await.err().map(words));
        drop(self.write_stops().await);
    }

    /// Writes the stops that could not be written before, whatever else the state cannot take. Those that still
    /// cannot be, with the reason.
    pub(crate) async fn write_stops(&self) -> Vec<(ChannelId, String)> {
        let stops = locked(&self.shared.distress.stops).clone();
        let mut left = Vec::new();
        for (id, (target, event)) in stops {
            let paused = ChannelState::Paused;
            match self.store.set_state(&id, &target, &paused, &event).await {
                Ok(()) => self.shared.distress.forget(&id),
                Err(error) => {
                    tracing::warn!(channel.id = %id, %error, "a stop is not written yet");
                    left.push((id, error.to_string()));
                }
            }
        }
        left
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
