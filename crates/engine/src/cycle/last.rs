//! Who loses the last membership (behaviour §4): that counts as a removal of the person.

use std::collections::{BTreeMap, HashMap, HashSet};

use usher_core::model::{Operation, PlannedStep, Subject, SubjectId, SubjectState};
use usher_core::planner::LastMembership;
use usher_store::Membership;

use super::run::Run;
use crate::error::EngineError;

/// How many subjects are looked at together.
const LOOK_AT: usize = 500;

/// What is known of people who lose memberships in the plan under way.
#[derive(Default)]
pub(super) struct LastMemberships {
    /// Whom a group that was planned before counted.
    counted: HashSet<SubjectId>,
    /// Whether a group gives up members that Usher added and nobody wants any more.
    gives_up: HashMap<SubjectId, bool>,
}

impl Run<'_> {
    /// Of those whom these steps take out of a group freely, the ones who are in no group afterwards.
    /// Whoever is removed by the source's own word, or is disabled already, is no case for this: the
    /// loss of memberships follows from that.
    pub(super) async fn last_memberships(
        &mut self,
        steps: &[PlannedStep],
    ) -> Result<BTreeMap<SubjectId, LastMembership>, EngineError> {
        let free = steps.iter().filter(|step| step.hold.is_none());
        let removed: Vec<SubjectId> = free
            .filter_map(|step| match &step.operation {
                Operation::RemoveMembers { members, .. } => Some(members),
                _ => None,
            })
            .flat_map(|members| members.iter().map(|member| member.subject))
            .collect();
        let mut last = BTreeMap::new();
        for some in removed.chunks(LOOK_AT) {
            for person in self.engine.store.subjects(some).await? {
                let Some(id) = person.id.filter(|_| self.stays_active(&person)) else {
                    continue;
                };
                if !self.keeps_a_membership(id).await? {
                    let counts = if self.last.counted.insert(id) {
                        LastMembership::Counted
                    } else {
                        LastMembership::CountedElsewhere
                    };
                    last.insert(id, counts);
                }
            }
        }
        Ok(last)
    }

    fn stays_active(&self, person: &Subject) -> bool {
        let disabled = person
            .desired
            .as_ref()
            .is_some_and(|desired| !desired.active());
        person.state == SubjectState::Linked
            && person.shadow.active != Some(false)
            && !disabled
            && person.id.is_none_or(|id| !self.told_gone.contains(&id))
    }

    async fn keeps_a_membership(&mut self, person: SubjectId) -> Result<bool, EngineError> {
        for row in self.engine.store.groups_of(person).await? {
            if self.keeps(&row).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the person is in this group once all that is wanted now is done.
    async fn keeps(&mut self, row: &Membership) -> Result<bool, EngineError> {
        let open = self.gives_up(row.group).await?;
        Ok(match (row.desired, row.present) {
            (true, true) => true,
            // Nobody is added to a group that left the scope, or is not there yet.
            (true, false) => open && row.target_id.is_some(),
            (false, true) => {
                let ours = row.added_by_us || self.rules.policy.authoritative_members;
                !(open && ours)
            }
            (false, false) => false,
        })
    }

    async fn gives_up(&mut self, group: SubjectId) -> Result<bool, EngineError> {
        if let Some(known) = self.last.gives_up.get(&group) {
            return Ok(*known);
        }
        let found = self.engine.store.subjects(&[group]).await?.pop();
        let open = found.is_some_and(|group| {
            group.in_scope && group.linked_id().is_some() && group.state != SubjectState::Frozen
        });
        self.last.gives_up.insert(group, open);
        Ok(open)
    }
}
