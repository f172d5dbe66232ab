//! What takes longer than a request may: plans and runs. Each goes on by itself, is asked after by its
//! id, and is forgotten some time after its end; there are never more than a few.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use futures_util::FutureExt as _;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use usher_core::model::{ChannelId, Millis};
use usher_engine::admin::KeptPlan;
use usher_engine::{EngineError, Progress};
use uuid::Uuid;

use super::problem::Problem;

/// Plans under way at once, and those of one operator among them: nobody keeps the others from planning.
const PLANNING: usize = 4;
const PLANNING_EACH: usize = 2;
/// Plans that are kept, and those of one operator among them: each keeps a copy of the state on disk.
const PLANS: usize = 8;
const PLANS_EACH: usize = 2;
/// Runs under way at once; a channel has one at most.
const RUNNING: usize = 16;
/// Ended runs that are kept.
const RUNS: usize = 100;
/// How long an ended job is kept, milliseconds.
const KEPT_MS: i64 = 60 * 60 * 1000;

/// What a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// What a run would do.
    Plan,
    /// A channel looks and sends.
    Run,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Under way.
    Running,
    /// Ended well.
    Done,
    /// Ended without.
    Failed,
    /// Stopped, or forgotten.
    Cancelled,
}

/// A job as it is told.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: JobKind,
    /// Its channel.
    pub channel: ChannelId,
    /// In words: what is read, what is applied.
    pub what: String,
    /// Who asked for it.
    pub by: String,
    /// Where it is.
    pub state: JobState,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// How far it is.
    pub progress: Counted,
    /// What came of a run.
    pub report: Option<Value>,
    /// Why it failed.
    pub problem: Option<Failed>,
}

/// Why a job failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counted {
    /// Entries read from the source.
    pub read: u64,
    /// Resources listed at the target.
    pub listed: u64,
    /// Steps that were sent.
    pub sent: u64,
    /// Steps to send.
    pub to_send: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Meter {
    read: AtomicU64,
    listed: AtomicU64,
    sent: AtomicU64,
    to_send: AtomicU64,
}

impl Progress for Meter {
    fn read(&self, entries: u64) {
        self.read.store(entries, Ordering::Relaxed);
    }

    fn listed(&self, resources: u64, _total: Option<u64>) {
        self.listed.store(resources, Ordering::Relaxed);
    }

    fn sent(&self, done: u64, total: u64) {
        self.sent.store(done, Ordering::Relaxed);
        self.to_send.store(total, Ordering::Relaxed);
    }
}

impl Meter {
    fn counted(&self) -> Counted {
        Counted {
            read: self.read.load(Ordering::Relaxed),
            listed: self.listed.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            to_send: self.to_send.load(Ordering::Relaxed),
        }
    }
}

/// What came of a job.
pub(crate) enum Outcome {
    Plan(Box<KeptPlan>),
    Run(Value),
}

struct Job {
    view: JobView,
    meter: Arc<Meter>,
    abort: Option<AbortHandle>,
    plan: Option<Arc<KeptPlan>>,
}

/// Events that a slow reader may be behind.
const BEHIND: usize = 256;

/// All jobs, oldest first.
pub(crate) struct Jobs {
    all: Mutex<Vec<Job>>,
    events: broadcast::Sender<JobView>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            all: Mutex::default(),
            events: broadcast::Sender::new(BEHIND),
        }
    }
}

/// What a job is made from.
pub(crate) struct NewJob {
    pub(crate) kind: JobKind,
    pub(crate) channel: ChannelId,
    pub(crate) what: String,
    pub(crate) by: String,
    pub(crate) clock: Arc<dyn usher_engine::Clock>,
}

impl Jobs {
    /// Begins a job, or refuses when too many are under way.
    pub(crate) fn begin<F>(
        self: &Arc<Self>,
        new: NewJob,
        work: impl FnOnce(Arc<Meter>) -> F,
    ) -> Result<JobView, Problem>
    where
        F: Future<Output = Result<Outcome, EngineError>> + Send + 'static,
    {
        let clock = new.clock;
        let meter = Arc::new(Meter::default());
        let view = JobView {
            id: Uuid::now_v7(),
            kind: new.kind,
            channel: new.channel,
            what: new.what,
            by: new.by,
            state: JobState::Running,
            started_at: clock.now(),
            ended_at: None,
            progress: Counted::default(),
            report: None,
            problem: None,
        };
        let mut jobs = self.lock();
        forget(&mut jobs, clock.now());
        require_place(&jobs, &view)?;
        let (id, all) = (view.id, Arc::clone(self));
        let work = work(Arc::clone(&meter));
        let task = tokio::spawn(async move {
            // A job that dies must not seem to run for ever.
            let result = AssertUnwindSafe(work).catch_unwind().await;
            let result = result.unwrap_or_else(|_| {
                Err(EngineError::Refused(
                    "it hit a defect of this service; the log has what happened".to_owned(),
                ))
            });
            all.end(id, result, clock.now());
        });
        jobs.push(Job {
            view: view.clone(),
            meter,
            abort: Some(task.abort_handle()),
            plan: None,
        });
        self.tell(&view);
        Ok(view)
    }

