//! No number of waiting steps delays a leaver.

use std::sync::Arc;

use usher_core::model::CycleMode;
use usher_engine::admin::SyncOptions;
use usher_engine::{SendOptions, Silent};
use usher_sandbox::scim::LoggedRequest;
use usher_store::ChannelState;
use usher_testkit::people::{Company, Person};

use crate::ldif::set;
use crate::world::{World, plain, shown};

const PEOPLE: usize = 150;

fn company() -> Company {
    plain(PEOPLE as u32, 4)
}

fn lock(person: &Person) -> String {
    set(&person.dn, "pwdAccountLockedTime", "000001010000Z")
}

fn is_create(write: &LoggedRequest) -> bool {
    write.method == "POST" && write.path.contains("/Users")
}

/// Where in the log somebody was disabled.
#[track_caller]
fn disabled_at(world: &World, uid: &str) -> usize {
    let id = world.users()[uid]["id"].as_str().expect("an id").to_owned();
    let writes = world.writes();
    let found = writes.iter().position(|write| write.path.ends_with(&id));
    let at = found.unwrap_or_else(|| panic!("{uid} was not disabled"));
    let body = &writes[at].request_body;
    assert!(
        body.contains("\"active\"") && body.contains("false"),
        "{}",
        shown(&writes[at])
    );
    at
}

/// Whoever has an account already.
fn somebody_provisioned(world: &World, company: &Company) -> Person {
    let users = world.users();
    let mut people = company
        .people()
        .filter(|person| users.contains_key(&person.uid));
    people.next().expect("somebody has an account")
}

#[tokio::test]
async fn a_first_sync_in_rounds_is_overtaken_by_a_leavers_disable() {
    let company = company();
    let Some(world) = World::of(&company).await else {
        return;
    };
    let mut options = SyncOptions::of(CycleMode::Full);
    options.send = SendOptions {
        patience_ms: 0,
        at_most: Some(40),
        ..SendOptions::default()
    };
    let report = world.admin.sync(None, &options, Arc::new(Silent)).await;
    let report = report.expect("the first round");
    assert_eq!((report.succeeded, world.users().len()), (40, 40));
    let leaver = somebody_provisioned(&world, &company);
    world.change(&lock(&leaver));
    // A trial of so many pauses, so that a person can look.
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    let at = disabled_at(&world, &leaver.uid);
    let creates_before = world
        .writes()
        .iter()
        .take(at)
        .filter(|write| is_create(write))
        .count();
    assert_eq!(
        creates_before, 40,
        "nobody else was created before the leaver had left"
    );
    assert_eq!(world.users().len(), PEOPLE, "and the rest followed");
    assert_eq!(world.active(&leaver.uid), Some(false));
}

#[tokio::test]
async fn a_slow_first_sync_under_way_is_overtaken_by_a_leavers_disable() {
    let company = company();
    let Some(mut world) = World::of(&company).await else {
        return;
    };
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 80);
    world.channel().policy.schedule.incremental_seconds = 1;
    world.channel().policy.load.in_flight = Some(2);
    world.save().await;
    let admin = world.admin.clone();
    let sync = tokio::spawn(async move {
        let options = SyncOptions::of(CycleMode::Full);
        admin.sync(None, &options, Arc::new(Silent)).await
    });
    while world.users().len() < 10 {
        assert!(!sync.is_finished(), "{:?}", sync.await);
        tokio::task::yield_now().await;
    }
    let leaver = somebody_provisioned(&world, &company);
    world.change(&lock(&leaver));
    sync.await.expect("the task ends").expect("the sync runs");
    let at = disabled_at(&world, &leaver.uid);
    let waited = world
        .writes()
        .iter()
        .skip(at)
        .filter(|write| is_create(write))
        .count();
    assert!(
        waited > 60,
        "only {waited} people were created after the leaver had left"
    );
    assert_eq!(world.users().len(), PEOPLE);
    assert_eq!(world.active(&leaver.uid), Some(false));
    let groups = world.groups();
    assert_eq!(groups.len(), 4);
    for group in company.groups() {
        assert_eq!(
            groups[&group.name].len(),
            company.people_of(group.number).len()
        );
    }
}

#[tokio::test]
async fn held_parked_and_waiting_steps_do_not_delay_a_leaver() {
    let company = company();
    let Some(world) = World::of(&company).await else {
        return;
    };
    world.first_sync().await;
    // Held: a third of all titles at once. Waiting: everything that names one title is refused for now.
    for person in company.people().skip(20).take(60) {
        world.change(&set(&person.dn, "title", "Renamed by mistake"));
    }
    world.sandbox.fault(usher_sandbox::scim::FaultRule {
        body_contains: Some("Busy".to_owned()),
        ..usher_sandbox::scim::FaultRule::always(usher_sandbox::scim::FaultKind::Error {
            status: 503,
            commit: false,
        })
    });
    let busy = company.person(3);
    world.change(&set(&busy.dn, "telephoneNumber", "Busy"));
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.held, 60, "{report:?}");
    assert_eq!(report.waiting, 1, "{report:?}");
    world.forget_requests();
    // Two of those leave: one with a held step, one with a waiting one.
    let leavers = [busy, company.person(30)];
    for leaver in &leavers {
        world.change(&lock(leaver));
    }
    world.sync(CycleMode::Incremental).await;
    for leaver in &leavers {
        disabled_at(&world, &leaver.uid);
        assert_eq!(world.active(&leaver.uid), Some(false));
    }
}
