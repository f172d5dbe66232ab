//! The two ends of a scene, Usher between them, and what it takes to play.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::Value;
use usher_core::model::{CycleMode, Sealed, Verb};
use usher_engine::admin::{Selection, StepSample, SyncOptions, SyncReport};
use usher_engine::{Clock as _, Sealer, SystemClock};
use usher_pf::{ConfigFile, ImportContext, Mode, Secrets};
use usher_sandbox::directory::{DemoDirectory, DemoEntry, DirectoryOptions, RunningDirectory};
use usher_sandbox::sample;
use usher_sandbox::scim::{Knobs, LoggedRequest, RunningSandbox, Sandbox, SandboxConfig};
use usher_store::{Administration as _, AuditEvent};

use super::configuration::{BIND_PASSWORD, Ends, file};
use crate::failure::{Failure, Problem};
use crate::session::{Access, Session};
use crate::settings::{Given, Settings};
use crate::ui::{Bar, Ui};

/// Steps in flight, where nothing else matters.
pub(super) const IN_FLIGHT: u16 = 8;
/// Seconds between two looks, where nothing else matters.
pub(super) const LOOK_EVERY_SECONDS: u32 = 60;
/// How old the record is that was made by hand.
const RECORD_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Where the ids of the sandbox's records come from; the same every time.
const SEED: u64 = 20;

/// How a stage is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// Milliseconds that the target takes for a request.
    pub(super) service_ms: u64,
    /// Whether the target has a record already.
    pub(super) record_made_by_hand: bool,
    /// Steps in flight.
    pub(super) in_flight: u16,
    /// Seconds between two looks while a long sync sends.
    pub(super) look_every_seconds: u32,
}

