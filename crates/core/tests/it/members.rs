//! Who is added to a group, and who is taken out.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{
    GroupRemoval, Operation, PlannedStep, Subject, SubjectId, SubjectState, TargetId,
};
use usher_core::planner::{
    ChannelRules, GroupMembers, LastMembership, PresentMember, plan_members,
};

use crate::world::{group, linked, rules};
use usher_core::model::Resource;

fn staff(rules: &ChannelRules) -> Subject {
    let resource = Resource::default().with("displayName", "staff");
    linked(rules, group("staff"), resource).0
}

fn desired(ids: &[i64]) -> BTreeMap<SubjectId, TargetId> {
    ids.iter()
        .map(|id| (SubjectId(*id), TargetId::new(format!("T{id}"))))
        .collect()
}

fn present(ids: &[(i64, bool)]) -> BTreeMap<SubjectId, PresentMember> {
    ids.iter()
        .map(|(id, ours)| {
            let member = PresentMember {
                target_id: TargetId::new(format!("T{id}")),
                added_by_us: *ours,
            };
            (SubjectId(*id), member)
        })
        .collect()
}

fn shown(steps: &[PlannedStep]) -> Vec<String> {
    steps
        .iter()
        .map(|step| {
            let (Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. }) =
                &step.operation
            else {
                panic!("{step:?}");
            };
            let ids: Vec<&str> = members.iter().map(|m| m.target_id.as_str()).collect();
            format!(
                "{} {} part {} [{}]{}",
                step.operation.verb().as_str(),
                ids.join(","),
                step.part,
                step.guards.join(" "),
                step.hold.as_ref().map_or("", |_| " held"),
            )
        })
        .collect()
}

fn plan(
    rules: &ChannelRules,
    group: &Subject,
    wanted: &[i64],
    there: &[(i64, bool)],
    complete: bool,
) -> Vec<String> {
    shown(&plan_members(&GroupMembers {
        rules,
        group,
        desired: desired(wanted),
        present: present(there),
        complete,
        kept_back: BTreeSet::new(),
        last: BTreeMap::new(),
    }))
}

#[test]
fn members_are_removed_and_added_in_batches_in_id_order() {
    let rules = rules();
    let staff = staff(&rules);
    let there = [(1, true), (8, true), (7, true), (6, true)];
    assert_eq!(
        plan(&rules, &staff, &[1, 5, 3, 2], &there, true),
        [
            "remove_members T6,T7 part 0 [members.lost:1]",
            "remove_members T8 part 1 [members.lost:1]",
            "add_members T2,T3 part 0 []",
            "add_members T5 part 1 []",
        ]
    );
}

#[test]
fn a_group_in_order_needs_nothing() {
    let rules = rules();
    let staff = staff(&rules);
    assert!(plan(&rules, &staff, &[1, 2], &[(1, true), (2, false)], true).is_empty());
}

#[test]
fn who_was_there_before_us_stays_until_the_source_is_made_authoritative() {
    let mut rules = rules();
    let staff = staff(&rules);
    assert!(plan(&rules, &staff, &[1], &[(1, true), (9, false)], true).is_empty());
    rules.policy.authoritative_members = true;
    assert_eq!(
        plan(&rules, &staff, &[1], &[(1, true), (9, false)], true),
        ["remove_members T9 part 0 [members.lost:1]"]
    );
}

#[test]
fn an_incomplete_list_adds_and_never_removes() {
    let rules = rules();
    let staff = staff(&rules);
    assert_eq!(
        plan(&rules, &staff, &[2], &[(1, true)], false),
        ["add_members T2 part 0 []"]
    );
}

#[test]
fn a_settled_group_counts_what_it_gains() {
    let rules = rules();
    let mut staff = staff(&rules);
    staff.members_settled = true;
    assert_eq!(
        plan(&rules, &staff, &[1], &[], true),
        ["add_members T1 part 0 [members.gained:1]"]
    );
}

