//! What is particular to groups.

use usher_core::model::{
    ChannelId, CycleId, DirectoryKind, GroupNameSource, GroupRemoval, GroupRename, Hold, Kind,
    PlannedStep, Resource, Step, StepId, StepState, Subject, SubjectId, TargetId, Verdict,
};
use usher_core::planner::record::{Applied, record_success};
use usher_core::planner::{
    ChannelRules, Conflict, Copied, SourceState, SubjectInput, SubjectPlan, plan_subject,
};

use crate::world::{NOW, desired, group, holds, input, linked, out, plan, rules, verbs};

fn named(name: &str) -> Resource {
    Resource::default().with("displayName", name)
}

#[test]
fn a_target_that_can_rename_is_simply_updated() {
    let mut rules = rules();
    rules.group_rename = true;
    let (staff, _) = linked(&rules, group("staff"), named("staff"));
    let plan = plan(
        &rules,
        &staff,
        SourceState::InScope(desired(named("people"))),
    );
    assert_eq!(verbs(&plan), ["update"]);
    assert_eq!(holds(&plan), ["-"]);
}

#[test]
fn a_name_that_differs_only_in_case_is_no_rename() {
    let rules = rules();
    let (staff, _) = linked(&rules, group("staff"), named("staff"));
    let plan = plan(
        &rules,
        &staff,
        SourceState::InScope(desired(named("Staff"))),
    );
    assert_eq!(plan.verdict, Verdict::Unchanged);
    assert!(!plan.reason.contains("rename"), "{}", plan.reason);
}

#[test]
fn a_protected_group_is_not_deleted_when_it_leaves_the_scope() {
    let mut rules = rules();
    rules.policy.group_removal = GroupRemoval::Delete;
    let (staff, _) = linked(&rules, group("staff"), named("staff"));
    assert_eq!(holds(&plan(&rules, &staff, out())), ["group_removal"]);
    rules.protected_groups.push("STAFF".to_owned());
    let plan = plan(&rules, &staff, out());
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert!(plan.reason.contains("STAFF"), "{}", plan.reason);
}

#[test]
fn a_linked_group_whose_name_became_protected_is_left_alone() {
    let mut rules = rules();
    let (staff, _) = linked(&rules, group("staff"), named("staff").with("title", "a"));
    rules.protected_groups.push("staff".to_owned());
    let source = SourceState::InScope(desired(named("staff").with("title", "b")));
    let plan = plan(&rules, &staff, source);
    assert_eq!(plan.verdict, Verdict::Held);
    let hold = plan.steps[0].hold.clone().unwrap();
    assert_eq!(
        hold,
        Hold::ProtectedName {
            pattern: "staff".to_owned()
        }
    );
    assert!(!hold.is_approvable(), "nobody can release it");
}

#[test]
fn people_options_do_not_govern_groups() {
    let mut rules = rules();
    rules.options.user_create = false;
    rules.options.user_update = false;
    let source = SourceState::InScope(desired(named("staff")));
    assert_eq!(verbs(&plan(&rules, &group("staff"), source)), ["create"]);
}

/// A group that was created anew as `people` in place of `staff`, with what the source says of it.
fn created_anew(rules: &ChannelRules) -> (Subject, SourceState) {
    let (staff, target) = linked(rules, group("staff"), named("staff"));
    let source = SourceState::InScope(desired(named("people")));
    let anew = plan(rules, &staff, source.clone());
    assert_eq!(verbs(&anew), ["create"]);
    assert_eq!(holds(&anew), ["group_removal"]);
    assert!(anew.reason.contains("copied"), "{}", anew.reason);
    let created = step(&anew.steps[0]);
    let new = TargetId::new("the new one");
    let applied = Applied {
        observed: None,
        target_id: Some(&new),
    };
    let people = record_success(rules, anew.subject, &created, applied, NOW);
    assert_eq!(people.target_id, Some(new));
    assert!(people.has_replaced(&target.id.unwrap()));
    assert!(people.dirty, "the old one is not forgotten");
    (people, source)
}

fn step(planned: &PlannedStep) -> Step {
    Step {
        id: StepId(1),
        channel: ChannelId::new("c"),
        cycle: CycleId(1),
        subject: SubjectId(1),
        kind: Kind::Group,
        planned: planned.clone(),
        state: StepState::Claimed,
        attempts: 0,
        created_at: NOW,
        changed_at: NOW,
    }
}

fn with(
    rules: &ChannelRules,
    group: &Subject,
    source: &SourceState,
    copied: Option<Copied>,
) -> SubjectPlan {
    plan_subject(&SubjectInput {
        copied,
        ..input(rules, group.clone(), source.clone())
    })
}

