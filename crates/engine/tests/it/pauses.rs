//! A target that wants to be left alone: for as long as it says, by every send and every read.

use std::sync::Arc;

use usher_core::model::{ChannelId, CycleMode, StepState};
use usher_engine::Silent;
use usher_engine::admin::{SyncOptions, SyncReport};
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

fn asks_for(hours: u64, method: &str, path: &str) -> FaultRule {
    let kind = FaultKind::TooManyRequests {
        retry_after: Some(hours * 3_600),
    };
    FaultRule {
        times: None,
        ..FaultRule::once(method, kind).on_path(path)
    }
}

/// With the patience of the command line.
async fn patient_sync(world: &World) -> SyncReport {
    let options = SyncOptions::of(CycleMode::Incremental);
    let report = world.admin.sync(None, &options, Arc::new(Silent)).await;
    report.expect("the sync runs")
}

fn everybody_leads(world: &World) {
    let mut directory = world.dir();
    for person in directory.people.values_mut() {
        "Lead".clone_into(&mut person.title);
    }
}

fn leads(world: &World) -> usize {
    let users = world.users();
    users
        .values()
        .filter(|user| user["title"] == "Lead")
        .count()
}

fn requests(world: &World, path: &str) -> usize {
    let requests = world.sandbox.requests();
    let of = requests
        .iter()
        .filter(|request| request.path.contains(path));
    of.count()
}

#[tokio::test]
async fn a_target_that_asks_for_hours_ends_the_sync_and_keeps_every_step() {
    let world = World::of(30).await;
    world.first_sync().await;
    world.sandbox.fault(asks_for(2, "PATCH", "/Users/"));
    everybody_leads(&world);
    world.forget_requests();
    let report = patient_sync(&world).await;
    assert_eq!((report.waiting, report.parked), (30, 0), "{report:?}");
    let why = report.stopped.expect("it says why");
    assert!(why.contains("asked to be left alone"), "{why}");
    assert!(why.contains("30 steps wait"), "{why}");
    let now = usher_engine::Clock::now(world.clock.as_ref());
    let until = report.again_at.expect("it says until when") - now;
    assert!((HOUR_MS..=2 * HOUR_MS).contains(&until), "{until}");
    let asked = world.writes().len();
    assert!(
        asked <= 8,
        "{asked} requests: what was in flight and no more"
    );
    let waiting = world.steps_in("waiting").await;
    assert!(!waiting.is_empty());
    for step in &waiting {
        let StepState::Waiting { until, .. } = step.state else {
            panic!("{step:?}");
        };
        assert!(until > now + HOUR_MS, "{step:?}");
        assert_eq!(step.attempts, 0, "it is not the step's failure");
    }

    world.forget_requests();
    patient_sync(&world).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());

    world.sandbox.clear_faults();
    world.clock.advance(2 * HOUR_MS);
    let report = patient_sync(&world).await;
    assert_eq!((report.waiting, leads(&world)), (0, 30), "{report:?}");
    assert_eq!(report.stopped, None);
}

#[tokio::test]
async fn what_the_target_asked_for_holds_after_a_restart() {
    let mut world = World::of(30).await;
    world.first_sync().await;
    world.sandbox.fault(asks_for(2, "PATCH", "/Users/"));
    everybody_leads(&world);
    patient_sync(&world).await;
    assert_eq!(leads(&world), 0);
    world.sandbox.clear_faults();
    world.restart().await;
    world.forget_requests();
    let report = patient_sync(&world).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let why = report.stopped.expect("it says why");
    assert!(why.contains("asked to be left alone"), "{why}");
    world.clock.advance(2 * HOUR_MS);
    let report = patient_sync(&world).await;
    assert_eq!((report.waiting, leads(&world)), (0, 30), "{report:?}");
}

#[tokio::test]
async fn what_the_target_asked_for_while_it_was_read_holds_after_a_restart() {
    let mut world = World::of(5).await;
    world.sandbox.fault(asks_for(2, "GET", "/Users"));
    assert!(world.try_sync(CycleMode::Full).await.is_err());
    world.sandbox.clear_faults();
    world.restart().await;
    world.forget_requests();
    assert!(world.try_sync(CycleMode::Full).await.is_err());
    assert_eq!(requests(&world, "/Users"), 0);
    world.clock.advance(2 * HOUR_MS);
    world.first_sync().await;
    assert_eq!(world.users().len(), 5);
}

