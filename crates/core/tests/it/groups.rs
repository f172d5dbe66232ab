//! What is particular to groups.

use usher_core::model::{GroupRemoval, GroupRename, Hold, Resource, TargetId, Verdict};
use usher_core::planner::SourceState;

use crate::world::{desired, group, holds, linked, out, plan, rules, verbs};

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

#[test]
fn a_group_under_its_old_name_goes_only_when_the_new_one_is_there() {
    let mut rules = rules();
    rules.policy.group_rename = GroupRename::CreateCopyDelete;
    let (staff, _) = linked(&rules, group("staff"), named("staff"));
    let anew = plan(
        &rules,
        &staff,
        SourceState::InScope(desired(named("people"))),
    );
    assert_eq!(verbs(&anew), ["create", "delete"]);
    let delete = &anew.steps[1];
    // Its creation was parked, or only the deletion was approved.
    let error = delete.check(&anew.subject).unwrap_err();
    assert!(error.contains("the old one stays"), "{error}");
    let mut moved = anew.subject.clone();
    moved.target_id = None;
    delete.check(&moved).unwrap_err();
    moved.target_id = Some(TargetId::new("T9"));
    assert_eq!(delete.check(&moved), Ok(()));
}
