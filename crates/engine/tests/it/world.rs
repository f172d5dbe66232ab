//! A small company: a scripted directory, the sandbox, a state folder, the Admin service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use usher_connector::{Connector, Source, SourceError, SourceSettings};
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{
    Bind, ChangeDetection, Channel, ChannelId, ChannelSource, Configuration, ConnectionId,
    CycleMode, DataStore, DataStoreId, DataStoreKind, DirectoryKind, LdapStore, Load, Location,
    MappingRule, Policy, ProvisioningOptions, SpConnection, StatusRule, Step, StepId,
};
use usher_engine::admin::{
    Admin, PlanOptions, PlanReport, Rehearsal, ScratchCopy, Selection, SyncOptions, SyncReport,
};
use usher_engine::{Connectors, Engine, EngineError, ManualClock, Sealer, Silent};
use usher_sandbox::scim::{RunningSandbox, Sandbox, SandboxConfig};
use usher_store::{Administration as _, AuditEvent, ChannelState, StepFilter};
use usher_store_sqlite::SqliteStore;

use crate::directory::ScriptedSource;
pub(crate) use crate::directory::{BASE, Directory, PANIC_WORD, Person};

struct Registry {
    target: Box<dyn Connector>,
    directory: Arc<Mutex<Directory>>,
}

impl Connectors for Registry {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        (self.target.descriptor().id == id).then_some(self.target.as_ref())
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        vec![self.target.descriptor()]
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        Ok(Arc::new(ScriptedSource {
            directory: self.directory.clone(),
            second: settings.source.users.filter.as_deref() == Some("(second=yes)"),
        }))
    }
}

struct Copies {
    store: SqliteStore,
}

#[async_trait]
impl Rehearsal for Copies {
    async fn copy(&self) -> Result<ScratchCopy, EngineError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let state = folder.path().join("state");
        std::fs::create_dir(&state).expect("a folder");
        self.store.backup(&state.join("state.db")).await?;
        let store = SqliteStore::open(&state).await?;
        Ok(ScratchCopy {
            store: Arc::new(store),
            keep: Box::new(folder),
        })
    }
}

