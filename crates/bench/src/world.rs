//! The engine put together for measuring, and the channel it runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use usher_connector::{Connector, Source, SourceError, SourceSettings};
use usher_connector_ldap::LdapSource;
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{
    Bind, Channel, ChannelId, ChannelSource, Configuration, ConnectionId, DataStore, DataStoreId,
    DataStoreKind, DirectoryKind, GeneralInfo, LdapStore, Load, Location, Policy,
    ProvisioningOptions, SpConnection,
};
use usher_core::templates::defaults_for;
use usher_engine::admin::{Admin, Rehearsal, ScratchCopy};
use usher_engine::{Connectors, Engine, EngineError, Sealer, SystemClock};
use usher_store::AuditEvent;
use usher_store_sqlite::SqliteStore;

use crate::company::BASE;
use crate::engine::{Directory, EngineRequest};
use crate::generated::Generated;
use crate::target;

/// Entries that a page asks for; the comparison asks for as many.
pub(crate) const PAGE_SIZE: u32 = 500;
/// Requests under way at once; the comparison has as many.
pub(crate) const IN_FLIGHT: u16 = 32;

struct Registry {
    target: Box<dyn Connector>,
    directory: Directory,
}

impl Connectors for Registry {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        (self.target.descriptor().id == id).then_some(self.target.as_ref())
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        vec![self.target.descriptor()]
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        Ok(match &self.directory {
            Directory::Ldap { .. } => Arc::new(LdapSource::open(settings)?),
            Directory::Generated { company } => Arc::new(Generated(*company)),
        })
    }
}

struct NoRehearsal;

#[async_trait]
impl Rehearsal for NoRehearsal {
    async fn copy(&self) -> Result<ScratchCopy, EngineError> {
        Err(EngineError::Refused("nothing is rehearsed here".to_owned()))
    }
}

/// The engine over the state in a folder; the first time, the configuration is stored.
pub(crate) async fn open(request: &EngineRequest) -> Result<Admin> {
    let folder = Path::new(&request.state);
    let store = SqliteStore::open(&folder.join("state")).await?;
    let sealer = Sealer::open_or_create(&folder.join("key"), true)?;
    let engine = Engine {
        store: Arc::new(store),
        connectors: Arc::new(Registry {
            target: target::connector(),
            directory: request.directory.clone(),
        }),
        sealer: Arc::new(sealer),
        clock: Arc::new(SystemClock),
        random: Arc::new(rand::random::<u64>),
        owner: format!("bench-{}", std::process::id()),
        limiters: Arc::default(),
        shared: Arc::default(),
    };
    let revision = engine.configuration().await?.revision;
    if revision == 0 {
        let configuration = configuration(request, &engine.sealer);
        engine
            .store
            .save_configuration(&configuration, &[], &[AuditEvent::default()])
            .await?;
    }
    Ok(Admin {
        engine,
        rehearsal: Arc::new(NoRehearsal),
        operator: usher_engine::admin::Operator::local("bench"),
    })
}

fn configuration(request: &EngineRequest, sealer: &Sealer) -> Configuration {
    let store = DataStoreId::new("directory");
    let bind = match &request.directory {
        Directory::Ldap {
            bind_dn, password, ..
        } => Bind::Simple {
            dn: bind_dn.clone(),
            password: sealer.seal("bind_password", password),
        },
        Directory::Generated { .. } => Bind::Anonymous,
    };
    let host = match &request.directory {
        Directory::Ldap { host, .. } => host.clone(),
        Directory::Generated { .. } => "generated".to_owned(),
    };
    let connector = target::connector();
    let descriptor = connector.descriptor();
    Configuration {
        revision: 1,
        data_stores: vec![DataStore {
            id: store.clone(),
            name: "Directory".to_owned(),
            kind: DataStoreKind::Ldap(LdapStore {
                hosts: vec![host],
                bind,
                page_size: PAGE_SIZE,
                read_timeout_ms: 60_000,
                ..LdapStore::default()
            }),
            directory: DirectoryKind::OpenLdap,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        }],
        sp_connections: vec![SpConnection {
            id: ConnectionId::new("target"),
            name: "Target".to_owned(),
            entity_id: "https://bench.example/".to_owned(),
            active: true,
            base_url: None,
            connector: descriptor.id.clone(),
            settings: target::settings(&request.target.base_url),
            secrets: [(
                target::key_setting().to_owned(),
                sealer.seal("target_secret", &request.target.key),
            )]
            .into(),
            secret_entered_at: std::collections::BTreeMap::new(),
            options: ProvisioningOptions::default(),
            protected_accounts: Vec::new(),
            general: GeneralInfo::default(),
            channels: vec![channel(store, descriptor)],
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        }],
        ..Configuration::default()
    }
}

fn channel(store: DataStoreId, descriptor: &ConnectorDescriptor) -> Channel {
    let everybody = || Location {
        filter: Some("(objectClass=*)".to_owned()),
        ..Location::default()
    };
    let mapping = descriptor.default_mapping.get(&DirectoryKind::OpenLdap);
    Channel {
        id: ChannelId::new("everybody"),
        name: "Everybody".to_owned(),
        active: true,
        max_threads: IN_FLIGHT,
        timeout_seconds: 30,
        source: ChannelSource {
            users: everybody(),
            groups: Some(everybody()),
            ..defaults_for(DirectoryKind::OpenLdap).source(store, BASE)
        },
        mapping: mapping.cloned().unwrap_or_default(),
        policy: Policy {
            scope_count_seen: true,
            // Its people are all at work.
            no_disabled_seen: true,
            load: Load {
                requests_per_second: Some(0.0),
                in_flight: Some(IN_FLIGHT),
                member_batch: None,
            },
            ..Policy::default()
        },
    }
}
