//! Recording outcomes.

use std::collections::BTreeMap;

use serde_json::json;
use usher_core::model::{
    Kind, Observed, Resource, StepId, StepState, SubjectState, TargetId, Verdict,
};

use super::Place;
use super::desk::{Desk, T0, create, outcome, planned, update, write};
use crate::{AuditEvent, IndexKey, IndexRow, StoreError};

pub(super) fn row(kind: Kind, name: &str) -> IndexRow {
    let resource = Resource {
        fields: BTreeMap::new(),
    };
    IndexRow {
        observed: Observed {
            target_id: TargetId::new(format!("t-{name}")),
            kind,
            resource: resource.with("userName", name),
            active: Some(true),
            modified_at: Some(T0),
            members: None,
        },
        external_id: Some(format!("k-{name}")),
        name: Some(name.to_owned()),
        email: Some(format!("{name}@example.com")),
    }
}

/// Step, subject, index, exchanges and audit.
pub async fn an_outcome_is_recorded_as_a_whole(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = desk.subject(Kind::User, "ana");
    let id = desk.plan(&[write(subject, vec![create("ana")])]).await[0];
    let step = desk.claim(1).await.remove(0);
    let mut linked = desk.linked_subject(Kind::User, "ana");
    linked.id = Some(id);
    let event = AuditEvent {
        event: "CREATE".to_owned(),
        ..AuditEvent::default()
    };
    let mut outcome = outcome(&step, StepState::Succeeded);
    outcome.subjects = vec![linked.clone()];
    outcome.index = vec![row(Kind::User, "ana")];
    outcome.exchanges = vec![json!({"n": 1}), json!({"n": 2, "text": "a\"b"})];
    outcome.audit = vec![event.clone()];
    desk.store
        .record(&desk.fence, &[outcome], T0 + 9)
        .await
        .unwrap();
    let step = desk.step(step.id).await;
    assert_eq!(step.state, StepState::Succeeded);
    assert_eq!((step.attempts, step.changed_at), (1, T0 + 9));
    assert_eq!(desk.get(id).await, linked);
    let key = [IndexKey::ExternalId("k-ana".to_owned())];
    let store = &desk.store;
    let found = store.index_find(&desk.connection, Kind::User, &key).await;
    assert_eq!(found.unwrap(), [row(Kind::User, "ana")]);
    let exchanges = store.exchanges(id, 10).await.unwrap();
    let found: Vec<_> = exchanges.iter().map(|record| &record.exchange).collect();
    assert_eq!(found, [&json!({"n": 2, "text": "a\"b"}), &json!({"n": 1})]);
    assert!(exchanges.iter().all(|record| record.at == T0 + 9));
    assert!(exchanges.iter().all(|record| record.step == step.id));
    assert_eq!(store.exchanges(id, 1).await.unwrap().len(), 1);
    assert_eq!(store.audit_log(None, 10).await.unwrap()[0].1, event);
}

