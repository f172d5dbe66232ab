//! Decisions over held and parked steps, and the rolling window.

use std::collections::BTreeMap;

use usher_core::model::{Hold, Kind, Step, StepId, StepState, Subject, SubjectId, Verdict};

use super::Place;
use super::desk::{Desk, T0, add_members, create, disable, outcome, update, write};
use crate::{Approval, AuditEvent, GroupWrite, SubjectWrite};

fn approval(steps: &[StepId]) -> Approval {
    Approval {
        steps: steps.to_vec(),
        event: AuditEvent {
            at: T0 + 5,
            actor: "ada".to_owned(),
            event: "DECIDED".to_owned(),
            detail: "steps: ".to_owned(),
            ..AuditEvent::default()
        },
    }
}

/// What the audit log says last.
async fn noted(desk: &Desk) -> String {
    let newest = desk.store.audit_log(None, 1).await.unwrap().remove(0).1;
    assert_eq!(
        (newest.event.as_str(), newest.actor.as_str()),
        ("DECIDED", "ada")
    );
    newest.detail
}

fn held(subject: Subject, name: &str) -> SubjectWrite {
    let mut step = disable(name);
    step.hold = Some(Hold::Missing);
    write(subject, vec![step])
}

/// Two subjects with a held step each, and one with a pending step.
async fn waiting(place: &dyn Place) -> (Desk, Vec<SubjectId>, Vec<Step>) {
    let desk = Desk::at(place).await;
    let subject = |name| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.verdict = Verdict::Stepped;
        subject
    };
    let ids = desk
        .plan(&[
            held(subject("a"), "a"),
            held(subject("b"), "b"),
            write(subject("c"), vec![update("c")]),
        ])
        .await;
    let steps = desk.steps().await;
    (desk, ids, steps)
}

/// The others are listed as stale.
pub async fn approved_steps_are_released(place: &dyn Place) {
    let (desk, ids, steps) = waiting(place).await;
    assert_eq!(desk.get(ids[0]).await.verdict, Verdict::Held);
    let asked = [steps[0].id, steps[2].id, StepId(9999)];
    let approved = desk
        .store
        .approve(&desk.fence, &approval(&asked))
        .await
        .unwrap();
    assert_eq!(approved.done, [steps[0].id]);
    assert_eq!(noted(&desk).await, format!("steps: {}", steps[0].id.0));
    let waiting = desk.store.approved(&desk.channel).await.unwrap();
    assert_eq!(waiting, [steps[0].id], "until it is sent");
    let stale: Vec<StepId> = approved.stale.iter().map(|(id, _)| *id).collect();
    assert_eq!(stale, asked[1..]);
    assert_eq!(approved.stale[0].1, "pending");
    assert_eq!(desk.step(steps[0].id).await.state, StepState::Pending);
    assert_eq!(desk.get(ids[0]).await.verdict, Verdict::Stepped);
    assert_eq!(desk.states(ids[1]).await, ["held"]);
    assert_eq!(desk.claim(10).await[0].id, steps[0].id);
    let again = desk.store.approve(&desk.fence, &approval(&asked)).await;
    assert_eq!(again.unwrap().done, []);
    assert_eq!(noted(&desk).await, "steps: none");
}

/// For what it is to be now; a newer desire is planned again.
pub async fn a_rejected_step_dismisses_its_subject(place: &dyn Place) {
    let (desk, ids, steps) = waiting(place).await;
    let asked = [steps[0].id, steps[2].id];
    let rejected = desk
        .store
        .reject(&desk.fence, &approval(&asked))
        .await
        .unwrap();
    assert_eq!(rejected.done, [steps[0].id]);
    assert_eq!(noted(&desk).await, format!("steps: {}", steps[0].id.0));
    assert_eq!(rejected.stale, [(steps[2].id, "pending".to_owned())]);
    assert_eq!(desk.step(steps[0].id).await.state, StepState::Rejected);
    let subject = desk.get(ids[0]).await;
    assert_eq!(subject.parked_hash, subject.desired_hash);
    assert!(subject.parked_hash.is_some());
    assert_eq!(subject.state, usher_core::model::SubjectState::Linked);
    assert_eq!(desk.get(ids[1]).await.parked_hash, None);
    assert_eq!(desk.claim(10).await.len(), 1);
}

