//! Every combination of the provisioning options, against every situation that they govern.
//!
//! The expectation is written as rules of its own, from the administrator's point of view; it shares
//! no code with the planner.

use usher_core::model::{ProvisioningOptions, RemoveAction, Verdict};
use usher_core::planner::{ChannelRules, SourceState, SubjectPlan};

use crate::world::{
    DAY, NOW, apply, desired, disabled, gone, input, linked, out, person, plan, rules, user, verbs,
};

fn combinations() -> Vec<ProvisioningOptions> {
    (0u8..32)
        .map(|bits| ProvisioningOptions {
            user_create: bits & 1 == 0,
            user_update: bits & 2 == 0,
            user_disable: bits & 4 == 0,
            provision_disabled: bits & 8 != 0,
            remove_action: if bits & 16 == 0 {
                RemoveAction::Disable
            } else {
                RemoveAction::Delete
            },
            ..ProvisioningOptions::default()
        })
        .collect()
}

fn with(options: &ProvisioningOptions) -> ChannelRules {
    ChannelRules {
        options: options.clone(),
        ..rules()
    }
}

/// Plans, and checks verbs, verdict and, when something was skipped, that the option is named.
fn expect(plan: &SubjectPlan, expected: &[&str], skipped: Option<&str>, context: &str) {
    assert_eq!(verbs(plan), expected, "{context}: {}", plan.reason);
    if let Some(option) = skipped {
        assert!(
            plan.reason.contains(&format!("{option} is off")),
            "{context}: {}",
            plan.reason
        );
        if expected.is_empty() {
            assert_eq!(plan.verdict, Verdict::SkippedByOption, "{context}");
        }
    } else {
        assert!(
            !plan.reason.contains("is off"),
            "{context}: {}",
            plan.reason
        );
    }
    if !expected.is_empty() {
        assert_eq!(plan.verdict, Verdict::Stepped, "{context}");
    }
}

#[test]
fn all_thirty_two_combinations_are_distinct() {
    let all = combinations();
    assert_eq!(all.len(), 32);
    for (index, one) in all.iter().enumerate() {
        assert!(!all.iter().skip(index + 1).any(|other| other == one));
    }
}

#[test]
fn a_newcomer_is_created_only_with_user_create() {
    for options in combinations() {
        let rules = with(&options);
        let source = SourceState::InScope(desired(person("ana")));
        let plan = plan(&rules, &user("ana"), source);
        let (steps, skipped): (&[&str], _) = if options.user_create {
            (&["create"], None)
        } else {
            (&[], Some("User Create"))
        };
        expect(&plan, steps, skipped, &format!("{options:?}"));
    }
}

#[test]
fn a_disabled_newcomer_needs_provision_disabled_and_user_create() {
    for options in combinations() {
        let rules = with(&options);
        let source = SourceState::InScope(disabled(person("ana")));
        let plan = plan(&rules, &user("ana"), source);
        let (steps, skipped): (&[&str], _) = if !options.provision_disabled {
            (&[], Some("Provision Disabled Users"))
        } else if !options.user_create {
            (&[], Some("User Create"))
        } else {
            (&["create"], None)
        };
        expect(&plan, steps, skipped, &format!("{options:?}"));
    }
}

#[test]
fn a_change_is_sent_only_with_user_update() {
    for options in combinations() {
        let rules = with(&options);
        let (ana, _) = linked(&crate::world::rules(), user("ana"), person("ana"));
        let source = SourceState::InScope(desired(person("ana").with("title", "Lead")));
        let plan = plan(&rules, &ana, source);
        let (steps, skipped): (&[&str], _) = if options.user_update {
            (&["update"], None)
        } else {
            (&[], Some("User Update"))
        };
        expect(&plan, steps, skipped, &format!("{options:?}"));
    }
}

#[test]
fn a_leaver_is_disabled_only_with_user_disable_whatever_the_remove_action() {
    for options in combinations() {
        for source in [
            SourceState::InScope(disabled(person("ana"))),
            out(),
            gone(),
            SourceState::Invalid {
                problems: Vec::new(),
                disabled: disabled(person("ana")).disabled,
            },
        ] {
            let rules = with(&options);
            let (ana, _) = linked(&crate::world::rules(), user("ana"), person("ana"));
            let context = format!("{options:?} {source:?}");
            let invalid = matches!(source, SourceState::Invalid { .. });
            let plan = plan(&rules, &ana, source);
            if options.user_disable {
                expect(&plan, &["disable"], None, &context);
            } else if invalid {
                assert_eq!(plan.verdict, Verdict::Invalid, "{context}");
                assert!(plan.steps.is_empty(), "{context}");
            } else {
                expect(&plan, &[], Some("User Disable/Delete"), &context);
            }
        }
    }
}

#[test]
fn a_disabled_person_is_deleted_only_by_the_delete_action_without_provision_disabled() {
    for options in combinations() {
        let rules = with(&options);
        let all = crate::world::rules();
        let (ana, mut target) = linked(&all, user("ana"), person("ana"));
        let source = SourceState::InScope(disabled(person("ana")));
        let first = plan(&all, &ana, source.clone());
        let ana = apply(&all, &first, &mut target, false, NOW);
        assert_eq!(target.active, Some(false));

        let plan = plan(&rules, &ana, source);
        let deletes = options.user_disable
            && !options.provision_disabled
            && options.remove_action == RemoveAction::Delete;
        let steps: &[&str] = if deletes { &["delete"] } else { &[] };
        expect(&plan, steps, None, &format!("{options:?}"));
    }
}

