//! What all requests share, and the handle by which a test or a command steers the service.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::clock::Clock;
use super::config::{AccountConfig, OrgGroupConfig, SandboxConfig};
use super::error::Refusal;
use super::fault::{FaultPlan, FaultRule, PlannedFault};
use super::knobs::Knobs;
use super::limiter::Limiter;
use super::log::{Counts, LoggedRequest, RequestLog};
use super::model::fold;
use super::org::PropagationLine;
use super::state_file;
use super::view::{GroupView, UserView};
use super::world::World;

pub(crate) struct App {
    pub(crate) config: SandboxConfig,
    pub(crate) origin: String,
    clock: Arc<dyn Clock>,
    offset_ms: AtomicI64,
    pub(crate) world: Mutex<World>,
    knobs: Mutex<Arc<Knobs>>,
    pub(crate) faults: Mutex<FaultPlan>,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) log: Mutex<RequestLog>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Locks; a panic of another holder does not matter to a sandbox.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub(crate) fn new(
        config: SandboxConfig,
        origin: String,
        clock: Arc<dyn Clock>,
        stopping: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let mut world = World::new(&config, &origin, clock.now());
        if let Some(path) = config.state_file.as_deref().filter(|path| path.exists()) {
            world
                .load(&std::fs::read(path)?, &origin)
                .map_err(|problem| {
                    let text = format!("state file {}: {problem}", path.display());
                    io::Error::new(io::ErrorKind::InvalidData, text)
                })?;
        }
        let log = RequestLog::new(config.log_capacity, config.request_log_file.as_deref())?;
        Ok(Self {
            origin,
            clock,
            offset_ms: AtomicI64::new(0),
            world: Mutex::new(world),
            knobs: Mutex::new(Arc::new(config.knobs.clone())),
            faults: Mutex::new(FaultPlan::new(config.faults.clone())),
            limiter: Mutex::default(),
            log: Mutex::new(log),
            stopping,
            config,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        let now = self.clock.now();
        now.checked_add(offset).unwrap_or(now)
    }

    pub(crate) fn knobs(&self) -> Arc<Knobs> {
        Arc::clone(&lock(&self.knobs))
    }

    /// Writes the state if it has changed, or anyway.
    pub(crate) fn save(&self, anyway: bool) -> io::Result<()> {
        let Some(path) = self.config.state_file.as_deref() else {
            return Ok(());
        };
        let bytes = {
            let mut world = lock(&self.world);
            if !world.dirty && !anyway {
                return Ok(());
            }
            world.save()
        };
        state_file::write(path, &bytes).inspect_err(|_| lock(&self.world).dirty = true)
    }
}

/// All records as the service would show them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// Users, oldest first, with groups and account id.
    pub users: Vec<Value>,
    /// Groups, oldest first, with members.
    pub groups: Vec<Value>,
}

/// Steers a running service. Cheap to clone; it does not keep the service running.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<App>);

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("origin", &self.0.origin)
            .finish_non_exhaustive()
    }
}

impl Control {
    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Base URL of the first directory: `http://127.0.0.1:PORT/scim/directory/ID`.
    pub fn base_url(&self) -> String {
        lock(&self.0.world)
            .directories
            .first()
            .map(|d| d.base_url.clone())
            .unwrap_or_default()
    }

    /// Id of the first directory.
    pub fn directory_id(&self) -> String {
        lock(&self.0.world)
            .directories
            .first()
            .map(|d| d.id.clone())
            .unwrap_or_default()
    }

    /// Key of the first directory.
    pub fn key(&self) -> String {
        lock(&self.0.world)
            .directories
            .first()
            .map(|d| d.key.clone())
            .unwrap_or_default()
    }

    /// Base URL and key of each directory.
    pub fn directories(&self) -> Vec<(String, String)> {
        let world = lock(&self.0.world);
        world
            .directories
            .iter()
            .map(|d| (d.base_url.clone(), d.key.clone()))
            .collect()
    }

