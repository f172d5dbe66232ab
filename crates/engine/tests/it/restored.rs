//! A state that came back from a backup (behaviour §19).

use std::sync::Arc;
use std::time::Duration;

use usher_core::model::{CycleMode, SourceKey};
use usher_engine::admin::SyncOptions;
use usher_engine::service::{Service, ServiceOptions};
use usher_engine::{EngineError, Silent};
use usher_store::ChannelState;

use crate::world::{World, everything};

async fn restored() -> World {
    let world = World::of(12).await;
    world.first_sync().await;
    let sp = &world.configuration.sp_connections[0];
    let channel = &sp.channels[0];
    world.admin.observe_restored(sp, channel).await.unwrap();
    world.dir().hire("new");
    world.forget_requests();
    world
}

async fn activate(world: &World) -> Result<(), EngineError> {
    world.admin.set_mode(None, ChannelState::Active).await
}

#[track_caller]
fn assert_too_early<T: std::fmt::Debug>(result: Result<T, EngineError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, EngineError::Refused(_)), "{error}");
    assert!(error.to_string().contains("read in full"), "{error}");
}

#[tokio::test]
async fn nothing_of_a_restored_state_is_sent_before_both_sides_were_read() {
    let world = restored().await;
    assert_too_early(activate(&world).await);
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    assert_eq!(cycle.mode, CycleMode::Full);
    assert_too_early(activate(&world).await);
    let silent = Arc::new(Silent);
    let all = everything();
    let approved = world.admin.approve(None, &all, None, silent.clone());
    assert_too_early(approved.await);
    let reviewed = SyncOptions {
        reviewed: cycle.plan_hash,
        ..SyncOptions::of(CycleMode::Full)
    };
    assert_too_early(world.admin.sync(None, &reviewed, silent.clone()).await);
    let single = SyncOptions {
        only: Some(vec![SourceKey::new("key-new")]),
        ..SyncOptions::of(CycleMode::Incremental)
    };
    assert_too_early(world.admin.sync(None, &single, silent).await);
    assert!(world.writes().is_empty());
    world.sync(CycleMode::Reconcile).await;
    assert!(world.writes().is_empty(), "it observes");
    activate(&world).await.unwrap();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users().len(), 13);
}

#[tokio::test]
async fn an_incomplete_read_of_a_restored_state_is_not_enough() {
    let world = restored().await;
    world.dir().incomplete = Some("a page was cut".to_owned());
    world.sync(CycleMode::Reconcile).await;
    assert_too_early(activate(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_reads_both_sides_of_a_restored_state_by_itself() {
    let world = restored().await;
    let options = ServiceOptions {
        tick: Duration::from_millis(20),
        ..ServiceOptions::default()
    };
    let service = Service::start(world.admin.clone(), options);
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let mut left = 1_500;
    while activate(&world).await.is_err() {
        left -= 1;
        assert!(left > 0, "both sides were read");
        looks.tick().await;
    }
    world
        .until("the new one is there", |world| world.users().len() == 13)
        .await;
    service.stop(Duration::from_secs(5)).await;
    let created = world
        .writes()
        .into_iter()
        .filter(|(verb, _)| verb == "POST");
    assert_eq!(created.count(), 1, "nobody twice");
}

#[tokio::test]
async fn what_was_to_be_created_when_the_backup_was_made_is_planned_again_after_the_target_was_read()
 {
    let mut world = World::of(4).await;
    world.channel().policy.scope_count_seen = false;
    world.save().await;
    assert_eq!(world.sync(CycleMode::Full).await.waiting, 4);
    world.channel().policy.scope_count_seen = true;
    world.save().await;
    let sp = &world.configuration.sp_connections[0];
    let observing = world.admin.observe_restored(sp, &sp.channels[0]);
    observing.await.unwrap();
    // Created after the backup, which does not know it.
    for uid in ["u000", "u001", "u002"] {
        world
            .sandbox
            .add_user(serde_json::json!({
                "userName": uid, "externalId": format!("key-{uid}"), "active": true,
                "emails": [{"value": format!("{uid}@example.com"), "type": "work", "primary": true}],
            }))
            .unwrap();
    }
    world.sync(CycleMode::Full).await;
    world.sync(CycleMode::Reconcile).await;
    assert!(world.writes().is_empty());
    let plan = world.plan().await;
    let adopts = plan.adoption.adopt_unchanged + plan.adoption.adopt_with_changes;
    assert_eq!((plan.adoption.create, adopts), (1, 3));
    world.approve(everything()).await;
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    let writes = world.writes();
    let posts = writes.iter().filter(|(method, _)| method == "POST").count();
    assert_eq!(posts, 1, "{writes:?}");
    assert_eq!(world.users().len(), 4);
}

/// Somebody changes an account at the target, without the engine.
async fn patch(world: &World, uid: &str, field: &str, value: serde_json::Value) {
    let id = world.users()[uid]["id"].as_str().unwrap().to_owned();
    let client = reqwest::Client::builder().build().unwrap();
    let answer = client
        .patch(format!("{}/Users/{id}", world.sandbox.base_url()))
        .bearer_auth(world.sandbox.key())
        .header("content-type", "application/scim+json")
        .body(
            serde_json::json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": field, "value": value}],
            })
            .to_string(),
        )
        .send();
    let answer = answer.await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

/// What was sent after the backup was made is there; only what is not there is sent.
#[tokio::test]
async fn what_the_target_has_already_is_not_sent_again() {
    let world = World::of(12).await;
    world.first_sync().await;
    for uid in ["u001", "u002"] {
        "Lead".clone_into(&mut world.dir().person(uid).title);
        patch(&world, uid, "title", "Lead".into()).await;
    }
    world.dir().person("u003").locked = true;
    patch(&world, "u003", "active", false.into()).await;
    "Head".clone_into(&mut world.dir().person("u004").title);
    // Was another one after the backup, and is again what it was.
    patch(&world, "u005", "title", "Former".into()).await;
    let sp = &world.configuration.sp_connections[0];
    let observing = world.admin.observe_restored(sp, &sp.channels[0]);
    observing.await.unwrap();
    world.forget_requests();
    world.sync(CycleMode::Reconcile).await;
    activate(&world).await.unwrap();
    world.sync(CycleMode::Incremental).await;
    let writes = world.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert_eq!(world.users()["u004"]["title"], "Head");
    assert_eq!(world.users()["u005"]["title"], "Engineer");
    // Who was disabled by us after the backup is enabled by us.
    world.dir().person("u003").locked = false;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u003"), Some(true));
    assert_eq!(world.held().await, []);
}
