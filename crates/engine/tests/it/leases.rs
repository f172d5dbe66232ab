//! One process shares one lease per target; another waits until its last user is done.

use std::sync::Arc;

use usher_core::model::{ConnectionId, CycleMode};
use usher_engine::admin::SyncOptions;
use usher_engine::{EngineError, Silent};
use usher_store::StoreError;

use crate::world::{World, everything};

fn cloud() -> ConnectionId {
    ConnectionId::new("cloud")
}

async fn is_valid(world: &World, fence: &usher_store::Fence) -> bool {
    let store = &world.admin.engine.store;
    match store.expire_held(fence, 0, 0).await {
        Ok(_) => true,
        Err(StoreError::Fenced { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn users_of_one_process_share_a_fence_until_the_last_one_is_done() {
    let world = World::of(0).await;
    let engine = &world.admin.engine;
    let first = engine.hold(&cloud()).await.unwrap();
    let second = engine.clone().hold(&cloud()).await.unwrap();
    assert_eq!(first.fence(), second.fence());
    let fence = first.fence().clone();
    second.release().await.unwrap();
    assert!(is_valid(&world, &fence).await, "the first one goes on");
    let third = engine.hold(&cloud()).await.unwrap();
    first.release().await.unwrap();
    assert!(is_valid(&world, &fence).await, "the third one goes on");
    third.release().await.unwrap();
    assert!(!is_valid(&world, &fence).await, "given back");
    let next = engine.hold(&cloud()).await.unwrap();
    assert!(next.fence().epoch > fence.epoch);
}

#[tokio::test]
async fn a_user_that_is_dropped_ends_nobody_elses_lease() {
    let world = World::of(0).await;
    let engine = &world.admin.engine;
    let first = engine.hold(&cloud()).await.unwrap();
    drop(engine.hold(&cloud()).await.unwrap());
    assert!(is_valid(&world, first.fence()).await);
    let fence = first.fence().clone();
    drop(first);
    let mut tries = 0;
    while is_valid(&world, &fence).await {
        tries += 1;
        assert!(tries < 10_000, "it is given back");
        tokio::task::yield_now().await;
    }
    let again = engine.hold(&cloud()).await.unwrap();
    assert!(again.fence().epoch > fence.epoch);
    assert!(is_valid(&world, again.fence()).await);
}

#[tokio::test]
async fn another_process_waits_until_the_last_user_is_done() {
    let mut world = World::of(0).await;
    let here = world.admin.clone();
    world.restart_beside().await;
    let there = &world.admin.engine;
    let first = here.engine.hold(&cloud()).await.unwrap();
    let second = here.engine.hold(&cloud()).await.unwrap();
    assert!(matches!(
        there.hold(&cloud()).await,
        Err(EngineError::Busy { .. })
    ));
    first.release().await.unwrap();
    assert!(matches!(
        there.hold(&cloud()).await,
        Err(EngineError::Busy { .. })
    ));
    second.release().await.unwrap();
    assert!(there.hold(&cloud()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_beside_a_running_sync_does_not_stop_it() {
    let world = World::of(60).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 60);
    let admin = world.admin.clone();
    let syncing = tokio::spawn(async move {
        let options = SyncOptions::of(CycleMode::Full);
        admin.sync(None, &options, Arc::new(Silent)).await
    });
    world
        .until("people are sent", |world| world.users().len() > 3)
        .await;
    let decided = world
        .admin
        .approve(None, &everything(), None, Arc::new(Silent))
        .await;
    assert!(decided.is_ok(), "{decided:?}");
    let report = syncing.await.unwrap().unwrap();
    assert_eq!(report.stopped, None);
    assert_eq!(world.users().len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncs_of_one_process_take_turns_and_send_nothing_twice() {
    let world = World::of(40).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 20);
    let sync = || {
        let admin = world.admin.clone();
        tokio::spawn(async move {
            let options = SyncOptions::of(CycleMode::Full);
            admin.sync(None, &options, Arc::new(Silent)).await
        })
    };
    let (first, second) = (sync(), sync());
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let done = first.unwrap().succeeded + second.unwrap().succeeded;
    assert_eq!(done, 40);
    let creates = world
        .writes()
        .into_iter()
        .filter(|(method, _)| method == "POST");
    assert_eq!(creates.count(), 40);
}
