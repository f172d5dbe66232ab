//! The connectors that this program has: one line per target.

use std::sync::Arc;

use usher_connector::{Connector, Source, SourceError, SourceSettings};
use usher_connector_ldap::LdapSource;
use usher_connector_ldif::LdifSource;
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::DataStoreKind;
use usher_engine::{Clock, Connectors};

/// Every target.
fn targets() -> Vec<Box<dyn Connector>> {
    vec![Box::new(usher_connector_atlassian::connector())]
}

/// The registry.
pub(crate) struct Registry {
    targets: Vec<Box<dyn Connector>>,
    clock: Arc<dyn Clock>,
}

impl Registry {
    /// With everything that this program has.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            targets: targets(),
            clock,
        }
    }
}

impl Connectors for Registry {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        self.targets
            .iter()
            .map(AsRef::as_ref)
            .find(|target| target.descriptor().id == id)
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        self.targets
            .iter()
            .map(|target| target.descriptor())
            .collect()
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        match &settings.data_store.kind {
            DataStoreKind::Ldap(_) => {
                let clock = self.clock.clone();
                let clock = usher_connector_ldap::Clock(Arc::new(move || clock.now()));
                Ok(Arc::new(LdapSource::open(settings)?.with_clock(clock)))
            }
            DataStoreKind::Ldif { .. } => Ok(Arc::new(LdifSource::open(settings)?)),
        }
    }
}
