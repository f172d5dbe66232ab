//! Guards and approvals (behaviour §4, §5, §14).

use usher_core::model::{CycleMode, Verb};

use crate::world::{World, verbs};

#[tokio::test]
async fn a_filter_that_loses_most_people_is_held_and_sends_nothing() {
    let world = World::of(60).await;
    world.first_sync().await;
    world.forget_requests();
    for n in 0..50 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    let report = world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(report.held, 50);
    let cycle = report.cycle.unwrap();
    assert!(
        cycle.breaches.iter().any(|breach| breach.contains("50")),
        "{:?}",
        cycle.breaches
    );
    for n in 0..50 {
        world.dir().person(&format!("u{n:03}")).in_filter = true;
    }
    world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty());
    assert!(
        world.held().await.is_empty(),
        "the held steps are replaced by nothing"
    );
}

#[tokio::test]
async fn held_removals_do_not_stop_the_rest() {
    let world = World::of(60).await;
    world.first_sync().await;
    for n in 0..50 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    world.dir().person("u055").title = "Lead".to_owned();
    world.dir().hire("newcomer");
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u055"]["title"], "Lead");
    assert!(world.users().contains_key("newcomer"));
    assert_eq!(world.active("u000"), Some(true));
}

#[tokio::test]
async fn approved_steps_run_only_if_what_they_expect_still_holds() {
    let world = World::of(60).await;
    world.first_sync().await;
    for n in 0..50 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    world.sync(CycleMode::Incremental).await;
    world.dir().person("u010").in_filter = true;
    world.sync(CycleMode::Incremental).await;
    world.approve(verbs(&[Verb::Disable])).await;
    assert_eq!(world.active("u000"), Some(false));
    assert_eq!(world.active("u010"), Some(true), "who came back stays");
}

#[tokio::test]
async fn rejected_steps_do_not_come_back_until_something_changes() {
    let world = World::of(60).await;
    world.first_sync().await;
    for n in 0..50 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    world.sync(CycleMode::Incremental).await;
    world
        .admin
        .reject(None, &verbs(&[Verb::Disable]))
        .await
        .unwrap();
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    assert!(world.held().await.is_empty());
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn the_window_of_a_day_catches_a_slow_trickle() {
    let world = World::of(60).await;
    world.first_sync().await;
    world.forget_requests();
    for n in 0..6 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.writes().len(), 6);
    for n in 6..12 {
        world.dir().person(&format!("u{n:03}")).in_filter = false;
    }
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.writes().len(),
        6,
        "6 + 6 exceed the limit of 10 in a day"
    );
    assert_eq!(world.held().await.len(), 6);
}

#[tokio::test]
async fn removals_that_a_change_of_configuration_causes_are_always_held() {
    let mut world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").in_filter = false;
    world.channel().source.users.filter = Some("(staff=no)".to_owned());
    world.save().await;
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty());
    assert_eq!(
        world.held().await,
        [("disable".to_owned(), "u001".to_owned())]
    );
}

#[tokio::test]
async fn a_mapping_that_clears_a_field_for_everybody_is_held() {
    let mut world = World::of(60).await;
    world.first_sync().await;
    world.forget_requests();
    for person in world.dir().people.values_mut() {
        person.title = String::new();
    }
    world.channel().timeout_seconds = 6;
    world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes().len());
    assert_eq!(world.held().await.len(), 60);
}

/// Six groups of three; everybody of two of them is in `wide` too.
async fn grouped() -> World {
    let world = World::of(60).await;
    for n in 0..6_usize {
        let members: Vec<String> = (0..3).map(|m| format!("u{:03}", n * 3 + m)).collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        world.dir().group(&format!("small-{n}"), &members);
    }
    world.dir().group("also", &["u009", "u010", "u011"]);
    world
        .dir()
        .group("wide", &["u012", "u013", "u014", "u015", "u016", "u017"]);
    world.first_sync().await;
    world.forget_requests();
    world
}

#[tokio::test]
async fn people_who_lose_all_their_memberships_are_removals_and_held_above_the_limit() {
    let world = grouped().await;
    // Twelve people are in no group any more, three of them of two; six others lose one of two.
    for n in 0..6 {
        world.dir().group(&format!("small-{n}"), &[]);
    }
    world.dir().group("also", &[]);
    let report = world.sync(CycleMode::Incremental).await;
    let cycle = report.cycle.unwrap();
    assert!(
        cycle
            .breaches
            .iter()
            .any(|breach| breach.contains("lose their last group: 12 of 60")),
        "{:?}",
        cycle.breaches
    );
    for group in ["small-0", "small-1", "small-2", "small-3", "also"] {
        assert_eq!(world.groups()[group].len(), 3, "{group}");
    }
    for group in ["small-4", "small-5"] {
        assert!(world.groups()[group].is_empty(), "{group}: nobody's last");
    }
    world.approve(verbs(&[Verb::RemoveMembers])).await;
    assert!(world.groups()["also"].is_empty());
}

#[tokio::test]
async fn a_few_last_memberships_are_taken_away_without_a_question() {
    let world = grouped().await;
    for n in 0..3 {
        world.dir().group(&format!("small-{n}"), &[]);
    }
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.held().await, []);
    assert!(world.groups()["small-0"].is_empty());
    // Two more on the same day are too many.
    world.dir().group("small-3", &["u009"]);
    world.dir().group("also", &["u009"]);
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["also"].len(), 3);
}

#[tokio::test]
async fn moving_people_from_one_group_to_another_is_no_loss_of_all_memberships() {
    let world = grouped().await;
    let everybody: Vec<String> = (0..12).map(|n| format!("u{n:03}")).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    for n in 0..4 {
        world.dir().group(&format!("small-{n}"), &[]);
    }
    world.dir().group("also", &everybody);
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.held().await, []);
    assert_eq!(world.groups()["also"].len(), 12);
    assert!(world.groups()["small-3"].is_empty());
}

#[tokio::test]
async fn one_of_several_scope_groups_that_loses_its_people_is_held() {
    let mut world = World::of(60).await;
    // A limit that says nothing here, as of a large channel.
    world.channel().policy.guards.removals_by_absence.at_least = 100;
    world.save().await;
    for n in 0..60 {
        let group = if n < 14 { "cn=b" } else { "cn=a" };
        world.dir().person(&format!("u{n:03}")).scope_group = Some(group.to_owned());
    }
    world.first_sync().await;
    // Two go over to the other group: they are that one's people now.
    for n in 12..14 {
        world.dir().person(&format!("u{n:03}")).scope_group = Some("cn=a".to_owned());
    }
    world.sync(CycleMode::Full).await;
    world.forget_requests();
    for n in (0..12).chain(40..53) {
        let mut dir = world.dir();
        let person = dir.person(&format!("u{n:03}"));
        person.in_filter = false;
        person.scope_group = None;
    }
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    assert_eq!(cycle.breaches.len(), 1, "{:?}", cycle.breaches);
    assert!(
        cycle.breaches[0].contains("vanish from \"cn=b\": 12 of 12"),
        "{:?}",
        cycle.breaches
    );
    assert_eq!(world.held().await.len(), 12);
    assert_eq!(world.active("u000"), Some(true));
    assert_eq!(world.active("u040"), Some(false), "13 of 48 are not half");
}
