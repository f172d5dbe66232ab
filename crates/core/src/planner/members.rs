//! The members of a group.

use std::collections::BTreeMap;

use crate::guard::name;
use crate::model::{
    Expectation, GroupRemoval, Hold, Member, Operation, PlannedStep, Reason, Resource,
    SubjectState, TargetId,
};

use super::groups::protected_pattern;
use super::{GroupMembers, LastMembership};

/// Plans the membership of one linked group: removals, then additions, each in batches and in
/// target id order.
///
/// - Only members that Usher added are removed, unless the policy makes the source authoritative.
/// - Nobody is removed while the member list is not complete.
/// - A removal that a change of configuration causes is held, by this plan and by those after it.
/// - Whoever loses the last membership by it is removed by a step of its own, which the guard over
///   such people counts.
/// - A group that left the scope keeps its members, except when the policy is to empty it: then
///   every removable member is removed, held, provided the caller calls the list complete.
/// - A frozen group, or one with a protected name, is not written.
pub fn plan_members(input: &GroupMembers<'_>) -> Vec<PlannedStep> {
    let group = input.group;
    let Some(target_id) = group.linked_id() else {
        return Vec::new();
    };
    let is_protected = group.state == SubjectState::Frozen
        || protected_pattern(input.rules, &Resource::default(), &group.shadow).is_some();
    let empties = input.rules.policy.group_removal == GroupRemoval::Empty;
    if is_protected || (!group.in_scope && !empties) {
        return Vec::new();
    }
    let mut plan = Members {
        input,
        target_id,
        steps: Vec::new(),
    };
    plan.remove();
    if group.in_scope {
        plan.add();
    }
    plan.steps
}

struct Members<'a> {
    input: &'a GroupMembers<'a>,
    target_id: &'a TargetId,
    steps: Vec<PlannedStep>,
}

impl Members<'_> {
    fn remove(&mut self) {
        let input = self.input;
        if !input.complete {
            return;
        }
        let authoritative = input.rules.policy.authoritative_members;
        let stays = |subject| input.group.in_scope && input.desired.contains_key(subject);
        let members: Vec<Member> = input
            .present
            .iter()
            .filter(|(subject, present)| !stays(subject) && (present.added_by_us || authoritative))
            .map(|(subject, present)| Member {
                subject: *subject,
                target_id: present.target_id.clone(),
            })
            .collect();
        if !input.group.in_scope {
            let hold = Some(Hold::GroupRemoval);
            return self.remove_these(members, hold, Some(name::GROUP_REMOVAL));
        }
        let (held, free) = members.into_iter().partition(|member| {
            input.rules.configuration_changed || input.kept_back.contains(&member.subject)
        });
        self.remove_free(free);
        let hold = Some(Hold::ConfigurationChange);
        self.remove_these(held, hold, Some(name::REMOVAL_CONFIGURATION));
    }

    /// Removals that no person was asked about: those who lose their last membership apart.
    fn remove_free(&mut self, members: Vec<Member>) {
        let mut by_guard: BTreeMap<Option<LastMembership>, Vec<Member>> = BTreeMap::new();
        for member in members {
            let last = self.input.last.get(&member.subject).copied();
            by_guard.entry(last).or_default().push(member);
        }
        for (last, members) in by_guard {
            let guard = last.map(|last| match last {
                LastMembership::Counted => name::MEMBERS_LAST,
                LastMembership::CountedElsewhere => name::MEMBERS_LAST_ELSEWHERE,
            });
            self.remove_these(members, None, guard);
        }
    }

    fn remove_these(
        &mut self,
        members: Vec<Member>,
        hold: Option<Hold>,
        guard: Option<&'static str>,
    ) {
        let mut guards: Vec<String> = guard.map(str::to_owned).into_iter().collect();
        guards.push(self.guard(name::MEMBERS_LOST));
        let target_id = self.target_id.clone();
        self.batches(
            members,
            &Reason::MembersExtra,
            hold.as_ref(),
            &guards,
            |members| Operation::RemoveMembers {
                target_id: target_id.clone(),
                members,
            },
        );
    }

    fn add(&mut self) {
        let input = self.input;
        let members: Vec<Member> = input
            .desired
            .iter()
            .filter(|(subject, target_id)| {
                // Somebody created anew has another id: the old presence says nothing.
                input
                    .present
                    .get(subject)
                    .is_none_or(|present| present.target_id != **target_id)
            })
            .map(|(subject, target_id)| Member {
                subject: *subject,
                target_id: target_id.clone(),
            })
            .collect();
        let guards = if input.group.members_settled {
            vec![self.guard(name::MEMBERS_GAINED)]
        } else {
            Vec::new()
        };
        let target_id = self.target_id.clone();
        self.batches(members, &Reason::MembersMissing, None, &guards, |members| {
            Operation::AddMembers {
                target_id: target_id.clone(),
                members,
            }
        });
    }

    fn guard(&self, kind: &str) -> String {
        match self.input.group.id {
            Some(id) => format!("{kind}:{id}"),
            None => format!("{kind}:{}", self.input.group.key),
        }
    }

    fn batches(
        &mut self,
        mut members: Vec<Member>,
        reason: &Reason,
        hold: Option<&Hold>,
        guards: &[String],
        operation: impl Fn(Vec<Member>) -> Operation,
    ) {
        members.sort_by(|a, b| (&a.target_id, a.subject).cmp(&(&b.target_id, b.subject)));
        let size = self.input.rules.member_batch.max(1);
        for batch in members.chunks(size) {
            let operation = operation(batch.to_vec());
            let verb = operation.verb();
            let before = self.steps.iter().rev();
            let part = before
                .take_while(|step| step.operation.verb() == verb)
                .count();
            self.steps.push(PlannedStep {
                operation,
                part: u32::try_from(part).unwrap_or(u32::MAX),
                reason: reason.clone(),
                expects: Expectation {
                    desired_hash: None,
                    target_id: Some(self.target_id.as_str().to_owned()),
                },
                hold: hold.cloned(),
                guards: guards.to_vec(),
            });
        }
    }
}
