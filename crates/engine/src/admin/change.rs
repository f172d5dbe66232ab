//! The one way in which the configuration is changed: made on what is there, asked outside, queued, saved.

use usher_core::model::{Configuration, Policy};
use usher_store::{Change, StoreError};

use super::Admin;
use super::patience::Impatient;
use super::verify::{Asked, Doubt};
use crate::error::EngineError;

/// How often a change is made again when another process's came first.
const TRIES: usize = 5;

/// What is asked before a change is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The directories whose access changes and the targets that are turned on, or whose access changes while
    /// they are on (behaviour §17).
    Outside,
    /// Nobody.
    Nothing,
}

/// Which channels may leave the configuration by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Any; what they are linked to stays at the target as it is.
    Any,
    /// Any but those that look as if they only got another name.
    AnyButRenamed,
    /// None that is linked to accounts.
    NoneLinked,
}

/// How the configuration is changed.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// What is asked before it is saved.
    pub asking: Asking,
    /// Which channels may leave.
    pub leave: Leave,
    /// Whoever turns a channel on in a shape that shows no count counts as having seen it (behaviour §3).
    pub counts_as_seen: bool,
    /// What differs, without secrets: for the audit log.
    pub tell: fn(&Configuration, &Configuration) -> Vec<Change>,
}

/// What a change made.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// The configuration as it is now.
    pub configuration: Configuration,
    /// What the maker told beside it.
    pub made: T,
    /// What was turned off again since its target refused, and which target could not be asked.
    pub warnings: Vec<String>,
    /// What differs from before; when nothing does, nothing was saved.
    pub changes: Vec<Change>,
    /// Channels that the configuration no longer has, with how many accounts they leave behind.
    pub archived: Vec<(String, u64)>,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum NotChanged<E> {
    /// The maker refused.
    Made(E),
    /// Who was asked would not work with it.
    Doubts(Vec<Doubt>),
    /// Who was asked took too long, or too many are asked already.
    Impatient(Impatient),
    /// It is not allowed, or could not be saved.
    Engine(EngineError),
}

impl<E> From<EngineError> for NotChanged<E> {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl<E> From<StoreError> for NotChanged<E> {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl Admin {
    /// Makes a change on the configuration that is there, and saves it. `make` is called again when somebody else
    /// changed something in between: ours is made on theirs, and judged again.
    ///
    /// Whatever is outside is asked before the queue of those who change something, so that who does not answer
    /// keeps nobody else waiting; what was asked once is not asked again. Permissions are those of
    /// [`Admin::save`]; who lacks one has nobody asked. `make` has to see to everything else.
    pub async fn change<T, E>(
        &self,
        how: How,
        make: impl Fn(&Configuration) -> Result<(Configuration, T), E>,
    ) -> Result<Changed<T>, NotChanged<E>> {
        let (mut tries, mut turn, mut asked) = (1, None, Asked::default());
        loop {
            let before = self.engine.configuration().await?;
            let (mut after, made) = make(&before).map_err(NotChanged::Made)?;
            after.revision = before.revision;
            if how.counts_as_seen {
                count_as_seen(&before, &mut after);
            }
            self.permit(&before, &after)?;
            self.may_leave(how.leave, &before, &after).await?;
            self.refuse_stores(&before, &after).await?;
            let mut warnings = self.turn_off_unknown(&before, &mut after).await;
            if how.asking == Asking::Outside {
                let verified = self.verify_patiently(&before, after, &mut asked).await;
                let verified = verified.map_err(NotChanged::Impatient)?;
                let verified = verified.map_err(NotChanged::Doubts)?;
                after = verified.configuration;
                warnings.extend(verified.warnings);
            }
            let changes = (how.tell)(&before, &after);
            let mut changed = Changed {
                configuration: before,
                made,
                warnings,
                changes,
                archived: Vec::new(),
            };
            if changed.changes.is_empty() {
                return Ok(changed);
            }
            let from = changed.configuration.revision;
            if turn.is_none() {
                turn = Some(self.engine.shared.configuration_turn().await);
                if self.engine.configuration().await?.revision != from {
                    continue;
                }
            }
            let differences = changed
                .changes
                .iter()
                .cloned()
                .collect::<super::Differences>();
            match Box::pin(self.save(after.clone(), from, differences)).await {
                Ok(report) => {
                    after.revision = report.revision;
                    changed.configuration = after;
                    changed.archived = report.archived;
                    return Ok(changed);
                }
                Err(EngineError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn may_leave(
        &self,
        leave: Leave,
        before: &Configuration,
        after: &Configuration,
    ) -> Result<(), EngineError> {
        match leave {
            Leave::Any => Ok(()),
            Leave::AnyButRenamed => self.refuse_renames(before, after).await,
            Leave::NoneLinked => self.refuse_losses(before, after).await,
        }
    }
}

fn count_as_seen(before: &Configuration, after: &mut Configuration) {
    for sp in &mut after.sp_connections {
        for channel in sp.channels.iter_mut().filter(|c| c.active && sp.active) {
            let was_on = before
                .channel(&channel.id)
                .is_some_and(|(sp, channel)| sp.active && channel.active);
            if !was_on {
                channel.policy = Policy {
                    scope_count_seen: true,
                    ..channel.policy.clone()
                };
            }
        }
    }
}
