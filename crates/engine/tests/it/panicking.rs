//! A connector with a fault: it panics while it sends a certain word.

use std::collections::BTreeMap;

use async_trait::async_trait;
use usher_connector::{
    Check, Connector, ListPage, Opener, Reply, Request, Target, TargetError, TargetSettings,
};
use usher_core::descriptor::{Capabilities, ConnectorDescriptor};
use usher_core::model::{Kind, Observed, Operation, TargetId};

use crate::world::PANIC_WORD;

/// Any connector, with the fault.
pub(crate) struct Panicking(pub(crate) Box<dyn Connector>);

impl Connector for Panicking {
    fn descriptor(&self) -> &ConnectorDescriptor {
        self.0.descriptor()
    }

    fn identity(&self, settings: &BTreeMap<String, String>) -> Result<String, Vec<String>> {
        self.0.identity(settings)
    }

    fn open(&self, settings: TargetSettings) -> Result<Box<dyn Target>, TargetError> {
        Ok(Box::new(PanickingTarget(self.0.open(settings)?)))
    }
}

struct PanickingTarget(Box<dyn Target>);

#[async_trait]
impl Target for PanickingTarget {
    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn check(&self) -> Vec<Check> {
        self.0.check().await
    }

    async fn verify(&self) -> Result<(), TargetError> {
        self.0.verify().await
    }

    async fn list(
        &self,
        kind: Kind,
        start: Option<u64>,
        with_members: bool,
    ) -> Result<ListPage, TargetError> {
        self.0.list(kind, start, with_members).await
    }

    async fn read(&self, kind: Kind, id: &TargetId) -> Result<Option<Observed>, TargetError> {
        self.0.read(kind, id).await
    }

    async fn find(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError> {
        self.0.find(kind, field, value).await
    }

    fn encode(
        &self,
        kind: Kind,
        operation: &Operation,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.0.encode(kind, operation, opener)
    }

    fn encode_otherwise(
        &self,
        kind: Kind,
        operation: &Operation,
        attempt: u32,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.0.encode_otherwise(kind, operation, attempt, opener)
    }

    async fn send(&self, request: &Request) -> Result<Reply, TargetError> {
        let body = request.body.as_ref().map(ToString::to_string);
        assert!(
            !body.is_some_and(|body| body.contains(PANIC_WORD)),
            "the fault of this connector"
        );
        self.0.send(request).await
    }
}
