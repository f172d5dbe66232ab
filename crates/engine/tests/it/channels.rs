//! Two channels of one SP connection (behaviour §9).

use usher_core::model::{ChannelId, CycleMode};

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
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.active("u001"), Some(true));
    for _ in 0..2 {
        world.sync_channel("Second", CycleMode::Full).await;
    }
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
