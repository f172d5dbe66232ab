//! The task of one channel: looks when it is due, or when a person says so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use usher_core::model::{
    Channel, ChannelId, Configuration, ConnectionId, CycleMode, Millis, SpConnection,
};
use usher_store::{ChannelRecord, ChannelState};

use super::health::FailedAt;
use super::schedule::{self, Due, Times, Timetable};
use super::{ChannelHealth, Core, Doing, locked};
use crate::admin::{restored, why_incomplete};
use crate::context::Silent;
use crate::cycle::{CycleOptions, CycleReport};
use crate::error::EngineError;

/// How long a cycle may take to end when the service stops.
const GIVEN_UP: Duration = Duration::from_secs(2);

/// Where a channel's task is reached.
pub(super) struct Post {
    id: ChannelId,
    pub(super) target: ConnectionId,
    wake: Notify,
    desk: Mutex<Desk>,
}

/// What is known of the channel at the moment.
#[derive(Default)]
struct Desk {
    /// As it is called in the configuration.
    name: String,
    order: Option<CycleMode>,
    doing: Doing,
    next: Option<Due>,
    times: Times,
    table: Option<Timetable>,
    last_good_at: Option<Millis>,
    failing_since: Option<Millis>,
    failed_at: Option<FailedAt>,
    problem: Option<String>,
    left: bool,
}

impl Post {
    pub(super) fn new(sp: &SpConnection, channel: &Channel, now: Millis) -> Self {
        let desk = Desk {
            name: full_name(sp, channel),
            times: Times {
                since: now,
                ..Times::default()
            },
            ..Desk::default()
        };
        Self {
            id: channel.id.clone(),
            target: sp.id.clone(),
            wake: Notify::new(),
            desk: Mutex::new(desk),
        }
    }

    /// A person wants a look now.
    pub(super) fn order(&self, mode: CycleMode) -> Result<(), EngineError> {
        let mut desk = locked(&self.desk);
        if let Doing::Off { why } = &desk.doing {
            return Err(EngineError::Refused(why.clone()));
        }
        desk.order = Some(desk.order.map_or(mode, |before| deeper(before, mode)));
        drop(desk);
        self.wake.notify_one();
        Ok(())
    }

    /// Sending made something possible.
    pub(super) fn follow_up(&self) {
        locked(&self.desk).times.follow_up = true;
        self.wake.notify_one();
    }

    /// What it may do has changed.
    pub(super) fn look_up(&self) {
        self.wake.notify_one();
    }

    /// The configuration has this channel no longer, and its task ended.
    pub(super) fn is_left(&self) -> bool {
        locked(&self.desk).left
    }

    pub(super) fn health(&self, now: Millis) -> ChannelHealth {
        let desk = locked(&self.desk);
        let missed = match (&desk.table, &desk.doing) {
            (Some(table), Doing::Waiting | Doing::Looking { .. }) => {
                schedule::missed_full_reads(table, &desk.times, now)
            }
            _ => 0,
        };
        ChannelHealth {
            id: self.id.clone(),
            connection: self.target.clone(),
            name: desk.name.clone(),
            doing: desk.doing.clone(),
            next: desk.next,
            last_good_at: desk.last_good_at,
            last_complete_at: desk.times.last_complete,
            failures: desk.times.failures,
            failing_since: desk.failing_since,
            failed_at: desk.failed_at,
            problem: desk.problem.clone(),
            missed_full_reads: missed,
        }
    }
}

pub(super) fn full_name(sp: &SpConnection, channel: &Channel) -> String {
    format!("{}/{}", sp.name, channel.name)
}

/// Of two wishes, the one that reads more: it does the work of both.
fn deeper(a: CycleMode, b: CycleMode) -> CycleMode {
    let depth = |mode| match mode {
        CycleMode::FollowUp => 0,
        CycleMode::Incremental => 1,
        CycleMode::Full => 2,
        CycleMode::Reconcile => 3,
        // A person said that the keys changed: nothing else does its work.
        CycleMode::Rekey => 4,
    };
    if depth(b) > depth(a) { b } else { a }
}

/// Marks a post as left, however its task ends.
struct Leaving(Arc<Post>);

