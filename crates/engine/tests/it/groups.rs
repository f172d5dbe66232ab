//! Groups and memberships (behaviour §7, §12).

use std::collections::BTreeSet;

use usher_core::model::CycleMode;

use crate::world::{BASE, World};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn company() -> World {
    let world = World::of(20).await;
    world.dir().group(
        "engineering",
        &["u000", "u001", "u002", "u003", "u004", "u005", "u006"],
    );
    world.dir().group("empty", &[]);
    world.first_sync().await;
    world
}

#[tokio::test]
async fn groups_follow_their_members_in_batches() {
    let world = company().await;
    let groups = world.groups();
    assert_eq!(groups["engineering"].len(), 7);
    assert_eq!(groups["empty"], set(&[]));
    let patches = world
        .writes()
        .iter()
        .filter(|(method, _)| method == "PATCH")
        .count();
    assert_eq!(patches, 2, "seven members in batches of five");
}

#[tokio::test]
async fn only_the_difference_is_sent() {
    let world = company().await;
    world.forget_requests();
    world.dir().group(
        "engineering",
        &["u000", "u001", "u002", "u003", "u004", "u005", "u009"],
    );
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.writes().len(), 2, "{:?}", world.writes());
    assert!(world.groups()["engineering"].contains("u009"));
    assert!(!world.groups()["engineering"].contains("u006"));
}

#[tokio::test]
async fn a_member_list_that_was_not_read_to_its_end_removes_nobody() {
    let world = company().await;
    world.forget_requests();
    world.dir().group("engineering", &["u000", "u010"]);
    world.dir().cut_members.insert("engineering".to_owned());
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.groups()["engineering"].len(),
        8,
        "added, never removed"
    );
}

#[tokio::test]
async fn renaming_an_ou_loses_no_member() {
    let world = company().await;
    world.forget_requests();
    for person in world.dir().people.values_mut() {
        person.ou = "staff".to_owned();
    }
    world.dir().stale_member_ous = Some("people".to_owned());
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.groups()["engineering"].len(),
        7,
        "members under their old names"
    );
    world.dir().stale_member_ous = None;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.groups()["engineering"].len(), 7);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn a_group_that_would_lose_most_members_is_held() {
    let mut world = World::of(30).await;
    world.channel().policy.guards.members_lost.at_least = 3;
    world.save().await;
    let all: Vec<String> = (0..30).map(|n| format!("u{n:03}")).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    world.dir().group("everybody", &names);
    world.first_sync().await;
    world.forget_requests();
    world.dir().group("everybody", &names[..10]);
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.groups()["everybody"].len(), 30);
    let why = cycle.breaches.join("\n");
    let named = format!("group \"everybody\" (cn=everybody,ou=groups,{BASE}) loses: 20 of 30");
    assert!(why.contains(&named), "{why}");
}

#[tokio::test]
async fn a_group_of_five_that_would_become_empty_is_held() {
    let world = company().await;
    world.forget_requests();
    world.dir().group("engineering", &[]);
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert_eq!(world.groups()["engineering"].len(), 7);
    let held = world.admin.steps(None, &["held"], 1).await.unwrap();
    let why = held[0].hold.clone().unwrap();
    assert!(
        why.contains("group \"engineering\" (cn=engineering"),
        "{why}"
    );
}

#[tokio::test]
async fn a_group_that_leaves_the_source_is_kept() {
    let world = company().await;
    world.forget_requests();
    world.dir().groups.remove("engineering");
    world.sync(CycleMode::Full).await;
    assert!(world.groups().contains_key("engineering"));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_protected_group_name_is_never_written() {
    let world = World::of(3).await;
    world.dir().group("site-admins", &["u000"]);
    world.dir().group("staff", &["u000"]);
    world.first_sync().await;
    assert!(!world.groups().contains_key("site-admins"));
    assert_eq!(world.groups()["staff"], set(&["u000"]));
}

#[tokio::test]
async fn memberships_of_a_protected_account_are_not_written() {
    let mut world = company().await;
    world.configuration.sp_connections[0].protected_accounts =
        ["u000@example.com", "u010@example.com"]
            .map(str::to_owned)
            .to_vec();
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.forget_requests();
    let others = ["u001", "u002", "u003", "u004", "u005", "u006", "u010"];
    world.dir().group("engineering", &others);
    for _ in 0..2 {
        world.sync(CycleMode::Full).await;
        assert!(world.writes().is_empty(), "{:?}", world.writes());
        assert!(world.held().await.is_empty());
    }
    // What was protected and is no more is planned afresh.
    world.configuration.sp_connections[0].protected_accounts = Vec::new();
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.approve(crate::world::everything()).await;
    assert_eq!(world.groups()["engineering"], set(&others));
}

#[tokio::test]
async fn a_renamed_group_keeps_its_old_name_and_says_so() {
    let world = company().await;
    world.forget_requests();
    let story = world.admin.explain(None, "engineering").await.unwrap();
    assert_eq!(story.groups.len(), 7);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn groups_that_were_not_read_to_their_end_are_told_wherever_one_looks() {
    let world = World::of(5).await;
    world.dir().group("engineering", &["u000", "u001"]);
    world.first_sync().await;
    assert!(!world.remarks().await.contains("to their end"));
    world.dir().cut_members.insert("engineering".to_owned());
    for mode in [CycleMode::Full, CycleMode::Incremental] {
        let cycle = world.sync(mode).await.cycle.unwrap();
        let told = cycle.remarks.join("; ");
        assert!(told.contains("members of 1 group"), "{mode:?}: {told}");
        let told = world.remarks().await;
        assert!(told.contains("members of 1 group"), "{mode:?}: {told}");
    }
    let planned = world.plan().await.cycle.remarks.join("; ");
    assert!(planned.contains("engineering"), "{planned}");
    let story = world.admin.explain(None, "engineering").await.unwrap();
    assert!(
        story.next.what.contains("nobody is taken out"),
        "{}",
        story.next.what
    );
    let doctor = world.admin.doctor(None).await.unwrap();
    let checks = format!("{:?}", doctor.channels);
    assert!(checks.contains("members of groups"), "{checks}");
    world.dir().cut_members.clear();
    world.sync(CycleMode::Full).await;
    assert!(!world.remarks().await.contains("to their end"));
}
