//! Reads of a target take their turn at its limiter, whoever makes them: planning, listing, or a
//! look-up while sending. A request of a step takes its turn in the sender, which knows whether
//! sending was stopped meanwhile.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use usher_connector::{Check, ListPage, Opener, Reply, Request, Target, TargetError};
use usher_core::descriptor::Capabilities;
use usher_core::model::{Kind, Observed, Operation, TargetId};

use super::backoff::READ_PATIENCE_MS;
use super::limiter::Limiter;

/// A target whose reads keep to its limiter and its pauses.
pub(crate) struct PacedTarget {
    inner: Arc<dyn Target>,
    limiter: Arc<Limiter>,
}

impl PacedTarget {
    pub(crate) fn over(inner: Arc<dyn Target>, limiter: Arc<Limiter>) -> Arc<dyn Target> {
        Arc::new(Self { inner, limiter })
    }

    async fn paced<T>(
        &self,
        read: impl Future<Output = Result<T, TargetError>> + Send,
    ) -> Result<T, TargetError> {
        let patience = Duration::from_millis(READ_PATIENCE_MS);
        self.limiter.turn(patience).await?;
        let result = read.await;
        if let Err(error) = &result {
            self.limiter.note(error);
        }
        result
    }
}

#[async_trait]
impl Target for PacedTarget {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    /// In no turn: a person asks, or the sender, which took one.
    async fn check(&self) -> Vec<Check> {
        self.inner.check().await
    }

    /// In no turn, as [`Target::check`]; what the target asks for meanwhile is heard all the same.
    async fn verify(&self) -> Result<(), TargetError> {
        let verified = self.inner.verify().await;
        if let Err(error) = &verified {
            self.limiter.note(error);
        }
        verified
    }

    async fn list(
        &self,
        kind: Kind,
        start: Option<u64>,
        with_members: bool,
    ) -> Result<ListPage, TargetError> {
        self.paced(self.inner.list(kind, start, with_members)).await
    }

    async fn read(&self, kind: Kind, id: &TargetId) -> Result<Option<Observed>, TargetError> {
        self.paced(self.inner.read(kind, id)).await
    }

    async fn find(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError> {
        self.paced(self.inner.find(kind, field, value)).await
    }

    fn encode(
        &self,
        kind: Kind,
        operation: &Operation,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.inner.encode(kind, operation, opener)
    }

    fn encode_otherwise(
        &self,
        kind: Kind,
        operation: &Operation,
        attempt: u32,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.inner
            .encode_otherwise(kind, operation, attempt, opener)
    }

    async fn send(&self, request: &Request) -> Result<Reply, TargetError> {
        self.inner.send(request).await
    }
}
