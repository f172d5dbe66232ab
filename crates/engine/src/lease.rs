//! Holding a target's lease while working on it.
//!
//! Whoever works on a target inside one process shares one holding: one fence, one renewal. Giving a lease
//! back makes its epoch grow, so only the last user does that; otherwise an approval that ends beside a
//! running cycle would make the cycle's fence stale.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use usher_core::model::ConnectionId;
use usher_store::{Fence, Store};

use crate::clock::Clock;
use crate::context::Engine;
use crate::error::EngineError;

/// How long a lease lives without renewal, milliseconds.
pub const LEASE_MS: i64 = 30_000;

/// The leases that this process holds.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<ConnectionId, Arc<Slot>>>);

/// One target's place.
#[derive(Default)]
struct Slot {
    /// Taken while the lease is taken or given back.
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Option<Arc<Holding>>>,
}

/// One fence, while anybody uses it.
struct Holding {
    fence: Fence,
    users: AtomicUsize,
    /// Another process has it now.
    lost: Arc<AtomicBool>,
    renewal: AbortHandle,
}

/// A held lease; renewed in the background until its last user released or dropped it. One that is
/// dropped without release (a panic, a request that was given up) is given back soon; after a crash it ends
/// by itself.
pub struct Lease {
    holding: Arc<Holding>,
    slot: Arc<Slot>,
    store: Arc<dyn Store>,
    released: bool,
}

impl Engine {
    /// Takes part in holding a target's lease, or says who must be waited for.
    pub async fn hold(&self, target: &ConnectionId) -> Result<Lease, EngineError> {
        let slot = self.shared.leases.slot(target);
        let turn = slot.turn.lock().await;
        let holding = match slot.join() {
            Some(holding) => holding,
            None => self.take(target, &slot).await?,
        };
        drop(turn);
        Ok(Lease {
            holding,
            slot,
            store: self.store.clone(),
            released: false,
        })
    }

    async fn take(&self, target: &ConnectionId, slot: &Slot) -> Result<Arc<Holding>, EngineError> {
        let fence = self
            .store
            .take_lease(target, &self.owner, self.clock.now(), LEASE_MS)
            .await?
            .ok_or_else(|| EngineError::Busy {
                target: target.to_string(),
            })?;
        let lost = Arc::new(AtomicBool::new(false));
        let renewal = Renewal {
            store: self.store.clone(),
            clock: self.clock.clone(),
            fence: fence.clone(),
            owner: self.owner.clone(),
            lost: lost.clone(),
        };
        let holding = Arc::new(Holding {
            fence,
            users: AtomicUsize::new(1),
            lost,
            renewal: tokio::spawn(renewal.run()).abort_handle(),
        });
        *locked(&slot.held) = Some(holding.clone());
        Ok(holding)
    }
}

impl Leases {
    fn slot(&self, target: &ConnectionId) -> Arc<Slot> {
        let mut slots = locked(&self.0);
        slots.entry(target.clone()).or_default().clone()
    }
}

impl Slot {
    /// One more user of what is held, if it is still held.
    fn join(&self) -> Option<Arc<Holding>> {
        let holding = locked(&self.held).clone()?;
        if holding.lost.load(Ordering::SeqCst) {
            return None;
        }
        let used = |users: usize| (users > 0).then_some(users + 1);
        let joined = holding
            .users
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, used);
        joined.is_ok().then_some(holding)
    }
}

impl Slot {
    /// Nobody holds this any more; false if it was replaced already.
    fn forget(&self, holding: &Arc<Holding>) -> bool {
        let mut held = locked(&self.held);
        let mine = held.as_ref().is_some_and(|held| Arc::ptr_eq(held, holding));
        if mine {
            *held = None;
        }
        mine
    }
}

impl Holding {
    /// One user less; whether it was the last. Then nobody renews any more.
    fn leave(&self) -> bool {
        let last = self.users.fetch_sub(1, Ordering::SeqCst) == 1;
        if last {
            self.renewal.abort();
        }
        last
    }
}

impl Lease {
    /// What every mutation presents.
    pub fn fence(&self) -> &Fence {
        &self.holding.fence
    }

    /// Whether another process took it over: the fence is refused from then on.
    pub fn is_lost(&self) -> bool {
        self.holding.lost.load(Ordering::SeqCst)
    }

    /// Gives it back, if nobody else in this process uses it.
    pub async fn release(mut self) -> Result<(), EngineError> {
        let slot = self.slot.clone();
        let _turn = slot.turn.lock().await;
        self.released = true;
        if !self.holding.leave() {
            return Ok(());
        }
        slot.forget(&self.holding);
        Ok(self.store.release_lease(&self.holding.fence).await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.released || !self.holding.leave() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (slot, holding, store) = (self.slot.clone(), self.holding.clone(), self.store.clone());
        runtime.spawn(async move {
            let _turn = slot.turn.lock().await;
            if !slot.forget(&holding) {
                return;
            }
            if let Err(error) = store.release_lease(&holding.fence).await {
                tracing::debug!(%error, "a lease that was dropped ends by itself");
            }
        });
    }
}

/// Renews a lease until it is aborted.
struct Renewal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    fence: Fence,
    owner: String,
    lost: Arc<AtomicBool>,
}

impl Renewal {
    async fn run(self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(LEASE_MS as u64 / 3));
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if !self.once().await {
                return;
            }
        }
    }

    /// Renews it; false when another process has it now.
    async fn once(&self) -> bool {
        let now = self.clock.now();
        let target = &self.fence.target;
        let renewed = self.store.take_lease(target, &self.owner, now, LEASE_MS);
        match renewed.await {
            Ok(Some(fence)) if fence == self.fence => true,
            Ok(_) => {
                tracing::error!(target.id = %target, "another process took over the lease");
                self.lost.store(true, Ordering::SeqCst);
                false
            }
            // Needs no action here: if it stays so, the next mutation is refused by its fence.
            Err(error) => {
                tracing::warn!(target.id = %target, %error, "the lease could not be renewed");
                true
            }
        }
    }
}

/// What is locked here is only swapped, so it is sound even if somebody panicked.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn a_lease_that_another_process_took_over_is_lost_and_is_not_joined() {
        let folder = tempfile::tempdir().unwrap();
        let store = usher_store_sqlite::SqliteStore::open(folder.path()).await;
        let store: Arc<dyn Store> = Arc::new(store.unwrap());
        let clock = Arc::new(ManualClock::at(1_000));
        let target = ConnectionId::new("cloud");
        let fence = store.take_lease(&target, "a", 1_000, LEASE_MS).await;
        let renewal = Renewal {
            store: store.clone(),
            clock: clock.clone(),
            fence: fence.unwrap().unwrap(),
            owner: "a".to_owned(),
            lost: Arc::default(),
        };
        clock.advance(LEASE_MS - 1);
        assert!(renewal.once().await);
        clock.advance(LEASE_MS - 1);
        assert!(renewal.once().await, "it was renewed");
        let slot = Slot::default();
        *locked(&slot.held) = Some(Arc::new(Holding {
            fence: renewal.fence.clone(),
            users: AtomicUsize::new(1),
            lost: renewal.lost.clone(),
            renewal: tokio::spawn(async {}).abort_handle(),
        }));
        assert!(slot.join().is_some());
        clock.advance(LEASE_MS + 1);
        let other = store.take_lease(&target, "b", clock.now(), LEASE_MS).await;
        assert!(other.unwrap().is_some());
        assert!(!renewal.once().await);
        assert!(slot.join().is_none(), "it is taken anew");
    }
}
