//! The running service: channels run by themselves, and nothing that fails stops anything else.

use std::sync::Arc;
use std::time::Duration;

use usher_core::model::{ChannelId, ConnectionId, CycleMode};
use usher_engine::admin::{SyncOptions, SyncReport};
use usher_engine::service::{
    ChannelHealth, Doing, FailedAt, Service, ServiceEvent, ServiceOptions,
};
use usher_engine::{EngineError, Silent};
use usher_store::ChannelState;

use crate::world::{World, everything};

const SOON: Duration = Duration::from_secs(5);
const MINUTE: i64 = 60_000;

fn start(world: &World) -> Service {
    let options = ServiceOptions {
        tick: Duration::from_millis(20),
        ..ServiceOptions::default()
    };
    Service::start(world.admin.clone(), options)
}

fn staff() -> ChannelId {
    ChannelId::new("staff")
}

fn health(service: &Service, id: &str) -> Option<ChannelHealth> {
    let channels = service.health().channels;
    channels.into_iter().find(|one| one.id.as_str() == id)
}

fn is_waiting(service: &Service) -> bool {
    health(service, "staff").is_some_and(|one| {
        one.doing == Doing::Waiting && one.last_good_at.is_some() && one.failures == 0
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_arrive_by_themselves_and_a_change_arrives_when_its_time_has_come() {
    let world = World::of(12).await;
    let service = start(&world);
    world
        .until("everybody is there", |world| world.users().len() == 12)
        .await;
    world
        .until("the channel rests", |_| is_waiting(&service))
        .await;
    world
        .until("an incremental look is next", |_| {
            let next = health(&service, "staff").and_then(|one| one.next);
            next.is_some_and(|next| next.mode == CycleMode::Incremental)
        })
        .await;
    world.dir().person("u003").title = "Director".to_owned();
    world.clock.advance(MINUTE);
    world
        .until("the title changed", |world| {
            world.users()["u003"]["title"] == "Director"
        })
        .await;
    world.dir().person("u004").locked = true;
    world.clock.advance(MINUTE);
    world
        .until("the leaver is disabled", |world| {
            world.active("u004") == Some(false)
        })
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_follow_once_their_accounts_exist() {
    let world = World::of(8).await;
    world.dir().group("team", &["u001", "u002", "u003"]);
    let service = start(&world);
    world
        .until("the group has its members", |world| {
            world
                .groups()
                .get("team")
                .is_some_and(|team| team.len() == 3)
        })
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_channel_does_nothing_and_goes_on_when_it_is_set_going() {
    let world = World::of(5).await;
    world.first_sync().await;
    world.set_mode(ChannelState::Paused).await;
    let service = start(&world);
    world
        .until("it is off", |_| {
            health(&service, "staff").is_some_and(
                |one| matches!(&one.doing, Doing::Off { why } if why.contains("paused")),
            )
        })
        .await;
    let reads = world.dir().reads;
    world.dir().hire("new");
    world.clock.advance(10 * MINUTE);
    let refused = service.run_now(&staff(), CycleMode::Full).unwrap_err();
    assert!(refused.to_string().contains("paused"), "{refused}");
    assert_eq!(world.dir().reads, reads);
    world.set_mode(ChannelState::Active).await;
    world
        .until("the new one is there", |world| world.users().len() == 6)
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_active_in_the_configuration_does_not_run_until_it_is() {
    let mut world = World::of(3).await;
    for (sp, channel) in [(true, false), (false, true)] {
        world.configuration.sp_connections[0].active = sp;
        world.channel().active = channel;
        world.save().await;
        let service = start(&world);
        world
            .until("it is off", |_| {
                health(&service, "staff").is_some_and(|one| matches!(one.doing, Doing::Off { .. }))
            })
            .await;
        service.stop(SOON).await;
    }
    assert_eq!(world.dir().reads, 0);
    let service = start(&world);
    world.configuration.sp_connections[0].active = true;
    world.save().await;
    world
        .until("everybody is there", |world| world.users().len() == 3)
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_stands_still_while_provisioning_is_off_and_looks_as_often_as_the_channel_says()
{
    let mut world = World::of(3).await;
    world.channel().policy.schedule.incremental_seconds = 300;
    for (idp_role, outbound_provisioning) in [(true, false), (false, true)] {
        world.configuration.server.idp_role = idp_role;
        world.configuration.server.outbound_provisioning = outbound_provisioning;
        world.save().await;
        let service = start(&world);
        world
            .until("it is off", |_| {
                health(&service, "staff").is_some_and(
                    |one| matches!(&one.doing, Doing::Off { why } if why.contains("provisioning is off")),
                )
            })
            .await;
        service.stop(SOON).await;
    }
    assert_eq!(world.dir().reads, 0);
    let service = start(&world);
    world.configuration.server.idp_role = true;
    world.save().await;
    world
        .until("everybody is there", |world| world.users().len() == 3)
        .await;
    // Follow-ups of what was sent come at once; then it looks when the channel says.
    world
        .until(
            "the next look is as far away as the channel says",
            |world| {
                let next = health(&service, "staff").and_then(|one| one.next);
                is_waiting(&service)
                    && next.is_some_and(|next| {
                        next.mode == CycleMode::Incremental
                            && next.at - world.admin.engine.clock.now() == 300_000
                    })
            },
        )
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_channel_that_fails_stops_no_other() {
    let mut world = World::of(6).await;
    let mut second = world.channel().clone();
    second.id = ChannelId::new("second");
    "Second".clone_into(&mut second.name);
    second.source.data_store = usher_core::model::DataStoreId::new("nowhere");
    world.configuration.sp_connections[0].channels.push(second);
    world.save().await;
    let service = start(&world);
    world
        .until("the first channel's people are there", |world| {
            world.users().len() == 6
        })
        .await;
    world
        .until("the second one's failure is known", |_| {
            health(&service, "second").is_some_and(|one| one.failures > 0)
        })
        .await;
    let second = health(&service, "second").unwrap();
    assert_eq!(second.failed_at, Some(FailedAt::Here));
    assert!(second.problem.unwrap().contains("nowhere"));
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_counted_and_the_channel_goes_on_afterwards() {
    let world = World::of(4).await;
    world.dir().panics = true;
    let service = start(&world);
    world
        .until("it failed", |_| {
            health(&service, "staff").is_some_and(|one| one.failures > 0)
        })
        .await;
    world.dir().panics = false;
    service.run_now(&staff(), CycleMode::Full).unwrap();
    world
        .until("everybody is there", |world| world.users().len() == 4)
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_left_alone_longer_and_tried_at_once_when_a_person_says_so() {
    let world = World::of(4).await;
    world.dir().unreachable = true;
    let service = start(&world);
    let failures = |count: u32| health(&service, "staff").is_some_and(|one| one.failures >= count);
    for n in 1..=3 {
        world.until("it failed again", |_| failures(n)).await;
        world.clock.advance(MINUTE);
    }
    world
        .until("it failed again and waits", |_| {
            failures(4) && health(&service, "staff").is_some_and(|one| one.next.is_some())
        })
        .await;
    let failing = health(&service, "staff").unwrap();
    assert_eq!(failing.failed_at, Some(FailedAt::Source));
    assert!(failing.failing_since.is_some());
    let waits = failing.next.unwrap().at - world.admin.engine.clock.now();
    assert!(waits > 30_000, "{waits}");
    world.dir().unreachable = false;
    service.run_now(&staff(), CycleMode::Incremental).unwrap();
    world
        .until("everybody is there", |world| world.users().len() == 4)
        .await;
    world
        .until("nothing fails any more", |_| {
            health(&service, "staff").is_some_and(|one| one.failing_since.is_none())
        })
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_overtakes_a_long_first_sync() {
    let world = World::of(200).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 500);
    let service = start(&world);
    world
        .until("people begin to arrive", |world| {
            world.active("u000") == Some(true)
        })
        .await;
    world.dir().person("u000").locked = true;
    service.run_now(&staff(), CycleMode::Incremental).unwrap();
    world
        .until("the leaver is disabled", |world| {
            world.active("u000") == Some(false)
        })
        .await;
    assert!(world.users().len() < 200, "before everybody was created");
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 0);
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_decides_goes_through_the_sender_that_is_there() {
    let world = World::of(3).await;
    world.first_sync().await;
    for n in 0..60 {
        world.dir().hire(&format!("new{n:03}"));
    }
    let service = start(&world);
    world.until_held(60).await;
    let report = world.approve(everything()).await;
    assert_eq!(report.succeeded, 60, "{report:?}");
    assert_eq!(world.users().len(), 63);
    let mut options = SyncOptions::of(CycleMode::Incremental);
    options.send.patience_ms = 0;
    world.dir().hire("last");
    let sync = world.admin.sync(None, &options, Arc::new(Silent)).await;
    assert_eq!(sync.unwrap().succeeded, 1);
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_that_is_named_is_sent_beside_the_sender_that_is_there() {
    let world = World::of(30).await;
    world.first_sync().await;
    for n in 0..40 {
        world.dir().hire(&format!("new{n:03}"));
    }
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 200);
    let service = start(&world);
    world
        .until("the new ones begin to arrive", |world| {
            world.users().len() > 32
        })
        .await;
    world.dir().person("u007").title = "Director".to_owned();
    let mut options = SyncOptions::of(CycleMode::Incremental);
    options.only = Some(vec![usher_core::model::SourceKey::new("key-u007")]);
    let report = world.admin.sync(None, &options, Arc::new(Silent)).await;
    assert_eq!(report.unwrap().succeeded, 1);
    assert_eq!(world.users()["u007"]["title"], "Director");
    world
        .until("everybody is there", |world| world.users().len() == 70)
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_what_is_in_flight_finish_and_gives_the_lease_back() {
    let mut world = World::of(60).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 100);
    let service = start(&world);
    world
        .until("people arrive", |world| world.users().len() > 8)
        .await;
    service.stop(SOON).await;
    let claimed = world.admin.steps(None, &["claimed", "unknown"], 100).await;
    assert_eq!(claimed.unwrap().len(), 0, "nothing was left in flight");
    let sent = world.users().len();
    assert!(sent < 60, "{sent}");
    world.restart_beside().await;
    let lease = world.admin.engine.hold(&ConnectionId::new("cloud")).await;
    lease
        .expect("another process may go on")
        .release()
        .await
        .unwrap();
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 0);
    let service = start(&world);
    world
        .until("everybody is there", |world| world.users().len() == 60)
        .await;
    let creates = world
        .writes()
        .into_iter()
        .filter(|(method, _)| method == "POST");
    assert_eq!(creates.count(), 60, "nobody was created twice");
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_holds_its_leases_and_says_when_another_process_does() {
    let mut world = World::of(2).await;
    let service = start(&world);
    world
        .until("it is ready", |_| {
            service.health().targets.iter().any(|one| one.lease_held)
        })
        .await;
    assert_eq!(service.ready().await, Ok(()));
    world.restart_beside().await;
    let beside = start(&world);
    assert!(matches!(
        world.try_sync(CycleMode::Full).await,
        Err(EngineError::Busy { .. })
    ));
    world
        .until("the second one knows", |_| {
            beside.health().targets.iter().any(|one| !one.lease_held)
        })
        .await;
    let problems = beside.ready().await.unwrap_err();
    assert!(
        problems.iter().any(|one| one.contains("Cloud")),
        "{problems:?}"
    );
    service.stop(SOON).await;
    world
        .until("the second one takes over", |_| {
            beside.health().targets.iter().any(|one| one.lease_held)
        })
        .await;
    beside.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_hears_what_happens() {
    let world = World::of(3).await;
    let service = start(&world);
    let mut events = service.events();
    let mut heard = Vec::new();
    while !heard
        .iter()
        .any(|event| matches!(event, ServiceEvent::Sent { succeeded: 3, .. }))
    {
        let next = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
        heard.push(next.expect("an event comes").unwrap());
    }
    assert!(
        heard
            .iter()
            .any(|event| matches!(event, ServiceEvent::CycleBegan { .. }))
    );
    assert!(heard.iter().any(|event| matches!(
        event,
        ServiceEvent::CycleEnded {
            outcome: "completed",
            read: 3,
            ..
        }
    )));
    world.set_mode(ChannelState::Paused).await;
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
        if let ServiceEvent::ChannelState { state, .. } = next.expect("an event comes").unwrap()
            && state == ChannelState::Paused
        {
            break;
        }
    }
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_with_a_new_name_is_shown_by_it() {
    let mut world = World::of(2).await;
    let service = start(&world);
    world
        .until("the channel rests", |_| is_waiting(&service))
        .await;
    "people".clone_into(&mut world.channel().name);
    world.save().await;
    world
        .until("the new name is shown", |_| {
            health(&service, "staff").is_some_and(|one| one.name.ends_with("/people"))
        })
        .await;
    service.stop(SOON).await;
}

/// Stops the service while a sync by hand of sixty people is on its way; its report.
async fn stopped_during(world: &World, at_most: Option<u64>) -> SyncReport {
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 100);
    let service = start(world);
    let admin = world.admin.clone();
    let asked = tokio::spawn(async move {
        let mut options = SyncOptions::of(CycleMode::Full);
        options.send.at_most = at_most;
        admin.sync(None, &options, Arc::new(Silent)).await
    });
    world
        .until("some are there", |world| world.users().len() >= 4)
        .await;
    service.stop(SOON).await;
    let report = asked.await.unwrap().unwrap();
    assert!(world.users().len() < 50, "{report:?}");
    report
}

async fn goes_on(world: &World) {
    let service = start(world);
    world
        .until("nobody was lost", |world| world.users().len() == 60)
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_also_ends_what_a_person_asked_for() {
    let world = World::of(60).await;
    let report = stopped_during(&world, None).await;
    assert!(report.stopped.unwrap().contains("the service is ending"));
    goes_on(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_also_ends_a_pilot_and_the_channel_stays_paused() {
    let world = World::of(60).await;
    let report = stopped_during(&world, Some(50)).await;
    assert_eq!(report.mode, "paused", "{report:?}");
    world.set_mode(ChannelState::Active).await;
    goes_on(&world).await;
}

/// A first synchronisation may take an hour: whoever asks for a run is not to keep a place for so long.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_hands_over_ends_while_its_steps_are_still_sent() {
    let world = World::of(40).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 3_000);
    let service = start(&world);
    world
        .until("the service sends", |_| {
            service.health().targets.iter().any(|one| one.sending)
        })
        .await;
    let mut options = SyncOptions::of(CycleMode::Incremental);
    options.send.hand_over = true;
    let ran = world.admin.sync(None, &options, Arc::new(Silent)).await;
    let report = ran.unwrap();
    assert!(report.waiting > 0, "{report:?}");
    assert!(report.cycle.is_some());
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 0);
    world
        .until("everybody is there", |world| world.users().len() == 40)
        .await;
    service.stop(SOON).await;
}
