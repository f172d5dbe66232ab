//! Cycles before they settle.

use std::collections::BTreeMap;

use usher_core::model::{CycleState, Kind, Operation, SubjectId, TargetId};

use super::Place;
use super::desk::{Desk, T0, add_members, create, disable, planned, update, write};
use crate::GroupWrite;

/// With its number growing.
pub async fn a_cycle_begins_reading_and_is_listed_newest_first(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let first = desk.begin().await;
    desk.settle(first).await;
    let second = desk.begin_at(T0 + 5).await;
    assert!(second > first);
    let cycles = desk
        .store
        .cycles(Some(&desk.channel), None, 10)
        .await
        .unwrap();
    let found: Vec<_> = cycles.iter().map(|cycle| cycle.id).collect();
    assert_eq!(found, [second, first]);
    assert_eq!(cycles[0].state, CycleState::Reading);
    assert_eq!(cycles[0].started_at, T0 + 5);
    assert_eq!(cycles[1], desk.ending(first, T0).cycle);
    let before = desk.store.cycles(None, Some(second), 10).await.unwrap();
    assert_eq!(before, cycles[1..]);
    assert_eq!(desk.store.cycles(None, None, 1).await.unwrap().len(), 1);
    let elsewhere = usher_core::model::ChannelId::new("elsewhere");
    assert_eq!(
        desk.store.cycles(Some(&elsewhere), None, 9).await.unwrap(),
        []
    );
}

/// Its process died; nothing of it is ever sent.
pub async fn an_abandoned_cycle_is_aborted_by_the_next(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let first = desk.begin().await;
    let mut subject = desk.linked_subject(Kind::User, "ana");
    subject.dirty = false;
    let id = desk
        .write(first, &[write(subject, vec![update("ana")])])
        .await[0];
    let second = desk.begin_at(T0 + 1).await;
    desk.settle(second).await;
    assert_eq!(desk.steps().await, []);
    assert!(desk.get(id).await.dirty);
    let cycles = desk.store.cycles(None, None, 10).await.unwrap();
    let state = &cycles[1].state;
    assert!(matches!(state, CycleState::Aborted { .. }), "{state:?}");
    assert_eq!(cycles[1].ended_at, Some(T0 + 1));
}

/// So that the next cycle looks at them again. Older steps go on.
pub async fn an_aborted_cycle_leaves_its_subjects_dirty_and_no_steps(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = || desk.linked_subject(Kind::User, "ana");
    let id = desk.plan(&[write(subject(), vec![update("ana")])]).await[0];
    let before = desk.steps().await;
    let cycle = desk.begin().await;
    desk.write(cycle, &[write(subject(), vec![disable("ana")])])
        .await;
    assert!(!desk.get(id).await.dirty);
    desk.store
        .abort_cycle(&desk.fence, cycle, "the source hung up", T0 + 2)
        .await
        .unwrap();
    assert!(desk.get(id).await.dirty);
    assert_eq!(desk.steps().await, before);
    let found = desk.store.cycles(None, None, 1).await.unwrap().remove(0);
    let reason = "the source hung up".to_owned();
    assert_eq!(found.state, CycleState::Aborted { reason });
}

/// A subject may be met twice in one read.
pub async fn a_second_write_replaces_the_steps_of_the_first(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let cycle = desk.begin().await;
    let subject = || desk.linked_subject(Kind::Group, "group");
    desk.write(cycle, &[write(subject(), vec![update("a"), update("b")])])
        .await;
    let members = |name: &str| GroupWrite {
        group,
        steps: vec![add_members(name, &[(group, "x")])],
        settled: false,
    };
    let store = &desk.store;
    store
        .write_members(&desk.fence, cycle, &[members("one")])
        .await
        .unwrap();
    desk.write(cycle, &[write(subject(), vec![update("c")])])
        .await;
    store
        .write_members(&desk.fence, cycle, &[members("two")])
        .await
        .unwrap();
    let mut targets: Vec<String> = desk
        .steps()
        .await
        .iter()
        .filter_map(|step| step.planned.operation.target_id())
        .map(|id| id.to_string())
        .collect();
    targets.sort();
    assert_eq!(targets, ["t-c", "t-two"]);
}

/// Of this cycle's planned steps.
pub async fn guards_are_counted_by_steps_and_by_members(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.plan(&[write(desk.subject(Kind::User, "old"), vec![create("old")])])
        .await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let cycle = desk.begin().await;
    let delete = Operation::Delete {
        target_id: TargetId::new("t"),
    };
    let steps = vec![
        planned(delete, &["user.delete", "removal.absence"]),
        disable("ana"),
    ];
    let writes = [
        write(desk.subject(Kind::User, "ana"), steps),
        write(desk.subject(Kind::User, "ben"), vec![create("ben")]),
        write(desk.subject(Kind::User, "eve"), vec![create("eve")]),
    ];
    desk.write(cycle, &writes).await;
    let three = [1, 2, 3].map(|n| (SubjectId(n), "m"));
    let plan = GroupWrite {
        group,
        steps: vec![add_members("group", &three), add_members("group", &three)],
        settled: false,
    };
    desk.store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    let counts = desk.store.planned_guards(cycle).await.unwrap();
    let expected = [
        ("create", 2),
        ("members.gained:7", 6),
        ("removal.absence", 1),
        ("removal.evidence", 1),
        ("user.delete", 1),
    ];
    let expected: BTreeMap<String, u64> = expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(counts, expected);
}

/// Neither after it settled nor after it was aborted.
pub async fn a_cycle_that_ended_takes_no_more_writes(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let settled = desk.begin().await;
    desk.settle(settled).await;
    let aborted = desk.begin().await;
    let store = &desk.store;
    store
        .abort_cycle(&desk.fence, aborted, "why", T0)
        .await
        .unwrap();
    for cycle in [settled, aborted] {
        let writes = [write(desk.subject(Kind::User, "ana"), Vec::new())];
        assert!(store.write(&desk.fence, cycle, &writes).await.is_err());
        let again = desk.ending(cycle, T0);
        assert!(store.settle(&desk.fence, &again).await.is_err());
    }
    assert_eq!(store.search(None, "k-ana", 1).await.unwrap(), []);
}
