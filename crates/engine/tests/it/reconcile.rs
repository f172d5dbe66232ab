//! Reconcile, adopted groups, dropped and second channels (behaviour §9, §12, §15, §19).

use serde_json::json;
use usher_core::model::{ChannelId, ConnectionId, CycleMode, GroupRemoval, Verb};
use usher_engine::EngineError;
use usher_engine::admin::Health;

use crate::world::{World, everything, verbs};

async fn patch(world: &World, path: &str, operations: serde_json::Value) {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    });
    let answer = reqwest::Client::builder()
        .build()
        .unwrap()
        .patch(format!("{}{path}", world.sandbox.base_url()))
        .bearer_auth(world.sandbox.key())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test]
async fn a_reconcile_reports_what_others_changed_and_writes_nothing() {
    let world = World::of(10).await;
    world.first_sync().await;
    let id = world.users()["u001"]["id"].as_str().unwrap().to_owned();
    let set = json!([{"op": "replace", "path": "title", "value": "Changed by hand"}]);
    patch(&world, &format!("/Users/{id}"), set).await;
    world
        .sandbox
        .add_user(json!({
            "userName": "left-behind", "externalId": "0f8fad5b-d9cb-469f-a165-70867728950e",
            "emails": [{"value": "left@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.forget_requests();
    let cycle = world.sync(CycleMode::Reconcile).await.cycle.unwrap();
    assert!(world.writes().is_empty());
    let found = cycle.drift.join("\n");
    assert!(found.contains("Changed by hand"), "{found}");
    assert!(found.contains("left-behind"), "{found}");
    assert_eq!(cycle.drift.len(), 2, "{found}");
}

#[tokio::test]
async fn an_adopted_group_keeps_the_members_that_others_added() {
    let mut world = World::of(6).await;
    world
        .sandbox
        .add_user(json!({
            "userName": "guest",
            "emails": [{"value": "guest@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    let guest = world.users()["guest"]["id"].clone();
    world
        .sandbox
        .add_group(json!({"displayName": "Staff", "members": [{"value": guest}]}))
        .unwrap();
    world.dir().group("staff", &["u000", "u001"]);
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.groups()["Staff"].len(),
        1,
        "adopting a group needs approval"
    );
    world.approve(everything()).await;
    world.sync(CycleMode::Incremental).await;
    let staff = &world.groups()["Staff"];
    assert!(
        ["guest", "u000", "u001"]
            .iter()
            .all(|name| staff.contains(*name)),
        "{staff:?}"
    );
    world.channel().policy.authoritative_members = true;
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert!(
        world.groups()["Staff"].contains("guest"),
        "the guest is nobody of ours: {:?}",
        world.groups()
    );
}

#[tokio::test]
async fn a_dropped_channel_leaves_its_accounts_and_a_new_one_finds_them_again() {
    let mut world = World::of(10).await;
    world.first_sync().await;
    let before = world.admin.engine.configuration().await.unwrap();
    let mut without = before.clone();
    let mut channel = without.sp_connections[0].channels.remove(0);
    world.forget_requests();
    let report = world
        .admin
        .save(without, before.revision, "test")
        .await
        .unwrap();
    assert_eq!(report.archived, [("Cloud/Staff".to_owned(), 10)]);
    assert!(world.writes().is_empty());
    channel.id = ChannelId::new("staff-again");
    let mut again = world.admin.engine.configuration().await.unwrap();
    again.sp_connections[0].channels.push(channel);
    world
        .admin
        .save(again.clone(), again.revision, "test")
        .await
        .unwrap();
    world.configuration = world.admin.engine.configuration().await.unwrap();
    world.sync(CycleMode::Full).await;
    world.approve(verbs(&[Verb::Adopt])).await;
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users().len(), 10, "nobody is created twice");
    assert_eq!(world.users()["u001"]["title"], "Lead");
}

/// How many subjects of the first channel are archived.
async fn archived(world: &World) -> u64 {
    let store = &world.admin.engine.store;
    let counts = store.counts(&ChannelId::new("staff")).await.unwrap();
    let archived = counts.states.get("user.archived");
    archived.copied().unwrap_or_default()
}

#[tokio::test]
async fn a_deletion_that_is_refused_archives_nobody() {
    let mut world = World::of(10).await;
    world.first_sync().await;
    let mut second = world.configuration.sp_connections[0].clone();
    second.id = ConnectionId::new("z-second");
    "Second".clone_into(&mut second.name);
    second.channels[0].id = ChannelId::new("second");
    world.configuration.sp_connections.push(second);
    world.save().await;
    let store = world.admin.engine.store.clone();
    // Another process works on the second target.
    let now = world.admin.engine.clock.now();
    let target = ConnectionId::new("z-second");
    let other = store.take_lease(&target, "other", now, 60_000).await;
    let fence = other.unwrap().expect("it is free");
    let before = world.admin.engine.configuration().await.unwrap();
    let mut none = before.clone();
    none.sp_connections.clear();
    let refused = world
        .admin
        .save(none.clone(), before.revision, "test")
        .await;
    assert!(
        matches!(refused, Err(EngineError::Busy { .. })),
        "{refused:?}"
    );
    assert_eq!(archived(&world).await, 0);
    assert_eq!(world.admin.engine.configuration().await.unwrap(), before);
    store.release_lease(&fence).await.unwrap();
    let saved = world
        .admin
        .save(none, before.revision, "test")
        .await
        .unwrap();
    assert_eq!(saved.archived.len(), 2);
    assert_eq!(archived(&world).await, 10);
    // A channel that has archived people all the same is not well, and says what to do.
    let mut again = before;
    again.sp_connections.retain(|sp| sp.id != target);
    let revision = saved.revision;
    world.admin.save(again, revision, "test").await.unwrap();
    let status = world.admin.status().await.unwrap().remove(0);
    assert_eq!(status.health, Health::Critical);
    let told = status
        .remarks
        .iter()
        .any(|remark| remark.contains("are archived") && remark.contains("make it anew"));
    assert!(told, "{:?}", status.remarks);
}

#[tokio::test]
async fn a_deletion_runs_to_its_end_when_whoever_asked_is_gone() {
    let world = World::of(3).await;
    world.first_sync().await;
    let before = world.admin.engine.configuration().await.unwrap();
    let mut none = before.clone();
    none.sp_connections.clear();
    {
        let mut save = std::pin::pin!(world.admin.save(none, before.revision, "test"));
        tokio::select! {
            biased;
            _ = &mut save => unreachable!("it has to wait for the store"),
            () = std::future::ready(()) => {}
        }
    }
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        let revision = world.admin.engine.configuration().await.unwrap().revision;
        if revision > before.revision {
            assert_eq!(archived(&world).await, 3);
            return;
        }
    }
    panic!("never saved");
}

#[tokio::test]
async fn two_editors_cannot_overwrite_each_other() {
    let world = World::of(1).await;
    let configuration = world.admin.engine.configuration().await.unwrap();
    let revision = configuration.revision;
    world
        .admin
        .save(configuration.clone(), revision, "test")
        .await
        .unwrap();
    let refused = world
        .admin
        .save(configuration, revision, "test")
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("changed in between"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_group_that_left_the_scope_is_emptied_only_by_policy_and_only_by_approval() {
    let mut world = World::of(6).await;
    world.dir().group("staff", &["u000", "u001"]);
    world.channel().policy.group_removal = GroupRemoval::Empty;
    world.save().await;
    world.first_sync().await;
    world.dir().groups.clear();
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert_eq!(world.groups()["staff"].len(), 2);
    world.approve(verbs(&[Verb::RemoveMembers])).await;
    assert_eq!(world.groups()["staff"].len(), 0);
}

#[tokio::test]
async fn by_policy_disabled_people_leave_their_groups_and_come_back_with_their_return() {
    let mut world = World::of(6).await;
    world.dir().group("staff", &["u000", "u001"]);
    world.channel().policy.remove_members_on_disable = true;
    world.save().await;
    world.first_sync().await;
    world.dir().person("u001").locked = true;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["staff"].len(), 1, "{:?}", world.groups());
    world.dir().person("u001").locked = false;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["staff"].len(), 2);
}

#[tokio::test]
async fn two_sp_connections_to_one_target_directory_are_refused() {
    let mut world = World::of(1).await;
    let mut second = world.configuration.sp_connections[0].clone();
    second.id = usher_core::model::ConnectionId::new("second");
    "Second".clone_into(&mut second.name);
    second.channels[0].id = ChannelId::new("second-staff");
    world.configuration.sp_connections.push(second);
    world.save().await;
    let options = usher_engine::admin::SyncOptions::of(CycleMode::Full);
    let refused = world
        .admin
        .sync(
            Some("staff"),
            &options,
            std::sync::Arc::new(usher_engine::Silent),
        )
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("same target directory"),
        "{refused}"
    );
}
