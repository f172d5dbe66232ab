//! The hash that names a plan.

use usher_core::model::{FieldValue, Hold, Millis, Operation, PlannedStep, SourceKey};
use usher_core::planner::{PlanHasher, SourceState, is_same_plan, plan_subject};

use crate::world::{NOW, desired, input, linked, out, person, rules, user};

fn steps_at(now: Millis, proof: &str) -> Vec<(SourceKey, PlannedStep)> {
    let rules = rules();
    let mut steps = Vec::new();
    for name in ["ana", "eva", "kim"] {
        let source = SourceState::InScope(desired(person(name)));
        let mut input = input(&rules, user(name), source);
        input.now = now;
        let plan = plan_subject(&input);
        steps.extend(
            plan.steps
                .into_iter()
                .map(|step| (plan.subject.key.clone(), step)),
        );
    }
    let (leaver, _) = linked(&rules, user("lea"), person("lea"));
    let gone = SourceState::Gone {
        proof: proof.to_owned(),
        explicit: false,
    };
    let plan = plan_subject(&input(&rules, leaver, gone));
    steps.extend(
        plan.steps
            .into_iter()
            .map(|step| (plan.subject.key.clone(), step)),
    );
    assert_eq!(steps.len(), 4);
    steps
}

fn hash<'a>(
    steps: impl IntoIterator<Item = &'a (SourceKey, PlannedStep)>,
    revision: u64,
) -> String {
    let mut hasher = PlanHasher::default();
    for (key, step) in steps {
        hasher.add(key, step);
    }
    hasher.finish(revision)
}

#[test]
fn order_time_and_the_words_of_a_proof_do_not_matter() {
    let steps = steps_at(NOW, "cycle 7");
    let later = steps_at(NOW + 5, "cycle 8");
    let one = hash(&steps, 3);
    assert_eq!(one.len(), 64);
    assert_eq!(one, hash(steps.iter().rev(), 3));
    assert_eq!(one, hash(&later, 3));
}

#[test]
fn everything_that_has_an_effect_matters() {
    let steps = steps_at(NOW, "cycle 7");
    let one = hash(&steps, 3);
    assert_ne!(one, hash(&steps, 4), "the revision");
    assert_ne!(one, hash(steps.iter().skip(1), 3), "a step less");
    assert_ne!(
        one,
        hash(steps.iter().chain(steps.first()), 3),
        "a step twice"
    );

    let mut swapped = steps.clone();
    let (a, b) = (swapped[0].0.clone(), swapped[1].0.clone());
    (swapped[0].0, swapped[1].0) = (b, a);
    assert_ne!(one, hash(&swapped, 3), "whom it is about");

    let mut other = steps.clone();
    other[0].1.expects.target_id = Some("T9".to_owned());
    assert_ne!(one, hash(&other, 3), "what it expects");

    let mut held = steps.clone();
    held[0].1.hold = Some(Hold::Adoption);
    assert_ne!(one, hash(&held, 3), "a hold");

    let mut value = steps.clone();
    let Operation::Create { resource, .. } = &mut value[0].1.operation else {
        panic!("{:?}", value[0]);
    };
    *resource = resource.clone().with("title", "Lead");
    assert_ne!(one, hash(&value, 3), "a value");
}

#[test]
fn a_guards_hold_and_a_masked_values_token_do_not_matter_but_its_digest_does() {
    let steps = steps_at(NOW, "cycle 7");
    let mut held = steps.clone();
    held[0].1.hold = Some(Hold::Guard {
        reason: "180 of 200".to_owned(),
    });
    assert_eq!(hash(&steps, 3), hash(&held, 3));

    let sealed = |token: &str, digest: &str| {
        let mut steps = steps.clone();
        let Operation::Create { resource, .. } = &mut steps[0].1.operation else {
            panic!("{:?}", steps[0]);
        };
        resource.fields.insert(
            "phone".to_owned(),
            FieldValue::Sealed {
                token: token.to_owned(),
                digest: digest.to_owned(),
            },
        );
        hash(&steps, 3)
    };
    assert_eq!(sealed("a", "d"), sealed("b", "d"));
    assert_ne!(sealed("a", "d"), sealed("a", "e"));
}

#[test]
fn an_empty_plan_has_a_hash_of_its_own() {
    let none: [(SourceKey, PlannedStep); 0] = [];
    assert_ne!(hash(&none, 1), hash(&none, 2));
    let _ = out();
}

#[test]
fn what_is_taken_back_was_never_there() {
    let steps = steps_at(NOW, "cycle 7");
    let mut hasher = PlanHasher::default();
    for (key, step) in &steps {
        hasher.add(key, step);
    }
    let (key, step) = &steps[1];
    hasher.remove(key, step);
    let rest = [&steps[0], &steps[2], &steps[3]];
    assert_eq!(hasher.finish(3), hash(rest, 3));
}

#[test]
fn two_plans_are_the_same_whatever_the_words_of_their_proof() {
    let of = |proof| -> Vec<PlannedStep> {
        let steps = steps_at(NOW, proof).into_iter();
        steps.map(|(_, step)| step).collect()
    };
    let (one, mut other) = (of("cycle 7"), of("cycle 8"));
    other[2].part = 5;
    assert!(is_same_plan(&one, &other));
    assert!(!is_same_plan(&one, &other[..3]));
    other[2].hold = Some(Hold::Missing);
    assert!(!is_same_plan(&one, &other));
}
