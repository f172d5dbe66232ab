//! A company with a real directory, the sandbox, a state folder and the Admin service.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use usher_connector::{Connector, Source, SourceError, SourceSettings};
use usher_connector_ldap::{Clock as LdapClock, LdapSource};
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{Channel, Configuration, ConnectionId, CycleMode, LdapStore};
use usher_engine::admin::{
    Admin, PlanOptions, PlanReport, Rehearsal, ScratchCopy, Selection, SyncOptions, SyncReport,
};
use usher_engine::{
    Clock as _, Connectors, Engine, EngineError, ManualClock, Sealer, SendOptions, Silent,
    SystemClock,
};
use usher_sandbox::scim::{LoggedRequest, OrgConfig, RunningSandbox, Sandbox, SandboxConfig};
use usher_store::{Administration as _, AuditEvent, ChannelState};
use usher_store_sqlite::SqliteStore;
use usher_testkit::people::{Company, DOMAINS, Options};
use usher_testkit::proxy::CuttingProxy;
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::configuration::configuration;

pub(crate) const BASE: &str = "dc=example,dc=test";

/// What a world is made of.
pub(crate) struct Plan {
    pub(crate) slapd: SlapdConfig,
    pub(crate) sandbox: SandboxConfig,
    /// Whether the directory is reached through a proxy that can cut.
    pub(crate) proxied: bool,
}

impl Plan {
    /// A directory that holds this LDIF.
    pub(crate) fn of(ldif: String) -> Self {
        Self {
            slapd: SlapdConfig {
                ldif: Some(ldif),
                ppolicy: true,
                ..SlapdConfig::default()
            },
            sandbox: SandboxConfig {
                seed: Some(7),
                log_capacity: 100_000,
                org: OrgConfig {
                    verified_domains: DOMAINS.map(str::to_owned).to_vec(),
                    ..OrgConfig::default()
                },
                ..SandboxConfig::default()
            },
            proxied: false,
        }
    }
}

/// Ordinary people and groups, without anything odd.
pub(crate) fn plain(users: u32, groups: u32) -> Company {
    Company::generate(Options {
        users,
        groups,
        odd: false,
        member_of: true,
        disabled_per_thousand: 0,
        no_mail_per_thousand: 0,
        machines_per_thousand: 0,
        shared_mail_every: 0,
        ..Options::default()
    })
}

