//! A group that was renamed in the source, at a target that cannot rename: it is created under its new
//! name, its members are copied, and only then the old one is deleted (behaviour §12).

use std::collections::BTreeSet;

use usher_core::model::{CycleMode, GroupRename};
use usher_engine::Silent;
use usher_engine::admin::SyncOptions;
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::{World, everything};

const MEMBERS: usize = 7;

/// A group `staff` of seven that is called `people` now; its creation under that name is held.
async fn renamed() -> World {
    let mut world = World::of(10).await;
    world.channel().policy.group_rename = GroupRename::CreateCopyDelete;
    world.save().await;
    let names: Vec<String> = (0..MEMBERS).map(|n| format!("u{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.dir().group("staff", &names);
    world.first_sync().await;
    world.dir().rename_group("staff", "people");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, [held("create")]);
    world.forget_requests();
    world
}

fn held(verb: &str) -> (String, String) {
    (verb.to_owned(), "people".to_owned())
}

fn members(world: &World, group: &str) -> Option<usize> {
    world.groups().get(group).map(BTreeSet::len)
}

fn methods(world: &World) -> Vec<String> {
    let writes = world.writes().into_iter();
    writes.map(|(method, _)| method).collect()
}

#[tokio::test]
async fn the_old_group_goes_when_its_members_are_in_the_new_one() {
    let world = renamed().await;
    world.approve(everything()).await;
    assert_eq!(methods(&world), ["POST", "PATCH", "PATCH"]);
    assert_eq!(members(&world, "people"), Some(MEMBERS));
    assert_eq!(members(&world, "staff"), Some(MEMBERS), "nobody was asked");
    assert_eq!(world.held().await, [held("delete")]);
    world.approve(everything()).await;
    assert_eq!(members(&world, "staff"), None);
    assert_eq!(members(&world, "people"), Some(MEMBERS));
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert_eq!(methods(&world), [""; 0]);
    assert!(world.held().await.is_empty());
}

#[tokio::test]
async fn a_process_that_dies_between_any_two_requests_loses_no_member() {
    let mut world = renamed().await;
    let mut options = SyncOptions::of(CycleMode::Incremental);
    options.send.patience_ms = 0;
    options.send.at_most = Some(1);
    let which = everything();
    let approved = world
        .admin
        .approve(None, &which, None, std::sync::Arc::new(Silent));
    approved.await.expect("the approval is kept");
    for _ in 0..8 {
        world.restart().await;
        let sync = world
            .admin
            .sync(None, &options, std::sync::Arc::new(Silent))
            .await;
        sync.expect("the sync runs");
        world.set_mode(usher_store::ChannelState::Active).await;
        assert_eq!(members(&world, "staff"), Some(MEMBERS));
    }
    assert_eq!(methods(&world), ["POST", "PATCH", "PATCH"]);
    assert_eq!(members(&world, "people"), Some(MEMBERS));
    assert_eq!(world.held().await, [held("delete")]);
    world.restart().await;
    world.approve(everything()).await;
    assert_eq!(members(&world, "staff"), None);
}

#[tokio::test]
async fn a_reply_lost_after_the_new_group_was_made_links_that_one_and_not_the_old() {
    let world = renamed().await;
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Groups"));
    world.approve(everything()).await;
    for _ in 0..4 {
        world.clock.advance(120_000);
        world.sync(CycleMode::Incremental).await;
    }
    assert_eq!(members(&world, "people"), Some(MEMBERS));
    assert_eq!(members(&world, "staff"), Some(MEMBERS));
    assert_eq!(world.held().await, [held("delete")]);
}

#[tokio::test]
async fn while_members_wait_to_be_copied_the_old_group_stays() {
    let world = renamed().await;
    let mut refuses = FaultRule::always(FaultKind::Error {
        status: 503,
        commit: false,
    });
    refuses.method = Some("PATCH".to_owned());
    world.sandbox.fault(refuses);
    world.approve(everything()).await;
    for _ in 0..3 {
        world.clock.advance(60_000);
        world.sync(CycleMode::Full).await;
    }
    assert_eq!(members(&world, "people"), Some(0));
    assert!(world.held().await.is_empty());
    let story = world.admin.explain(None, "people").await.expect("a story");
    let reason = story.subject.reason;
    assert!(reason.contains("7 of its members"), "{reason}");
    world.sandbox.clear_faults();
    for _ in 0..3 {
        world.clock.advance(3_600_000);
        world.sync(CycleMode::Incremental).await;
    }
    assert_eq!(members(&world, "people"), Some(MEMBERS));
    assert_eq!(world.held().await, [held("delete")]);
}

#[tokio::test]
async fn who_cannot_be_copied_is_named_before_the_old_group_goes() {
    let world = renamed().await;
    let lost = world.users()["u003"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut refuses = FaultRule::always(FaultKind::Error {
        status: 400,
        commit: false,
    });
    refuses.method = Some("PATCH".to_owned());
    refuses.body_contains = Some(lost);
    world.sandbox.fault(refuses);
    world.approve(everything()).await;
    for _ in 0..14 {
        world.clock.advance(3_600_000);
        world.sync(CycleMode::Incremental).await;
    }
    assert_eq!(members(&world, "people"), Some(MEMBERS - 1));
    let steps = world.steps_in("held").await;
    let [delete] = steps.as_slice() else {
        panic!("one step is held: {steps:?}");
    };
    let hold = delete.planned.hold.as_ref().expect("a hold").to_string();
    assert!(hold.contains("u003"), "{hold}");
    assert_eq!(members(&world, "staff"), Some(MEMBERS));
    // Whoever approves it was told.
    world.approve(everything()).await;
    assert_eq!(members(&world, "staff"), None);
}