#[tokio::test]
async fn what_one_channel_was_told_holds_for_the_other_channel_of_the_connection() {
    let mut world = World::of(8).await;
    let mut second = world.channel().clone();
    second.id = ChannelId::new("second");
    "Second".clone_into(&mut second.name);
    second.source.users.filter = Some("(second=yes)".to_owned());
    second.source.groups = None;
    world.configuration.sp_connections[0].channels.push(second);
    world.save().await;
    for n in 0..4 {
        let uid = format!("s{n}");
        world.dir().hire(&uid);
        world.dir().person(&uid).in_filter = false;
        world.dir().person(&uid).in_second = true;
    }
    world.sync_channel("Staff", CycleMode::Full).await;
    world.sync_channel("Second", CycleMode::Full).await;
    assert_eq!(world.users().len(), 12);
    world.sandbox.fault(asks_for(1, "PATCH", "/Users/"));
    everybody_leads(&world);
    world.sync_channel("Staff", CycleMode::Incremental).await;
    world.sandbox.clear_faults();
    world.forget_requests();
    world.sync_channel("Second", CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.clock.advance(HOUR_MS);
    world.sync_channel("Second", CycleMode::Incremental).await;
    assert_eq!(leads(&world), 4);
}

#[tokio::test]
async fn a_look_up_is_not_repeated_before_the_target_wants_it() {
    let world = World::of(4).await;
    world.first_sync().await;
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    world.sandbox.fault(asks_for(3, "GET", "filter="));
    world.dir().hire("lost");
    world.forget_requests();
    let report = patient_sync(&world).await;
    assert!(report.again_at.is_some(), "{report:?}");
    assert_eq!(world.steps_in("unknown").await.len(), 1);
    assert_eq!(requests(&world, "filter="), 1);
    world.sandbox.clear_faults();
    patient_sync(&world).await;
    assert_eq!(requests(&world, "filter="), 1, "nor by the next sync");
    world.clock.advance(3 * HOUR_MS);
    patient_sync(&world).await;
    assert!(world.steps_in("unknown").await.is_empty());
    assert_eq!(world.writes().len(), 1, "it is found, not made again");
}

#[tokio::test]
async fn a_listing_that_is_to_come_later_ends_the_cycle_and_holds_for_sending_too() {
    let world = World::of(4).await;
    world.first_sync().await;
    world.sandbox.fault(asks_for(1, "GET", "/Users"));
    world.forget_requests();
    let error = world.try_sync(CycleMode::Reconcile).await.unwrap_err();
    assert!(error.to_string().contains("429"), "{error}");
    assert_eq!(world.sandbox.requests().len(), 1);
    let again = world.try_sync(CycleMode::Reconcile).await.unwrap_err();
    assert!(again.to_string().contains("left alone"), "{again}");
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.sandbox.requests().len(), 1);
    world.sandbox.clear_faults();
    world.clock.advance(HOUR_MS);
    world.sync(CycleMode::Reconcile).await;
    assert_eq!(leads(&world), 1);
}

#[tokio::test]
async fn a_short_word_of_the_target_is_waited_for_and_the_sync_goes_on() {
    let world = World::of(12).await;
    world.first_sync().await;
    world.sandbox.fault(FaultRule::once(
        "PATCH",
        FaultKind::TooManyRequests {
            retry_after: Some(1),
        },
    ));
    everybody_leads(&world);
    let admin = world.admin.clone();
    let sync = tokio::spawn(async move {
        let options = SyncOptions::of(CycleMode::Incremental);
        admin.sync(None, &options, Arc::new(Silent)).await
    });
    while world.steps_in("waiting").await.is_empty() {
        tokio::task::yield_now().await;
    }
    world.clock.advance(1_000);
    let report = sync.await.unwrap().unwrap();
    assert_eq!((report.waiting, leads(&world)), (0, 12), "{report:?}");
    assert_eq!(report.stopped, None);
}
