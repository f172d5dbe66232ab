//! What all copies of one engine share: the leases they hold, and who works on what at the moment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard, Semaphore, broadcast, watch};
use usher_core::model::{ChannelId, ConnectionId};

use crate::admin::AT_ONCE;
use crate::distress::Distress;
use crate::lease::Leases;
use crate::meters::Meters;
use crate::service::ServiceEvent;

/// Events that a slow listener may be behind before it misses some.
const EVENTS: usize = 1_024;

/// What all copies of one engine share. A new one for every engine with a state of its own.
pub struct Shared {
    pub(crate) leases: Leases,
    pub(crate) meters: Meters,
    channels: Mutex<HashMap<ChannelId, Arc<tokio::sync::Mutex<()>>>>,
    targets: Mutex<HashMap<ConnectionId, Arc<TargetDesk>>>,
    configuration: Arc<tokio::sync::Mutex<()>>,
    /// Places for whoever asks a directory or a target while an operator waits.
    pub(crate) outside: Semaphore,
    /// The same for whoever saves: nobody who only looks is in their way.
    pub(crate) saving: Semaphore,
    events: broadcast::Sender<ServiceEvent>,
    changed: watch::Sender<u64>,
    /// A service stopped, or stops: nobody begins anything more at a target.
    closed: watch::Sender<bool>,
    pub(crate) distress: Distress,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            leases: Leases::default(),
            meters: Meters::default(),
            channels: Mutex::default(),
            targets: Mutex::default(),
            configuration: Arc::default(),
            outside: Semaphore::new(AT_ONCE),
            saving: Semaphore::new(AT_ONCE),
            events: broadcast::Sender::new(EVENTS),
            changed: watch::Sender::new(0),
            closed: watch::Sender::new(false),
            distress: Distress::default(),
        }
    }
}

impl Shared {
    /// Waits until nobody else runs a cycle of the channel.
    pub(crate) async fn cycle_turn(&self, channel: &ChannelId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut channels = locked(&self.channels);
            channels.entry(channel.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }

    /// Waits until nobody else changes the configuration.
    pub(crate) async fn configuration_turn(&self) -> OwnedMutexGuard<()> {
        self.configuration.clone().lock_owned().await
    }

    /// Where the work on a target is agreed on.
    pub(crate) fn target(&self, target: &ConnectionId) -> Arc<TargetDesk> {
        let mut targets = locked(&self.targets);
        targets.entry(target.clone()).or_default().clone()
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, event: ServiceEvent) {
        // Nobody may be listening; that is fine.
        let _ = self.events.send(event);
    }

    /// What happens from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<ServiceEvent> {
        self.events.subscribe()
    }

    /// A service begins, or stops. From a stop on nobody begins anything more at a target, whoever asks.
    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.send_replace(closed);
    }

    /// Whether a service stopped.
    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until a service stops.
    pub(crate) async fn until_closed(&self) {
        // The sender lives here: waiting cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// The configuration, or what a channel may do, is another now.
    pub(crate) fn note_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Sees every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// Who sends to one target.
#[derive(Default)]
pub(crate) struct TargetDesk {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// How many want the turn before the resident sender goes on.
    wanted: AtomicUsize,
    /// A resident sender looks after this outbox.
    resident: AtomicBool,
    /// The resident sender is at work.
    busy: AtomicBool,
    /// The resident sender must end what it does: to begin anew, or for good.
    ending: AtomicBool,
    work: Notify,
}

impl TargetDesk {
    /// Waits until nobody else sends. Whoever sends with no end in sight makes room.
    pub(crate) async fn sending_turn(&self) -> OwnedMutexGuard<()> {
        let _wanted = Wanted::new(&self.wanted);
        self.turn.clone().lock_owned().await
    }

    /// The same for the resident sender, which makes room for everybody else.
    pub(crate) async fn resident_turn(self: &Arc<Self>) -> ResidentTurn {
        let turn = self.turn.clone().lock_owned().await;
        self.ending.store(false, Ordering::SeqCst);
        self.busy.store(true, Ordering::SeqCst);
        ResidentTurn {
            desk: self.clone(),
            _turn: turn,
        }
    }

    /// Asks the resident sender to end what it does; it begins anew unless its service stops.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.poke();
    }

    /// Whether whoever sends now must end.
    pub(crate) fn must_end(&self) -> bool {
        let asked = self.ending.load(Ordering::SeqCst) || self.wanted.load(Ordering::SeqCst) > 0;
        self.busy.load(Ordering::SeqCst) && asked
    }

    /// Says that a resident sender looks after the outbox, or does no longer.
    pub(crate) fn set_resident(&self, resident: bool) {
        self.resident.store(resident, Ordering::SeqCst);
    }

    /// Whether a resident sender looks after the outbox.
    pub(crate) fn has_resident(&self) -> bool {
        self.resident.load(Ordering::SeqCst)
    }

    /// There may be something to send.
    pub(crate) fn poke(&self) {
        self.work.notify_one();
    }

    /// Waits for a poke.
    pub(crate) async fn poked(&self) {
        self.work.notified().await;
    }
}

/// The resident sender's turn.
pub(crate) struct ResidentTurn {
    desk: Arc<TargetDesk>,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for ResidentTurn {
    fn drop(&mut self) {
        self.desk.busy.store(false, Ordering::SeqCst);
    }
}

/// Counts somebody who waits, also if they stop waiting.
struct Wanted<'a>(&'a AtomicUsize);

impl<'a> Wanted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
