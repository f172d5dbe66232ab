//! Holds that stand until somebody decides, whatever time passes (behaviour §1, §4, §14).

use serde_json::json;
use usher_core::model::{CycleMode, Verb};

use crate::world::{World, verbs};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn a_removal_that_a_change_of_configuration_causes_is_held_until_it_is_approved() {
    let mut world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").in_filter = false;
    world.channel().source.users.filter = Some("(staff=no)".to_owned());
    world.save().await;
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    let held = [("disable".to_owned(), "u001".to_owned())];
    assert_eq!(world.held().await, held);
    for _ in 0..3 {
        world.clock.advance(4 * DAY);
        world.sync(CycleMode::Incremental).await;
        world.sync(CycleMode::Full).await;
        assert_eq!(world.held().await, held, "expired or not, it waits");
        assert!(world.writes().is_empty(), "{:?}", world.writes());
    }
    world.approve(verbs(&[Verb::Disable])).await;
    assert_eq!(world.active("u001"), Some(false));
    world.dir().person("u001").in_filter = true;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(true));
    world.dir().person("u001").in_filter = false;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.active("u001"),
        Some(false),
        "a later departure is one like any other"
    );
}

#[tokio::test]
async fn an_adoption_of_the_first_sync_that_nobody_approved_is_never_made_by_itself() {
    let world = World::of(5).await;
    for uid in ["u001", "u002"] {
        world
            .sandbox
            .add_user(json!({
                "userName": uid,
                "emails": [{"value": format!("{uid}@example.com"), "type": "work", "primary": true}],
                "title": "Old title",
            }))
            .unwrap();
    }
    world.sync(CycleMode::Full).await;
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Full).await;
    assert!(world.users().contains_key("u000"), "the others are created");
    world
        .admin
        .reject(None, &verbs(&[Verb::Adopt]))
        .await
        .unwrap();
    world.dir().person("u001").title = "Lead".to_owned();
    world.forget_requests();
    for _ in 0..3 {
        world.clock.advance(4 * DAY);
        world.sync(CycleMode::Incremental).await;
        world.sync(CycleMode::Full).await;
        assert!(world.writes().is_empty(), "{:?}", world.writes());
    }
    assert_eq!(
        world.held().await,
        [("adopt".to_owned(), "u001".to_owned())]
    );
    world.approve(verbs(&[Verb::Adopt])).await;
    assert_eq!(world.users()["u001"]["title"], "Lead");
    assert_eq!(world.users()["u002"]["title"], "Old title");
}

#[tokio::test]
async fn memberships_go_to_whom_a_name_belongs_now_not_to_a_leaver_who_had_it() {
    let world = World::of(20).await;
    world.dir().group("team", &["u000"]);
    world.first_sync().await;
    world.dir().people.remove("u003");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u003"), Some(false));
    // Hired before in the order of ids, or after: who is in scope counts.
    world.dir().hire("zoe");
    world.dir().person("zoe").rdn = Some("u003".to_owned());
    world.dir().group("team", &["u000", "zoe"]);
    world.sync(CycleMode::Full).await;
    world.dir().hire("amy");
    world.dir().people.remove("u004");
    world.dir().person("amy").rdn = Some("u004".to_owned());
    world.dir().group("team", &["u000", "zoe", "amy"]);
    world.sync(CycleMode::Full).await;
    let expected = ["amy", "u000", "zoe"].map(str::to_owned);
    assert_eq!(
        world.groups()["team"],
        std::collections::BTreeSet::from(expected)
    );
}