#[test]
fn who_is_gone_is_deleted_after_the_grace_only_by_the_delete_action() {
    for options in combinations() {
        let rules = with(&options);
        let all = crate::world::rules();
        let (ana, mut target) = linked(&all, user("ana"), person("ana"));
        let first = plan(&all, &ana, gone());
        let ana = apply(&all, &first, &mut target, false, NOW);

        for (days, over) in [(6, false), (8, true)] {
            let mut later = input(&rules, ana.clone(), gone());
            later.now = NOW + days * DAY;
            let plan = usher_core::planner::plan_subject(&later);
            let deletes = options.user_disable && options.remove_action == RemoveAction::Delete;
            let steps: &[&str] = if deletes && over { &["delete"] } else { &[] };
            expect(&plan, steps, None, &format!("{days} days, {options:?}"));
        }
    }
}

#[test]
fn enabling_again_needs_user_update() {
    for options in combinations() {
        let rules = with(&options);
        let all = crate::world::rules();
        let (ana, mut target) = linked(&all, user("ana"), person("ana"));
        let first = plan(&all, &ana, SourceState::InScope(disabled(person("ana"))));
        let ana = apply(&all, &first, &mut target, false, NOW);

        let plan = plan(&rules, &ana, SourceState::InScope(desired(person("ana"))));
        let (steps, skipped): (&[&str], _) = if options.user_update {
            (&["enable"], None)
        } else {
            (&[], Some("User Update"))
        };
        expect(&plan, steps, skipped, &format!("{options:?}"));
    }
}

#[test]
fn a_disabled_person_is_kept_in_line_only_with_provision_disabled() {
    for options in combinations() {
        let rules = with(&options);
        let all = crate::world::rules();
        let (ana, mut target) = linked(&all, user("ana"), person("ana"));
        let first = plan(&all, &ana, SourceState::InScope(disabled(person("ana"))));
        let ana = apply(&all, &first, &mut target, false, NOW);

        let source = SourceState::InScope(disabled(person("ana").with("title", "Lead")));
        let plan = plan(&rules, &ana, source);
        let deletes = options.user_disable
            && !options.provision_disabled
            && options.remove_action == RemoveAction::Delete;
        let (steps, skipped): (&[&str], _) = match (options.provision_disabled, options.user_update)
        {
            (true, true) => (&["update"], None),
            (true, false) => (&[], Some("User Update")),
            (false, _) if deletes => (&["delete"], None),
            (false, _) => (&[], None),
        };
        expect(&plan, steps, skipped, &format!("{options:?}"));
    }
}

#[test]
fn adopting_writes_nothing_without_user_update() {
    for options in combinations() {
        let rules = with(&options);
        let mut input = input(
            &rules,
            user("ana"),
            SourceState::InScope(desired(person("ana").with("title", "Lead"))),
        );
        input.candidates = vec![crate::correlation::by_name("T1", "ana")];
        let plan = usher_core::planner::plan_subject(&input);
        assert_eq!(verbs(&plan), ["adopt"], "{options:?}");
        let usher_core::model::Operation::Adopt { changes, .. } = &plan.steps[0].operation else {
            panic!("{:?}", plan.steps);
        };
        assert_eq!(changes.is_empty(), !options.user_update, "{options:?}");
    }
}

#[test]
fn with_zero_days_of_grace_the_second_complete_read_deletes() {
    let mut rules = rules();
    rules.options.remove_action = RemoveAction::Delete;
    rules.policy.delete_grace_days = 0;
    let (ana, mut target) = linked(&rules, user("ana"), person("ana"));
    let first = plan(&rules, &ana, gone());
    assert_eq!(verbs(&first), ["disable"]);
    let ana = apply(&rules, &first, &mut target, false, NOW);
    let mut second = input(&rules, ana, gone());
    second.now = NOW + 1;
    assert_eq!(
        verbs(&usher_core::planner::plan_subject(&second)),
        ["delete"]
    );
}

#[test]
fn nobody_is_deleted_whose_disable_is_still_held() {
    let mut rules = rules();
    rules.options.remove_action = RemoveAction::Delete;
    let (ana, mut target) = linked(&rules, user("ana"), person("ana"));
    // A guard held the disable: nothing was sent, eight days pass.
    let first = plan(&rules, &ana, gone());
    let mut later = input(&rules, first.subject, gone());
    later.now = NOW + 8 * DAY;
    let second = usher_core::planner::plan_subject(&later);
    assert_eq!(verbs(&second), ["disable"]);
    // Approved on day eight: the grace runs from there.
    let ana = apply(&rules, &second, &mut target, true, NOW + 8 * DAY);
    let mut third = input(&rules, ana, gone());
    third.now = NOW + 9 * DAY;
    let third = usher_core::planner::plan_subject(&third);
    assert!(third.steps.is_empty(), "{:?}", third.steps);
    assert_eq!(third.subject.next_at, Some(NOW + 15 * DAY));
}