/// Everything together.
pub(crate) struct World {
    pub(crate) directory: Arc<Mutex<Directory>>,
    pub(crate) sandbox: RunningSandbox,
    pub(crate) admin: Admin,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) configuration: Configuration,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    /// A company of so many people, `u000`, `u001`, ..., with an empty target.
    pub(crate) async fn of(people: usize) -> Self {
        let mut directory = Directory::default();
        for n in 0..people {
            directory.hire(&format!("u{n:03}"));
        }
        Self::with(
            directory,
            SandboxConfig {
                seed: Some(7),
                ..SandboxConfig::default()
            },
        )
        .await
    }

    pub(crate) async fn with(directory: Directory, sandbox: SandboxConfig) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(sandbox).await.expect("the sandbox starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let directory = Arc::new(Mutex::new(directory));
        let clock = Arc::new(ManualClock::at(1_790_000_000_000));
        let admin = admin(folder.path(), &directory, &clock, "test").await;
        let mut world = Self {
            configuration: Configuration::default(),
            directory,
            sandbox,
            admin,
            clock,
            folder,
        };
        world.configuration = configuration(&world);
        world.save().await;
        world
    }

    /// The process ended without a word and starts again.
    pub(crate) async fn restart(&mut self) {
        self.admin = admin(self.folder.path(), &self.directory, &self.clock, "again").await;
        self.admin
            .engine
            .store
            .break_lease(&ConnectionId::new("cloud"))
            .await
            .expect("the old lease breaks");
    }

    /// A second process works on the same state.
    pub(crate) async fn restart_beside(&mut self) {
        self.admin = admin(self.folder.path(), &self.directory, &self.clock, "beside").await;
    }

    /// Waits until something holds; fails after half a minute.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..1_500 {
            looks.tick().await;
            if holds(self) {
                return;
            }
        }
        panic!("never: {what}");
    }

    /// Waits until so many steps are held; fails after half a minute.
    pub(crate) async fn until_held(&self, steps: usize) {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..1_500 {
            looks.tick().await;
            if self.held().await.len() >= steps {
                return;
            }
        }
        panic!("never: {steps} steps are held");
    }

    pub(crate) async fn save(&mut self) {
        self.configuration.revision = self
            .admin
            .engine
            .configuration()
            .await
            .expect("a configuration")
            .revision
            + 1;
        self.admin
            .engine
            .store
            .save_configuration(&self.configuration, &[], &[AuditEvent::default()])
            .await
            .expect("the configuration is saved");
    }

    pub(crate) fn channel(&mut self) -> &mut Channel {
        &mut self.configuration.sp_connections[0].channels[0]
    }

    pub(crate) fn options(&mut self) -> &mut ProvisioningOptions {
        &mut self.configuration.sp_connections[0].options
    }

    pub(crate) async fn sync(&self, mode: CycleMode) -> SyncReport {
        self.try_sync(mode).await.expect("the sync runs")
    }

    pub(crate) async fn try_sync(&self, mode: CycleMode) -> Result<SyncReport, EngineError> {
        let mut options = SyncOptions::of(mode);
        options.send.patience_ms = 0;
        let report = self.admin.sync(None, &options, Arc::new(Silent)).await?;
        if let Some(cycle) = &report.cycle {
            assert_eq!(cycle.unexplained(), 0, "the conservation law: {cycle:?}");
        }
        Ok(report)
    }

    /// Syncs one of several channels.
    pub(crate) async fn sync_channel(&self, channel: &str, mode: CycleMode) -> SyncReport {
        let mut options = SyncOptions::of(mode);
        options.send.patience_ms = 0;
        let report = self
            .admin
            .sync(Some(channel), &options, Arc::new(Silent))
            .await;
        report.expect("the sync runs")
    }

    pub(crate) async fn plan(&self) -> PlanReport {
        let options = PlanOptions {
            mode: CycleMode::Full,
            only: None,
            full: true,
        };
        self.admin
            .plan(None, &options, Arc::new(Silent))
            .await
            .expect("the plan is made")
    }

    pub(crate) async fn approve(&self, selection: Selection) -> SyncReport {
        let send = usher_engine::SendOptions {
            patience_ms: 0,
            ..Default::default()
        };
        let report = self
            .admin
            .approve(None, &selection, Some(&send), Arc::new(Silent))
            .await
            .expect("the approval runs");
        report.sync.unwrap_or_default()
    }

    pub(crate) async fn set_mode(&self, state: ChannelState) {
        self.admin
            .set_mode(None, state)
            .await
            .expect("the mode changes");
    }

    pub(crate) fn dir(&self) -> std::sync::MutexGuard<'_, Directory> {
        self.directory.lock().expect("lock")
    }

    /// The target's users by userName.
    pub(crate) fn users(&self) -> BTreeMap<String, serde_json::Value> {
        resources(&self.sandbox, "users", "userName")
    }

    /// The target's groups by displayName, with their members' userNames.
    pub(crate) fn groups(&self) -> BTreeMap<String, BTreeSet<String>> {
        resources(&self.sandbox, "groups", "displayName")
            .into_iter()
            .map(|(name, group)| {
                let members = group["members"].as_array().cloned().unwrap_or_default();
                let of = members
                    .iter()
                    .filter_map(|member| member["display"].as_str());
                (name, of.map(str::to_owned).collect())
            })
            .collect()
    }

    pub(crate) fn active(&self, uid: &str) -> Option<bool> {
        self.users().get(uid)?["active"].as_bool()
    }

    /// Requests that changed something since the last call of `forget_requests`.
    pub(crate) fn writes(&self) -> Vec<(String, String)> {
        self.sandbox
            .requests()
            .into_iter()
            .filter(|request| request.method != "GET")
            .map(|request| (request.method, request.path))
            .collect()
    }

    pub(crate) fn forget_requests(&self) {
        self.sandbox.clear_requests();
    }

    /// Who is linked to a target id, as the directory names them (`u001`).
    pub(crate) async fn links_to(&self, id: &str) -> Vec<String> {
        let id = usher_core::model::TargetId::new(id);
        let store = &self.admin.engine.store;
        let linked = store.by_target(&ConnectionId::new("cloud"), &[id]).await;
        let linked = linked.expect("subjects").into_iter();
        linked
            .map(|subject| {
                subject
                    .key
                    .to_string()
                    .trim_start_matches("key-")
                    .to_owned()
            })
            .collect()
    }

    /// The steps that are in a state.
    pub(crate) async fn steps_in(&self, state: &str) -> Vec<Step> {
        let filter = StepFilter {
            states: vec![state.to_owned()],
            ..StepFilter::default()
        };
        let store = &self.admin.engine.store;
        let steps = store.steps(&filter, StepId(0), 1_000).await;
        steps.expect("steps")
    }

    /// What `usher status` remarks of the first channel.
    pub(crate) async fn remarks(&self) -> String {
        let status = self.admin.status().await.expect("a status");
        status[0].remarks.join("\n")
    }

    pub(crate) async fn held(&self) -> Vec<(String, String)> {
        let held = self
            .admin
            .steps(None, &["held"], 1_000)
            .await
            .expect("steps");
        held.into_iter()
            .map(|step| (step.verb.as_str().to_owned(), step.display))
            .collect()
    }

    /// The first sync of a company whose scope was seen, with its check.
    pub(crate) async fn first_sync(&self) -> SyncReport {
        let report = self.sync(CycleMode::Full).await;
        assert_eq!(report.mode, "active", "{report:?}");
        report
    }
}

