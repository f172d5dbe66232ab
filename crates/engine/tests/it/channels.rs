//! Two channels of one SP connection (behaviour §9).

use usher_core::model::{ChannelId, CycleMode, Verb};

use crate::world::World;

/// Staff, and a second channel over the same directory with another filter and no groups.
async fn two_channels() -> World {
    let mut world = World::of(20).await;
    let mut second = world.channel().clone();
    second.id = ChannelId::new("second");
    "Second".clone_into(&mut second.name);
    second.source.users.filter = Some("(second=yes)".to_owned());
    second.source.groups = None;
    world.configuration.sp_connections[0].channels.push(second);
    world.save().await;
    world.sync_channel("Staff", CycleMode::Full).await;
    world
}

async fn disables_held(world: &World) -> usize {
    let held = world.steps_in("held").await.into_iter();
    held.filter(|step| step.verb() == Verb::Disable).count()
}

#[tokio::test]
async fn somebody_in_two_channels_has_one_account_and_the_first_owner_keeps_it() {
    let world = two_channels().await;
    world.dir().person("u001").in_second = true;
    world.forget_requests();
    world.sync_channel("Second", CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.users().len(), 20);
}

#[tokio::test]
async fn who_leaves_one_channel_for_another_keeps_the_account_without_a_write() {
    let world = two_channels().await;
    for uid in ["u001", "u002", "u003", "u004"] {
        world.dir().person(uid).in_second = true;
    }
    world.sync_channel("Second", CycleMode::Full).await;
    world.dir().person("u001").in_filter = false;
    world.forget_requests();
    world.sync_channel("Staff", CycleMode::Full).await;
    assert_eq!(disables_held(&world).await, 1, "Second was not read since");
    world.clock.advance(60_000);
    for channel in ["Second", "Staff", "Second"] {
        world.sync_channel(channel, CycleMode::Full).await;
        assert_eq!(world.active("u001"), Some(true));
    }
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let owner = world.admin.explain(Some("Second"), "u001").await.unwrap();
    assert!(
        owner.subject.target_id.is_some(),
        "the second channel owns it now: {owner:?}"
    );
    world.dir().person("u001").in_second = false;
    world.sync_channel("Second", CycleMode::Full).await;
    assert_eq!(
        world.active("u001"),
        Some(false),
        "whoever leaves both is disabled"
    );
}

#[tokio::test]
async fn while_the_other_channel_was_not_read_a_leaver_is_held() {
    let world = two_channels().await;
    world.dir().person("u001").in_second = true;
    world.sync_channel("Second", CycleMode::Full).await;
    world.clock.advance(3 * 86_400_000);
    world.dir().person("u001").in_filter = false;
    world.forget_requests();
    world.sync_channel("Staff", CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.active("u001"), Some(true));
}

#[tokio::test]
async fn who_leaves_both_channels_is_disabled_whichever_is_read_first() {
    let world = two_channels().await;
    for uid in ["u001", "u002", "u003", "u004"] {
        world.dir().person(uid).in_second = true;
    }
    world.sync_channel("Second", CycleMode::Full).await;
    world.clock.advance(4 * 3_600_000);
    world.dir().person("u001").in_filter = false;
    world.dir().person("u001").in_second = false;
    world.forget_requests();
    world.sync_channel("Staff", CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(disables_held(&world).await, 1, "Second may have it");
    world.sync_channel("Second", CycleMode::Incremental).await;
    world.sync_channel("Staff", CycleMode::Incremental).await;
    assert_eq!(world.active("u001"), Some(false));
    assert_eq!(disables_held(&world).await, 0);
}

#[tokio::test]
async fn who_is_gone_from_the_directory_of_both_channels_does_not_wait_for_the_other() {
    let world = two_channels().await;
    for uid in ["u001", "u002", "u003", "u004"] {
        world.dir().person(uid).in_second = true;
    }
    world.sync_channel("Second", CycleMode::Full).await;
    world.dir().people.remove("u001");
    world.sync_channel("Staff", CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}
