//! Steps that are claimed before they can be sent: few, never lost, never sent twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use usher_core::model::{ConnectionId, CycleMode};
use usher_engine::admin::{SyncOptions, SyncReport};
use usher_engine::{Clock as _, EngineError, Silent};
use usher_store::ChannelState;

use crate::world::World;

/// Some people, a target that answers after `service_ms`, one request at a time.
async fn one_by_one(people: usize, service_ms: u64) -> World {
    let mut world = World::of(people).await;
    world.channel().policy.load.in_flight = Some(1);
    world.save().await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = service_ms);
    world
}

fn spawn_sync(world: &World) -> JoinHandle<Result<SyncReport, EngineError>> {
    let admin = world.admin.clone();
    tokio::spawn(async move {
        let options = SyncOptions::of(CycleMode::Full);
        admin.sync(None, &options, Arc::new(Silent)).await
    })
}

/// Until something is claimed beside what is under way.
async fn until_claimed_ahead(world: &World) {
    while world.users().len() < 3 || world.steps_in("claimed").await.len() < 3 {
        tokio::task::yield_now().await;
    }
}

fn posts(world: &World) -> usize {
    let writes = world.writes();
    writes.iter().filter(|(method, _)| method == "POST").count()
}

async fn settle(world: &World) {
    for _ in 0..12 {
        if world.sync(CycleMode::Incremental).await.waiting == 0 {
            return;
        }
        world.clock.advance(120_000);
    }
    panic!("steps still wait");
}

/// In an emergency nobody searches for the key first.
#[tokio::test]
async fn a_stop_without_the_key_lists_what_is_in_flight() {
    let world = one_by_one(50, 30).await;
    let sync = spawn_sync(&world);
    until_claimed_ahead(&world).await;
    let mut admin = world.admin.clone();
    admin.engine.sealer = Arc::new(usher_engine::Sealer::new([3; 32]));
    let stopped = admin.stop(None).await.unwrap();
    assert!(!stopped.in_flight.is_empty(), "{stopped:?}");
    let one = &stopped.in_flight[0];
    assert!(one.display.starts_with('u') && one.id > 0, "{one:?}");
    assert_eq!(one.request, None);
    sync.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_puts_back_what_was_claimed_ahead() {
    let world = one_by_one(50, 30).await;
    let sync = spawn_sync(&world);
    until_claimed_ahead(&world).await;
    world.admin.stop(None).await.unwrap();
    let report = sync.await.unwrap().unwrap();
    assert_eq!(report.mode, "paused", "{report:?}");
    let sent = world.users().len();
    assert!(sent < 50);
    for state in ["claimed", "unknown", "parked"] {
        assert!(world.steps_in(state).await.is_empty(), "{state}");
    }
    let left = world.steps_in("pending").await.len() + world.steps_in("waiting").await.len();
    assert_eq!(left, 50 - sent, "nothing is lost");
    assert!(
        world
            .steps_in("waiting")
            .await
            .iter()
            .all(|step| step.attempts == 0)
    );
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!((world.users().len(), posts(&world)), (50, 50));
}

#[tokio::test]
async fn what_was_claimed_ahead_by_a_killed_process_is_looked_up_and_sent_once() {
    let mut world = one_by_one(40, 30).await;
    let sync = spawn_sync(&world);
    until_claimed_ahead(&world).await;
    // As good as a kill: no code of ours runs after this.
    sync.abort();
    assert!(sync.await.is_err());
    world.restart().await;
    world.sync(CycleMode::Incremental).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 40);
    let posts = posts(&world);
    assert!(
        posts <= 41,
        "{posts}: one was under way, the others never left"
    );
}

#[tokio::test]
async fn what_was_looked_up_after_a_crash_is_not_looked_up_again_before_it_is_sent() {
    let mut world = one_by_one(40, 30).await;
    let sync = spawn_sync(&world);
    until_claimed_ahead(&world).await;
    sync.abort();
    assert!(sync.await.is_err());
    world.restart().await;
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 40);
    let requests = world.sandbox.requests().into_iter();
    let looks = requests.filter(|one| one.method == "GET" && one.path.contains("filter="));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for look in looks {
        *times.entry(look.path).or_default() += 1;
    }
    assert!(!times.is_empty(), "what is not known is looked up");
    times.retain(|_, times| *times > 1);
    assert!(times.is_empty(), "{times:?}");
}

#[tokio::test]
async fn a_sender_that_lost_its_lease_ends_and_the_next_one_repeats_nothing() {
    let mut world = one_by_one(40, 30).await;
    let sync = spawn_sync(&world);
    until_claimed_ahead(&world).await;
    let store = world.admin.engine.store.clone();
    let target = ConnectionId::new("cloud");
    store.break_lease(&target).await.unwrap();
    let now = world.clock.now();
    let taken = store.take_lease(&target, "other", now, 60_000).await;
    assert!(taken.unwrap().is_some());
    assert!(sync.await.unwrap().is_err(), "its outcomes are refused");
    world.restart().await;
    world.sync(CycleMode::Incremental).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 40);
    let posts = posts(&world);
    assert!(posts <= 41, "{posts}: one was under way at most");
}

#[tokio::test]
async fn a_slow_target_has_little_claimed_ahead() {
    let mut world = one_by_one(12, 300).await;
    world.channel().policy.load.in_flight = Some(2);
    world.save().await;
    let sync = spawn_sync(&world);
    let mut most = 0;
    while !sync.is_finished() {
        most = most.max(world.steps_in("claimed").await.len());
        tokio::task::yield_now().await;
    }
    sync.await.unwrap().unwrap();
    assert_eq!(world.users().len(), 12);
    assert!(most <= 3, "{most} were claimed at once");
}

#[tokio::test]
async fn a_fault_in_the_connector_costs_one_step_and_not_the_sender() {
    let world = World::of(10).await;
    world.first_sync().await;
    for n in 0..10 {
        world.dir().person(&format!("u{n:03}")).title = "Lead".to_owned();
    }
    crate::world::PANIC_WORD.clone_into(&mut world.dir().person("u004").title);
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.succeeded, 9, "{report:?}");
    assert_eq!(world.steps_in("unknown").await.len(), 1);
    for _ in 0..30 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(400_000);
    }
    assert_eq!(world.steps_in("parked").await.len(), 1, "given up");
    world.dir().person("u004").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u004"]["title"], "Lead");
}
