//! What the engine works with: the store, the connectors, time, and an opened channel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_connector::{
    Connector, Plain, Source, SourceError, SourceSettings, Target, TargetSettings,
};
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::mapping::{Rules, RulesInput};
use usher_core::model::{
    Bind, Channel, ChannelId, ChannelSource, Configuration, DataStore, DataStoreKind, Policy,
    SpConnection,
};
use usher_core::planner::ChannelRules;
use usher_store::{ChannelRecord, Store};

use crate::clock::Clock;
use crate::error::EngineError;
use crate::masking::MaskedTarget;
use crate::protection::Protection;
use crate::secrets::Sealer;
use crate::send::{Limiters, PacedTarget};
use crate::shared::Shared;

/// The field that holds a group's name.
pub(crate) const GROUP_NAME_FIELD: &str = "displayName";

/// The connectors that this binary knows.
pub trait Connectors: Send + Sync {
    /// The connector of that plug-in id.
    fn connector(&self, id: &str) -> Option<&dyn Connector>;

    /// Every connector's descriptor.
    fn descriptors(&self) -> Vec<&ConnectorDescriptor>;

    /// Opens a source; does no I/O that waits for a network.
    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError>;
}

/// Is told how far a long operation is.
pub trait Progress: Send + Sync {
    /// Entries read so far.
    fn read(&self, _entries: u64) {}
    /// Resources of the target listed so far, and how many there are if known.
    fn listed(&self, _resources: u64, _total: Option<u64>) {}
    /// Steps done so far, and how many there are in all.
    fn sent(&self, _done: u64, _total: u64) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// The engine.
#[derive(Clone)]
pub struct Engine {
    /// The state.
    pub store: Arc<dyn Store>,
    /// The connectors.
    pub connectors: Arc<dyn Connectors>,
    /// Seals and opens secrets.
    pub sealer: Arc<Sealer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Draws a random number; for samples and jitter.
    pub random: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// This process; new at every start.
    pub owner: String,
    /// How fast each target may be asked, and which of them are to be left alone now.
    pub limiters: Arc<Limiters>,
    /// What all copies of this engine share.
    pub shared: Arc<Shared>,
}

/// A channel with everything opened and compiled.
pub struct OpenChannel {
    /// Its SP connection.
    pub sp: SpConnection,
    /// The channel.
    pub channel: Channel,
    /// The configuration's revision.
    pub revision: u64,
    /// What its connector declares.
    pub descriptor: ConnectorDescriptor,
    /// Compiled mapping.
    pub rules: Arc<Rules>,
    /// The directory.
    pub source: Arc<dyn Source>,
    /// The target.
    pub target: Arc<dyn Target>,
    /// The target's identity.
    pub identity: String,
    /// Accounts that are never written to.
    pub protected: Protection,
    /// Entries that are never in scope.
    pub excluded: Protection,
    /// The kind of directory, in case defaults matter.
    pub directory: usher_core::model::DirectoryKind,
}

impl OpenChannel {
    /// What the planner needs to know.
    pub fn planner_rules(
        &self,
        record: &ChannelRecord,
        configuration_changed: bool,
    ) -> ChannelRules {
        let policy = self.channel.policy.clone();
        let names = |wanted: fn(&usher_core::descriptor::FieldDescriptor) -> bool| {
            let of = self.descriptor.fields.iter().filter(|field| wanted(field));
            of.map(|field| field.name.clone()).collect::<BTreeSet<_>>()
        };
        let batch = policy
            .load
            .member_batch
            .unwrap_or(self.descriptor.capabilities.member_batch);
        ChannelRules {
            channel: self.channel.id.clone(),
            options: self.sp.options.clone(),
            mapped_fields: self
                .channel
                .mapping
                .iter()
                .map(|rule| rule.field.clone())
                .collect(),
            create_only: self.rules.create_only(),
            case_exact: names(|field| field.case_exact),
            unique: names(|field| field.unique),
            username_field: self.descriptor.username_field.clone(),
            email_field: self.descriptor.email_field.clone(),
            external_id_field: self.descriptor.external_id_field.clone(),
            group_name_field: GROUP_NAME_FIELD.to_owned(),
            protected_groups: self
                .descriptor
                .protected_groups
                .iter()
                .chain(&policy.protected_groups)
                .cloned()
                .collect(),
            directory: self.directory,
            group_rename: self.descriptor.capabilities.group_rename,
            member_batch: usize::from(batch).max(1),
            first_sync: !record.first_sync_done,
            configuration_changed,
            policy,
        }
    }

