//! Plans and runs, for pages: the same jobs as those of `/api/v1`, with the same limits and words.

use std::sync::Arc;

use axum::http::StatusCode;
use usher_core::model::{ChannelId, Configuration, CycleMode, SourceKey};
use usher_engine::SendOptions;
use usher_engine::admin::{Admin, KeptPlan, Permission, PlanOptions, SyncOptions};
use uuid::Uuid;

use crate::Api;
use crate::own::jobs::{NewJob, Outcome};
use crate::own::problem::Problem;
use crate::own::runs::run_report;

pub use crate::own::jobs::{Counted, Failed, JobKind, JobState, JobView};

/// Why something was not begun or is not there.
#[derive(Debug)]
pub struct NotDone(Problem);

impl NotDone {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// What was expected and what was found.
    pub fn detail(&self) -> &str {
        self.0.detail()
    }

    pub(crate) fn problem(self) -> Problem {
        self.0
    }
}

impl<T: Into<Problem>> From<T> for NotDone {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it reads.
    pub mode: CycleMode,
    /// Exactly the plan of this hash, held steps included, or nothing.
    pub reviewed: Option<String>,
    /// These subjects only.
    pub only: Option<Vec<SourceKey>>,
    /// So many steps, and then the channel is paused.
    pub first: Option<u64>,
}

impl Run {
    /// A whole run of that mode.
    pub fn of(mode: CycleMode) -> Self {
        Self {
            mode,
            reviewed: None,
            only: None,
            first: None,
        }
    }

    fn words(&self) -> String {
        let mut what = mode_words(self.mode).to_owned();
        if let Some(hash) = &self.reviewed {
            what.push_str(&format!(", applying the reviewed plan {hash}"));
        }
        if let Some(first) = self.first {
            what.push_str(&format!(", the first {first} steps"));
        }
        what
    }
}

fn mode_words(mode: CycleMode) -> &'static str {
    match mode {
        CycleMode::Incremental => "incremental",
        CycleMode::Full => "full",
        CycleMode::Reconcile => "reconcile",
        CycleMode::Rekey => "rekey",
        CycleMode::FollowUp => "follow_up",
    }
}

/// Begins to make a plan, in the background.
///
/// # Errors
/// When too many are being made.
pub fn plan(
    api: &Api,
    admin: Admin,
    channel: ChannelId,
    options: PlanOptions,
) -> Result<JobView, NotDone> {
    admin.require(Permission::Look)?;
    let new = NewJob {
        kind: JobKind::Plan,
        channel: channel.clone(),
        what: mode_words(options.mode).to_owned(),
        by: admin.operator.name.clone(),
        clock: admin.engine.clock.clone(),
    };
    let begun = api.jobs.begin(new, |meter| async move {
        let plan = admin.plan_and_keep(&channel, &options, meter).await?;
        Ok(Outcome::Plan(Box::new(plan)))
    });
    Ok(begun?)
}

/// Begins to find out what saving another configuration would cause in a channel, in the background. `what` says
/// which one it is: the job is found again by it.
///
/// # Errors
/// When too many plans are being made, or its operator may not configure.
pub fn rehearse(
    api: &Api,
    admin: Admin,
    draft: Configuration,
    channel: ChannelId,
    what: String,
) -> Result<JobView, NotDone> {
    admin.require(Permission::Configure)?;
    let new = NewJob {
        kind: JobKind::Plan,
        channel: channel.clone(),
        what,
        by: admin.operator.name.clone(),
        clock: admin.engine.clock.clone(),
    };
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: false,
    };
    let begun = api.jobs.begin(new, |meter| async move {
        let planned = admin.plan_draft_and_keep(draft, &channel, &options, meter);
        Ok(Outcome::Plan(Box::new(planned.await?)))
    });
    Ok(begun?)
}

/// Begins a run, in the background.
///
/// # Errors
/// When another run of the channel is under way, too many are, or its operator may not.
pub fn run(api: &Api, admin: Admin, channel: ChannelId, run: Run) -> Result<JobView, NotDone> {
    admin.require(Permission::Operate)?;
    let new = NewJob {
        kind: JobKind::Run,
        channel: channel.clone(),
        what: run.words(),
        by: admin.operator.name.clone(),
        clock: admin.engine.clock.clone(),
    };
    let options = SyncOptions {
        send: SendOptions {
            at_most: run.first,
            hand_over: true,
            ..SendOptions::default()
        },
        reviewed: run.reviewed,
        only: run.only,
        ..SyncOptions::of(run.mode)
    };
    let begun = api.jobs.begin(new, |meter| async move {
        let report = admin.sync(Some(channel.as_str()), &options, meter).await?;
        Ok(Outcome::Run(run_report(report)))
    });
    Ok(begun?)
}

/// Begins to do exactly a plan, its held steps included, or nothing; with `first`, so many of its steps, and then the
/// channel is paused.
///
/// # Errors
/// As [`run`], and when the plan is not kept.
pub fn apply(
    api: &Api,
    admin: Admin,
    job: &JobView,
    first: Option<u64>,
) -> Result<JobView, NotDone> {
    admin.require(Permission::Operate)?;
    let plan = kept(api, &admin, job)?;
    if plan.of_draft() {
        let detail = "this plan was made with a configuration that is not saved: save the connection, and its next run does what is left to do";
        return Err(Problem::new(StatusCode::CONFLICT, "draft_plan", detail).into());
    }
    let wanted = Run {
        mode: plan.report.cycle.mode,
        reviewed: Some(plan.report.hash.clone()),
        only: plan.only().map(<[SourceKey]>::to_vec),
        first,
    };
    run(api, admin, job.channel.clone(), wanted)
}

/// A plan or a run, under way or ended within the last hour.
pub fn job(api: &Api, admin: &Admin, kind: JobKind, id: Uuid) -> Option<JobView> {
    let found = api.jobs.view(id, admin.engine.clock.now());
    found.filter(|view| view.kind == kind)
}

/// All of a kind, newest first.
pub fn jobs(api: &Api, admin: &Admin, kind: JobKind, channel: Option<&ChannelId>) -> Vec<JobView> {
    api.jobs.all(kind, channel, admin.engine.clock.now())
}

/// The plan that was made.
///
/// # Errors
/// When it is not made yet, or not kept any more.
pub fn kept(api: &Api, admin: &Admin, job: &JobView) -> Result<Arc<KeptPlan>, NotDone> {
    let plan = api.jobs.plan(job.id, admin.engine.clock.now());
    plan.ok_or_else(|| {
        let detail = match job.state {
            JobState::Running => "the plan is still being made",
            JobState::Failed => "the plan could not be made; the job says why",
            JobState::Cancelled => "the plan was cancelled",
            JobState::Done => "the plan is not kept any more",
        };
        Problem::new(StatusCode::CONFLICT, "no_plan", detail).into()
    })
}

/// Stops making a plan, or forgets one that is made. Of somebody else only for those who operate.
///
/// # Errors
/// When it is gone already, or its operator may not.
pub fn discard(api: &Api, admin: &Admin, job: &JobView) -> Result<JobView, NotDone> {
    if job.by != admin.operator.name {
        admin.require(Permission::Operate)?;
    }
    let dropped = api.jobs.drop_plan(job.id, admin.engine.clock.now());
    dropped.ok_or_else(|| Problem::not_found(format!("there is no plan {}", job.id)).into())
}
