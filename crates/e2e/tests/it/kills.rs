//! A process that dies at any moment: the next one comes to the same end, nobody twice and nobody lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use usher_core::model::CycleMode;
use usher_engine::Silent;
use usher_engine::admin::SyncOptions;
use usher_testkit::people::{ChangeKind, Company, Options, odd_people};

use crate::world::World;

fn company() -> Company {
    Company::generate(Options {
        users: odd_people() + 60,
        groups: 30,
        member_of: true,
        ..Options::default()
    })
}

/// Everything at the target but ids and times.
type EndState = (BTreeMap<String, Value>, BTreeMap<String, BTreeSet<String>>);

fn end_state(world: &World) -> EndState {
    let mut users = world.users();
    for user in users.values_mut() {
        let user = user.as_object_mut().expect("an object");
        // The directory gives new people keys of its own.
        for name in ["id", "meta", "groups", "externalId"] {
            user.remove(name);
        }
        user.retain(|name, _| !name.contains("extension:atlassian"));
    }
    (users, world.groups())
}

fn differences(expected: &EndState, found: &EndState) -> Vec<String> {
    let users = expected.0.keys().chain(found.0.keys());
    let users = users.filter(|name| expected.0.get(*name) != found.0.get(*name));
    let users = users.map(|name| format!("{:?} -> {:?}", expected.0.get(name), found.0.get(name)));
    let groups = expected.1.keys().chain(found.1.keys());
    let groups = groups.filter(|name| expected.1.get(*name) != found.1.get(*name));
    let groups = groups.map(|name| {
        format!(
            "{name}: {:?} -> {:?}",
            expected.1.get(name),
            found.1.get(name)
        )
    });
    users.chain(groups).collect()
}

/// Syncs, dies after so many answers of the target, starts again, and goes on until nothing waits.
async fn sync_with_deaths(world: &mut World, mode: CycleMode, deaths: &[u64]) {
    for answers in deaths {
        let wanted = world.sandbox.counts().total + answers;
        let admin = world.admin.clone();
        let sync = tokio::spawn(async move {
            let options = SyncOptions::of(mode);
            admin.sync(None, &options, Arc::new(Silent)).await
        });
        while world.sandbox.counts().total < wanted && !sync.is_finished() {
            tokio::task::yield_now().await;
        }
        // As good as a kill: no code of ours runs after this.
        sync.abort();
        let _ = sync.await;
        world.restart().await;
    }
    for _ in 0..8 {
        let report = world.sync(mode).await;
        world.clock.advance(120_000);
        if report.waiting == 0 && report.succeeded == 0 {
            return;
        }
    }
    panic!("steps still wait");
}

#[tokio::test]
async fn ten_lives_of_deaths_at_any_moment_come_to_the_same_end() {
    let company = company();
    let mut expected = None;
    let mut seed = 11_u64;
    let mut below = |bound: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    // The first life has no death.
    for life in 0..=10 {
        let Some(mut world) = World::of(&company).await else {
            return;
        };
        let deaths = |below: &mut dyn FnMut(u64) -> u64| -> Vec<u64> {
            let count = if life == 0 { 0 } else { 1 + below(3) };
            (0..count).map(|_| below(60)).collect()
        };
        let first = deaths(&mut below);
        sync_with_deaths(&mut world, CycleMode::Full, &first).await;
        let users = world.users().len();
        let created = world.sandbox.counts().by_operation["POST /Users"] as usize;
        assert!(
            created >= users && created <= users + 8 * first.len(),
            "{created} for {users}"
        );
        for change in company.changes(25) {
            if change.kind != ChangeKind::Delete {
                world.change(&change.ldif);
            }
        }
        let second = deaths(&mut below);
        sync_with_deaths(&mut world, CycleMode::Full, &second).await;
        let end = end_state(&world);
        let expected = expected.get_or_insert_with(|| end.clone());
        let differ = differences(expected, &end);
        assert!(
            differ.is_empty(),
            "life {life} with deaths after {first:?} and {second:?} answers: {differ:#?}"
        );
        world.forget_requests();
        world.sync(CycleMode::Full).await;
        world.assert_nothing_written();
    }
}
