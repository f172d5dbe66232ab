//! Putting the engine together: store, connectors, key, clock, and copies to rehearse on.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use usher_connector::{
    Check, CheckOutcome, Connector, ListPage, Opener, Reply, Request, Source, SourceError,
    SourceSettings, Target, TargetError, TargetSettings,
};
use usher_core::descriptor::{Capabilities, ConnectorDescriptor};
use usher_core::model::{Kind, Observed, Operation, TargetId};
use usher_engine::admin::{Admin, Operator, Rehearsal, ScratchCopy};
use usher_engine::{Clock, Connectors, Engine, EngineError, Sealer, SystemClock};
use usher_store::{Administration as _, StoreError};
use usher_store_sqlite::SqliteStore;

use crate::registry::Registry;
use crate::rehearsals::Folder;

/// Rehearses on a copy of the state, in a folder of its own beside it: there is room for it, and
/// nobody else may look into it.
struct Copies {
    store: SqliteStore,
    dir: PathBuf,
}

#[async_trait]
impl Rehearsal for Copies {
    async fn copy(&self) -> Result<ScratchCopy, EngineError> {
        // A copy is as large as the state.
        self.store.require_room().await?;
        let folder =
            Folder::make(&self.dir).map_err(|error| StoreError::Backend(Box::new(error)))?;
        self.store.backup(folder.path()).await?;
        let store = SqliteStore::open(folder.path()).await?;
        Ok(ScratchCopy {
            store: Arc::new(store),
            keep: Box::new(folder),
        })
    }
}

/// The engine's service over an opened state.
pub(crate) fn admin(store: &SqliteStore, dir: PathBuf, sealer: Sealer, operator: &str) -> Admin {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Admin {
        engine: Engine {
            store: Arc::new(store.clone()),
            connectors: Arc::new(Registry::new(clock.clone())),
            sealer: Arc::new(sealer),
            clock,
            random: Arc::new(rand::random::<u64>),
            owner: uuid::Uuid::new_v4().to_string(),
            limiters: Arc::default(),
            shared: Arc::default(),
        },
        rehearsal: Arc::new(Copies {
            store: store.clone(),
            dir,
        }),
        operator: Operator::local(operator),
    }
}

/// The connectors, but with targets that are empty and are never asked: to plan before there is
/// an account at the target's vendor.
pub(crate) struct WithoutTarget {
    inner: Arc<dyn Connectors>,
    connectors: Vec<Unasked>,
}

impl WithoutTarget {
    /// Over the real ones.
    pub(crate) fn over(inner: Arc<dyn Connectors>) -> Arc<Self> {
        let descriptors: Vec<ConnectorDescriptor> =
            inner.descriptors().into_iter().cloned().collect();
        let connectors = descriptors
            .into_iter()
            .map(|descriptor| Unasked {
                descriptor,
                inner: inner.clone(),
            })
            .collect();
        Arc::new(Self { inner, connectors })
    }
}

impl Connectors for WithoutTarget {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        self.connectors
            .iter()
            .find(|connector| connector.descriptor.id == id)
            .map(|connector| connector as &dyn Connector)
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        self.inner.descriptors()
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        self.inner.open_source(settings)
    }
}

/// A connector whose targets are not asked.
struct Unasked {
    descriptor: ConnectorDescriptor,
    inner: Arc<dyn Connectors>,
}

impl Connector for Unasked {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.descriptor
    }

    fn identity(
        &self,
        settings: &std::collections::BTreeMap<String, String>,
    ) -> Result<String, Vec<String>> {
        match self.inner.connector(&self.descriptor.id) {
            Some(connector) => connector.identity(settings),
            None => Err(vec![format!("no connector `{}`", self.descriptor.id)]),
        }
    }

    fn open(&self, settings: TargetSettings) -> Result<Box<dyn Target>, TargetError> {
        let connector = self
            .inner
            .connector(&self.descriptor.id)
            .ok_or_else(unasked)?;
        Ok(Box::new(EmptyTarget(connector.open(settings)?)))
    }
}

/// Encodes like the real one, holds nothing, takes nothing.
struct EmptyTarget(Box<dyn Target>);

fn unasked() -> TargetError {
    TargetError::new(
        usher_connector::Failure::StopTarget,
        "this plan was made without the target: nothing can be sent",
    )
}

#[async_trait]
impl Target for EmptyTarget {
    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn check(&self) -> Vec<Check> {
        vec![Check {
            name: "target".to_owned(),
            outcome: CheckOutcome::Warning,
            detail: "was not asked".to_owned(),
        }]
    }

    async fn verify(&self) -> Result<(), TargetError> {
        Err(unasked())
    }

    async fn list(&self, _: Kind, _: Option<u64>, _: bool) -> Result<ListPage, TargetError> {
        Ok(ListPage::default())
    }

    async fn read(&self, _: Kind, _: &TargetId) -> Result<Option<Observed>, TargetError> {
        Err(unasked())
    }

    async fn find(&self, _: Kind, _: &str, _: &str) -> Result<Vec<Observed>, TargetError> {
        Ok(Vec::new())
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

    async fn send(&self, _: &Request) -> Result<Reply, TargetError> {
        Err(unasked())
    }
}
