//! Planning who is added to groups and taken out of them.

use std::collections::{BTreeMap, BTreeSet};

use usher_connector::Failure;
use usher_core::model::{Hold, Kind, Operation, StepId, Subject, SubjectId, SubjectState, Verb};
use usher_core::planner::{GroupMembers, PresentMember, plan_members};
use usher_store::{GroupWrite, StepFilter, SubjectFilter};

use super::run::Run;
use crate::each_step::{STEPS_AT_ONCE, each_step};
use crate::error::EngineError;

impl Run<'_> {
    /// Plans the membership of every group that is dirty.
    pub(super) async fn plan_memberships(&mut self) -> Result<(), EngineError> {
        for id in self.groups_to_plan().await? {
            let Some(group) = self.engine.store.subjects(&[id]).await?.pop() else {
                continue;
            };
            self.observe_adopted(&group, id).await?;
            let away = self.away(id).await?;
            let mut desired = BTreeMap::new();
            let mut present = BTreeMap::new();
            for row in self.engine.store.members(id).await? {
                // Of a protected account nothing is written, its memberships neither.
                let Some(target_id) = row.target_id.filter(|_| !row.frozen) else {
                    continue;
                };
                if row.desired && !away.contains(&row.user) {
                    desired.insert(row.user, target_id.clone());
                }
                if row.present {
                    present.insert(
                        row.user,
                        PresentMember {
                            target_id,
                            added_by_us: row.added_by_us,
                        },
                    );
                }
            }
            let rules = self.rules.clone();
            let mut input = GroupMembers {
                rules: &rules,
                group: &group,
                desired,
                present,
                // Of a group that left the scope nobody is wanted: there is no list to wait for.
                complete: group.members_complete || !group.in_scope,
                kept_back: self.kept_back(id).await?,
                last: BTreeMap::new(),
            };
            let mut steps = plan_members(&input);
            let undecided = self.undecided(&steps).await?;
            if !undecided.is_empty() {
                input
                    .present
                    .retain(|member, _| !undecided.contains(member));
                steps = plan_members(&input);
            }
            input.last = self.last_memberships(&steps).await?;
            if !input.last.is_empty() {
                steps = plan_members(&input);
            }
            for step in &steps {
                self.hasher.add(&group.key, step);
                *self
                    .steps
                    .entry(step.operation.verb().as_str().to_owned())
                    .or_default() += 1;
            }
            let write = GroupWrite {
                group: id,
                settled: group.members_complete,
                steps,
            };
            self.engine
                .store
                .write_members(self.fence, self.cycle, &[write])
                .await?;
        }
        Ok(())
    }

    /// The groups that are dirty; when everything is planned anew every one: after a change of
    /// configuration its policies say who is to be a member.
    async fn groups_to_plan(&self) -> Result<Vec<SubjectId>, EngineError> {
        let store = &self.engine.store;
        let channel = &self.open.channel.id;
        let whole = self.beginning.plans_anew && self.full;
        let mut groups: BTreeSet<SubjectId> =
            store.dirty_groups(channel).await?.into_iter().collect();
        if whole {
            let filter = SubjectFilter {
                channel: Some(channel.clone()),
                kind: Some(Kind::Group),
                states: vec![SubjectState::Linked],
                ..SubjectFilter::default()
            };
            let mut after = SubjectId(0);
            loop {
                let page = store.list(&filter, after, 500).await?;
                let Some(last) = page.last().and_then(|group| group.id) else {
                    break;
                };
                after = last;
                groups.extend(page.into_iter().filter_map(|group| group.id));
            }
        }
        Ok(groups.into_iter().collect())
    }

    /// Members whose removal waits for a person, or waited until its time ran out, because a change of
    /// configuration caused it.
    async fn kept_back(&self, group: SubjectId) -> Result<BTreeSet<SubjectId>, EngineError> {
        let filter = StepFilter {
            subjects: vec![group],
            states: ["held", "expired", "rejected"].map(str::to_owned).to_vec(),
            verbs: vec![Verb::RemoveMembers],
            ..StepFilter::default()
        };
        let store = &self.engine.store;
        let mut kept = BTreeSet::new();
        let page = |after| store.steps(&filter, after, STEPS_AT_ONCE);
        each_step(page, |step| {
            if let (Some(Hold::ConfigurationChange), Operation::RemoveMembers { members, .. }) =
                (&step.planned.hold, step.planned.operation)
            {
                kept.extend(members.into_iter().map(|member| member.subject));
            }
        })
        .await?;
        Ok(kept)
    }

    /// A group that was there before us has members that we do not know: they are read once.
    async fn observe_adopted(&mut self, group: &Subject, id: SubjectId) -> Result<(), EngineError> {
        let Some(target_id) = group.linked_id() else {
            return Ok(());
        };
        if group.members_settled {
            return Ok(());
        }
        let adopted = StepFilter {
            subjects: vec![id],
            states: vec!["succeeded".to_owned()],
            verbs: vec![Verb::Adopt],
            ..StepFilter::default()
        };
        if self
            .engine
            .store
            .steps(&adopted, StepId(0), 1)
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let target = self.open.target.as_ref();
        let read = match super::index::read_target(target, Kind::Group, target_id).await {
            Ok(read) => read,
            Err(error) if matches!(error.failure, Failure::StopTarget) => return Err(error.into()),
            // One group that cannot be read stops nobody; members are added, never removed unseen.
            Err(error) => {
                self.notes.push(format!("{}: {error}", group.dn));
                return Ok(());
            }
        };
        if let Some(present) = read.and_then(|observed| observed.members) {
            self.engine
                .store
                .observe_members(self.fence, id, &present)
                .await?;
        }
        Ok(())
    }

    /// Members that are disabled, if the policy takes those out of their groups.
    async fn away(&self, group: SubjectId) -> Result<BTreeSet<SubjectId>, EngineError> {
        if !self.rules.policy.remove_members_on_disable {
            return Ok(BTreeSet::new());
        }
        let members = self.engine.store.members(group).await?;
        let users: Vec<SubjectId> = members.iter().map(|row| row.user).collect();
        let mut away = BTreeSet::new();
        for batch in users.chunks(500) {
            let subjects = self.engine.store.subjects(batch).await?;
            let disabled = subjects
                .into_iter()
                .filter(|subject| subject.state == SubjectState::Disabled);
            away.extend(disabled.filter_map(|subject| subject.id));
        }
        Ok(away)
    }
}
