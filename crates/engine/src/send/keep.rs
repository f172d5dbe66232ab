//! A target's pause outlasts the process: whoever starts anew must not ask at once what was to wait.

use std::sync::Arc;

use usher_store::Fence;

use super::limiter::Limiter;
use crate::context::{Engine, OpenChannel};
use crate::error::EngineError;

impl Engine {
    /// The limiter of a channel's target, with the pause that was kept before this process began.
    pub(super) async fn limiter_of(&self, open: &OpenChannel) -> Result<Arc<Limiter>, EngineError> {
        let capabilities = &open.descriptor.capabilities;
        let limiter = self.limiters.of(&open.sp, capabilities, &self.clock);
        if !limiter.has_recalled() {
            limiter.recall(self.store.pause(&open.sp.id).await?);
        }
        Ok(limiter)
    }

    /// Takes up the pause that was kept before this process began.
    pub(crate) async fn recall_pause(&self, open: &OpenChannel) -> Result<(), EngineError> {
        self.limiter_of(open).await.map(drop)
    }

    /// Keeps the pause that a target was given while it was read.
    pub(crate) async fn keep_pause(&self, open: &OpenChannel, fence: &Fence) {
        let kept = async {
            let limiter = self.limiter_of(open).await?;
            self.keep(&limiter, fence).await
        };
        // Without it a start soon after this one asks once too often.
        if let Err(error) = kept.await {
            tracing::warn!(%error, "the pause of a target could not be kept");
        }
    }

    pub(super) async fn keep(&self, limiter: &Limiter, fence: &Fence) -> Result<(), EngineError> {
        if let Some(pause) = limiter.to_keep() {
            self.store.keep_pause(fence, pause).await?;
            limiter.kept(pause);
        }
        Ok(())
    }
}
