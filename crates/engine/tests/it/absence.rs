//! Proof of absence (behaviour §7).

use usher_core::model::{CycleMode, Verb};

use crate::world::{BASE, World, verbs};

#[tokio::test]
async fn somebody_gone_from_a_complete_read_and_a_second_look_is_disabled() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.active("u001"),
        Some(true),
        "a delta proves no absence"
    );
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn an_incomplete_read_removes_nobody_and_says_why() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.dir().incomplete = Some("the connection was cut".to_owned());
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(format!("{:?}", report.cycle.unwrap().state).contains("was cut"));
    assert!(world.writes().is_empty());
    world.dir().incomplete = None;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn an_incomplete_look_at_what_changed_takes_nobody_out_either() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").in_filter = false;
    world.dir().person("u002").locked = true;
    world.dir().incomplete = Some("a sentinel is not seen".to_owned());
    world.forget_requests();
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u001"), Some(true));
    assert_eq!(report.held, 1, "{report:?}");
    assert_eq!(
        world.active("u002"),
        Some(false),
        "the source's own word stands"
    );
    world.dir().person("u001").in_filter = true;
    world.dir().incomplete = None;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.held().await, [], "she never left");
}

#[tokio::test]
async fn an_entry_that_the_read_overlooked_but_a_second_look_finds_makes_the_read_prove_nothing() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().overlooked.insert("u001".to_owned());
    world.dir().people.remove("u002");
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert!(format!("{:?}", report.cycle.unwrap().state).contains("second look"));
}

#[tokio::test]
async fn somebody_whose_key_cannot_be_read_any_more_is_not_gone() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.dir().people.remove("u002");
    world.dir().unreadable = Some(format!("uid=u001,ou=people,{BASE}"));
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(true), "its entry may be there");
    assert_eq!(world.active("u002"), Some(false), "one stops no other");
    world.dir().unreadable = None;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

/// The entry is there under a name that nobody knows, and without its key nobody knows whose it is.
#[tokio::test]
async fn somebody_who_is_renamed_while_the_key_cannot_be_read_waits_for_a_person() {
    let world = World::of(20).await;
    // Has no key, and never had one: that is nobody who left.
    world.dir().hire("contractor");
    world.dir().keyless.insert("contractor".to_owned());
    world.dir().group("engineering", &["u001", "u003"]);
    world.first_sync().await;
    world.dir().people.remove("u002");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u002"), Some(false), "one stops no other");
    world.dir().person("u001").rdn = Some("married".to_owned());
    world.dir().keyless.insert("u001".to_owned());
    world.forget_requests();
    for mode in [
        CycleMode::Incremental,
        CycleMode::Full,
        CycleMode::Full,
        CycleMode::Reconcile,
    ] {
        world.sync(mode).await;
        assert!(world.writes().is_empty(), "{mode:?}: {:?}", world.writes());
    }
    let held = world.admin.steps(None, &["held"], 10).await.unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    let why = held[0].hold.clone().unwrap();
    assert!(why.contains("uid=married"), "{why}");
    // Its time runs out, and it waits again; others go.
    world.clock.advance(73 * 3_600_000);
    world.dir().people.remove("u004");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(true));
    assert_eq!(world.active("u004"), Some(false), "who left later is gone");
    assert!(world.groups()["engineering"].contains("u001"));
    // The right is given back: nothing ever happened.
    world.dir().keyless.remove("u001");
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn somebody_who_left_beside_an_entry_without_a_key_goes_when_a_person_says_so() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.dir().hire("contractor");
    world.dir().keyless.insert("contractor".to_owned());
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(true));
    world.approve(verbs(&[Verb::Disable])).await;
    assert_eq!(world.active("u001"), Some(false));
    // From now on that entry is known.
    world.dir().people.remove("u002");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u002"), Some(false));
}

/// Two of twenty sentinels are too many; so is the same share of a channel that has not many more people.
#[tokio::test]
async fn several_who_vanish_from_a_small_channel_wait_for_a_person() {
    for (size, few, many) in [(4, 1, 2), (8, 1, 2), (15, 1, 2), (20, 1, 2), (35, 3, 4)] {
        let world = World::of(size).await;
        world.first_sync().await;
        for n in 0..few {
            world.dir().people.remove(&format!("u{n:03}"));
        }
        world.sync(CycleMode::Full).await;
        assert_eq!(world.active("u000"), Some(false), "{size}: few go");
        let world = World::of(size).await;
        world.first_sync().await;
        for n in 0..many {
            world.dir().people.remove(&format!("u{n:03}"));
        }
        world.forget_requests();
        let report = world.sync(CycleMode::Full).await;
        assert!(world.writes().is_empty(), "{size}: {:?}", world.writes());
        assert_eq!(report.held, many as u64, "{size}: {report:?}");
        let held = world.admin.steps(None, &["held"], 10).await.unwrap();
        let why = held[0].hold.clone().unwrap();
        assert!(why.contains(&format!("{many} of {size} people")), "{why}");
        world.approve(verbs(&[Verb::Disable])).await;
        assert_eq!(world.active("u000"), Some(false), "{size}");
    }
}

/// Whose disable waits stays in the groups, too.
#[tokio::test]
async fn several_who_vanish_from_a_small_channel_stay_in_their_groups() {
    let world = World::of(20).await;
    world
        .dir()
        .group("app-x", &["u000", "u001", "u002", "u003"]);
    world.first_sync().await;
    for uid in ["u001", "u002"] {
        world.dir().people.remove(uid);
    }
    world.dir().group("app-x", &["u000", "u003"]);
    world.forget_requests();
    for mode in [CycleMode::Full, CycleMode::Incremental, CycleMode::Full] {
        world.sync(mode).await;
        assert!(world.writes().is_empty(), "{mode:?}: {:?}", world.writes());
    }
    world.approve(verbs(&[Verb::Disable])).await;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
    assert!(!world.groups()["app-x"].contains("u001"));
}

