//! Held steps by reason, and what can be done about each kind.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{ChannelId, Hold, Step, StepState};
use usher_store::{StepFilter, Store};

use super::Admin;
use super::operator::Permission;
use super::report::HeldGroup;
use crate::each_step::{STEPS_AT_ONCE, each_step};
use crate::error::EngineError;

impl Admin {
    /// The held steps of a channel by their reasons.
    pub async fn held_by_reason(&self, channel: &ChannelId) -> Result<Vec<HeldGroup>, EngineError> {
        self.require(Permission::Look)?;
        let filter = StepFilter {
            channel: Some(channel.clone()),
            ..StepFilter::default()
        };
        held_groups(self.engine.store.as_ref(), &filter).await
    }
}

/// The held steps of a selection by their reasons.
pub(super) async fn held_groups(
    store: &dyn Store,
    filter: &StepFilter,
) -> Result<Vec<HeldGroup>, EngineError> {
    let filter = StepFilter {
        states: vec!["held".to_owned()],
        ..filter.clone()
    };
    let mut groups: BTreeMap<String, HeldGroup> = BTreeMap::new();
    // Kinds of which the steps do not all have the same reason.
    let mut mixed: BTreeSet<String> = BTreeSet::new();
    let page = |after| store.steps(&filter, after, STEPS_AT_ONCE);
    each_step(page, |step| {
        let StepState::Held { hold } = step.state else {
            return;
        };
        // A guard's reason tells which guard it was; the others differ from person to person.
        let key = match &hold {
            Hold::Guard { reason } => reason.clone(),
            other => other.name().to_owned(),
        };
        let reason = hold.to_string();
        if let Some(group) = groups.get_mut(&key) {
            group.steps += 1;
            if group.reason != reason {
                mixed.insert(key);
            }
            return;
        }
        let group = HeldGroup {
            hold: hold.name().to_owned(),
            reason,
            steps: 1,
            next: next(&hold),
        };
        groups.insert(key, group);
    })
    .await?;
    for key in mixed {
        if let Some(group) = groups.get_mut(&key) {
            group.reason = format!("each for a reason of its own, such as: {}", group.reason);
        }
    }
    Ok(groups.into_values().collect())
}

/// How to go on with steps that are held for this reason, in words.
fn next(hold: &Hold) -> String {
    match hold {
        Hold::Conflict { .. } => {
            "change what they share in the directory, or the mapping; they go on by themselves".to_owned()
        }
        Hold::Ambiguous { .. } | Hold::Swap { .. } => {
            "look at each with `usher status --held`, and choose by its number: `usher approve NUMBER`"
                .to_owned()
        }
        Hold::ProtectedName { .. } | Hold::OwnedElsewhere { .. } => {
            "no approval releases them: change the name, the mapping or the scope".to_owned()
        }
        Hold::Guard { .. }
        | Hold::Adoption
        | Hold::ForeignExternalId { .. }
        | Hold::InactiveAtTarget
        | Hold::Rekey { .. }
        | Hold::Domain { .. }
        | Hold::ConfigurationChange
        | Hold::GroupRemoval
        | Hold::Missing
        | Hold::ContainerMissing { .. }
        | Hold::KeyUnreadable { .. }
        | Hold::MembersNotCopied { .. } => {
            format!("`usher approve --hold {}` releases them", hold.name())
        }
    }
}

/// Holds that need a change in the source, or a choice, rather than a yes. A choice between
/// candidates is made by naming one step, never by approving many.
pub(super) fn not_by_approval(step: &Step, named: bool) -> Option<String> {
    let StepState::Held { hold } = &step.state else {
        return None;
    };
    let approvable = match hold {
        Hold::Ambiguous { .. } | Hold::Swap { .. } => named,
        Hold::Conflict { .. } => false,
        Hold::Guard { .. }
        | Hold::Adoption
        | Hold::ForeignExternalId { .. }
        | Hold::InactiveAtTarget
        | Hold::Rekey { .. }
        | Hold::Domain { .. }
        | Hold::OwnedElsewhere { .. }
        | Hold::ProtectedName { .. }
        | Hold::ConfigurationChange
        | Hold::GroupRemoval
        | Hold::Missing
        | Hold::ContainerMissing { .. }
        | Hold::KeyUnreadable { .. }
        | Hold::MembersNotCopied { .. } => hold.is_approvable(),
    };
    (!approvable).then(|| match hold {
        Hold::Ambiguous { .. } => format!("{hold}; choose by approving one step by its number"),
        _ => hold.to_string(),
    })
}