/// Not even what was recorded beside it.
pub async fn a_forbidden_transition_changes_nothing(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes =
        ["a", "b"].map(|name| write(desk.linked_subject(Kind::User, name), vec![update(name)]));
    let ids = desk.plan(&writes).await;
    let good = desk.claim(1).await.remove(0);
    let bad = desk
        .steps()
        .await
        .into_iter()
        .find(|step| step.id != good.id)
        .unwrap();
    let mut first = outcome(&good, StepState::Succeeded);
    let mut changed = desk.get(ids[0]).await;
    changed.reason = "changed".to_owned();
    first.subjects = vec![changed];
    let second = outcome(&bad, StepState::Succeeded);
    let error = desk
        .store
        .record(&desk.fence, &[first, second], T0)
        .await
        .unwrap_err();
    let StoreError::Transition { step, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(step, bad.id);
    assert_eq!(desk.step(good.id).await.state, StepState::Claimed);
    assert_eq!(desk.get(ids[0]).await.reason, "");
}

/// Its outcome has no place.
pub async fn a_step_that_is_not_there_is_refused(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = desk.linked_subject(Kind::User, "a");
    desk.plan(&[write(subject, vec![update("a")])]).await;
    let step = desk.claim(1).await.remove(0);
    let mut missing = outcome(&step, StepState::Succeeded);
    missing.step = StepId(step.id.0 + 1000);
    let result = desk.store.record(&desk.fence, &[missing], T0).await;
    assert!(result.is_err());
    let none = desk.store.record(&desk.fence, &[], T0).await;
    assert!(none.is_ok());
}

/// In one outcome: the account is never linked twice.
pub async fn a_rekey_moves_the_link_between_two_subjects(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let old = desk.linked(Kind::User, &["old"]).await[0];
    let rekey = usher_core::model::Operation::Rekey {
        target_id: TargetId::new("t-old"),
        old_key: desk.get(old).await.key,
        old_subject: old,
        changes: Vec::new(),
    };
    let subject = desk.subject(Kind::User, "new");
    let new = desk
        .plan(&[write(subject, vec![planned(rekey, &[])])])
        .await[0];
    let step = desk.claim(1).await.remove(0);
    let mut from = desk.get(old).await;
    from.state = SubjectState::Removed;
    from.target_id = None;
    let mut to = desk.get(new).await;
    to.state = SubjectState::Linked;
    to.target_id = Some(TargetId::new("t-old"));
    to.verdict = Verdict::Unchanged;
    let mut outcome = outcome(&step, StepState::Succeeded);
    outcome.subjects = vec![from.clone(), to.clone()];
    desk.finish(outcome).await;
    assert_eq!(desk.get(old).await, from);
    assert_eq!(desk.get(new).await, to);
    let asked = [TargetId::new("t-old")];
    let found = desk
        .store
        .by_target(&desk.connection, &asked)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, &found[0].key), (Some(new), &to.key));
}

/// A cycle and the sender work side by side: neither writes over what the other just stored.
pub async fn what_was_made_from_an_older_version_is_not_written(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let id = desk
        .plan(&[write(
            desk.linked_subject(Kind::User, "a"),
            vec![update("a")],
        )])
        .await[0];
    let read = desk.store.subjects(&[id]).await.unwrap().remove(0);
    let step = desk.claim(1).await.remove(0);
    // The cycle writes first: the outcome is not recorded, and its step stays in flight.
    let mut planned = read.clone();
    planned.reason = "planned meanwhile".to_owned();
    desk.plan(&[write(planned, Vec::new())]).await;
    let mut done = outcome(&step, StepState::Succeeded);
    done.subjects = vec![read.clone()];
    let left = desk
        .store
        .record(&desk.fence, &[done.clone()], T0)
        .await
        .unwrap();
    assert_eq!(left, [step.id]);
    assert_eq!(desk.step(step.id).await.state, StepState::Claimed);
    assert_eq!(desk.get(id).await.reason, "planned meanwhile");
    // From the subject as it is now, it is.
    done.subjects = desk.store.subjects(&[id]).await.unwrap();
    let left = desk.store.record(&desk.fence, &[done], T0).await.unwrap();
    assert_eq!(left, []);
    assert_eq!(desk.step(step.id).await.state, StepState::Succeeded);
    // The sender wrote last: a plan made before that is not written, but made again.
    let mut late = read;
    late.reason = "too late".to_owned();
    desk.plan(&[write(late, vec![update("a")])]).await;
    let now = desk.get(id).await;
    assert_eq!(
        (now.reason.as_str(), now.dirty),
        ("planned meanwhile", true)
    );
    assert_eq!(desk.states(id).await, ["succeeded"]);
}

/// For those who look at them later.
pub async fn reasons_of_parked_and_replanned_steps_are_kept(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes =
        ["a", "b"].map(|name| write(desk.linked_subject(Kind::User, name), vec![update(name)]));
    desk.plan(&writes).await;
    let claimed = desk.claim(2).await;
    let states = [
        StepState::Parked {
            reason: "the target says \"no\"".to_owned(),
        },
        StepState::Replan {
            reason: "the account is gone".to_owned(),
        },
    ];
    for (step, state) in claimed.iter().zip(&states) {
        desk.finish(outcome(step, state.clone())).await;
        assert_eq!(&desk.step(step.id).await.state, state);
    }
}
