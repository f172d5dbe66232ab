//! What waits for a person in a channel: held and parked steps by reason.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_core::model::{ChannelId, Hold, Millis, Step, StepId, StepState, SubjectId};
use usher_store::{StepFilter, Store};

use super::operator::Permission;
use super::{Admin, DecisionReport};
use crate::each_step::{STEPS_AT_ONCE, each_step};
use crate::error::EngineError;

/// Most reasons of a channel that are told one by one.
const REASONS: usize = 100;
/// Most people of a group that are named.
const NAMED: usize = 5;

/// Steps that wait for the same reason.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingGroup {
    /// The hold's name; `None` = parked.
    pub hold: Option<&'static str>,
    /// In words. Where they differ from step to step, those of the first one.
    pub reason: String,
    /// Whether steps of this group wait for other reasons of the same kind as well.
    pub mixed: bool,
    /// How many.
    pub steps: u64,
    /// Since when the first one waits.
    pub since: Millis,
    /// How to go on with them.
    pub remedy: Remedy,
    /// Some of whom they are about, with number, name and step.
    pub some: Vec<(SubjectId, String, StepId)>,
}

/// A group with some of its steps, before those have names.
type Gathered = (WaitingGroup, Vec<(SubjectId, StepId)>);

/// How to go on with steps that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Look at them, and approve or reject them together.
    Approve,
    /// Each is a choice of its own: approve the right step by its number.
    Choose,
    /// Change the source, the mapping or the scope; no approval releases them.
    Change,
    /// Change what the reason names, or send them again.
    Retry,
}

impl Admin {
    /// What waits for a person in a channel, by reason, most steps first.
    pub async fn waiting_groups(
        &self,
        channel: &ChannelId,
    ) -> Result<Vec<WaitingGroup>, EngineError> {
        self.require(Permission::Look)?;
        let store = self.engine.store.as_ref();
        let mut found: BTreeMap<(u8, String), Gathered> = BTreeMap::new();
        let filter = filter(channel, &["held", "parked"]);
        let page = |after| store.steps(&filter, after, STEPS_AT_ONCE);
        each_step(page, |step| {
            let Some((mut key, group)) = group_of(&step) else {
                return;
            };
            if found.len() >= REASONS && !found.contains_key(&key) {
                key = (2, group.hold.unwrap_or("parked").to_owned());
            }
            let (kept, some) = found
                .entry(key)
                .or_insert_with(|| (group.clone(), Vec::new()));
            kept.mixed |= kept.reason != group.reason;
            kept.steps += 1;
            kept.since = kept.since.min(step.changed_at);
            if some.len() < NAMED {
                some.push((step.subject, step.id));
            }
        })
        .await?;
        let mut groups = Vec::new();
        for (mut group, some) in found.into_values() {
            group.some = named(store, &some).await?;
            groups.push(group);
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.steps));
        Ok(groups)
    }

    /// Makes the parked steps of one reason ready to be sent again; none of another, also when there are none.
    pub async fn retry_reason(
        &self,
        channel: &ChannelId,
        reason: &str,
    ) -> Result<DecisionReport, EngineError> {
        self.require(Permission::Operate)?;
        let store = self.engine.store.as_ref();
        let filter = filter(channel, &["parked"]);
        let page = |after| store.steps(&filter, after, STEPS_AT_ONCE);
        let mut steps = Vec::new();
        each_step(page, |step| {
            if matches!(&step.state, StepState::Parked { reason: why } if why == reason) {
                steps.push(step.id);
            }
        })
        .await?;
        if steps.is_empty() {
            return Ok(DecisionReport::default());
        }
        self.retry(Some(channel.as_str()), &steps).await
    }
}

fn filter(channel: &ChannelId, states: &[&str]) -> StepFilter {
    StepFilter {
        channel: Some(channel.clone()),
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        ..StepFilter::default()
    }
}

/// The key and the beginning of the group that a step belongs to.
fn group_of(step: &Step) -> Option<((u8, String), WaitingGroup)> {
    let (key, hold, reason, remedy) = match &step.state {
        // A guard's reason tells which guard it was; the others differ from person to person.
        StepState::Held { hold } => {
            let key = match hold {
                Hold::Guard { reason } => reason.clone(),
                other => other.name().to_owned(),
            };
            ((0, key), Some(hold.name()), hold.to_string(), remedy(hold))
        }
        StepState::Parked { reason } => ((1, reason.clone()), None, reason.clone(), Remedy::Retry),
        _ => return None,
    };
    let group = WaitingGroup {
        hold,
        reason,
        mixed: false,
        steps: 0,
        since: step.changed_at,
        remedy,
        some: Vec::new(),
    };
    Some((key, group))
}

fn remedy(hold: &Hold) -> Remedy {
    match hold {
        Hold::Ambiguous { .. } | Hold::Swap { .. } => Remedy::Choose,
        Hold::Conflict { .. } => Remedy::Change,
        other if other.is_approvable() => Remedy::Approve,
        _ => Remedy::Change,
    }
}

async fn named(
    store: &dyn Store,
    some: &[(SubjectId, StepId)],
) -> Result<Vec<(SubjectId, String, StepId)>, EngineError> {
    let ids: Vec<SubjectId> = some.iter().map(|(subject, _)| *subject).collect();
    let found = store.subjects(&ids).await?;
    let name = |(id, step): &(SubjectId, StepId)| {
        let subject = found.iter().find(|subject| subject.id == Some(*id))?;
        let name = if subject.display.is_empty() {
            &subject.dn
        } else {
            &subject.display
        };
        Some((*id, name.clone(), *step))
    };
    Ok(some.iter().filter_map(name).collect())
}
