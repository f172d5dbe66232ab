//! Looking around in a data store, testing what is configured, and counting a scope. The service connects
//! to nothing but configured data stores and targets, and to a draft of somebody who may configure them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use usher_connector::{Check, CheckOutcome, Plain, Source, TreeEntry, TreeLevel};
use usher_core::model::{
    Bind, Channel, ChannelId, ChannelSource, Configuration, ConnectionId, DataStore, DataStoreId,
    DataStoreKind, Policy,
};
use usher_core::templates::defaults_for;

use super::Admin;
use super::counting::count;
use super::operator::Permission;
use crate::error::EngineError;

/// Values that nobody is shown, whatever a policy says: lower-case attribute types.
const ALWAYS_HIDDEN: [&str; 18] = [
    "userpassword",
    "authpassword",
    "unicodepwd",
    "dbcspwd",
    "ntpwdhistory",
    "lmpwdhistory",
    "supplementalcredentials",
    "pwdhistory",
    "passwordhistory",
    "sambantpassword",
    "sambalmpassword",
    "krbprincipalkey",
    "msds-managedpassword",
    "ms-mcs-admpwd",
    "mslaps-password",
    "mslaps-encryptedpassword",
    "orclpassword",
    "ds-pwp-retired-password",
];

/// Looking around has nothing to do with a base DN, but source settings have one.
pub(super) const NOWHERE: &str = "cn=nowhere";

/// What a scope holds, and whether the count can be relied on.
#[derive(Clone, Debug, Serialize)]
pub struct ScopeCounted {
    /// People in scope.
    pub users: u64,
    /// Of those, disabled in the source.
    pub disabled: u64,
    /// Groups in scope.
    pub groups: u64,
    /// People of whom no valid account can be made.
    pub invalid: u64,
    /// The first of them, and why.
    pub first_invalid: Option<String>,
    /// Why the read was not complete; empty when it was.
    pub incomplete: Vec<String>,
}

impl Admin {
    /// What lies directly below a DN of a data store; the naming contexts below the empty one.
    pub async fn tree_level(
        &self,
        configuration: &Configuration,
        id: &DataStoreId,
        dn: &str,
        limit: u32,
    ) -> Result<TreeLevel, EngineError> {
        self.require(Permission::Configure)?;
        let source = self.whole(configuration, store(configuration, id)?, NOWHERE)?;
        Ok(source.children(dn, limit).await?)
    }

    /// One entry of a data store. Values that [`hidden`] names are for nobody.
    pub async fn tree_entry(
        &self,
        configuration: &Configuration,
        id: &DataStoreId,
        dn: &str,
    ) -> Result<Option<TreeEntry>, EngineError> {
        self.require(Permission::Configure)?;
        let source = self.whole(configuration, store(configuration, id)?, NOWHERE)?;
        Ok(source.tree_entry(dn).await?)
    }

    /// Tests a data store as it is configured.
    pub async fn test_data_store(
        &self,
        configuration: &Configuration,
        id: &DataStoreId,
    ) -> Result<Vec<Check>, EngineError> {
        self.require(Permission::Operate)?;
        self.probe(configuration, store(configuration, id)?).await
    }

    /// Tests a data store that is not saved: whoever may configure could save it, test it and take it back.
    pub async fn test_draft(
        &self,
        mut draft: DataStore,
        password: Option<&Plain>,
    ) -> Result<Vec<Check>, EngineError> {
        self.require(Permission::Configure)?;
        if let (DataStoreKind::Ldap(ldap), Some(plain)) = (&mut draft.kind, password)
            && let Bind::Simple { password, .. } = &mut ldap.bind
        {
            *password = self.engine.sealer.seal("bind_password", plain.reveal());
        }
        let configuration = self.engine.configuration().await?;
        self.probe(&configuration, &draft).await
    }

    /// Connects to a data store and signs in.
    pub(super) async fn greet(
        &self,
        configuration: &Configuration,
        store: &DataStore,
    ) -> Result<(), EngineError> {
        let source = self.whole(configuration, store, NOWHERE)?;
        source.children("", 1).await?;
        Ok(())
    }

    /// With the settings of a channel that reads it, or those of its template below its first naming context.
    pub(super) async fn probe(
        &self,
        configuration: &Configuration,
        store: &DataStore,
    ) -> Result<Vec<Check>, EngineError> {
        let mut channels = configuration.channels();
        let reads = channels.find(|(_, channel)| channel.source.data_store == store.id);
        let source = match reads {
            Some((_, channel)) => self.engine.open_store(
                configuration,
                store,
                channel.source.clone(),
                channel.policy.clone(),
            )?,
            None => {
                let around = self.whole(configuration, store, NOWHERE)?;
                // What does not answer is told by the checks themselves.
                let contexts = around.children("", 1).await.unwrap_or_default();
                match contexts.entries.first() {
                    Some(first) => self.whole(configuration, store, &first.dn)?,
                    None => around,
                }
            }
        };
        Ok(source.probe().await?.checks)
    }

