//! The running service: every channel is looked at when its schedule says so, and every outbox is sent.
//!
//! One task per channel looks, one task per SP connection sends; a supervisor starts and ends them as the
//! configuration wants. A task that fails or panics is counted, and stops no other.

mod alerts;
mod channel;
mod event;
mod health;
pub mod schedule;
mod supervisor;
mod target;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use usher_core::model::{ChannelId, Configuration, ConnectionId, CycleMode, Millis};
use usher_store::Retention;

pub use alerts::{Notifier, Tried};
pub use event::ServiceEvent;
pub use health::{ChannelHealth, Doing, FailedAt, ServiceHealth, TargetHealth};

use crate::admin::{Admin, Operator};
use crate::error::EngineError;
use crate::meters::Counts;

/// The name under which the service itself acts.
const NAME: &str = "engine";

/// How the service runs.
#[derive(Clone)]
pub struct ServiceOptions {
    /// How long things are kept; looked after once a day.
    pub retention: Retention,
    /// What local time is ahead of UTC at a time, milliseconds; nightly reads begin at two o'clock.
    pub offset_ms: Arc<dyn Fn(Millis) -> i64 + Send + Sync>,
    /// How often schedules, the configuration and channels' states are looked at.
    pub tick: Duration,
    /// How often it is judged what needs a person, and told.
    pub alert_tick: Duration,
    /// Carries messages to those who are told of alerts; without one alerts are only shown.
    pub notifier: Option<Arc<dyn Notifier>>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            offset_ms: Arc::new(|_| 0),
            tick: Duration::from_secs(1),
            alert_tick: Duration::from_secs(10),
            notifier: None,
        }
    }
}

/// The running service. Copies are the same service; it runs until it is stopped.
#[derive(Clone)]
pub struct Service {
    core: Arc<Core>,
    supervisor: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
}

/// What all tasks of a service share.
struct Core {
    admin: Admin,
    options: ServiceOptions,
    started_at: Millis,
    configuration: watch::Sender<Arc<Configuration>>,
    stopping: watch::Sender<bool>,
    channels: Mutex<BTreeMap<ChannelId, Arc<channel::Post>>>,
    targets: Mutex<BTreeMap<ConnectionId, Arc<target::Post>>>,
    panics: AtomicU64,
    /// When the state was last found sound.
    sound_at: Mutex<Option<Instant>>,
}

impl Service {
    /// Starts it: from now on channels run by their schedules.
    pub fn start(admin: Admin, options: ServiceOptions) -> Self {
        admin.engine.shared.set_closed(false);
        admin.engine.shared.distress.set_served(true);
        let core = Arc::new(Core {
            started_at: admin.engine.clock.now(),
            admin: Admin {
                operator: Operator::local(NAME),
                ..admin
            },
            options,
            configuration: watch::Sender::new(Arc::default()),
            stopping: watch::Sender::new(false),
            channels: Mutex::default(),
            targets: Mutex::default(),
            panics: AtomicU64::new(0),
            sound_at: Mutex::default(),
        });
        let supervisor = tokio::spawn(supervisor::run(core.clone()));
        Self {
            core,
            supervisor: Arc::new(tokio::sync::Mutex::new(Some(supervisor))),
        }
    }

    /// Has a channel looked at now, whatever its schedule and its failures say. A channel that may not
    /// run refuses with the reason.
    pub fn run_now(&self, channel: &ChannelId, mode: CycleMode) -> Result<(), EngineError> {
        let Some(post) = locked(&self.core.channels).get(channel).cloned() else {
            return Err(EngineError::Refused(format!(
                "no channel with the id `{channel}` is looked after; a channel that was just saved is within a second"
            )));
        };
        post.order(mode)
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<ServiceEvent> {
        self.core.admin.engine.shared.events()
    }

    /// Tells whoever listens, and shows in [`Service::events`].
    pub fn tell(&self, event: ServiceEvent) {
        self.core.admin.engine.shared.tell(event);
    }

    /// Ends it: no new request is begun, also for whoever asked for a sync by hand. What is in flight may
    /// finish within the patience; the rest is left claimed, so that the next start looks its outcome up.
    /// Leases are given back. What was stopped and could not be written is left to [`Service::write_stops`].
    pub async fn stop(&self, patience: Duration) {
        self.core.admin.engine.shared.set_closed(true);
        let engine = &self.core.admin.engine;
        engine.shared.distress.set_served(false);
        drop(engine.write_stops().await);
        self.core.stopping.send_replace(true);
        for post in locked(&self.core.targets).values() {
            post.desk.end();
        }
        let Some(mut supervisor) = self.supervisor.lock().await.take() else {
            return;
        };
        if tokio::time::timeout(patience, &mut supervisor)
            .await
            .is_err()
        {
            tracing::warn!("what is still in flight is left to be looked up at the next start");
            supervisor.abort();
        }
    }

    /// Writes the stops that the state could not take before. The channels of which it still cannot, with the
    /// reason: after the end of this process nobody knows that they were stopped.
    pub async fn write_stops(&self) -> Vec<(ChannelId, String)> {
        self.core.admin.engine.write_stops().await
    }

    /// Waits until it is told to stop.
    pub async fn told_to_stop(&self) {
        self.core.stopped().await;
    }

    /// How it is, as last seen: never waits for anything.
    pub fn health(&self) -> ServiceHealth {
        self.core.health()
    }

    /// What was counted since the start.
    pub fn counts(&self) -> Counts {
        self.core.admin.engine.shared.meters.counts()
    }

    /// Whether it does its work: the state can be read and written, and the leases are held. Otherwise
    /// everything that is wrong, in words.
    pub async fn ready(&self) -> Result<(), Vec<String>> {
        self.core.ready().await
    }
}

impl Core {
    fn now(&self) -> Millis {
        self.admin.engine.clock.now()
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits for the stop.
    async fn stopped(&self) {
        // The sender lives in this very core: waiting cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }

    fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::SeqCst);
    }

    /// Every channel of an SP connection that somebody looks after.
    fn posts_of(&self, target: &ConnectionId) -> Vec<Arc<channel::Post>> {
        let posts = locked(&self.channels);
        posts
            .values()
            .filter(|post| &post.target == target)
            .cloned()
            .collect()
    }
}

/// What is locked here is only read or swapped, so it is sound even if somebody panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
