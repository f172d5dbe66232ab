//! How many requests a channel makes at once, and how long it waits for each.

use std::sync::Arc;

use usher_core::model::CycleMode;
use usher_engine::Silent;
use usher_engine::admin::SyncOptions;

use crate::world::World;

#[tokio::test]
async fn as_many_steps_are_under_way_as_the_threads_of_its_channels() {
    let mut most_at_once = Vec::new();
    for threads in [1, 6] {
        let mut world = World::of(14).await;
        world.channel().max_threads = threads;
        world.save().await;
        world
            .sandbox
            .change_knobs(|knobs| knobs.service_time_ms = 200);
        let admin = world.admin.clone();
        let sync = tokio::spawn(async move {
            let options = SyncOptions::of(CycleMode::Full);
            admin.sync(None, &options, Arc::new(Silent)).await
        });
        let mut most = 0;
        while !sync.is_finished() {
            most = most.max(world.steps_in("claimed").await.len());
            tokio::task::yield_now().await;
        }
        sync.await.unwrap().unwrap();
        most_at_once.push(most);
    }
    assert!(most_at_once[0] <= 2, "{most_at_once:?}");
    assert!(most_at_once[1] >= 4, "{most_at_once:?}");
}

#[tokio::test]
async fn a_target_that_answers_late_is_waited_for_as_long_as_the_channel_says() {
    let mut world = World::of(1).await;
    world.first_sync().await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 1500);
    for (seconds, title, succeeded) in [(1, "Lead", 0), (30, "Head", 1)] {
        world.channel().timeout_seconds = seconds;
        world.save().await;
        world.clock.advance(3_600_000);
        title.clone_into(&mut world.dir().person("u000").title);
        let report = world.try_sync(CycleMode::Incremental).await;
        let sent = report.map_or(0, |report| report.succeeded);
        assert_eq!(sent, succeeded, "with {seconds} s");
    }
    assert_eq!(world.users()["u000"]["title"], "Head");
}