fn resources(
    sandbox: &RunningSandbox,
    kind: &str,
    name: &str,
) -> BTreeMap<String, serde_json::Value> {
    let snapshot = serde_json::to_value(sandbox.snapshot()).expect("a snapshot");
    let of = snapshot[kind].as_array().cloned().unwrap_or_default();
    of.into_iter()
        .map(|resource| {
            (
                resource[name].as_str().unwrap_or_default().to_owned(),
                resource,
            )
        })
        .collect()
}

async fn admin(
    folder: &std::path::Path,
    directory: &Arc<Mutex<Directory>>,
    clock: &Arc<ManualClock>,
    owner: &str,
) -> Admin {
    let store = SqliteStore::open(&folder.join("state"))
        .await
        .expect("the state opens");
    let sealer = Sealer::open_or_create(&folder.join("key"), true).expect("a key");
    let engine = Engine {
        store: Arc::new(store.clone()),
        connectors: Arc::new(Registry {
            target: Box::new(crate::panicking::Panicking(Box::new(
                usher_connector_atlassian::connector(),
            ))),
            directory: directory.clone(),
        }),
        sealer: Arc::new(sealer),
        clock: clock.clone(),
        random: Arc::new(|| 4),
        owner: owner.to_owned(),
        limiters: Arc::default(),
        shared: Arc::default(),
    };
    Admin {
        engine,
        rehearsal: Arc::new(Copies { store }),
        operator: usher_engine::admin::Operator::local("test"),
    }
}

fn configuration(world: &World) -> Configuration {
    let sealer = &world.admin.engine.sealer;
    let base = world.sandbox.base_url();
    Configuration {
        revision: 1,
        data_stores: vec![DataStore {
            id: DataStoreId::new("ldap"),
            name: "Scripted".to_owned(),
            kind: DataStoreKind::Ldap(LdapStore {
                hosts: vec!["127.0.0.1".to_owned()],
                bind: Bind::Anonymous,
                ..LdapStore::default()
            }),
            directory: DirectoryKind::OpenLdap,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        }],
        sp_connections: vec![SpConnection {
            id: ConnectionId::new("cloud"),
            name: "Cloud".to_owned(),
            entity_id: "https://auth.example/saml/1".to_owned(),
            active: true,
            base_url: None,
            connector: usher_connector_atlassian::TEMPLATE_ID.to_owned(),
            settings: BTreeMap::from([(
                usher_connector_atlassian::DIRECTORY_BASE_URL.to_owned(),
                base,
            )]),
            secrets: BTreeMap::from([(
                usher_connector_atlassian::API_KEY.to_owned(),
                sealer.seal("target_secret", &world.sandbox.key()),
            )]),
            secret_entered_at: BTreeMap::new(),
            options: ProvisioningOptions::default(),
            protected_accounts: vec!["root@example.com".to_owned()],
            general: usher_core::model::GeneralInfo::default(),
            channels: vec![channel()],
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        }],
        ..Configuration::default()
    }
}

pub(crate) fn channel() -> Channel {
    let rule = |field: &str, attribute: &str| MappingRule {
        field: field.to_owned(),
        attributes: vec![attribute.to_owned()],
        ..MappingRule::default()
    };
    Channel {
        id: ChannelId::new("staff"),
        name: "Staff".to_owned(),
        active: true,
        max_threads: 8,
        timeout_seconds: 5,
        source: ChannelSource {
            data_store: DataStoreId::new("ldap"),
            guid_attribute: "entryUUID".to_owned(),
            guid_binary: false,
            base_dn: BASE.to_owned(),
            member_of_attribute: None,
            group_member_attribute: "member".to_owned(),
            user_object_class: "person".to_owned(),
            group_object_class: "groupOfNames".to_owned(),
            change_detection: ChangeDetection::Timestamp,
            usn_attribute: None,
            timestamp_attribute: "modifyTimestamp".to_owned(),
            status: StatusRule::Flag {
                attribute: "locked".to_owned(),
                value: "true".to_owned(),
                status_when_equal: false,
                default: true,
            },
            expiry: None,
            users: Location {
                filter: Some("(staff=yes)".to_owned()),
                ..Location::default()
            },
            groups: Some(Location {
                filter: Some("(cn=*)".to_owned()),
                ..Location::default()
            }),
        },
        mapping: vec![
            rule("userName", "uid"),
            rule("workEmail", "mail"),
            rule("givenName", "givenName"),
            rule("familyName", "sn"),
            rule("title", "title"),
        ],
        policy: Policy {
            scope_count_seen: true,
            no_disabled_seen: true,
            load: Load {
                requests_per_second: Some(0.0),
                in_flight: Some(8),
                member_batch: Some(5),
            },
            ..Policy::default()
        },
    }
}

/// Any held steps of these verbs.
pub(crate) fn verbs(verbs: &[usher_core::model::Verb]) -> Selection {
    Selection {
        verbs: verbs.to_vec(),
        ..Selection::default()
    }
}

/// Every held step.
pub(crate) fn everything() -> Selection {
    Selection {
        all: true,
        ..Selection::default()
    }
}
