//! Proof of absence (behaviour §7).

use usher_core::model::CycleMode;

use crate::world::World;

#[tokio::test]
async fn somebody_gone_from_a_complete_read_and_a_second_look_is_disabled() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.active("u001"),
        Some(true),
        "a delta proves no absence"
    );
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn an_incomplete_read_removes_nobody_and_says_why() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.dir().incomplete = Some("the connection was cut".to_owned());
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(format!("{:?}", report.cycle.unwrap().state).contains("was cut"));
    assert!(world.writes().is_empty());
    world.dir().incomplete = None;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn an_entry_that_the_read_overlooked_but_a_second_look_finds_makes_the_read_prove_nothing() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().overlooked.insert("u001".to_owned());
    world.dir().people.remove("u002");
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert!(format!("{:?}", report.cycle.unwrap().state).contains("second look"));
}

#[tokio::test]
async fn an_empty_or_halved_source_proves_nothing() {
    let world = World::of(40).await;
    world.first_sync().await;
    let everybody = std::mem::take(&mut world.dir().people);
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    world.dir().people = everybody.into_iter().take(15).collect();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert_eq!(report.cycle.unwrap().state.name(), "incomplete");
}

#[tokio::test]
async fn an_unreachable_source_is_an_aborted_cycle_and_nothing_else() {
    let world = World::of(10).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().unreachable = true;
    assert!(world.try_sync(CycleMode::Full).await.is_err());
    assert!(world.writes().is_empty());
    world.dir().unreachable = false;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.cycle.unwrap().verdicts["unchanged"], 10);
}

#[tokio::test]
async fn looks_become_full_reads_when_one_is_due() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.clock.advance(5 * 3_600_000);
    assert_eq!(
        world.sync(CycleMode::Incremental).await.cycle.unwrap().mode,
        CycleMode::Incremental
    );
    world.clock.advance(2 * 3_600_000);
    assert_eq!(
        world.sync(CycleMode::Incremental).await.cycle.unwrap().mode,
        CycleMode::Full
    );
    assert_eq!(
        world.active("u001"),
        Some(false),
        "deletions are noticed without being asked for"
    );
}