#[tokio::test]
async fn a_deletion_needs_its_grace_and_two_complete_reads_since_the_disable() {
    let mut world = World::of(20).await;
    world.options().remove_action = usher_core::model::RemoveAction::Delete;
    // No look becomes a full read by itself here.
    world.channel().policy.schedule.full_seconds = u32::MAX;
    world.save().await;
    world.first_sync().await;
    world.clock.advance(DAY);
    world.dir().person("u003").in_filter = false;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u003"), Some(false));
    world.clock.advance(8 * DAY);
    world.sync(CycleMode::Full).await;
    assert!(
        world.users().contains_key("u003"),
        "the first complete read"
    );
    world.clock.advance(DAY / 12);
    let delta = world.sync(CycleMode::Incremental).await;
    assert_eq!(delta.cycle.unwrap().mode, CycleMode::Incremental);
    assert!(world.users().contains_key("u003"), "a delta proves nothing");
    world.clock.advance(DAY / 12);
    world.dir().incomplete = Some("a page was missing".to_owned());
    world.sync(CycleMode::Full).await;
    assert!(world.users().contains_key("u003"), "an incomplete read");
    world.dir().incomplete = None;
    world.clock.advance(DAY / 12);
    world.sync(CycleMode::Full).await;
    assert!(
        !world.users().contains_key("u003"),
        "the second complete read"
    );
}

#[tokio::test]
async fn memberships_that_a_change_of_configuration_would_end_wait_for_approval() {
    let mut world = World::of(20).await;
    world.dir().group("team", &["u000", "u001", "u002"]);
    world.dir().person("u001").locked = true;
    world.options().provision_disabled = true;
    world.save().await;
    world.first_sync().await;
    let members = |world: &World| world.groups()["team"].len();
    assert_eq!(members(&world), 3);
    world.channel().policy.remove_members_on_disable = true;
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(members(&world), 3);
    let held = [("remove_members".to_owned(), "team".to_owned())];
    assert_eq!(world.held().await, held, "the policy reaches every group");
    for _ in 0..2 {
        world.clock.advance(4 * DAY);
        world.dir().group("team", &["u000", "u001", "u002", "u004"]);
        world.sync(CycleMode::Incremental).await;
        world.sync(CycleMode::Full).await;
        assert_eq!(members(&world), 4);
        assert_eq!(world.held().await, held);
    }
    world.dir().group("team", &["u000", "u001", "u004"]);
    world.sync(CycleMode::Full).await;
    assert_eq!(
        members(&world),
        3,
        "who leaves the group for another reason"
    );
    world.approve(verbs(&[Verb::RemoveMembers])).await;
    assert_eq!(members(&world), 2);
}

/// `u008` under a new key, with the re-key waiting.
async fn rekeyed() -> (World, crate::world::Person) {
    let world = World::of(20).await;
    world.first_sync().await;
    let old = world.dir().people.remove("u008").unwrap();
    let new = crate::world::Person {
        uid: "u008-new".to_owned(),
        ..old.clone()
    };
    world.dir().people.insert("u008-new".to_owned(), new);
    world.sync(CycleMode::Full).await;
    let held = [("rekey".to_owned(), "u008-new".to_owned())];
    assert_eq!(world.held().await, held);
    (world, old)
}

fn key_of(world: &World, mail: &str) -> String {
    let users = world.users();
    let of_mail = |user: &&serde_json::Value| user["emails"][0]["value"] == mail;
    let user = users.values().find(of_mail).expect("an account");
    user["externalId"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_old_key_that_came_back_keeps_its_account_although_the_rekey_is_approved() {
    let (world, old) = rekeyed().await;
    world.dir().people.insert("u008".to_owned(), old);
    world.sync(CycleMode::Full).await;
    world.approve(verbs(&[Verb::Rekey])).await;
    assert_eq!(key_of(&world, "u008@example.com"), "key-u008");
}

#[tokio::test]
async fn an_old_key_can_come_back_after_its_rekey() {
    let (world, old) = rekeyed().await;
    world.approve(verbs(&[Verb::Rekey])).await;
    assert_eq!(key_of(&world, "u008@example.com"), "key-u008-new");
    world.dir().people.remove("u008-new");
    world.dir().people.insert("u008".to_owned(), old);
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.held().await,
        [("rekey".to_owned(), "u008".to_owned())]
    );
    world.approve(verbs(&[Verb::Rekey])).await;
    assert_eq!(key_of(&world, "u008@example.com"), "key-u008");
}