    /// Key of the organisation's admin API.
    pub fn admin_key(&self) -> String {
        lock(&self.0.world).org.admin_key.clone()
    }

    /// The settings in force.
    pub fn knobs(&self) -> Knobs {
        (*self.0.knobs()).clone()
    }

    /// Replaces all settings; requests that have begun keep the old ones.
    pub fn set_knobs(&self, knobs: Knobs) {
        *lock(&self.0.knobs) = Arc::new(knobs);
    }

    /// Changes some settings.
    pub fn change_knobs(&self, change: impl FnOnce(&mut Knobs)) {
        let mut held = lock(&self.0.knobs);
        let mut knobs = (**held).clone();
        change(&mut knobs);
        *held = Arc::new(knobs);
    }

    /// Plans a fault behind those already planned.
    pub fn fault(&self, rule: FaultRule) {
        lock(&self.0.faults).add(rule);
    }

    /// The planned faults with their counters.
    pub fn faults(&self) -> Vec<PlannedFault> {
        lock(&self.0.faults).list()
    }

    /// Forgets all planned faults.
    pub fn clear_faults(&self) {
        lock(&self.0.faults).clear();
    }

    /// The requests that are kept, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.0.log).list()
    }

    /// Counters of all requests since the start or [`Self::clear_requests`].
    pub fn counts(&self) -> Counts {
        lock(&self.0.log).counts()
    }

    /// Forgets requests and counters.
    pub fn clear_requests(&self) {
        lock(&self.0.log).clear();
    }

    /// Users and groups of the first directory.
    pub fn snapshot(&self) -> Snapshot {
        let (knobs, id) = (self.0.knobs(), self.directory_id());
        let mut world = lock(&self.0.world);
        let Some(desk) = world.desk(&id, &knobs, self.0.now()) else {
            return Snapshot {
                users: Vec::new(),
                groups: Vec::new(),
            };
        };
        let users = desk.directory.user_ids().to_vec();
        let groups = desk.directory.group_ids().to_vec();
        let directory = &*desk.directory;
        let user = |user| {
            serde_json::to_value(UserView {
                user,
                directory,
                knobs: &knobs,
            })
        };
        let group = |group| serde_json::to_value(GroupView { group, directory });
        Snapshot {
            users: users
                .iter()
                .filter_map(|id| directory.user(id))
                .filter_map(|u| user(u).ok())
                .collect(),
            groups: groups
                .iter()
                .filter_map(|id| directory.group(id))
                .filter_map(|g| group(g).ok())
                .collect(),
        }
    }

    /// The organisation: `{id, domains, accounts, groups, pending, log}`.
    pub fn organisation(&self) -> Value {
        let now = self.0.now();
        let mut world = lock(&self.0.world);
        world.org.settle(now);
        let org = &world.org;
        let mut accounts: Vec<_> = org.accounts().collect();
        accounts.sort_by(|a, b| a.email.cmp(&b.email));
        let mut groups: Vec<_> = org.groups().collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        let log: Vec<_> = org.log().collect();
        json!({
            "id": org.id, "domains": org.domains, "accounts": accounts, "groups": groups,
            "pending": org.pending(), "log": log,
        })
    }

    /// The propagation log, oldest first (row 43).
    pub fn propagation_log(&self) -> Vec<PropagationLine> {
        let now = self.0.now();
        let mut world = lock(&self.0.world);
        world.org.settle(now);
        world.org.log().cloned().collect()
    }

    /// Adds an account of the organisation and returns its id.
    pub fn add_account(&self, account: AccountConfig) -> String {
        lock(&self.0.world).add_account(&account)
    }

    /// Adds a group of the organisation.
    pub fn add_org_group(&self, group: OrgGroupConfig) {
        let mut world = lock(&self.0.world);
        world.org.add_group(&group.name, group.kind);
        world.dirty = true;
    }

    /// Makes a domain one that the organisation has verified.
    pub fn verify_domain(&self, domain: &str) {
        let mut world = lock(&self.0.world);
        world.org.domains.insert(fold(domain));
        world.dirty = true;
    }

    /// Creates a user in the first directory as a POST would, without a request; returns its id.
    pub fn add_user(&self, user: Value) -> Result<String, SeedError> {
        self.seed(user, |desk, body| desk.create_user(body))
    }

    /// Creates a group in the first directory as a POST would, without a request; returns its id.
    pub fn add_group(&self, group: Value) -> Result<String, SeedError> {
        self.seed(group, |desk, body| desk.create_group(body))
    }

    fn seed<F>(&self, body: Value, make: F) -> Result<String, SeedError>
    where
        F: FnOnce(
            &mut super::desk::Desk,
            &serde_json::Map<String, Value>,
        ) -> Result<uuid::Uuid, Refusal>,
    {
        let refused = |refusal: Refusal| SeedError(format!("{refusal:?}"));
        let Value::Object(body) = body else {
            return Err(SeedError("a JSON object is expected".to_owned()));
        };
        let (knobs, now, id) = (self.0.knobs(), self.0.now(), self.directory_id());
        let mut world = lock(&self.0.world);
        world.dirty = true;
        let made = match world.desk(&id, &knobs, now) {
            Some(mut desk) => make(&mut desk, &body).map_err(refused),
            None => Err(SeedError("there is no directory".to_owned())),
        };
        world.org.settle(now);
        made.map(|id| id.to_string())
    }

    /// Does what the administrator's "Sync group" does for a group that waits for review (row 29).
    /// Whether there was one.
    pub fn synchronise_group(&self, name: &str) -> bool {
        let (knobs, now, id) = (self.0.knobs(), self.0.now(), self.directory_id());
        let mut world = lock(&self.0.world);
        world.dirty = true;
        world
            .desk(&id, &knobs, now)
            .is_some_and(|mut desk| desk.synchronise_group(name))
    }

    /// Makes a new key for the first directory; the old one is refused from now on (row 45).
    pub fn regenerate_key(&self) -> String {
        let (now, id) = (self.0.now(), self.directory_id());
        lock(&self.0.world)
            .regenerate_key(&id, now)
            .unwrap_or_default()
    }

    /// Lets the key of the first directory expire now (row 45).
    pub fn expire_key(&self) {
        let now = self.0.now();
        let mut world = lock(&self.0.world);
        if let Some(directory) = world.directories.first_mut() {
            directory.key_expires = now;
        }
        world.dirty = true;
    }

    /// Shifts the clock by this much from real time; the past is possible.
    pub fn set_time_offset(&self, offset: SignedDuration) {
        let ms = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        self.0.offset_ms.store(ms, Ordering::Relaxed);
    }

    /// Back to what the configuration describes: records, knobs, faults, requests, time. Directory
    /// ids and keys stay as they are now.
    pub fn reset(&self) {
        self.set_time_offset(SignedDuration::ZERO);
        let mut world = lock(&self.0.world);
        let mut fresh = World::new(&self.0.config, &self.0.origin, self.0.now());
        for (new, old) in fresh.directories.iter_mut().zip(&world.directories) {
            new.id.clone_from(&old.id);
            new.key.clone_from(&old.key);
            new.base_url.clone_from(&old.base_url);
        }
        fresh.org.admin_key.clone_from(&world.org.admin_key);
        *world = fresh;
        drop(world);
        self.set_knobs(self.0.config.knobs.clone());
        *lock(&self.0.faults) = FaultPlan::new(self.0.config.faults.clone());
        *lock(&self.0.limiter) = Limiter::default();
        self.clear_requests();
    }

    /// Writes the state file now. Does nothing if none is configured.
    pub fn save(&self) -> io::Result<()> {
        self.0.save(true)
    }
}

/// A record that could not be seeded, with what the service would have answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox refused the record: {0}")]
pub struct SeedError(pub String);

/// How often the state is written while it changes.
pub(crate) const SAVE_EVERY: Duration = Duration::from_secs(1);