impl Drop for Leaving {
    fn drop(&mut self) {
        locked(&self.0.desk).left = true;
    }
}

/// Looks after a channel until it is gone or the service stops.
pub(super) async fn run(core: Arc<Core>, post: Arc<Post>) {
    let _leaving = Leaving(post.clone());
    // Every look begins with the configuration as it is then.
    while !core.is_stopping() {
        let configuration = core.configuration.borrow().clone();
        if configuration.revision > 0 && configuration.channel(&post.id).is_none() {
            return;
        }
        let mode = match next(&core, &post, &configuration).await {
            Ok(mode) => mode,
            Err(error) => {
                fail(&core, &post, &error);
                None
            }
        };
        if let Some(mode) = mode {
            look(&core, &post, &configuration, mode).await;
            continue;
        }
        tokio::select! {
            () = core.stopped() => return,
            () = post.wake.notified() => {}
            () = tokio::time::sleep(core.options.tick) => {}
        }
    }
}

/// What is to be done now, if anything.
async fn next(
    core: &Core,
    post: &Post,
    configuration: &Configuration,
) -> Result<Option<CycleMode>, EngineError> {
    let Some((sp, channel)) = configuration.channel(&post.id) else {
        return Ok(None);
    };
    let record = core.admin.engine.kept(&post.id).await?;
    let next_due = core.admin.engine.store.next_due(&post.id).await?;
    let (now, random) = (core.now(), (core.admin.engine.random)());
    let mut desk = locked(&post.desk);
    desk.name = full_name(sp, channel);
    if let Some(why) = keeps_off(configuration, sp, channel, &record) {
        desk.doing = Doing::Off { why };
        desk.next = None;
        desk.order = None;
        return Ok(None);
    }
    let table = Timetable::of(channel, (core.options.offset_ms)(now));
    let restored = restored::is_marked(&record);
    // A restored state has to read both sides before anything else.
    desk.times.last_complete = record.last_complete_at.filter(|_| !restored);
    desk.times.next_due = next_due;
    desk.doing = Doing::Waiting;
    if desk.order.is_some() {
        desk.times.failures = 0;
    }
    let mut due = schedule::next(&table, &desk.times, now, random);
    if restored && due.mode == CycleMode::Full {
        due.mode = CycleMode::Reconcile;
    }
    desk.table = Some(table);
    desk.next = Some(due);
    let ordered = desk.order.take();
    Ok(ordered.or((due.at <= now).then_some(due.mode)))
}

/// What keeps a channel from being looked at, in words.
pub(super) fn keeps_off(
    configuration: &Configuration,
    sp: &SpConnection,
    channel: &Channel,
    record: &ChannelRecord,
) -> Option<String> {
    if !configuration.server.provisions() {
        return Some("outbound provisioning is off in the server settings".to_owned());
    }
    if !sp.active {
        return Some(format!(
            "SP connection `{}` is not active in the configuration",
            sp.name
        ));
    }
    if !channel.active {
        return Some(format!(
            "channel `{}` is not active in the configuration",
            channel.name
        ));
    }
    match &record.state {
        ChannelState::Draft | ChannelState::Observe | ChannelState::Active => None,
        ChannelState::Paused => Some(format!("channel `{}` is paused", channel.name)),
        ChannelState::Quarantined { why } => {
            Some(format!("channel `{}` stopped itself: {why}", channel.name))
        }
    }
}

/// Runs one cycle. In a task of its own: a panic ends that and nothing else.
async fn look(core: &Arc<Core>, post: &Arc<Post>, configuration: &Configuration, mode: CycleMode) {
    begin(core, post, mode);
    let cycle = cycle(core.clone(), configuration.clone(), post.id.clone(), mode);
    let mut running = tokio::spawn(cycle);
    let result = tokio::select! {
        // A cycle changes nothing but our own state, and one that is given up leaves no step. It ends by
        // itself, with a word of why.
        () = core.stopped() => {
            if tokio::time::timeout(GIVEN_UP, &mut running).await.is_err() {
                running.abort();
                let _ = running.await;
            }
            return;
        }
        result = &mut running => result,
    };
    match result {
        Ok(Ok(report)) => done(core, post, mode, &report),
        Ok(Err(error)) => fail(core, post, &error),
        Err(error) => {
            core.count_panic();
            fail(core, post, &broken(&error));
        }
    }
}