/// Everything together.
pub(crate) struct World {
    pub(crate) slapd: Slapd,
    pub(crate) proxy: Option<CuttingProxy>,
    pub(crate) sandbox: RunningSandbox,
    pub(crate) admin: Admin,
    pub(crate) store: SqliteStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) configuration: Configuration,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    /// A company whose directory is up; `None` where there is no slapd.
    pub(crate) async fn of(company: &Company) -> Option<Self> {
        Self::from(Plan::of(company.ldif())).await
    }

    pub(crate) async fn from(plan: Plan) -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let slapd = Slapd::start_or_skip(plan.slapd)?;
        let mut at = format!("127.0.0.1:{}", slapd.port());
        let mut proxy = None;
        if plan.proxied {
            let started = CuttingProxy::start(([127, 0, 0, 1], slapd.port()).into()).await;
            let started = started.expect("a proxy");
            at = started.address().to_string();
            proxy = Some(started);
        }
        let sandbox = Sandbox::start(plan.sandbox)
            .await
            .expect("the sandbox starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let (admin, store) = open(folder.path(), &clock, "test").await;
        let target = (sandbox.base_url(), sandbox.key());
        let configuration =
            configuration(&admin.engine.sealer, &slapd, &at, (&target.0, &target.1));
        let mut world = Self {
            slapd,
            proxy,
            sandbox,
            admin,
            store,
            clock,
            configuration,
            folder,
        };
        world.save().await;
        Some(world)
    }

    /// The process ended without a word and starts again.
    pub(crate) async fn restart(&mut self) {
        let (admin, store) = open(self.folder.path(), &self.clock, "again").await;
        (self.admin, self.store) = (admin, store);
        self.store
            .break_lease(&ConnectionId::new("cloud"))
            .await
            .expect("the old lease breaks");
    }

    pub(crate) async fn save(&mut self) {
        let stored = self.admin.engine.configuration().await;
        self.configuration.revision = stored.expect("a configuration").revision + 1;
        self.store
            .save_configuration(&self.configuration, &[], &[AuditEvent::default()])
            .await
            .expect("the configuration is saved");
    }

    pub(crate) fn channel(&mut self) -> &mut Channel {
        &mut self.configuration.sp_connections[0].channels[0]
    }

    pub(crate) fn ldap(&mut self) -> &mut LdapStore {
        match &mut self.configuration.data_stores[0].kind {
            usher_core::model::DataStoreKind::Ldap(store) => store,
            usher_core::model::DataStoreKind::Ldif { .. } => panic!("the tests use LDAP"),
        }
    }

    /// Applies change records.
    pub(crate) fn change(&self, ldif: &str) {
        self.slapd
            .ldif_modify(ldif)
            .unwrap_or_else(|error| panic!("{error}\n{ldif}"));
    }

    /// Waits until no group names this DN any more: the server brings references up to date after it answered.
    pub(crate) async fn until_nobody_refers_to(&self, dns: &[&str]) {
        let named: Vec<String> = dns
            .iter()
            .map(|dn| format!("(member={})", in_filter(dn)))
            .collect();
        let named = named.concat();
        let filter = format!("(|{named})");
        while self.slapd.count(&filter).expect("a search") > 0 {
            tokio::task::yield_now().await;
        }
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

    /// The first sync of a company whose scope was seen.
    pub(crate) async fn first_sync(&self) -> SyncReport {
        let report = self.sync(CycleMode::Full).await;
        assert_eq!(report.mode, "active", "{report:?}");
        assert_eq!(state(&report), "completed", "{report:?}");
        report
    }

    pub(crate) async fn plan(&self) -> PlanReport {
        let options = PlanOptions {
            mode: CycleMode::Full,
            only: None,
            full: true,
        };
        let plan = self.admin.plan(None, &options, Arc::new(Silent)).await;
        plan.expect("the plan is made")
    }

    pub(crate) async fn approve(&self, selection: Selection) -> SyncReport {
        let send = SendOptions {
            patience_ms: 0,
            ..SendOptions::default()
        };
        let report = self
            .admin
            .approve(None, &selection, Some(&send), Arc::new(Silent))
            .await
            .expect("the approval runs");
        report.sync.unwrap_or_default()
    }

    pub(crate) async fn set_mode(&self, state: ChannelState) {
        let done = self.admin.set_mode(None, state).await;
        done.expect("the mode changes");
    }

    /// The target's users by userName.
    pub(crate) fn users(&self) -> BTreeMap<String, Value> {
        resources(&self.sandbox, "users", "userName")
    }

    pub(crate) fn active(&self, uid: &str) -> Option<bool> {
        self.users().get(uid)?["active"].as_bool()
    }

    /// The target's groups by displayName, with their members' userNames.
    pub(crate) fn groups(&self) -> BTreeMap<String, BTreeSet<String>> {
        let names: BTreeMap<String, String> = self
            .users()
            .into_iter()
            .map(|(name, user)| (text(&user["id"]), name))
            .collect();
        let groups = resources(&self.sandbox, "groups", "displayName").into_iter();
        groups
            .map(|(name, group)| {
                let members = group["members"].as_array().cloned().unwrap_or_default();
                let count = members.len();
                let of: BTreeSet<String> = members
                    .iter()
                    .map(|member| names[&text(&member["value"])].clone())
                    .collect();
                assert_eq!(of.len(), count, "{name} lists somebody twice");
                (name, of)
            })
            .collect()
    }

    /// Requests that could have changed something.
    pub(crate) fn writes(&self) -> Vec<LoggedRequest> {
        let all = self.sandbox.requests().into_iter();
        all.filter(|request| request.method != "GET").collect()
    }

    /// Fails if anything was written since [`World::forget_requests`].
    #[track_caller]
    pub(crate) fn assert_nothing_written(&self) {
        let writes: Vec<String> = self.writes().iter().map(shown).collect();
        assert!(writes.is_empty(), "{writes:#?}");
    }

    pub(crate) fn forget_requests(&self) {
        self.sandbox.clear_requests();
    }

    /// Verb and name of every held step.
    pub(crate) async fn held(&self) -> Vec<(String, String)> {
        let held = self.admin.steps(None, &["held"], 100_000).await;
        held.expect("steps")
            .into_iter()
            .map(|step| (step.verb.as_str().to_owned(), step.display))
            .collect()
    }
}

