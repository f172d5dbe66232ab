//! How the service is.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Serialize;
use usher_core::model::{ChannelId, ConnectionId, CycleMode, Millis};

use usher_store::StoreError;

use super::schedule::Due;
use super::{Core, locked};
use crate::distress::Cannot;

/// So long the state is taken to be as sound as it was.
const SOUND_FOR: Duration = Duration::from_secs(30);

/// How the service is.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceHealth {
    /// When this was.
    pub at: Millis,
    /// Since when it runs.
    pub started_at: Millis,
    /// The revision of the configuration it works with.
    pub revision: u64,
    /// Every channel.
    pub channels: Vec<ChannelHealth>,
    /// Every SP connection.
    pub targets: Vec<TargetHealth>,
    /// Tasks that panicked; each stopped nothing but itself.
    pub panics: u64,
    /// What is wrong with the state, in words.
    pub trouble: Option<String>,
}

/// What a channel's task does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "doing", rename_all = "snake_case")]
pub enum Doing {
    /// Waits for its time.
    #[default]
    Waiting,
    /// Runs a cycle.
    Looking {
        /// What was asked for.
        mode: CycleMode,
    },
    /// May not run.
    Off {
        /// Why, in words.
        why: String,
    },
}

/// How one channel is.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelHealth {
    /// Its id.
    pub id: ChannelId,
    /// Its SP connection.
    pub connection: ConnectionId,
    /// SP connection and channel, by name.
    pub name: String,
    /// What its task does.
    #[serde(flatten)]
    pub doing: Doing,
    /// What is next.
    pub next: Option<Due>,
    /// When the last cycle ended well: read, complete or not.
    pub last_good_at: Option<Millis>,
    /// When the last complete read ended.
    pub last_complete_at: Option<Millis>,
    /// Cycles in a row that could not be carried out.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<Millis>,
    /// Who is to blame for that.
    pub failed_at: Option<FailedAt>,
    /// What went wrong last, in words.
    pub problem: Option<String>,
    /// Full reads that were due and did not come to a complete end before the next one was due.
    pub missed_full_reads: u32,
}

/// Where a cycle failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedAt {
    /// The directory.
    Source,
    /// The target.
    Target,
    /// Usher's own state.
    State,
    /// The configuration, or a defect.
    Here,
}

/// How one SP connection is.
#[derive(Clone, Debug, Serialize)]
pub struct TargetHealth {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// This process holds its lease.
    pub lease_held: bool,
    /// It is being sent to.
    pub sending: bool,
    /// Why sending failed last, in words.
    pub problem: Option<String>,
}

impl Core {
    pub(super) fn health(&self) -> ServiceHealth {
        let now = self.now();
        // One lock at a time.
        let channels = locked(&self.channels).values().cloned().collect::<Vec<_>>();
        let targets = locked(&self.targets).values().cloned().collect::<Vec<_>>();
        ServiceHealth {
            at: now,
            started_at: self.started_at,
            revision: self.configuration.borrow().revision,
            channels: channels.iter().map(|post| post.health(now)).collect(),
            targets: targets.iter().map(|post| post.health()).collect(),
            panics: self.panics.load(Ordering::SeqCst),
            trouble: self.admin.engine.shared.distress.words(),
        }
    }

    /// Whether the state can be read and written. Looking at all of it is not cheap: a good answer holds
    /// for a while.
    async fn sound(&self) -> Result<(), StoreError> {
        let is_fresh = |at: Instant| at.elapsed() < SOUND_FOR;
        if locked(&self.sound_at).is_some_and(is_fresh) {
            return Ok(());
        }
        let engine = &self.admin.engine;
        engine.try_writing().await;
        let checked = engine.store.check().await;
        // Too little room was looked at already: the state can be written then.
        if let Err(error) = &checked
            && !matches!(error, StoreError::Full(_))
        {
            let trouble = Some(error.to_string());
            engine.shared.distress.note(Cannot::Write, trouble);
        }
        checked?;
        *locked(&self.sound_at) = Some(Instant::now());
        Ok(())
    }

    pub(super) async fn ready(&self) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        if self.is_stopping() {
            problems.push("the service is stopping".to_owned());
        }
        if let Err(error) = self.sound().await {
            problems.push(error.to_string());
        }
        let health = self.health();
        problems.extend(health.trouble.filter(|trouble| !problems.contains(trouble)));
        for target in health.targets.iter().filter(|target| !target.lease_held) {
            problems.push(format!(
                "the lease of the SP connection `{}` is not held: another process works on it",
                target.name
            ));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}
