//! What an outcome makes of a subject.

use usher_core::model::{
    FieldChange, FieldValue, Operation, PlannedStep, Reason, Resource, SubjectState, TargetId,
    Verdict,
};
use usher_core::planner::record::{Applied, Failed, record_failure, record_success};
use usher_core::planner::{SourceState, drift};

use crate::world::{
    DAY, FakeTarget, NOW, apply, desired, disabled, gone, linked, out, person, plan, rules,
    step_of, text, user, verbs,
};

fn step(subject: &usher_core::model::Subject, operation: Operation) -> usher_core::model::Step {
    let planned = PlannedStep {
        operation,
        part: 0,
        reason: Reason::Changed,
        expects: Default::default(),
        hold: None,
        guards: Vec::new(),
    };
    step_of(subject, planned)
}

#[test]
fn a_reply_without_a_body_is_believed() {
    let rules = rules();
    let mut target = FakeTarget {
        silent: true,
        ..FakeTarget::default()
    };
    let source = || SourceState::InScope(desired(person("ana").with("title", "Lead")));
    let ana = apply(
        &rules,
        &plan(&rules, &user("ana"), source()),
        &mut target,
        false,
        NOW,
    );
    assert!(ana.is_converged());
    assert!(plan(&rules, &ana, source()).steps.is_empty());
    // And what it was believed to hold can be cleared.
    let cleared = plan(&rules, &ana, SourceState::InScope(desired(person("ana"))));
    assert_eq!(verbs(&cleared), ["update"]);
}

#[test]
fn a_create_without_an_id_is_planned_again_and_correlated() {
    let rules = rules();
    let first = plan(
        &rules,
        &user("ana"),
        SourceState::InScope(desired(person("ana"))),
    );
    let step = step_of(&first.subject, first.steps[0].clone());
    let ana = record_success(&rules, first.subject, &step, Applied::default(), NOW);
    assert_eq!(ana.state, SubjectState::Pending);
    assert!(ana.dirty);
}

#[test]
fn a_disable_that_did_not_stick_is_planned_again_when_its_time_comes() {
    let rules = rules();
    let (ana, mut target) = linked(&rules, user("ana"), person("ana"));
    for source in [gone(), SourceState::InScope(disabled(person("ana")))] {
        let first = plan(&rules, &ana, source.clone());
        let step = step_of(&first.subject, first.steps[0].clone());
        target.active = Some(true);
        let observed = target.observed(ana.kind);
        let applied = Applied {
            observed: observed.as_ref(),
            target_id: None,
        };
        let after = record_success(&rules, first.subject, &step, applied, NOW);
        assert_eq!(after.state, SubjectState::Linked);
        assert!(!after.dirty && after.next_at > Some(NOW));
        assert_eq!(verbs(&plan(&rules, &after, source)), ["disable"]);
    }
}

#[test]
fn a_masked_value_is_compared_by_what_was_sent_only() {
    let rules = rules();
    let sealed = |token: &str, digest: &str| {
        let mut resource = person("ana");
        resource.fields.insert(
            "phone".to_owned(),
            FieldValue::Sealed {
                token: token.to_owned(),
                digest: digest.to_owned(),
            },
        );
        resource
    };
    let (ana, _) = linked(&rules, user("ana"), sealed("t1", "d1"));
    let again = plan(
        &rules,
        &ana,
        SourceState::InScope(desired(sealed("t2", "d1"))),
    );
    assert!(again.steps.is_empty(), "sealed anew, but the same value");
    let other = plan(
        &rules,
        &ana,
        SourceState::InScope(desired(sealed("t3", "d2"))),
    );
    assert_eq!(verbs(&other), ["update"]);
}

#[test]
fn a_dropped_field_gets_two_tries_and_then_a_word() {
    let rules = rules();
    let source = || SourceState::InScope(desired(person("ana").with("title", "Lead")));
    let mut target = FakeTarget::default();
    target.keeps.insert("title".to_owned(), None);
    let first = plan(&rules, &user("ana"), source());
    let ana = apply(&rules, &first, &mut target, false, NOW);
    assert!(ana.dirty, "one more try");
    let second = plan(&rules, &ana, source());
    assert_eq!(verbs(&second), ["update"]);
    let ana = apply(&rules, &second, &mut target, false, NOW);
    assert!(ana.is_converged());
    let third = plan(&rules, &ana, source());
    assert!(third.steps.is_empty());
    assert!(
        third.reason.contains("the target keeps nothing in title"),
        "{}",
        third.reason
    );
}

#[test]
fn a_value_that_cannot_be_cleared_gets_two_tries() {
    let rules = rules();
    let (ana, mut target) = linked(&rules, user("ana"), person("ana").with("title", "Lead"));
    target
        .keeps
        .insert("title".to_owned(), Some("Lead".to_owned()));
    let source = || SourceState::InScope(desired(person("ana")));
    let mut ana = ana;
    for _ in 0..2 {
        let clear = plan(&rules, &ana, source());
        assert_eq!(verbs(&clear), ["update"]);
        ana = apply(&rules, &clear, &mut target, false, NOW);
    }
    assert!(plan(&rules, &ana, source()).steps.is_empty());
    assert!(ana.is_converged());
}