fn broken(error: &tokio::task::JoinError) -> EngineError {
    EngineError::Refused(format!(
        "looking failed unexpectedly ({error}); nothing was changed"
    ))
}

async fn cycle(
    core: Arc<Core>,
    configuration: Configuration,
    id: ChannelId,
    mode: CycleMode,
) -> Result<CycleReport, EngineError> {
    let admin = &core.admin;
    let open = Arc::new(admin.engine.open(&configuration, &id)?);
    let lease = admin.engine.hold(&open.sp.id).await?;
    let options = CycleOptions {
        // When everything is to be read is this service's business.
        only_as_asked: true,
        ..CycleOptions::of(mode)
    };
    let result = admin
        .look(&open, lease.fence(), &options, Arc::new(Silent))
        .await;
    lease.release().await?;
    if matches!(&result, Ok(report) if report.settled.pending > 0) {
        admin.engine.shared.target(&open.sp.id).poke();
    }
    result
}

fn begin(core: &Core, post: &Post, mode: CycleMode) {
    let now = core.now();
    let mut desk = locked(&post.desk);
    desk.doing = Doing::Looking { mode };
    // Decided anew when it has ended.
    desk.next = None;
    desk.times.follow_up = false;
    match mode {
        CycleMode::FollowUp => desk.times.last_follow_up = Some(now),
        CycleMode::Incremental => desk.times.last_look = Some(now),
        CycleMode::Full | CycleMode::Rekey => {
            desk.times.last_look = Some(now);
            desk.times.last_full = Some(now);
        }
        CycleMode::Reconcile => {
            desk.times.last_look = Some(now);
            desk.times.last_full = Some(now);
            desk.times.last_reconcile = Some(now);
        }
    }
}

fn done(core: &Core, post: &Post, asked: CycleMode, report: &CycleReport) {
    let now = core.now();
    let mut desk = locked(&post.desk);
    if desk.times.failures > 0 {
        tracing::info!(channel.id = %post.id, channel.name = %desk.name, "the channel works again");
    }
    desk.doing = Doing::Waiting;
    desk.times.failures = 0;
    desk.times.failed_at = None;
    desk.failing_since = None;
    desk.failed_at = None;
    desk.last_good_at = Some(now);
    desk.problem = why_incomplete(&report.cycle);
    let is_full = |mode| match mode {
        CycleMode::Full | CycleMode::Reconcile | CycleMode::Rekey => true,
        CycleMode::Incremental | CycleMode::FollowUp => false,
    };
    let full = is_full(asked) || is_full(report.cycle.mode);
    if full && desk.problem.is_some() {
        desk.times.incomplete_fulls += 1;
    } else if full {
        desk.times.incomplete_fulls = 0;
    }
    tracing::info!(
        channel.id = %post.id,
        channel.name = %desk.name,
        cycle.id = %report.cycle.id,
        cycle.mode = ?report.cycle.mode,
        cycle.state = report.cycle.state.name(),
        entries.read = report.cycle.read,
        steps.pending = report.settled.pending,
        steps.held = report.settled.held,
        "looked"
    );
}

fn fail(core: &Core, post: &Post, error: &EngineError) {
    let now = core.now();
    let mut desk = locked(&post.desk);
    desk.doing = Doing::Waiting;
    desk.times.failures = desk.times.failures.saturating_add(1);
    desk.times.failed_at = Some(now);
    desk.failing_since = desk.failing_since.or(Some(now));
    desk.failed_at = Some(match error {
        EngineError::Source(_) => FailedAt::Source,
        EngineError::Target(_) => FailedAt::Target,
        EngineError::Store(_) | EngineError::Busy { .. } => FailedAt::State,
        EngineError::Configuration(_)
        | EngineError::Forbidden(_)
        | EngineError::Refused(_)
        | EngineError::PlanChanged { .. } => FailedAt::Here,
    });
    desk.problem = Some(error.to_string());
    tracing::warn!(
        channel.id = %post.id,
        channel.name = %desk.name,
        failures = desk.times.failures,
        %error,
        "the channel could not be looked at"
    );
}