#[test]
fn somebody_created_anew_is_added_again() {
    let rules = rules();
    let staff = staff(&rules);
    let mut there = present(&[(1, true)]);
    there.get_mut(&SubjectId(1)).unwrap().target_id = TargetId::new("dead");
    let steps = plan_members(&GroupMembers {
        rules: &rules,
        group: &staff,
        desired: desired(&[1]),
        present: there,
        complete: true,
        kept_back: BTreeSet::new(),
        last: BTreeMap::new(),
    });
    assert_eq!(shown(&steps), ["add_members T1 part 0 []"]);
}

#[test]
fn a_group_that_is_not_linked_frozen_or_protected_is_not_written() {
    let rules = rules();
    let unlinked = group("staff");
    let mut frozen = staff(&rules);
    frozen.state = SubjectState::Frozen;
    let mut protected = staff(&rules);
    let name = protected.shadow.fields.get_mut("displayName").unwrap();
    name.observed = Some(crate::world::text("Site-Admins"));
    for group in [unlinked, frozen, protected] {
        assert!(
            plan(&rules, &group, &[1], &[(2, true)], true).is_empty(),
            "{group:?}"
        );
    }
}

#[test]
fn a_group_out_of_scope_is_kept_or_emptied_by_hand() {
    let mut rules = rules();
    let mut staff = staff(&rules);
    staff.in_scope = false;
    let there = [(1, true), (2, false)];
    assert!(plan(&rules, &staff, &[1, 5], &there, true).is_empty());
    rules.policy.group_removal = GroupRemoval::Delete;
    assert!(plan(&rules, &staff, &[1, 5], &there, true).is_empty());
    rules.policy.group_removal = GroupRemoval::Empty;
    assert_eq!(
        plan(&rules, &staff, &[1, 5], &there, true),
        ["remove_members T1 part 0 [group.removal members.lost:1] held"]
    );
}

#[test]
fn what_a_change_of_configuration_removes_is_held_by_this_plan_and_by_later_ones() {
    let mut rules = rules();
    let staff = staff(&rules);
    let there = [(1, true), (2, true), (3, true)];
    let held = |rules: &ChannelRules, kept: &[i64]| -> Vec<String> {
        let steps = plan_members(&GroupMembers {
            rules,
            group: &staff,
            desired: desired(&[]),
            present: present(&there),
            complete: true,
            kept_back: kept.iter().map(|id| SubjectId(*id)).collect(),
            last: BTreeMap::new(),
        });
        steps
            .iter()
            .map(|step| {
                let hold = step.hold.as_ref().map_or("-", |hold| hold.name());
                format!("{} part {} {hold}", members_of(&step.operation), step.part)
            })
            .collect()
    };
    assert_eq!(
        held(&rules, &[2]),
        ["2 part 0 -", "1 part 1 configuration_change"]
    );
    rules.configuration_changed = true;
    assert_eq!(
        held(&rules, &[]),
        [
            "2 part 0 configuration_change",
            "1 part 1 configuration_change"
        ]
    );
}

fn members_of(operation: &usher_core::model::Operation) -> usize {
    match operation {
        usher_core::model::Operation::RemoveMembers { members, .. } => members.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_loses_the_last_membership_is_removed_apart_and_counted_once() {
    let rules = rules();
    let staff = staff(&rules);
    let last = [
        (2, LastMembership::Counted),
        (3, LastMembership::CountedElsewhere),
    ];
    let steps = plan_members(&GroupMembers {
        rules: &rules,
        group: &staff,
        desired: BTreeMap::new(),
        present: present(&[(1, true), (2, true), (3, true)]),
        complete: true,
        kept_back: BTreeSet::new(),
        last: last.map(|(id, how)| (SubjectId(id), how)).into(),
    });
    let lost = steps[0].guards.last().cloned().unwrap_or_default();
    assert!(lost.starts_with("members.lost:"), "{lost}");
    assert_eq!(
        shown(&steps),
        [
            format!("remove_members T1 part 0 [{lost}]"),
            format!("remove_members T2 part 1 [members.last {lost}]"),
            format!("remove_members T3 part 2 [members.last:elsewhere {lost}]"),
        ]
    );
}