/// Younger ones stay.
pub async fn a_held_step_expires_and_its_subject_is_planned_again(place: &dyn Place) {
    let (desk, ids, _) = waiting(place).await;
    let cycle = desk.begin_at(T0 + 100).await;
    let subject = desk.linked_subject(Kind::User, "young");
    let young = desk.write(cycle, &[held(subject, "young")]).await[0];
    desk.settle(cycle).await;
    let store = &desk.store;
    let none = store.expire_held(&desk.fence, T0, T0 + 200).await.unwrap();
    assert_eq!(none, 0);
    let expired = store.expire_held(&desk.fence, T0 + 50, T0 + 200).await;
    assert_eq!(expired.unwrap(), 2);
    assert_eq!(desk.states(ids[0]).await, ["expired"]);
    assert!(desk.get(ids[0]).await.dirty);
    assert_eq!(desk.states(ids[2]).await, ["pending"]);
    assert!(!desk.get(ids[2]).await.dirty);
    assert_eq!(desk.states(young).await, ["held"]);
}

/// By a person; its attempts begin anew.
pub async fn a_parked_step_can_be_retried(place: &dyn Place) {
    let (desk, ids, _) = waiting(place).await;
    let step = desk.claim(1).await.remove(0);
    let mut outcome = outcome(
        &step,
        StepState::Parked {
            reason: "no".to_owned(),
        },
    );
    let mut subject = desk.get(ids[2]).await;
    subject.verdict = Verdict::Parked;
    subject.parked_hash = subject.desired_hash;
    outcome.subjects = vec![subject];
    desk.finish(outcome).await;
    assert_eq!(desk.claim(10).await, []);
    let asked: Vec<StepId> = desk.steps().await.iter().map(|step| step.id).collect();
    let retried = desk
        .store
        .retry_parked(&desk.fence, &approval(&asked))
        .await
        .unwrap();
    assert_eq!(retried.done, [step.id]);
    assert_eq!(noted(&desk).await, format!("steps: {}", step.id.0));
    let subject = desk.get(ids[2]).await;
    assert_eq!(subject.parked_hash, None);
    assert_eq!(subject.verdict, Verdict::Stepped);
    let claimed = desk.claim(10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].id, claimed[0].attempts), (step.id, 0));
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

/// In flight, done or still to be sent; neither held nor superseded nor older.
pub async fn the_window_counts_what_was_released_and_not_approved(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let cycle = desk.begin().await;
    let subject = |name| desk.linked_subject(Kind::User, name);
    let writes = [
        write(subject("a"), vec![create("a")]),
        write(subject("b"), vec![create("b")]),
        held(subject("c"), "c"),
        held(subject("d"), "d"),
    ];
    let ids = desk.write(cycle, &writes).await;
    let plan = GroupWrite {
        group,
        steps: vec![add_members("group", &[(ids[0], "a"), (ids[1], "b")])],
        settled: true,
    };
    let store = &desk.store;
    store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    desk.settle(cycle).await;
    let window = async |since| store.window(&desk.channel, since).await.unwrap();
    let expected = counts(&[("create", 2), ("members.gained:7", 2)]);
    assert_eq!(window(T0).await, expected);
    assert_eq!(window(T0 + 1).await, counts(&[]));
    let approved = desk.steps().await[2].id;
    store
        .approve(&desk.fence, &approval(&[approved]))
        .await
        .unwrap();
    assert_eq!(window(T0).await, expected);
    let claimed = desk.claim_at(T0 + 7, 2).await;
    let create = claimed.iter().find(|step| step.id != approved).unwrap();
    desk.finish(outcome(create, StepState::Succeeded)).await;
    assert_eq!(window(T0).await, expected);
    assert_eq!(window(T0 + 7).await, counts(&[("create", 1)]));
}

/// What is about to be superseded is not counted twice, nor who is tried again.
pub async fn the_window_leaves_out_what_the_running_cycle_plans_anew(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name| desk.linked_subject(Kind::User, name);
    let writes = ["a", "b", "c"].map(|name| write(subject(name), vec![disable(name)]));
    desk.plan(&writes).await;
    let claimed = desk.claim(1).await;
    let window = async || desk.store.window(&desk.channel, T0).await.unwrap();
    assert_eq!(window().await, counts(&[("removal.evidence", 3)]));
    let cycle = desk.begin().await;
    desk.write(cycle, &writes[..2]).await;
    assert_eq!(claimed[0].planned, writes[0].steps[0]);
    let expected = counts(&[("removal.evidence", 1)]);
    assert_eq!(window().await, expected, "the plan counts the others");
    desk.settle(cycle).await;
    let expected = counts(&[("removal.evidence", 3)]);
    assert_eq!(
        window().await,
        expected,
        "of one subject however often it is tried"
    );
    let cycle = desk.begin().await;
    desk.finish(outcome(&claimed[0], StepState::Succeeded))
        .await;
    let expected = counts(&[("removal.evidence", 3)]);
    assert_eq!(window().await, expected, "done counts as well");
    desk.write(cycle, &writes[..1]).await;
    let expected = counts(&[("removal.evidence", 2)]);
    assert_eq!(window().await, expected, "the plan counts it now");
}