#[test]
fn what_we_never_managed_is_never_cleared() {
    let rules = rules();
    let (ana, mut target) = linked(&rules, user("ana"), person("ana"));
    target.resource = target.resource.clone().with("nickName", "Anni");
    // The next reply shows a field that no mapping rule makes.
    let change = plan(
        &rules,
        &ana,
        SourceState::InScope(desired(person("ana").with("title", "Lead"))),
    );
    let ana = apply(&rules, &change, &mut target, false, NOW);
    assert!(ana.shadow.fields.contains_key("nickName"));
    let again = plan(
        &rules,
        &ana,
        SourceState::InScope(desired(person("ana").with("title", "Lead"))),
    );
    assert!(again.steps.is_empty(), "{:?}", again.steps);
}

#[test]
fn create_only_fields_are_sent_once() {
    let rules = rules();
    let (ana, _) = linked(&rules, user("ana"), person("ana").with("locale", "de"));
    let source = SourceState::InScope(desired(person("ana").with("locale", "en")));
    let again = plan(&rules, &ana, source);
    assert!(again.steps.is_empty(), "{:?}", again.steps);
    assert_eq!(again.verdict, Verdict::Unchanged);
}

#[test]
fn a_parked_subject_waits_for_a_change_but_its_disable_never_does() {
    let rules = rules();
    let (ana, _) = linked(&rules, user("ana"), person("ana"));
    let lead = || SourceState::InScope(desired(person("ana").with("title", "Lead")));
    let first = plan(&rules, &ana, lead());
    let step = step_of(&first.subject, first.steps[0].clone());
    let parked = Failed::Parked {
        reason: "400: title is too long; shorten it in the directory".to_owned(),
    };
    let ana = record_failure(first.subject, &step, &parked, NOW);
    assert_eq!(ana.verdict, Verdict::Parked);
    assert!(ana.state.is_linked(), "a failure never drops a link");

    let again = plan(&rules, &ana, lead());
    assert_eq!(again.verdict, Verdict::Parked);
    assert!(again.steps.is_empty());
    assert!(again.reason.contains("too long"), "{}", again.reason);

    let off = SourceState::InScope(disabled(person("ana").with("title", "Lead")));
    assert_eq!(verbs(&plan(&rules, &ana, off)), ["disable"]);
    let mut parked_while_disabled = ana.clone();
    let off = disabled(person("ana").with("title", "Lead"));
    parked_while_disabled.parked_hash = Some(off.hash());
    let plan_ = plan(&rules, &parked_while_disabled, SourceState::InScope(off));
    assert_eq!(verbs(&plan_), ["disable"], "parked for this very hash");

    let shorter = SourceState::InScope(desired(person("ana").with("title", "L")));
    assert_eq!(verbs(&plan(&rules, &ana, shorter)), ["update"]);
}

#[test]
fn a_disable_is_never_parked() {
    let rules = rules();
    let (ana, _) = linked(&rules, user("ana"), person("ana"));
    let first = plan(&rules, &ana, SourceState::InScope(disabled(person("ana"))));
    let step = step_of(&first.subject, first.steps[0].clone());
    let parked = Failed::Parked {
        reason: "400".to_owned(),
    };
    let ana = record_failure(first.subject, &step, &parked, NOW);
    assert_eq!(ana.parked_hash, None);
    assert!(ana.dirty);
}

#[test]
fn a_retry_is_counted_and_an_earlier_wake_up_is_kept() {
    let rules = rules();
    let (mut ana, _) = linked(&rules, user("ana"), person("ana"));
    ana.next_at = Some(NOW + 10);
    let step = step(
        &ana,
        Operation::Disable {
            target_id: TargetId::new("N1"),
        },
    );
    let ana = record_failure(ana, &step, &Failed::RetryAt(NOW + 50), NOW);
    assert_eq!((ana.attempts, ana.next_at), (1, Some(NOW + 10)));
    let ana = record_failure(ana, &step, &Failed::RetryAt(NOW + 5), NOW);
    assert_eq!((ana.attempts, ana.next_at), (2, Some(NOW + 5)));
}

#[test]
fn a_take_over_keeps_the_value_that_it_replaced() {
    let rules = rules();
    let adopt = Operation::Adopt {
        target_id: TargetId::new("T1"),
        changes: vec![FieldChange {
            field: "externalId".to_owned(),
            from: Some(text("other-55")),
            to: Some(text("key-ana")),
        }],
        found_by: "userName".to_owned(),
    };
    let ana = user("ana");
    let step = step(&ana, adopt);
    let ana = record_success(&rules, ana, &step, Applied::default(), NOW);
    assert_eq!(ana.shadow.replaced_external_id.as_deref(), Some("other-55"));
    assert_eq!(ana.state, SubjectState::Linked);
}

