//! A source that shrank below half, and how full reads become complete again (behaviour §4).

use usher_core::model::{CycleMode, CycleState, StepId, Verb};
use usher_engine::admin::{Health, Selection};

use crate::world::{World, verbs};

/// 60 people of whom 35 left the scope, seen by a look at what changed, and held.
async fn shrunk() -> World {
    let world = World::of(60).await;
    world.first_sync().await;
    for n in 0..35 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.held, 35, "{report:?}");
    world
}

async fn is_complete(world: &World) -> bool {
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    cycle.state == CycleState::Completed
}

#[tokio::test]
async fn full_reads_are_complete_again_once_a_person_decided_over_who_left() {
    let world = shrunk().await;
    assert!(!is_complete(&world).await, "nobody decided yet");
    let held = world.admin.steps(None, &["held"], 100).await.unwrap();
    let one = Selection {
        steps: vec![StepId(held[0].id)],
        ..Selection::default()
    };
    world.admin.reject(None, &one).await.unwrap();
    assert!(!is_complete(&world).await, "34 wait");
    world.approve(verbs(&[Verb::Disable])).await;
    world.dir().people.remove("u059");
    assert!(is_complete(&world).await);
    assert_eq!(world.active("u059"), Some(false), "who is gone is seen");
    assert!(is_complete(&world).await, "and it stays so");
    assert!(!world.remarks().await.contains("not complete"));
}

#[tokio::test]
async fn rejecting_all_of_them_is_a_decision_too() {
    let world = shrunk().await;
    let all = verbs(&[Verb::Disable]);
    world.admin.reject(None, &all).await.unwrap();
    assert!(is_complete(&world).await);
    assert_eq!(world.active("u000"), Some(true));
}

#[tokio::test]
async fn what_was_decided_lets_no_further_half_go() {
    let world = shrunk().await;
    world.approve(verbs(&[Verb::Disable])).await;
    assert!(is_complete(&world).await);
    world.forget_requests();
    for n in 35..50 {
        world.dir().people.remove(&format!("u{n:03}"));
    }
    assert!(!is_complete(&world).await, "10 of 25");
    world.dir().people.clear();
    assert!(!is_complete(&world).await, "nobody at all");
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn an_incomplete_full_read_is_told_until_a_full_read_is_complete() {
    let world = shrunk().await;
    assert!(!is_complete(&world).await);
    world.sync(CycleMode::Incremental).await;
    let status = world.admin.status().await.unwrap().remove(0);
    assert_ne!(status.health, Health::Good);
    let told = status.remarks.join("\n");
    for word in ["not complete", "25 entries", "guards.shrunk_percent"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(told.matches("25 entries").count(), 1, "{told}");
    let store = &world.admin.engine.store;
    let failing = |all: &std::collections::BTreeMap<String, i64>| {
        all.keys().any(|key| key.starts_with("source_failing:"))
    };
    assert!(failing(&store.troubles().await.unwrap()));
    world.approve(verbs(&[Verb::Disable])).await;
    assert!(is_complete(&world).await);
    assert!(!world.remarks().await.contains("not complete"));
    assert!(!failing(&store.troubles().await.unwrap()));
}

/// Deletions leave nothing to decide over: the limit is lowered for one read, and what is missing is held.
#[tokio::test]
async fn with_a_lower_limit_a_shrunken_source_is_read_and_held() {
    let mut world = World::of(60).await;
    world.first_sync().await;
    for n in 0..35 {
        world.dir().people.remove(&format!("u{n:03}"));
    }
    assert!(!is_complete(&world).await);
    world.channel().policy.guards.shrunk_percent = 10.0;
    world.save().await;
    world.forget_requests();
    assert!(is_complete(&world).await);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.channel().policy.guards.shrunk_percent = 50.0;
    world.save().await;
    assert!(is_complete(&world).await, "it counts from there");
    assert_eq!(world.held().await.len(), 35);
}