    /// Jobs as they begin and end, from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<JobView> {
        self.events.subscribe()
    }

    fn tell(&self, view: &JobView) {
        // Nobody may be listening.
        let told = self.events.send(view.clone());
        drop(told);
    }

    /// One job.
    pub(crate) fn view(&self, id: Uuid, now: Millis) -> Option<JobView> {
        let mut jobs = self.lock();
        forget(&mut jobs, now);
        jobs.iter().find(|job| job.view.id == id).map(Job::view)
    }

    /// All jobs of a kind, newest first.
    pub(crate) fn all(
        &self,
        kind: JobKind,
        channel: Option<&ChannelId>,
        now: Millis,
    ) -> Vec<JobView> {
        let mut jobs = self.lock();
        forget(&mut jobs, now);
        let of = jobs.iter().rev().filter(|job| {
            job.view.kind == kind && channel.is_none_or(|channel| *channel == job.view.channel)
        });
        of.map(Job::view).collect()
    }

    /// The plan that a job made.
    pub(crate) fn plan(&self, id: Uuid, now: Millis) -> Option<Arc<KeptPlan>> {
        let mut jobs = self.lock();
        forget(&mut jobs, now);
        jobs.iter().find(|job| job.view.id == id)?.plan.clone()
    }

    /// Stops a plan that is under way, and forgets one that ended.
    pub(crate) fn drop_plan(&self, id: Uuid, now: Millis) -> Option<JobView> {
        let mut jobs = self.lock();
        let job = jobs.iter_mut().find(|job| job.view.id == id)?;
        job.plan = None;
        if job.view.state == JobState::Running {
            if let Some(abort) = job.abort.take() {
                abort.abort();
            }
            job.view.ended_at = Some(now);
        }
        job.view.state = JobState::Cancelled;
        let view = job.view();
        self.tell(&view);
        Some(view)
    }

    fn end(&self, id: Uuid, result: Result<Outcome, EngineError>, now: Millis) {
        let mut jobs = self.lock();
        let Some(job) = jobs.iter_mut().find(|job| job.view.id == id) else {
            return;
        };
        if job.view.state != JobState::Running {
            return;
        }
        job.view.ended_at = Some(now);
        job.abort = None;
        match result {
            Ok(Outcome::Plan(plan)) => {
                job.view.state = JobState::Done;
                job.plan = Some(Arc::from(plan));
            }
            Ok(Outcome::Run(report)) => {
                job.view.state = JobState::Done;
                job.view.report = Some(report);
            }
            Err(error) => {
                job.view.state = JobState::Failed;
                let (code, detail) = Problem::from(error).said();
                job.view.problem = Some(Failed { code, detail });
            }
        }
        self.tell(&job.view());
        forget(&mut jobs, now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Job>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a job for which there is no place now.
fn require_place(jobs: &[Job], new: &JobView) -> Result<(), Problem> {
    let running: Vec<&Job> = jobs.iter().filter(|job| job.is_running(new.kind)).collect();
    let count = |of: &dyn Fn(&JobView) -> bool| running.iter().filter(|job| of(&job.view)).count();
    let (words, hint) = match new.kind {
        JobKind::Run if count(&|job| job.channel == new.channel) > 0 => {
            let words = "another run of this channel is under way";
            return Err(Problem::new(StatusCode::CONFLICT, "run_under_way", words)
                .hint("wait for its end: `GET /api/v1/channels/{channel}/runs`")
                .retry_after(5));
        }
        JobKind::Run if running.len() >= RUNNING => (
            format!("{RUNNING} runs are under way already"),
            "wait for one to end",
        ),
        JobKind::Plan if count(&|job| job.by == new.by) >= PLANNING_EACH => (
            format!(
                "{PLANNING_EACH} plans of `{}` are under way already",
                new.by
            ),
            "wait for one to end, or cancel it",
        ),
        JobKind::Plan if running.len() >= PLANNING => (
            format!("{PLANNING} plans are under way already"),
            "wait for one to end",
        ),
        JobKind::Run | JobKind::Plan => return Ok(()),
    };
    let status = StatusCode::TOO_MANY_REQUESTS;
    let refused = Problem::new(status, "too_many_jobs", words);
    Err(refused.hint(hint).retry_after(5))
}

impl Job {
    fn is_running(&self, kind: JobKind) -> bool {
        self.view.kind == kind && self.view.state == JobState::Running
    }

    fn view(&self) -> JobView {
        JobView {
            progress: self.meter.counted(),
            ..self.view.clone()
        }
    }
}

/// Forgets what ended long ago, and what is too much.
fn forget(jobs: &mut Vec<Job>, now: Millis) {
    jobs.retain(|job| job.view.ended_at.is_none_or(|at| now - at <= KEPT_MS));
    let planners: BTreeSet<String> = jobs.iter().map(|job| job.view.by.clone()).collect();
    for planner in planners {
        let theirs = |job: &Job| job.view.kind == JobKind::Plan && job.view.by == planner;
        forget_first(jobs, PLANS_EACH, theirs);
    }
    forget_first(jobs, PLANS, |job| job.view.kind == JobKind::Plan);
    forget_first(jobs, RUNS, |job| job.view.kind == JobKind::Run);
}

/// Of those that ended, the latest stay.
fn forget_first(jobs: &mut Vec<Job>, most: usize, of: impl Fn(&Job) -> bool) {
    let ended = |job: &Job| job.view.state != JobState::Running && of(job);
    let count = jobs.iter().filter(|job| ended(job)).count();
    let mut surplus = count.saturating_sub(most);
    jobs.retain(|job| {
        let goes = surplus > 0 && ended(job);
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use usher_core::model::ChannelId;
    use usher_engine::ManualClock;

    use super::{JobKind, JobState, Jobs, NewJob, Outcome, PLANNING, PLANNING_EACH};

    fn new() -> NewJob {
        of("staff")
    }

    fn of(channel: &str) -> NewJob {
        NewJob {
            kind: JobKind::Run,
            channel: ChannelId::new(channel),
            what: "full".to_owned(),
            by: "ana".to_owned(),
            clock: Arc::new(ManualClock::at(1)),
        }
    }

    #[tokio::test]
    async fn a_job_that_dies_is_failed_and_makes_room() {
        let jobs = Arc::new(Jobs::default());
        let mut ended = jobs.events();
        let job = jobs.begin(new(), |_| async { panic!("a defect") }).unwrap();
        assert_eq!(ended.recv().await.unwrap().state, JobState::Running);
        let view = ended.recv().await.unwrap();
        assert_eq!((view.id, view.state), (job.id, JobState::Failed));
    }

    #[tokio::test]
    async fn nobody_keeps_others_from_planning_and_plans_keep_nobody_from_running() {
        let jobs = Arc::new(Jobs::default());
        let plan = |by: &str| {
            let new = NewJob {
                kind: JobKind::Plan,
                by: by.to_owned(),
                ..new()
            };
            let begun = jobs.begin(new, |_| std::future::pending());
            begun.map(|_| ()).map_err(|problem| problem.said().0)
        };
        let full = Err("too_many_jobs".to_owned());
        for _ in 0..PLANNING_EACH {
            assert_eq!(plan("eve"), Ok(()));
        }
        assert_eq!(plan("eve"), full);
        for _ in PLANNING_EACH..PLANNING {
            assert_eq!(plan("ana"), Ok(()));
        }
        assert_eq!(plan("ben"), full);
        jobs.begin(new(), |_| std::future::pending()).unwrap();
    }

    #[tokio::test]
    async fn a_channel_has_one_run_at_a_time() {
        let jobs = Arc::new(Jobs::default());
        jobs.begin(new(), |_| std::future::pending()).unwrap();
        let again = jobs.begin(new(), |_| std::future::pending()).unwrap_err();
        assert_eq!(again.said().0, "run_under_way");
        jobs.begin(of("others"), |_| std::future::pending())
            .unwrap();
        assert_eq!(jobs.all(JobKind::Run, None, 1).len(), 2);
    }

    #[tokio::test]
    async fn what_ended_is_forgotten_after_an_hour() {
        let jobs = Arc::new(Jobs::default());
        let mut ended = jobs.events();
        let job = jobs
            .begin(new(), |_| async { Ok(Outcome::Run(serde_json::json!({}))) })
            .unwrap();
        while ended.recv().await.unwrap().state == JobState::Running {}
        assert!(jobs.view(job.id, 3_600_001).is_some());
        assert!(jobs.view(job.id, 3_600_002).is_none());
    }
}