    /// Tests the target of an SP connection as it is configured.
    pub async fn test_sp_connection(
        &self,
        configuration: &Configuration,
        id: &ConnectionId,
    ) -> Result<Vec<Check>, EngineError> {
        self.require(Permission::Operate)?;
        let sp = configuration.sp_connections.iter().find(|sp| sp.id == *id);
        let sp = sp.ok_or_else(|| {
            EngineError::Configuration(format!("there is no SP connection `{id}`"))
        })?;
        let stand_in = Channel {
            id: ChannelId::new("test"),
            name: "test".to_owned(),
            active: false,
            max_threads: 1,
            timeout_seconds: 30,
            source: defaults_for(usher_core::model::DirectoryKind::Generic)
                .source(DataStoreId::new(""), ""),
            mapping: Vec::new(),
            policy: Policy::default(),
        };
        let channel = sp.channels.first().unwrap_or(&stand_in);
        Ok(self
            .engine
            .open_target(configuration, sp, channel)?
            .check()
            .await)
    }

    /// Everything that a channel needs, with its whole scope read.
    pub async fn test_channel(&self, id: &ChannelId) -> Result<Vec<Check>, EngineError> {
        self.require(Permission::Operate)?;
        let report = self.doctor(Some(id.as_str())).await?;
        Ok(report
            .channels
            .into_iter()
            .flat_map(|(_, checks)| checks)
            .collect())
    }

    /// Counts the scope of a channel, with other source settings if some are given: their data store must
    /// be a configured one.
    pub async fn count_scope(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
        draft: Option<ChannelSource>,
    ) -> Result<ScopeCounted, EngineError> {
        self.require(Permission::Look)?;
        let mut configuration = configuration.clone();
        if let Some(source) = draft {
            self.require(Permission::Configure)?;
            store(&configuration, &source.data_store)?;
            let channels = configuration.sp_connections.iter_mut();
            let channels = channels.flat_map(|sp| &mut sp.channels);
            for channel in channels.filter(|channel| channel.id == *id) {
                channel.source = source.clone();
            }
        }
        let open = self.engine.open(&configuration, id)?;
        let counted = count(&open, self.engine.clock.now()).await?;
        let never = || vec!["the read ended without saying so".to_owned()];
        Ok(ScopeCounted {
            users: counted.scope.users,
            disabled: counted.scope.disabled,
            groups: counted.scope.groups,
            invalid: counted.invalid,
            first_invalid: counted.first_invalid,
            incomplete: counted
                .certificate
                .map_or_else(never, |certificate| certificate.incomplete),
        })
    }

    /// A data store as if a channel had the settings of its template.
    fn whole(
        &self,
        configuration: &Configuration,
        store: &DataStore,
        base_dn: &str,
    ) -> Result<Arc<dyn Source>, EngineError> {
        let source = defaults_for(store.directory).source(store.id.clone(), base_dn);
        self.engine
            .open_store(configuration, store, source, Policy::default())
    }
}

/// The data store of an id.
fn store<'a>(
    configuration: &'a Configuration,
    id: &DataStoreId,
) -> Result<&'a DataStore, EngineError> {
    configuration.data_store(id).ok_or_else(|| {
        EngineError::Configuration(format!("there is no data store with the id `{id}`"))
    })
}

/// Attributes of a data store whose values are for nobody: passwords, and what a mapping masks. Lower-case
/// types.
pub fn hidden(configuration: &Configuration, store: &DataStoreId) -> BTreeSet<String> {
    let mut hidden: BTreeSet<String> = ALWAYS_HIDDEN.into_iter().map(str::to_owned).collect();
    let channels = configuration.channels().map(|(_, channel)| channel);
    for channel in channels.filter(|channel| channel.source.data_store == *store) {
        let masked = channel.mapping.iter().filter(|rule| rule.masked);
        hidden.extend(masked.flat_map(|rule| rule.attributes.iter().map(|name| base_type(name))));
    }
    hidden
}

/// An attribute's type without its options, in lower case.
pub fn base_type(description: &str) -> String {
    let base = description.split(';').next().unwrap_or_default();
    base.to_ascii_lowercase()
}

/// Whether every check is good enough.
pub fn all_good(checks: &[Check]) -> bool {
    checks
        .iter()
        .all(|check| check.outcome != CheckOutcome::Failed)
}
