//! A new key of the same person: the account is kept.

use usher_core::model::{Operation, RemoveAction, SubjectId, SubjectState};
use usher_core::planner::record::{record_rekeyed, record_vanishing};
use usher_core::planner::{RekeyInput, Situation, SourceState, SubjectPlan, plan_rekey};

use crate::world::{
    NOW, apply, desired, disabled, holds, linked, person, plan, rules, user, verbs,
};

fn newcomer() -> usher_core::model::Subject {
    let mut newcomer = user("ana2");
    newcomer.id = Some(SubjectId(2));
    newcomer
}

fn wanted() -> usher_core::model::Resource {
    person("ana")
        .with("externalId", "key-ana2")
        .with("title", "Lead")
}

#[test]
fn the_account_moves_to_the_new_key_in_one_held_step() {
    let rules = rules();
    let (old, mut target) = linked(&rules, user("ana"), person("ana"));
    let plan_: SubjectPlan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    assert_eq!(plan_.situation, Situation::Rekey);
    assert_eq!(plan_.subject.state, SubjectState::Rekeying);
    assert_eq!(verbs(&plan_), ["rekey"]);
    assert_eq!(holds(&plan_), ["rekey"]);
    let Operation::Rekey {
        old_key,
        old_subject,
        changes,
        ..
    } = &plan_.steps[0].operation
    else {
        panic!("{:?}", plan_.steps);
    };
    assert_eq!(old_key, &old.key);
    assert_eq!(old_subject, &SubjectId(1));
    let fields: Vec<&str> = changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(fields, ["externalId", "title"]);

    // Approved: one account, linked to the newcomer, and nothing is left to do.
    let ana = apply(&rules, &plan_, &mut target, true, NOW);
    assert_eq!(ana.state, SubjectState::Linked);
    assert_eq!(ana.target_id, old.target_id);
    assert!(ana.is_converged());
    assert_eq!(target.created, 1, "the one of the set-up");
    let again = plan(&rules, &ana, SourceState::InScope(desired(wanted())));
    assert!(again.steps.is_empty(), "{:?}", again.steps);

    let old = record_rekeyed(old, NOW);
    assert_eq!(old.state, SubjectState::Removed);
    assert_eq!(old.target_id, None);
    assert_eq!(old.desired_hash, None, "its return is news");
}

#[test]
fn a_rekey_runs_only_while_the_old_key_is_gone_and_has_the_account() {
    let rules = rules();
    let (old, _) = linked(&rules, user("ana"), person("ana"));
    let planned = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    let step = &planned.steps[0];
    let gone = record_vanishing(old.clone());
    assert_eq!(gone.linked_id(), old.linked_id());
    assert_eq!(step.check_old(&gone), Ok(()));
    let back = plan(&rules, &gone, SourceState::InScope(desired(person("ana"))));
    let error = step.check_old(&back.subject).unwrap_err();
    assert!(error.contains("came back"), "{error}");
    let error = step.check_old(&record_rekeyed(old, NOW)).unwrap_err();
    assert!(error.contains("not linked"), "{error}");
}

#[test]
fn rejected_or_waiting_nothing_is_removed_or_created() {
    let mut rules = rules();
    rules.options.remove_action = RemoveAction::Delete;
    let (old, _) = linked(&rules, user("ana"), person("ana"));
    let plan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    let harmless = plan.steps.iter().all(|step| step.hold.is_some());
    assert!(harmless, "{:?}", plan.steps);
    assert!(!verbs(&plan).contains(&"create"));
    assert!(!verbs(&plan).contains(&"delete"));
}

#[test]
fn a_newcomer_who_is_disabled_does_not_wait_for_the_approval() {
    let rules = rules();
    let (old, mut target) = linked(&rules, user("ana"), person("ana"));
    let plan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: disabled(wanted()),
        now: NOW,
    });
    assert_eq!(verbs(&plan), ["disable", "rekey"]);
    assert_eq!(holds(&plan), ["-", "rekey"]);
    let ana = apply(&rules, &plan, &mut target, false, NOW);
    assert_eq!(target.active, Some(false));
    assert_eq!(ana.state, SubjectState::Rekeying);
}

#[test]
fn without_user_update_only_the_key_changes() {
    let mut rules = rules();
    rules.options.user_update = false;
    let (old, _) = linked(&crate::world::rules(), user("ana"), person("ana"));
    let plan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    let Operation::Rekey { changes, .. } = &plan.steps[0].operation else {
        panic!("{:?}", plan.steps);
    };
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].field, "externalId");
}

#[test]
fn a_protected_account_is_not_re_keyed() {
    let rules = rules();
    let (mut old, _) = linked(&rules, user("ana"), person("ana"));
    old.state = SubjectState::Frozen;
    let plan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &old,
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    assert!(plan.steps.is_empty());
    assert_eq!(plan.situation, Situation::Protected);
}

#[test]
fn without_a_link_there_is_no_account_to_keep() {
    let rules = rules();
    let plan = plan_rekey(&RekeyInput {
        rules: &rules,
        old: &user("ana"),
        newcomer: newcomer(),
        desired: desired(wanted()),
        now: NOW,
    });
    assert_eq!(verbs(&plan), ["create"]);
}
