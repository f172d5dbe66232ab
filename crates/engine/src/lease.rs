//! Holding a target's lease while working on it.

use std::sync::Arc;
use std::time::Duration;

use usher_core::model::ConnectionId;
use usher_store::{Fence, Store};

use crate::clock::Clock;
use crate::error::EngineError;

/// How long a lease lives without renewal, milliseconds.
pub const LEASE_MS: i64 = 30_000;

/// A held lease; renewed in the background until released or dropped. A lease that is dropped
/// without release (a crash) ends by itself.
pub struct Lease {
    fence: Fence,
    store: Arc<dyn Store>,
    renewal: tokio::task::JoinHandle<()>,
}

impl Lease {
    /// Takes the lease, or says who must be waited for.
    pub async fn take(
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        target: &ConnectionId,
        owner: &str,
    ) -> Result<Self, EngineError> {
        let fence = store
            .take_lease(target, owner, clock.now(), LEASE_MS)
            .await?
            .ok_or_else(|| EngineError::Busy {
                target: target.to_string(),
            })?;
        let renewal = tokio::spawn(renew(
            store.clone(),
            clock.clone(),
            target.clone(),
            owner.to_owned(),
        ));
        Ok(Self {
            fence,
            store: store.clone(),
            renewal,
        })
    }

    /// What every mutation presents.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Gives it back.
    pub async fn release(self) -> Result<(), EngineError> {
        self.renewal.abort();
        Ok(self.store.release_lease(&self.fence).await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn renew(store: Arc<dyn Store>, clock: Arc<dyn Clock>, target: ConnectionId, owner: String) {
    let mut ticks = tokio::time::interval(Duration::from_millis(LEASE_MS as u64 / 3));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // A failed renewal needs no action here: the next mutation is refused by its fence.
        if let Err(error) = store
            .take_lease(&target, &owner, clock.now(), LEASE_MS)
            .await
        {
            tracing::warn!(target.id = %target, %error, "the lease could not be renewed");
        }
    }
}