    /// The attributes that a read must ask for.
    pub fn attributes(&self) -> Vec<String> {
        wanted_attributes(&self.rules, &[&self.protected, &self.excluded])
    }
}

/// The attributes that a read must ask for, for this mapping and these matchers.
pub(crate) fn wanted_attributes(rules: &Rules, matchers: &[&Protection]) -> Vec<String> {
    let mut names: Vec<String> = rules.user_attributes();
    names.extend(rules.group_attributes());
    names.extend(matchers.iter().flat_map(|rules| rules.attributes()));
    names.extend(["mail", "uid", "sAMAccountName", "userPrincipalName"].map(str::to_owned));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    names
}

impl Engine {
    /// The configuration as stored.
    pub async fn configuration(&self) -> Result<Configuration, EngineError> {
        Ok(self.store.configuration().await?)
    }

    /// What is kept of a channel, with its SP connection filled in.
    pub async fn record(
        &self,
        sp: &SpConnection,
        channel: &ChannelId,
    ) -> Result<ChannelRecord, EngineError> {
        let mut record = self.kept(channel).await?;
        record.connection = sp.id.clone();
        Ok(record)
    }

    /// Opens a channel: compiles its mapping and filters, opens its source and target. All
    /// problems at once.
    pub fn open(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
    ) -> Result<OpenChannel, EngineError> {
        let (sp, channel) = configuration.channel(id).ok_or_else(|| {
            EngineError::Configuration(format!("there is no channel with the id `{id}`"))
        })?;
        let connector = self.connector(sp)?;
        let descriptor = connector.descriptor().clone();
        let mut problems = Vec::new();
        let store = configuration.data_store(&channel.source.data_store);
        let input = RulesInput::of(sp, channel, &descriptor).with_store(store, &channel.source);
        let rules = Rules::compile(&input);
        let rules = take(rules.map_err(lines), &mut problems);
        let protected = Protection::compile(
            "protected",
            &channel.policy.protected,
            &sp.protected_accounts,
        );
        let protected = take(protected, &mut problems);
        let excluded = take(
            Protection::compile("excluded", &channel.policy.exclude, &[]),
            &mut problems,
        );
        let identity = take(connector.identity(&sp.settings), &mut problems);
        problems.extend(same_target(self, configuration, sp, identity.as_deref()));
        let source = take(
            self.open_source(configuration, channel)
                .map_err(|error| vec![error.to_string()]),
            &mut problems,
        );
        let target = take(
            self.open_target(configuration, sp, channel)
                .map_err(|error| vec![error.to_string()]),
            &mut problems,
        );
        let directory = configuration
            .data_store(&channel.source.data_store)
            .map(|store| store.directory);
        match (rules, protected, excluded, identity, source, target) {
            (
                Some(rules),
                Some(protected),
                Some(excluded),
                Some(identity),
                Some(source),
                Some(target),
            ) if problems.is_empty() => Ok(OpenChannel {
                sp: sp.clone(),
                channel: channel.clone(),
                revision: configuration.revision,
                descriptor,
                rules: Arc::new(rules),
                source,
                target,
                identity,
                protected,
                excluded,
                directory: directory.unwrap_or_default(),
            }),
            _ => Err(EngineError::Configuration(format!(
                "channel `{}` of SP connection `{}` cannot run:\n  {}",
                channel.name,
                sp.name,
                problems.join("\n  ")
            ))),
        }
    }