#[test]
fn a_group_under_its_old_name_goes_only_when_its_members_are_in_the_new_one() {
    let mut rules = rules();
    rules.policy.group_rename = GroupRename::CreateCopyDelete;
    let (people, source) = created_anew(&rules);
    let reason = "3 of its members are not in it yet".to_owned();
    for copied in [None, Some(Copied::NotYet { reason })] {
        let waits = with(&rules, &people, &source, copied.clone());
        assert!(waits.steps.is_empty(), "{:?}", waits.steps);
        assert!(waits.subject.dirty, "it is looked at again");
        if copied.is_some() {
            assert!(
                waits.reason.contains("3 of its members"),
                "{}",
                waits.reason
            );
        }
    }
    let ready = with(&rules, &people, &source, Some(Copied::Whole));
    assert_eq!(verbs(&ready), ["delete"]);
    assert_eq!(holds(&ready), ["group_removal"]);
    let delete = &ready.steps[0];
    assert_eq!(delete.check(&ready.subject), Ok(()));
    // The new group is gone, or the link went elsewhere.
    let mut moved = ready.subject.clone();
    moved.target_id = None;
    delete.check(&moved).unwrap_err();
    // The link leads to the old one: whatever the step expects, that is never deleted by it.
    let old = delete.operation.target_id().cloned();
    let mut back = delete.clone();
    back.expects.target_id = old.as_ref().map(|id| id.as_str().to_owned());
    moved.target_id = old;
    let error = back.check(&moved).unwrap_err();
    assert!(error.contains("the old one stays"), "{error}");
    let done = record_success(
        &rules,
        ready.subject,
        &step(delete),
        Applied::default(),
        NOW,
    );
    assert!(done.shadow.replaced_groups.is_empty());
    assert!(!done.dirty);
    assert_eq!(done.target_id, people.target_id);
}

#[test]
fn members_that_the_target_refused_are_told_to_whoever_deletes_the_old_group() {
    let mut rules = rules();
    rules.policy.group_rename = GroupRename::CreateCopyDelete;
    let (people, source) = created_anew(&rules);
    let reason = "1 of its members is not in it (ana): refused".to_owned();
    let plan = with(&rules, &people, &source, Some(Copied::Refused { reason }));
    assert_eq!(verbs(&plan), ["delete"]);
    assert_eq!(holds(&plan), ["members_not_copied"]);
    let words = plan.steps[0].hold.as_ref().unwrap().to_string();
    assert!(words.contains("ana"), "{words}");
}

#[test]
fn a_group_that_has_its_old_name_again_deletes_nothing() {
    let mut rules = rules();
    rules.policy.group_rename = GroupRename::CreateCopyDelete;
    let (mut people, _) = created_anew(&rules);
    people.shadow.replaced_groups[0].name = "PEOPLE".to_owned();
    let source = SourceState::InScope(desired(named("people")));
    let plan = with(&rules, &people, &source, Some(Copied::Whole));
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert!(
        plan.reason.contains("delete one of the two"),
        "{}",
        plan.reason
    );
    rules.protected_groups.push("st*".to_owned());
    people.shadow.replaced_groups[0].name = "staff".to_owned();
    let plan = with(&rules, &people, &source, Some(Copied::Whole));
    assert!(plan.steps.is_empty(), "a protected name: {:?}", plan.steps);
}

/// What a group whose name another one has is told.
fn told_of_a_taken_name(directory: DirectoryKind, source: GroupNameSource) -> String {
    let mut rules = rules();
    rules.directory = directory;
    rules.options.group_name_source = source;
    let mut input = input(
        &rules,
        group("staff"),
        SourceState::InScope(desired(named("staff"))),
    );
    input.conflicts.push(Conflict {
        field: "displayName".to_owned(),
        value: "staff".to_owned(),
        other: SubjectId(2),
        other_dn: "cn=staff,ou=More,dc=example,dc=com".to_owned(),
        other_is_incumbent: false,
        is_swap: false,
    });
    let plan = plan_subject(&input);
    match &plan.steps[0].hold {
        Some(hold @ Hold::Conflict { .. }) => hold.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn groups_of_one_name_are_told_which_other_source_of_names_tells_them_apart() {
    use DirectoryKind::{ActiveDirectory, OpenLdap};
    for (directory, source, instead) in [
        (
            ActiveDirectory,
            GroupNameSource::CommonName,
            Some("choose `sAMAccountName`"),
        ),
        (
            ActiveDirectory,
            GroupNameSource::SamAccountName,
            Some("choose `DN`"),
        ),
        (OpenLdap, GroupNameSource::CommonName, Some("choose `DN`")),
        (OpenLdap, GroupNameSource::Dn, None),
    ] {
        let told = told_of_a_taken_name(directory, source);
        assert!(told.contains("cn=staff,ou=More"), "{told}");
        assert_eq!(
            told.contains("Group Name Source"),
            instead.is_some(),
            "{told}"
        );
        assert!(told.contains(instead.unwrap_or_default()), "{told}");
    }
}
