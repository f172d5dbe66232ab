//! Pilots, stopping, and what never waits (behaviour §2, §6; invariant 15).

use std::sync::Arc;

use usher_core::model::{CycleMode, SourceKey};
use usher_engine::Silent;
use usher_engine::admin::SyncOptions;
use usher_store::ChannelState;

use crate::world::World;

#[tokio::test]
async fn a_pilot_sends_the_named_person_and_nobody_else() {
    let mut world = World::of(10).await;
    world.channel().policy.scope_count_seen = false;
    world.save().await;
    world.sync(CycleMode::Full).await;
    let mut options = SyncOptions::of(CycleMode::Full);
    options.only = Some(vec![SourceKey::new("key-u004")]);
    world
        .admin
        .sync(None, &options, Arc::new(Silent))
        .await
        .unwrap();
    assert_eq!(world.users().keys().collect::<Vec<_>>(), ["u004"]);
}

#[tokio::test]
async fn a_pilot_of_the_first_few_pauses_the_channel_with_the_rest_waiting() {
    let world = World::of(10).await;
    let mut options = SyncOptions::of(CycleMode::Full);
    options.send.at_most = Some(3);
    let report = world
        .admin
        .sync(None, &options, Arc::new(Silent))
        .await
        .unwrap();
    assert_eq!((world.users().len(), report.waiting), (3, 7));
    assert_eq!(report.mode, "paused");
    assert!(
        world
            .try_sync(CycleMode::Full)
            .await
            .unwrap_err()
            .to_string()
            .contains("paused")
    );
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users().len(), 10);
}

#[tokio::test]
async fn a_stop_takes_effect_while_a_sync_is_sending() {
    let mut world = World::of(60).await;
    world.channel().policy.load.in_flight = Some(1);
    world.save().await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 50);
    let admin = world.admin.clone();
    let sync = tokio::spawn(async move {
        admin
            .sync(None, &SyncOptions::of(CycleMode::Full), Arc::new(Silent))
            .await
    });
    while world.users().len() < 3 {
        tokio::task::yield_now().await;
    }
    let stopped = world.admin.stop(None).await.unwrap();
    assert_eq!(stopped.channels, ["Cloud/Staff"]);
    let report = sync.await.unwrap().unwrap();
    assert!(report.stopped.is_some());
    assert!(
        world.users().len() < 40,
        "{} of 60 were sent",
        world.users().len()
    );
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users().len(), 60, "nothing was lost");
}

#[tokio::test]
async fn a_leaver_overtakes_a_long_first_sync() {
    let mut world = World::of(5).await;
    world.first_sync().await;
    for n in 0..70 {
        world.dir().hire(&format!("new{n:03}"));
    }
    world.channel().policy.load.in_flight = Some(1);
    world.channel().policy.schedule.incremental_seconds = 1;
    world.channel().policy.guards.creates.at_least = 100;
    world.save().await;
    world.forget_requests();
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 40);
    let admin = world.admin.clone();
    let sync = tokio::spawn(async move {
        admin
            .sync(
                None,
                &SyncOptions::of(CycleMode::Incremental),
                Arc::new(Silent),
            )
            .await
    });
    while world.users().len() < 8 {
        tokio::task::yield_now().await;
    }
    world.dir().person("u000").locked = true;
    sync.await.unwrap().unwrap();
    assert_eq!(world.users().len(), 75);
    assert_eq!(world.active("u000"), Some(false));
    let writes = world.writes();
    let disable = writes
        .iter()
        .position(|(method, _)| method == "PATCH")
        .unwrap();
    assert!(
        disable < writes.len() - 10,
        "the disable was number {disable} of {}",
        writes.len()
    );
}