    /// The connector of an SP connection.
    pub fn connector(&self, sp: &SpConnection) -> Result<&dyn Connector, EngineError> {
        self.connectors.connector(&sp.connector).ok_or_else(|| {
            let known: Vec<&str> = self
                .connectors
                .descriptors()
                .iter()
                .map(|known| known.id.as_str())
                .collect();
            EngineError::Configuration(format!(
                "SP connection `{}` names the connector `{}`; this Usher has {}",
                sp.name,
                sp.connector,
                known.join(", ")
            ))
        })
    }

    /// Opens a channel's source.
    pub fn open_source(
        &self,
        configuration: &Configuration,
        channel: &Channel,
    ) -> Result<Arc<dyn Source>, EngineError> {
        let id = &channel.source.data_store;
        let store = configuration.data_store(id).ok_or_else(|| {
            EngineError::Configuration(format!(
                "channel `{}` reads the data store `{id}`, which does not exist",
                channel.name
            ))
        })?;
        self.open_store(
            configuration,
            store,
            channel.source.clone(),
            channel.policy.clone(),
        )
    }

    /// Opens a data store with these source settings.
    pub(crate) fn open_store(
        &self,
        configuration: &Configuration,
        store: &DataStore,
        source: ChannelSource,
        policy: Policy,
    ) -> Result<Arc<dyn Source>, EngineError> {
        let password = match &store.kind {
            DataStoreKind::Ldap(ldap) => match &ldap.bind {
                Bind::Anonymous => None,
                Bind::Simple { password, .. } => {
                    Some(self.sealer.open("bind_password", password).map_err(|why| {
                        EngineError::Configuration(format!(
                            "the password of the data store `{}`: {why}",
                            store.name
                        ))
                    })?)
                }
            },
            DataStoreKind::Ldif { .. } => None,
        };
        Ok(self.connectors.open_source(SourceSettings {
            data_store: store.clone(),
            password,
            authorities: configuration.authorities(),
            source,
            policy,
        })?)
    }

    /// Opens the target of an SP connection for a channel. Its reads keep to the connection's rate and
    /// pauses.
    pub fn open_target(
        &self,
        configuration: &Configuration,
        sp: &SpConnection,
        channel: &Channel,
    ) -> Result<Arc<dyn Target>, EngineError> {
        let mut secrets: BTreeMap<String, Plain> = BTreeMap::new();
        for (name, sealed) in &sp.secrets {
            let plain = self.sealer.open("target_secret", sealed).map_err(|why| {
                EngineError::Configuration(format!(
                    "the setting {name} of the SP connection `{}`: {why}",
                    sp.name
                ))
            })?;
            secrets.insert(name.clone(), plain);
        }
        let connector = self.connector(sp)?;
        let target = connector.open(TargetSettings {
            connection: sp.id.clone(),
            settings: sp.settings.clone(),
            secrets,
            timeout_seconds: channel.timeout_seconds,
            load: channel.policy.load.clone(),
            authorities: configuration.authorities(),
        })?;
        let descriptor = connector.descriptor();
        let limiter = self.limiters.of(sp, &descriptor.capabilities, &self.clock);
        let masked = MaskedTarget::over(Arc::from(target), sp, descriptor, &self.sealer);
        Ok(PacedTarget::over(masked, limiter))
    }
}

/// Two SP connections to one target directory would work against each other.
fn same_target(
    engine: &Engine,
    configuration: &Configuration,
    sp: &SpConnection,
    identity: Option<&str>,
) -> Option<String> {
    let identity = identity?;
    let other = configuration.sp_connections.iter().find(|other| {
        other.id != sp.id
            && other.connector == sp.connector
            && engine.connector(other).is_ok_and(|found| {
                found
                    .identity(&other.settings)
                    .is_ok_and(|id| id == identity)
            })
    })?;
    Some(format!(
        "SP connection `{}` provisions the same target directory ({identity}); use one SP connection with several channels instead",
        other.name
    ))
}

fn lines<T: std::fmt::Display>(problems: Vec<T>) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn take<T>(result: Result<T, Vec<String>>, problems: &mut Vec<String>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}