#[test]
fn a_step_whose_premise_changed_says_so() {
    let rules = rules();
    let (ana, _) = linked(&rules, user("ana"), person("ana"));
    let leaving = plan(&rules, &ana, out());
    let disable = &leaving.steps[0];
    assert_eq!(disable.check(&leaving.subject), Ok(()));
    let back = plan(
        &rules,
        &leaving.subject,
        SourceState::InScope(desired(person("ana"))),
    );
    let error = disable.check(&back.subject).unwrap_err();
    assert!(error.contains("uid=ana"), "{error}");
    let mut moved = leaving.subject.clone();
    moved.target_id = Some(TargetId::new("T9"));
    let error = disable.check(&moved).unwrap_err();
    assert!(error.contains("T9"), "{error}");
}

#[test]
fn the_expiry_survives_a_successful_step() {
    let rules = rules();
    let mut wanted = desired(person("ana"));
    wanted.changes_at = Some(NOW + 30 * DAY);
    let first = plan(&rules, &user("ana"), SourceState::InScope(wanted));
    let ana = apply(&rules, &first, &mut FakeTarget::default(), false, NOW);
    assert_eq!(ana.next_at, Some(NOW + 30 * DAY));
}

#[test]
fn drift_is_reported_and_not_corrected() {
    let rules = rules();
    let (ana, mut target) = linked(&rules, user("ana"), person("ana").with("title", "Lead"));
    let same = target.observed(ana.kind).unwrap();
    assert!(drift(&rules, &ana, &same).is_empty());
    target.resource = Resource::default()
        .with("userName", "ANA@example.com")
        .with("title", "Boss")
        .with("externalId", "key-ana")
        .with("nickName", "Anni");
    target.active = Some(false);
    let found = drift(&rules, &ana, &target.observed(ana.kind).unwrap());
    let fields: Vec<(&str, String)> = found
        .iter()
        .map(|drift| {
            let now = drift
                .observed
                .as_ref()
                .map_or("-".to_owned(), |v| v.shown());
            (drift.field.as_str(), now)
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("title", "Boss".to_owned()),
            ("workEmail", "-".to_owned()),
            ("active", "false".to_owned())
        ]
    );
    let plan = plan(
        &rules,
        &ana,
        SourceState::InScope(desired(person("ana").with("title", "Lead"))),
    );
    assert!(plan.steps.is_empty());
}

#[test]
fn after_its_step_a_leaver_counts_as_out_of_scope_and_an_unmappable_one_as_invalid() {
    let rules = rules();
    let invalid = SourceState::Invalid {
        problems: Vec::new(),
        disabled: disabled(person("ana")).disabled,
    };
    for (source, verdict) in [
        (out(), Verdict::OutOfScope),
        (gone(), Verdict::OutOfScope),
        (invalid, Verdict::Invalid),
    ] {
        let (ana, mut target) = linked(&rules, user("ana"), person("ana"));
        let leaving = plan(&rules, &ana, source.clone());
        assert_eq!(leaving.subject.desired_hash, Some(source.hash()));
        let ana = apply(&rules, &leaving, &mut target, false, NOW);
        assert_eq!(ana.verdict, verdict);
        assert_eq!(ana.state, SubjectState::Disabled);
        assert!(ana.is_converged(), "{ana:?}");
        assert_eq!(plan(&rules, &ana, source).verdict, verdict);
    }
}

#[test]
fn a_disable_that_does_not_stick_is_tried_again_later_and_later_and_says_so() {
    let rules = rules();
    for source in [
        out(),
        SourceState::InScope(disabled(person("ana"))),
        SourceState::Invalid {
            problems: Vec::new(),
            disabled: disabled(person("ana")).disabled,
        },
    ] {
        let (mut ana, mut target) = linked(&rules, user("ana"), person("ana"));
        target.keeps_active = Some(true);
        let mut now = NOW;
        let mut waits = Vec::new();
        for _ in 0..3 {
            let planned = plan(&rules, &ana, source.clone());
            assert_eq!(verbs(&planned), ["disable"], "{source:?}");
            ana = apply(&rules, &planned, &mut target, false, now);
            assert!(!ana.dirty, "not in the same sync: {source:?}");
            assert!(
                ana.reason.contains("kept the account active"),
                "{}",
                ana.reason
            );
            assert!(!ana.is_converged());
            let again = ana.next_at.expect("it is looked at again");
            waits.push((again - now) / 60_000);
            now = again;
        }
        assert_eq!(waits, [15, 30, 60]);
        for _ in 0..40 {
            let planned = plan(&rules, &ana, source.clone());
            ana = apply(&rules, &planned, &mut target, false, now);
        }
        assert_eq!(ana.next_at, Some(now + DAY), "once a day at least");
        target.keeps_active = None;
        let planned = plan(&rules, &ana, source.clone());
        ana = apply(&rules, &planned, &mut target, false, now);
        assert_eq!(ana.state, SubjectState::Disabled);
        assert_eq!(ana.next_at, None);
        assert!(plan(&rules, &ana, source.clone()).steps.is_empty());
    }
}
