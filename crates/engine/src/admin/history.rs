//! Lists that grow with time, in pages: cycles and the audit log.

use usher_core::model::{ChannelId, Configuration, Cycle, CycleId, CycleMode};
use usher_store::AuditEvent;

use super::Admin;
use super::operator::Permission;
use crate::error::EngineError;

/// Rows that one page looks at: a filter that fits nothing must not read the whole state.
pub(super) const LOOKED_AT: u32 = 5_000;
/// Rows that are read at once.
pub(super) const CHUNK: u32 = 500;

/// Which cycles; empty = any.
#[derive(Clone, Debug, Default)]
pub struct CycleWanted {
    /// In one of these modes.
    pub modes: Vec<CycleMode>,
    /// In one of these states, by name.
    pub states: Vec<String>,
}

/// Which audit events; empty = any.
#[derive(Clone, Debug, Default)]
pub struct AuditWanted {
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// By this actor.
    pub actor: Option<String>,
    /// One of these events, by name, in any case.
    pub events: Vec<String>,
    /// Only what failed, or only what did not.
    pub success: Option<bool>,
    /// Not older than this.
    pub since: Option<i64>,
    /// Older than this.
    pub until: Option<i64>,
    /// Source key, target id or detail contains this, in any case.
    pub text: Option<String>,
    /// Only what was done at targets, or only the rest: what operators and Usher did here.
    pub at_targets: Option<bool>,
}

/// Some of a list, and where to go on: `None` at its end.
pub type Stretch<T> = (Vec<T>, Option<i64>);

impl Admin {
    /// The configuration, for looking at.
    pub async fn look_at_configuration(&self) -> Result<Configuration, EngineError> {
        self.require(Permission::Look)?;
        self.engine.configuration().await
    }

    /// Cycles, newest first. The page may be short although more follow.
    pub async fn cycle_page(
        &self,
        channel: Option<&ChannelId>,
        wanted: &CycleWanted,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<Cycle>, EngineError> {
        self.require(Permission::Look)?;
        let fits = |cycle: &Cycle| {
            (wanted.modes.is_empty() || wanted.modes.contains(&cycle.mode))
                && (wanted.states.is_empty()
                    || wanted.states.iter().any(|name| name == cycle.state.name()))
        };
        let (mut found, mut at, mut looked) = (Vec::new(), before, 0);
        while looked < LOOKED_AT {
            let chunk = CHUNK.min(limit.max(50));
            let some = self
                .engine
                .store
                .cycles(channel, at.map(CycleId), chunk)
                .await?;
            let whole = some.len() as u32 == chunk;
            for cycle in some {
                looked += 1;
                at = Some(cycle.id.0);
                if fits(&cycle) {
                    found.push(cycle);
                }
                if found.len() as u32 == limit {
                    return Ok((found, at));
                }
            }
            if !whole {
                return Ok((found, None));
            }
        }
        Ok((found, at))
    }

    /// One cycle.
    pub async fn cycle(&self, id: CycleId) -> Result<Option<Cycle>, EngineError> {
        self.require(Permission::Look)?;
        let next = CycleId(id.0.saturating_add(1));
        let found = self.engine.store.cycles(None, Some(next), 1).await?.pop();
        Ok(found.filter(|cycle| cycle.id == id))
    }

    /// The audit log, newest first. The page may be short although more follow.
    pub async fn audit_page(
        &self,
        wanted: &AuditWanted,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<(i64, AuditEvent)>, EngineError> {
        self.require(Permission::Look)?;
        let (mut found, mut at, mut looked) = (Vec::new(), before, 0);
        while looked < LOOKED_AT {
            let some = self.engine.store.audit_log(at, CHUNK).await?;
            let whole = some.len() as u32 == CHUNK;
            for (id, event) in some {
                looked += 1;
                at = Some(id);
                // The log is in the order of time but for a clock that was set back.
                if wanted.fits(&event) {
                    found.push((id, event));
                }
                if found.len() as u32 == limit {
                    return Ok((found, at));
                }
            }
            if !whole {
                return Ok((found, None));
            }
        }
        Ok((found, at))
    }
}

impl AuditWanted {
    fn fits(&self, event: &AuditEvent) -> bool {
        let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let channel = self.channel.as_ref().map(ChannelId::as_str);
        (channel.is_none() || event.channel.as_deref() == channel)
            && self
                .actor
                .as_ref()
                .is_none_or(|actor| *actor == event.actor)
            && (self.events.is_empty()
                || self
                    .events
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&event.event)))
            && self
                .at_targets
                .is_none_or(|at_targets| at_targets == is_at_target(event))
            && self.success.is_none_or(|success| success == event.success)
            && self.since.is_none_or(|since| event.at >= since)
            && self.until.is_none_or(|until| event.at < until)
            && self.text.as_deref().is_none_or(|part| {
                [&event.source_id, &event.target_id]
                    .into_iter()
                    .flatten()
                    .any(|id| holds(id, part))
                    || holds(&event.detail, part)
            })
    }
}

/// Whether an event tells of a request to a target, or of what a person did here.
fn is_at_target(event: &AuditEvent) -> bool {
    event.actor == "engine" && event.source_id.is_some()
}