/// A value in a filter (RFC 4515 §3).
fn in_filter(value: &str) -> String {
    value
        .replace('\\', "\\5c")
        .replace('*', "\\2a")
        .replace('(', "\\28")
        .replace(')', "\\29")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One request in one line.
pub(crate) fn shown(request: &LoggedRequest) -> String {
    let path = request.path.split("/scim/directory/").last();
    format!(
        "{} {} {} -> {:?}",
        request.method,
        path.unwrap_or_default(),
        request.request_body,
        request.status
    )
}

/// The state of the cycle of a sync.
pub(crate) fn state(report: &SyncReport) -> &'static str {
    report
        .cycle
        .as_ref()
        .map_or("none", |cycle| cycle.state.name())
}

/// Why the read of a sync proves nothing.
pub(crate) fn incomplete(report: &SyncReport) -> String {
    let cycle = report.cycle.as_ref();
    let certificate = cycle.and_then(|cycle| cycle.certificate.as_ref());
    certificate.map_or_else(String::new, |found| found.incomplete.join("\n"))
}

/// Every held step.
pub(crate) fn everything() -> Selection {
    Selection {
        all: true,
        ..Selection::default()
    }
}

fn resources(sandbox: &RunningSandbox, kind: &str, name: &str) -> BTreeMap<String, Value> {
    let snapshot = sandbox.snapshot();
    let of = if kind == "users" {
        snapshot.users
    } else {
        snapshot.groups
    };
    let count = of.len();
    let named: BTreeMap<String, Value> = of
        .into_iter()
        .map(|resource| {
            (
                resource[name].as_str().unwrap_or_default().to_owned(),
                resource,
            )
        })
        .collect();
    assert_eq!(named.len(), count, "two {kind} have one name");
    named
}

async fn open(folder: &Path, clock: &Arc<ManualClock>, owner: &str) -> (Admin, SqliteStore) {
    let store = SqliteStore::open(&folder.join("state"))
        .await
        .expect("the state opens");
    let sealer = Sealer::open_or_create(&folder.join("key"), true).expect("a key");
    let engine = Engine {
        store: Arc::new(store.clone()),
        connectors: Arc::new(Registry {
            target: Box::new(usher_connector_atlassian::connector()),
            clock: clock.clone(),
        }),
        sealer: Arc::new(sealer),
        clock: clock.clone(),
        random: Arc::new(|| 4),
        owner: owner.to_owned(),
        limiters: Arc::default(),
        shared: Arc::default(),
    };
    let admin = Admin {
        engine,
        rehearsal: Arc::new(Copies {
            store: store.clone(),
        }),
        operator: usher_engine::admin::Operator::local("test"),
    };
    (admin, store)
}

/// The real connectors.
struct Registry {
    target: Box<dyn Connector>,
    clock: Arc<ManualClock>,
}

impl Connectors for Registry {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        (self.target.descriptor().id == id).then_some(self.target.as_ref())
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        vec![self.target.descriptor()]
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        let clock = self.clock.clone();
        let clock = LdapClock(Arc::new(move || clock.now()));
        Ok(Arc::new(LdapSource::open(settings)?.with_clock(clock)))
    }
}

struct Copies {
    store: SqliteStore,
}

#[async_trait]
impl Rehearsal for Copies {
    async fn copy(&self) -> Result<ScratchCopy, EngineError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.store.backup(folder.path()).await?;
        let store = SqliteStore::open(folder.path()).await?;
        Ok(ScratchCopy {
            store: Arc::new(store),
            keep: Box::new(folder),
        })
    }
}
