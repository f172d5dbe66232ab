//! Who corresponds to whom.

use usher_core::model::{Hold, Kind, Observed, Operation, Resource, TargetId};
use usher_core::planner::{
    Candidate, ChannelRules, FoundBy, Situation, SourceState, SubjectPlan, plan_subject,
};

use crate::world::{desired, disabled, holds, input, person, rules, user, verbs};

pub(crate) fn by_name(id: &str, name: &str) -> Candidate {
    let resource = Resource::default().with("userName", &format!("{name}@example.com"));
    candidate(id, FoundBy::Name, resource)
}

fn candidate(id: &str, found_by: FoundBy, resource: Resource) -> Candidate {
    Candidate {
        observed: Observed {
            target_id: TargetId::new(id),
            kind: Kind::User,
            resource,
            active: Some(true),
            modified_at: None,
            members: None,
        },
        found_by,
        linked_to: None,
        owned_by: None,
    }
}

fn plan_with(rules: &ChannelRules, candidates: Vec<Candidate>) -> SubjectPlan {
    let mut input = input(
        rules,
        user("ana"),
        SourceState::InScope(desired(person("ana"))),
    );
    input.candidates = candidates;
    plan_subject(&input)
}

#[test]
fn one_resource_found_twice_is_one_hit_by_its_best_field() {
    let rules = rules();
    let resource = person("ana");
    let plan = plan_with(
        &rules,
        vec![
            candidate("T1", FoundBy::Email, resource.clone()),
            candidate("T1", FoundBy::ExternalId, resource.clone()),
            candidate("T1", FoundBy::Name, resource),
        ],
    );
    assert_eq!(plan.situation, Situation::Found);
    let Operation::Adopt {
        found_by, changes, ..
    } = &plan.steps[0].operation
    else {
        panic!("{:?}", plan.steps);
    };
    assert_eq!(found_by, "externalId");
    assert!(changes.is_empty(), "adopted unchanged: {changes:?}");
    assert_eq!(
        plan.steps[0].hold, None,
        "our own key, after the first sync"
    );
}

#[test]
fn a_mail_hit_does_not_disturb_a_name_hit() {
    let rules = rules();
    let mail = Resource::default().with("workEmail", "ana@example.com");
    let plan = plan_with(
        &rules,
        vec![by_name("T1", "ana"), candidate("T2", FoundBy::Email, mail)],
    );
    assert_eq!(plan.situation, Situation::Found);
    assert_eq!(verbs(&plan), ["adopt"]);
}

#[test]
fn a_resource_of_another_channel_is_never_adopted() {
    let rules = rules();
    let mut taken = by_name("T1", "ana");
    taken.owned_by = Some("Helpdesk".to_owned());
    let plan = plan_with(&rules, vec![taken]);
    assert_eq!(plan.situation, Situation::OwnedElsewhere);
    let hold = plan.steps[0].hold.as_ref().unwrap();
    assert_eq!(
        hold,
        &Hold::OwnedElsewhere {
            channel: "Helpdesk".to_owned()
        }
    );
    assert!(!hold.is_approvable());
    assert!(plan.subject.dirty, "it may be lifted by the other channel");
}

#[test]
fn several_hits_that_are_all_taken_leave_nothing_to_choose() {
    let rules = rules();
    let mut one = by_name("T1", "ana");
    one.linked_to = Some("uid=x".to_owned());
    let mut two = by_name("T2", "ana");
    two.linked_to = Some("uid=y".to_owned());
    let plan = plan_with(&rules, vec![one, two]);
    assert_eq!(plan.situation, Situation::FoundButLinked);
    assert_eq!(verbs(&plan), ["create"]);
    assert_eq!(holds(&plan), ["ambiguous"]);
}

#[test]
fn an_external_id_that_differs_only_in_case_is_foreign() {
    let rules = rules();
    let resource = person("ana").with("externalId", "KEY-ANA");
    let plan = plan_with(&rules, vec![candidate("T1", FoundBy::Name, resource)]);
    assert_eq!(holds(&plan), ["foreign_external_id"]);
}

#[test]
fn what_is_found_by_name_after_the_first_sync_waits_for_approval() {
    let rules = rules();
    assert!(!rules.first_sync);
    let plan = plan_with(&rules, vec![by_name("T1", "ana")]);
    assert_eq!(verbs(&plan), ["adopt"]);
    assert_eq!(holds(&plan), ["adoption"]);
    let ours = person("ana").with("externalId", "key-ana");
    let plan = plan_with(&rules, vec![candidate("T1", FoundBy::ExternalId, ours)]);
    assert_eq!(verbs(&plan), ["adopt"]);
    assert_eq!(holds(&plan), ["-"]);
}

#[test]
fn someone_disabled_and_found_after_the_first_sync_is_linked_first_and_disabled_next() {
    let rules = rules();
    let mut found = input(
        &rules,
        user("ana"),
        SourceState::InScope(disabled(person("ana"))),
    );
    // It carries our key: a lost reply, or a link that was lost.
    let ours = person("ana").with("externalId", "key-ana");
    found.candidates = vec![candidate("T1", FoundBy::ExternalId, ours)];
    let plan = plan_subject(&found);
    assert_eq!(verbs(&plan), ["adopt"]);
    assert_eq!(holds(&plan), ["-"]);
    let mut target = crate::world::FakeTarget {
        id: Some(TargetId::new("T1")),
        active: Some(true),
        ..Default::default()
    };
    let linked = crate::world::apply(&rules, &plan, &mut target, false, crate::world::NOW);
    assert!(linked.dirty, "the disable is still to come");
    let next = plan_subject(&input(
        &rules,
        linked,
        SourceState::InScope(disabled(person("ana"))),
    ));
    assert_eq!(verbs(&next), ["disable"]);
    assert_eq!(holds(&next), ["-"]);
}

#[test]
fn an_unlinked_account_is_disabled_only_beside_its_held_adoption() {
    let mut rules = rules();
    rules.first_sync = true;
    let mut found = input(
        &rules,
        user("ana"),
        SourceState::InScope(disabled(person("ana"))),
    );
    found.candidates = vec![by_name("T1", "ana")];
    let plan = plan_subject(&found);
    assert_eq!(verbs(&plan), ["disable", "adopt"]);
    assert_eq!(holds(&plan), ["adoption", "adoption"]);
    assert_eq!(plan.steps[0].reason.name(), "found_disabled_in_source");
}
