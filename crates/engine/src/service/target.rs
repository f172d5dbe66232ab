//! The task of one SP connection: holds its lease and sends its outbox, beside the cycles.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use usher_core::model::{ChannelId, Configuration, ConnectionId, Millis, SpConnection, StepState};
use usher_store::{ChannelState, Fence, StepFilter};

use super::{Core, ServiceEvent, TargetHealth, locked, schedule};
use crate::context::{OpenChannel, Silent};
use crate::error::EngineError;
use crate::lease::Lease;
use crate::send::{SendOptions, SendReport};
use crate::shared::TargetDesk;

/// How long one send waits for steps that are to be tried again: not at all, the next one is soon.
const PATIENCE_MS: i64 = 0;
/// How often outcomes that are not known are looked up again.
const LOOK_UNKNOWN: Duration = Duration::from_secs(10);
/// How long a target whose lease another process holds is left alone.
const BUSY: Duration = Duration::from_secs(5);

/// Where the task of an SP connection is reached.
pub(super) struct Post {
    id: ConnectionId,
    name: String,
    pub(super) desk: Arc<TargetDesk>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lease_held: bool,
    sending: bool,
    problem: Option<String>,
    left: bool,
}

impl Post {
    pub(super) fn new(core: &Core, sp: &SpConnection) -> Self {
        Self {
            id: sp.id.clone(),
            name: sp.name.clone(),
            desk: core.admin.engine.shared.target(&sp.id),
            state: Mutex::default(),
        }
    }

    /// The configuration has this SP connection no longer, and its task ended.
    pub(super) fn is_left(&self) -> bool {
        locked(&self.state).left
    }

    pub(super) fn health(&self) -> TargetHealth {
        let state = locked(&self.state);
        TargetHealth {
            id: self.id.clone(),
            name: self.name.clone(),
            lease_held: state.lease_held,
            sending: state.sending,
            problem: state.problem.clone(),
        }
    }
}

/// Marks a post as left, however its task ends.
struct Leaving(Arc<Post>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.desk.set_resident(false);
        let mut state = locked(&self.0.state);
        state.left = true;
        state.lease_held = false;
    }
}

/// What the task remembers between two sends.
#[derive(Default)]
struct Memory {
    failures: u32,
    failed_at: Option<Instant>,
    /// Nothing was sent yet under this lease: what is found claimed is from before.
    fresh: bool,
    looked_at: Option<Instant>,
}

