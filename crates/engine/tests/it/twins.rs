//! Two entries with one immutable id.

use usher_core::model::CycleMode;

use crate::world::World;

#[tokio::test]
async fn two_entries_with_one_immutable_id_are_both_left_alone_and_prove_nothing() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().hire("twin");
    world.dir().person("twin").twin_of = Some("u001".to_owned());
    world.dir().people.remove("u002");
    world.forget_requests();
    let cycle = world.sync(CycleMode::Full).await.cycle.unwrap();
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(cycle.verdicts["invalid"], 2);
    assert!(
        format!("{:?}", cycle.state).contains("same immutable id"),
        "{:?}",
        cycle.state
    );
    world.dir().person("twin").twin_of = None;
    world.sync(CycleMode::Full).await;
    assert!(world.users().contains_key("twin"));
    assert_eq!(world.active("u002"), Some(false));
}

/// Reads `twin`, who has the key of `of`, in pages of each size, and looks who is written and counted.
async fn twins_in_pages(twin: &str, of: &str, mode: CycleMode, first: bool) {
    for page in [1, 2, 7, 100] {
        let case = format!("{twin} of {of}, {mode:?}, pages of {page}, known {first}");
        let world = World::of(20).await;
        world.dir().page = Some(page);
        if first {
            world.first_sync().await;
        } else {
            world.dir().people.remove(of);
            world.first_sync().await;
            world.dir().hire(of);
        }
        world.dir().hire(twin);
        world.dir().person(twin).twin_of = Some(of.to_owned());
        world.dir().people.remove("u009");
        world.forget_requests();
        for mode in [mode, CycleMode::Full] {
            let cycle = world.sync(mode).await.cycle.unwrap();
            assert!(world.writes().is_empty(), "{case}: {:?}", world.writes());
            assert_eq!(cycle.verdicts["invalid"], 2, "{case}: {:?}", cycle.verdicts);
            let state = format!("{:?}", cycle.state);
            assert!(state.contains("immutable id"), "{case}: {state}");
        }
        world.dir().person(twin).twin_of = None;
        world.sync(CycleMode::Full).await;
        assert!(world.users().contains_key(twin), "{case}");
        assert!(world.users().contains_key(of), "{case}");
        assert_eq!(world.active("u009"), Some(false), "{case}");
    }
}

#[tokio::test]
async fn two_entries_with_one_immutable_id_are_held_whatever_the_size_of_pages_and_their_order() {
    for mode in [CycleMode::Full, CycleMode::Incremental] {
        for twin in ["a-twin", "z-twin"] {
            for known in [true, false] {
                twins_in_pages(twin, "u005", mode, known).await;
            }
        }
    }
}

/// A look at what changed brings one of the two only.
#[tokio::test]
async fn one_of_two_entries_with_one_immutable_id_changes_and_nobody_is_written() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().hire("twin");
    world.dir().person("twin").twin_of = Some("u005".to_owned());
    "Director".clone_into(&mut world.dir().person("twin").title);
    world.dir().overlooked.insert("u005".to_owned());
    let cycle = world.sync(CycleMode::Incremental).await.cycle.unwrap();
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let state = format!("{:?}", cycle.state);
    assert!(state.contains("two entries have the key"), "{state}");
    // Then the other, then both.
    world.dir().overlooked.clear();
    world.dir().overlooked.insert("twin".to_owned());
    "Director".clone_into(&mut world.dir().person("u005").title);
    world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.dir().overlooked.clear();
    world.sync(CycleMode::Full).await;
    world.dir().overlooked.insert("u005".to_owned());
    world.sync(CycleMode::Incremental).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    // One of them is corrected, and both go on.
    world.dir().person("twin").twin_of = None;
    world.dir().overlooked.clear();
    world.sync(CycleMode::Incremental).await;
    assert!(world.users().contains_key("twin"));
    assert_eq!(world.users()["u005"]["title"], "Director");
}

/// The first of the two never concerned the channel, so nothing is stored of it.
#[tokio::test]
async fn an_entry_with_the_immutable_id_of_one_out_of_scope_is_not_written() {
    for page in [1, 100] {
        let world = World::of(20).await;
        world.first_sync().await;
        world.forget_requests();
        world.dir().page = Some(page);
        world.dir().hire("a-guest");
        world.dir().person("a-guest").in_filter = false;
        world.dir().hire("b-twin");
        world.dir().person("b-twin").twin_of = Some("a-guest".to_owned());
        let cycle = world.sync(CycleMode::Incremental).await.cycle.unwrap();
        assert!(world.writes().is_empty(), "{:?}", world.writes());
        assert_eq!(cycle.verdicts["invalid"], 2, "{:?}", cycle.verdicts);
        let state = format!("{:?}", cycle.state);
        assert!(state.contains("same immutable id"), "{state}");
    }
}

#[tokio::test]
async fn an_attribute_that_many_share_is_refused_as_an_immutable_id() {
    let world = World::of(20).await;
    for person in world.dir().people.values_mut() {
        person.twin_of = Some("everybody".to_owned());
    }
    let refused = world.try_sync(CycleMode::Full).await.unwrap_err();
    assert!(refused.to_string().contains("no immutable id"), "{refused}");
    assert!(world.writes().is_empty());
}

/// Of the two, the newcomer alone looks like a new name of the known one.
#[tokio::test]
async fn a_full_read_that_breaks_off_before_the_known_one_of_two_renames_nobody() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().hire("a-twin");
    world.dir().person("a-twin").twin_of = Some("u005".to_owned());
    world.dir().overlooked.insert("u005".to_owned());
    world.dir().incomplete = Some("the size limit was exceeded".to_owned());
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert!(world.users().contains_key("u005"));
}