/// Each renaming gives it a name that nobody knows.
#[tokio::test]
async fn somebody_without_a_readable_key_waits_under_each_further_name() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").rdn = Some("married".to_owned());
    world.dir().keyless.insert("u001".to_owned());
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    world.dir().person("u001").rdn = Some("wed".to_owned());
    world.sync(CycleMode::Full).await;
    world.clock.advance(73 * 3_600_000);
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.active("u001"), Some(true));
}

#[tokio::test]
async fn an_empty_or_halved_source_proves_nothing() {
    let world = World::of(40).await;
    world.first_sync().await;
    let everybody = std::mem::take(&mut world.dir().people);
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    world.dir().people = everybody.into_iter().take(15).collect();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
    assert_eq!(report.cycle.unwrap().state.name(), "incomplete");
}

#[tokio::test]
async fn an_unreachable_source_is_an_aborted_cycle_and_nothing_else() {
    let world = World::of(10).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().unreachable = true;
    assert!(world.try_sync(CycleMode::Full).await.is_err());
    assert!(world.writes().is_empty());
    world.dir().unreachable = false;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.cycle.unwrap().verdicts["unchanged"], 10);
}

#[tokio::test]
async fn looks_become_full_reads_when_one_is_due() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.clock.advance(5 * 3_600_000);
    assert_eq!(
        world.sync(CycleMode::Incremental).await.cycle.unwrap().mode,
        CycleMode::Incremental
    );
    world.clock.advance(2 * 3_600_000);
    assert_eq!(
        world.sync(CycleMode::Incremental).await.cycle.unwrap().mode,
        CycleMode::Full
    );
    assert_eq!(
        world.active("u001"),
        Some(false),
        "deletions are noticed without being asked for"
    );
}

/// Three people of a unit of their own, who are missing; two of them are in a group.
async fn without_a_unit() -> (World, String) {
    let world = World::of(40).await;
    for uid in ["u001", "u002", "u003"] {
        "branch".clone_into(&mut world.dir().person(uid).ou);
    }
    world.dir().group("engineering", &["u001", "u002", "u004"]);
    world.first_sync().await;
    for uid in ["u001", "u002", "u003"] {
        world.dir().people.remove(uid);
    }
    world.forget_requests();
    (world, format!("ou=branch,{BASE}"))
}

#[tokio::test]
async fn people_who_are_missing_with_their_container_wait_for_a_person() {
    let (world, unit) = without_a_unit().await;
    world.dir().missing_unit = Some(unit.clone());
    for mode in [CycleMode::Full, CycleMode::Full, CycleMode::Incremental] {
        let report = world.sync(mode).await;
        assert!(world.writes().is_empty(), "{mode:?}: {:?}", world.writes());
        assert_eq!(report.held, 3, "{report:?}");
    }
    let held = world.admin.steps(None, &["held"], 10).await.unwrap();
    let why = held[0].hold.clone().unwrap();
    assert!(why.contains(&unit), "{why}");
    // Their time runs out, and they wait again.
    world.clock.advance(73 * 3_600_000);
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.approve(verbs(&[Verb::Disable])).await;
    assert_eq!(world.active("u001"), Some(false));
    assert_eq!(world.active("u003"), Some(false));
}

#[tokio::test]
async fn people_whose_container_can_be_read_again_were_never_gone() {
    let (world, unit) = without_a_unit().await;
    world.dir().missing_unit = Some(unit);
    world.sync(CycleMode::Full).await;
    world.dir().missing_unit = None;
    for uid in ["u001", "u002", "u003"] {
        world.dir().hire(uid);
        "branch".clone_into(&mut world.dir().person(uid).ou);
    }
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn nobody_is_missing_from_a_container_that_could_not_be_looked_up() {
    let (world, unit) = without_a_unit().await;
    world.dir().unreadable = Some(unit.clone());
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    assert!(world.held().await.is_empty());
    let notes = cycle.certificate.unwrap().bad_entries;
    assert!(notes.iter().any(|note| note.contains(&unit)), "{notes:?}");
    let people = world
        .writes()
        .into_iter()
        .filter(|(_, path)| path.contains("/Users"));
    assert_eq!(people.count(), 0);
    // Now it can be read, and they are really gone.
    world.dir().unreadable = None;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn who_is_missing_beside_very_many_groups_is_looked_at_a_second_time() {
    let world = World::of(20).await;
    for n in 0..1_005 {
        world.dir().group(&format!("team-{n:04}"), &[]);
    }
    world.first_sync().await;
    world.dir().groups.clear();
    for uid in ["u001", "u002", "u003"] {
        world.dir().overlooked.insert(uid.to_owned());
    }
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert!(format!("{:?}", report.cycle.unwrap().state).contains("second look"));
}

#[tokio::test]
async fn people_too_many_for_a_second_look_are_held_although_most_only_changed_their_key() {
    let world = World::of(1_020).await;
    world.first_sync().await;
    for n in 0..1_005 {
        let uid = format!("u{n:03}");
        world.dir().person(&uid).twin_of = Some(format!("again-{uid}"));
    }
    for uid in ["u1010", "u1011", "u1012"] {
        world.dir().overlooked.insert(uid.to_owned());
    }
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let cycle = report.cycle.unwrap();
    assert!(
        cycle.breaches.iter().any(|why| why.contains("1008")),
        "{:?}",
        cycle.breaches
    );
    assert_eq!(cycle.held["disable"], 3);
}