/// A directory, a target, a state folder.
pub(super) struct Stage {
    /// The directory.
    pub(super) directory: RunningDirectory,
    /// The target.
    pub(super) sandbox: RunningSandbox,
    /// The settings of the process, with the state folder.
    pub(super) settings: Settings,
    /// Source keys of those whom the demonstration itself disabled or deleted in the directory:
    /// nobody else may lose anything at the target.
    pub(super) left: BTreeSet<String>,
    ends: Ends,
    session: Option<Session>,
    synced: bool,
    deleted: usize,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Starts both ends on free ports and imports a configuration for them.
    pub(super) async fn start(setup: Setup) -> Result<Self, Failure> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| Failure::failed(format!("{what} cannot start: {error}"))
        };
        let folder = tempfile::Builder::new()
            .prefix("usher-demo-")
            .tempdir()
            .map_err(failed("the demonstration's state folder"))?;
        let mut options = DirectoryOptions::new(Arc::new(|| SystemClock.now()));
        options.account = Some((sample::BIND_DN.to_owned(), BIND_PASSWORD.to_owned()));
        options.writable = true;
        let directory = DemoDirectory::start(sample::entries(), options)
            .await
            .map_err(failed("the sample directory"))?;
        let sandbox = Sandbox::start(SandboxConfig {
            seed: Some(SEED),
            knobs: Knobs {
                service_time_ms: setup.service_ms,
                ..Knobs::default()
            },
            ..SandboxConfig::default()
        })
        .await
        .map_err(failed("the sandbox"))?;
        if setup.record_made_by_hand {
            // Last month: a fresh one would look as if somebody else provisioned here too.
            sandbox.set_time_offset(-RECORD_AGE);
            sandbox
                .add_user(sample::record_made_by_hand())
                .map_err(|error| {
                    Failure::failed(format!("the sandbox refuses a record: {error}"))
                })?;
            sandbox.set_time_offset(SignedDuration::ZERO);
        }
        let ends = Ends {
            directory: directory.address().to_string(),
            target: sandbox.base_url(),
            key: sandbox.key(),
            filter: sample::PEOPLE_FILTER.to_owned(),
            in_flight: setup.in_flight,
            look_every_seconds: setup.look_every_seconds,
        };
        let settings = Settings::load(&Given {
            state: Some(folder.path().join("state")),
            user: "demo".to_owned(),
            ..Given::default()
        })?;
        let mut stage = Self {
            directory,
            sandbox,
            settings,
            left: BTreeSet::new(),
            ends,
            session: None,
            synced: false,
            deleted: 0,
            _folder: folder,
        };
        stage.import().await?;
        Ok(stage)
    }

    /// The opened state; opens it if need be.
    pub(super) async fn session(&mut self) -> Result<&Session, Failure> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.settings, Access::Create).await?,
        };
        Ok(self.session.insert(session))
    }

    /// Closes the state, so that another process can work with it.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.store.close().await;
        }
    }

    /// Imports the configuration with another filter of people.
    pub(super) async fn set_filter(&mut self, filter: &str) -> Result<(), Failure> {
        filter.clone_into(&mut self.ends.filter);
        self.import().await
    }

    /// From now on the service looks so often.
    pub(super) async fn look_every(&mut self, seconds: u32) -> Result<(), Failure> {
        self.ends.look_every_seconds = seconds;
        self.import().await
    }

    async fn import(&mut self) -> Result<(), Failure> {
        let ends = self.ends.clone();
        let session = self.session().await?;
        let engine = &session.admin.engine;
        let current = engine.configuration().await?;
        let text = file(&ends, &connector_id(session)?).to_string();
        let file = ConfigFile::parse(&text).map_err(refused)?;
        let imported = usher_pf::import(
            &file,
            ImportContext {
                current: &current,
                connectors: &engine.connectors.descriptors(),
                ids: &mut || uuid::Uuid::new_v4().to_string(),
                secrets: &mut Seal(engine.sealer.clone()),
                mode: Mode::Replace,
                now: engine.clock.now(),
            },
        )
        .map_err(refused)?;
        let mut configuration = imported.configuration;
        configuration.revision = current.revision + 1;
        let event = AuditEvent {
            at: engine.clock.now(),
            actor: "demo".to_owned(),
            event: "CONFIG".to_owned(),
            success: true,
            detail: "imported by the demonstration".to_owned(),
            ..AuditEvent::default()
        };
        Ok(session
            .store
            .save_configuration(&configuration, &[], &[event])
            .await?)
    }

    /// Looks and sends; how long it took.
    pub(super) async fn sync(
        &mut self,
        mode: CycleMode,
        ui: &Ui,
    ) -> Result<(SyncReport, Duration), Failure> {
        let session = self.session().await?;
        let bar = Bar::new(ui);
        let began = Instant::now();
        let report = session
            .admin
            .sync(None, &SyncOptions::of(mode), bar.clone())
            .await;
        bar.finish();
        Ok((report?, began.elapsed()))
    }

    /// Approves the adoptions that wait, and sends.
    pub(super) async fn approve_adoptions(
        &mut self,
        ui: &Ui,
    ) -> Result<(SyncReport, Duration), Failure> {
        let session = self.session().await?;
        let bar = Bar::new(ui);
        let began = Instant::now();
        let selection = Selection {
            verbs: vec![Verb::Adopt],
            hold: Some("adoption".to_owned()),
            ..Selection::default()
        };
        let options = SyncOptions::of(CycleMode::Incremental).send;
        let report = session
            .admin
            .approve(None, &selection, Some(&options), bar.clone())
            .await;
        bar.finish();
        Ok((report?.sync.unwrap_or_default(), began.elapsed()))
    }

    /// Makes sure that the first sync is over; whether it had to be done.
    pub(super) async fn settle_first(&mut self, ui: &Ui) -> Result<bool, Failure> {
        if self.synced {
            return Ok(false);
        }
        self.sync(CycleMode::Full, ui).await?;
        self.approve_adoptions(ui).await?;
        self.synced = true;
        Ok(true)
    }

    /// The first sync is over.
    pub(super) fn is_settled(&mut self) {
        self.synced = true;
    }

    /// The number of the last request so far.
    pub(super) fn mark(&self) -> u64 {
        self.sandbox.requests().last().map_or(0, |last| last.number)
    }

    /// Requests after a mark.
    pub(super) fn since(&self, mark: u64) -> Vec<LoggedRequest> {
        let mut requests = self.sandbox.requests();
        requests.retain(|request| request.number > mark);
        requests
    }

    /// Requests after a mark that may change something.
    pub(super) fn writes_since(&self, mark: u64) -> Vec<LoggedRequest> {
        let mut requests = self.since(mark);
        requests.retain(is_write);
        requests
    }

    /// Changes an entry, as an administrator of the directory would.
    pub(super) fn modify(
        &self,
        dn: &str,
        change: impl FnOnce(&mut DemoEntry),
    ) -> Result<(), Failure> {
        self.directory
            .modify(dn, change)
            .map_err(|error| Failure::failed(error.to_string()))
    }

    /// Deletes an entry, as an administrator of the directory would.
    pub(super) fn delete(&mut self, dn: &str) -> Result<(), Failure> {
        self.deleted += 1;
        self.directory
            .delete(dn)
            .map_err(|error| Failure::failed(error.to_string()))
    }

    /// People of the sample who were deleted from the directory.
    pub(super) fn left_for_good(&self) -> usize {
        self.deleted
    }

    /// Disables that wait for a person.
    pub(super) async fn held_disables(&mut self) -> Result<Vec<StepSample>, Failure> {
        let session = self.session().await?;
        let mut held = session.admin.steps(None, &["held"], 1_000).await?;
        held.retain(|step| step.verb == Verb::Disable);
        Ok(held)
    }

    /// Notes that somebody left: from now on a removal of that account is as it should be.
    pub(super) fn note_leaver(&mut self, dn: &str) {
        self.left.extend(key_of(dn));
    }

    /// Whether a request is about the account of an entry of the sample.
    pub(super) fn is_of(&self, request: &LoggedRequest, dn: &str) -> bool {
        let key = key_of(dn);
        let snapshot = self.sandbox.snapshot();
        let of_record =
            |name: &str, user: &Value| user.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut users = snapshot.users.iter();
        let user = users.find(|user| key.is_some() && of_record("externalId", user) == key);
        let id = user.and_then(|user| of_record("id", user));
        id.is_some_and(|id| request.path.ends_with(&id))
    }

    /// Users, groups and memberships of the target.
    pub(super) fn totals(&self) -> (usize, usize, usize) {
        let snapshot = self.sandbox.snapshot();
        let members = snapshot
            .groups
            .iter()
            .filter_map(|group| group.get("members")?.as_array().map(Vec::len))
            .sum();
        (snapshot.users.len(), snapshot.groups.len(), members)
    }
}

/// The source key of an entry of the sample.
fn key_of(dn: &str) -> Option<String> {
    let entry = sample::entries().into_iter().find(|entry| entry.dn == dn)?;
    entry.text("entryUUID").map(str::to_owned)
}

/// Whether a request may change something.
pub(super) fn is_write(request: &LoggedRequest) -> bool {
    !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// The only target that this program has.
fn connector_id(session: &Session) -> Result<String, Failure> {
    let descriptors = session.admin.engine.connectors.descriptors();
    descriptors
        .first()
        .map(|descriptor| descriptor.id.clone())
        .ok_or_else(|| Failure::failed("this program has no connector for a target"))
}

fn refused(problems: Vec<usher_pf::ConfigProblem>) -> Failure {
    Failure::failed("the demonstration's configuration is refused")
        .problems(problems.into_iter().map(Problem::from))
}

/// Seals what the configuration holds in the clear.
struct Seal(Arc<Sealer>);

impl Secrets for Seal {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        Ok(self.0.seal(kind, plain))
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        self.0.open(kind, sealed).map(|_| ())
    }

    fn may_go_elsewhere(&self) -> bool {
        true
    }
}