/// Looks after an outbox until its SP connection is gone or the service stops.
pub(super) async fn run(core: Arc<Core>, post: Arc<Post>) {
    let leaving = Leaving(post.clone());
    let mut lease: Option<Lease> = None;
    let mut memory = Memory::default();
    while !core.is_stopping() {
        let configuration = core.configuration.borrow().clone();
        let gone = !configuration
            .sp_connections
            .iter()
            .any(|sp| sp.id == post.id);
        if configuration.revision > 0 && gone {
            break;
        }
        if lease.as_ref().is_none_or(Lease::is_lost) {
            lease = hold(&core, &post, &mut memory).await;
        }
        if let Some(lease) = &lease {
            attend(&core, &post, &configuration, lease.fence(), &mut memory).await;
        }
        let pause = if lease.is_some() {
            core.options.tick
        } else {
            BUSY.min(core.options.tick * 5)
        };
        tokio::select! {
            () = core.stopped() => {}
            () = post.desk.poked() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    // The last one gives the lease back, and that is to be this task.
    while core.is_stopping() && core.posts_of(&post.id).iter().any(|one| !one.is_left()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(leaving);
    if let Some(lease) = lease
        && let Err(error) = lease.release().await
    {
        tracing::warn!(target.id = %post.id, %error, "the lease could not be given back; it ends by itself");
    }
}

async fn hold(core: &Core, post: &Post, memory: &mut Memory) -> Option<Lease> {
    let held = core.admin.engine.hold(&post.id).await;
    let mut state = locked(&post.state);
    state.lease_held = held.is_ok();
    post.desk.set_resident(held.is_ok());
    match held {
        Ok(lease) => {
            memory.fresh = true;
            state.problem = None;
            Some(lease)
        }
        Err(error) => {
            tracing::warn!(target.id = %post.id, %error, "the lease is not held");
            state.problem = Some(error.to_string());
            None
        }
    }
}

/// Sends what is due, if anything.
async fn attend(
    core: &Arc<Core>,
    post: &Arc<Post>,
    configuration: &Configuration,
    fence: &Fence,
    memory: &mut Memory,
) {
    let random = (core.admin.engine.random)();
    let rest = schedule::wait_after(memory.failures, random);
    let resting = memory
        .failed_at
        .is_some_and(|at| (at.elapsed().as_millis() as i64) < rest);
    if memory.failures > 0 && resting {
        return;
    }
    match send(core, post, configuration, fence, memory).await {
        Ok(()) => {
            memory.failures = 0;
            locked(&post.state).problem = None;
        }
        Err(error) => {
            memory.failures = memory.failures.saturating_add(1);
            memory.failed_at = Some(Instant::now());
            // What it left in flight is looked up by the next one.
            memory.fresh = true;
            tracing::warn!(target.id = %post.id, %error, "sending failed");
            locked(&post.state).problem = Some(error.to_string());
        }
    }
}

async fn send(
    core: &Arc<Core>,
    post: &Arc<Post>,
    configuration: &Configuration,
    fence: &Fence,
    memory: &mut Memory,
) -> Result<(), EngineError> {
    let ids = may_send(core, &post.id, configuration).await?;
    if ids.is_empty() || !has_work(core, post, &ids, memory).await? {
        return Ok(());
    }
    let mut opens = Vec::new();
    for id in &ids {
        // One that cannot be opened stops no other; its own task says what is wrong with it.
        if let Ok(open) = core.admin.engine.open(configuration, id) {
            opens.push(Arc::new(open));
        }
    }
    if opens.is_empty() {
        return Ok(());
    }
    let report = sent(core, post, &opens, fence).await?;
    memory.fresh = false;
    if report.succeeded + report.replanned > 0 {
        for post in core.posts_of(&post.id) {
            post.follow_up();
        }
    }
    for open in &opens {
        core.admin.finish_first_sync(open, fence).await?;
    }
    tell(core, post, &report);
    Ok(())
}

/// The channels of an SP connection that may send.
async fn may_send(
    core: &Core,
    target: &ConnectionId,
    configuration: &Configuration,
) -> Result<Vec<ChannelId>, EngineError> {
    let mut ids = Vec::new();
    if !configuration.server.provisions() {
        return Ok(ids);
    }
    let sps = configuration.sp_connections.iter();
    for sp in sps.filter(|sp| &sp.id == target && sp.active) {
        for channel in sp.channels.iter().filter(|channel| channel.active) {
            let record = core.admin.engine.kept(&channel.id).await?;
            if record.state == ChannelState::Active {
                ids.push(channel.id.clone());
            }
        }
    }
    Ok(ids)
}

/// Whether there is anything to send or to look up now.
async fn has_work(
    core: &Core,
    post: &Post,
    ids: &[ChannelId],
    memory: &mut Memory,
) -> Result<bool, EngineError> {
    let store = &core.admin.engine.store;
    let next: Option<Millis> = store.next_send(&post.id, ids).await?;
    if memory.fresh || next.is_some_and(|at| at <= core.now()) {
        return Ok(true);
    }
    if memory
        .looked_at
        .is_some_and(|at| at.elapsed() < LOOK_UNKNOWN)
    {
        return Ok(false);
    }
    memory.looked_at = Some(Instant::now());
    let unknown = StepFilter {
        connection: Some(post.id.clone()),
        states: [StepState::Unknown, StepState::Claimed]
            .map(|state| state.name().to_owned())
            .to_vec(),
        ..StepFilter::default()
    };
    let counts = store.step_counts(&unknown).await?;
    Ok(counts.iter().any(|count| count.count > 0))
}

/// One send, in a task of its own: a panic ends that and nothing else.
async fn sent(
    core: &Arc<Core>,
    post: &Arc<Post>,
    opens: &[Arc<OpenChannel>],
    fence: &Fence,
) -> Result<SendReport, EngineError> {
    let (engine, fence, opens) = (core.admin.engine.clone(), fence.clone(), opens.to_vec());
    let turn = post.desk.resident_turn().await;
    if core.is_stopping() {
        return Ok(SendReport::default());
    }
    locked(&post.state).sending = true;
    let options = SendOptions {
        patience_ms: PATIENCE_MS,
        ..SendOptions::default()
    };
    let sending = tokio::spawn(async move {
        engine
            .send(&opens, &fence, &options, Arc::new(Silent))
            .await
    });
    let result = sending.await;
    drop(turn);
    locked(&post.state).sending = false;
    result.unwrap_or_else(|error| {
        core.count_panic();
        Err(EngineError::Refused(format!(
            "sending failed unexpectedly ({error}); what was in flight is looked up"
        )))
    })
}

fn tell(core: &Core, post: &Post, report: &SendReport) {
    if report.succeeded + report.parked + report.replanned + report.waiting == 0 {
        return;
    }
    tracing::info!(
        target.id = %post.id,
        target.name = %post.name,
        steps.succeeded = report.succeeded,
        steps.parked = report.parked,
        steps.replanned = report.replanned,
        steps.waiting = report.waiting,
        "sent"
    );
    core.admin.engine.shared.tell(ServiceEvent::Sent {
        at: core.now(),
        connection: post.id.clone(),
        succeeded: report.succeeded,
        parked: report.parked,
        replanned: report.replanned,
        waiting: report.waiting,
        stopped: report.stopped.clone(),
    });
}
