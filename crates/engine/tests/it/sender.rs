//! What the sender does when the target is slow, unsure or refuses a part (behaviour §6, §17).

use usher_core::model::CycleMode;
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::World;

fn failing(method: &str, path: &str, status: u16) -> FaultRule {
    let kind = FaultKind::Error {
        status,
        commit: false,
    };
    FaultRule {
        times: None,
        ..FaultRule::once(method, kind).on_path(path)
    }
}

fn posts(world: &World) -> usize {
    let writes = world.writes();
    writes.iter().filter(|(method, _)| method == "POST").count()
}

/// One person's create was carried out, its reply was lost, and looking it up answers `status`.
async fn with_an_unknown_create(status: u16) -> World {
    let world = World::of(4).await;
    world.first_sync().await;
    world.forget_requests();
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    world.sandbox.fault(failing("GET", "filter=", status));
    world.dir().hire("lost");
    world.sync(CycleMode::Incremental).await;
    world
}

#[tokio::test]
async fn a_step_whose_outcome_stays_unknown_keeps_nobody_else_waiting() {
    let world = with_an_unknown_create(503).await;
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u001"]["title"], "Lead");
    world.sandbox.clear_faults();
    world.sync(CycleMode::Incremental).await;
    world.dir().person("lost").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["lost"]["title"], "Lead");
    assert_eq!(posts(&world), 1, "it is found, not made again");
}

#[tokio::test]
async fn a_create_that_may_have_been_carried_out_is_looked_up_after_a_refused_key() {
    let world = with_an_unknown_create(401).await;
    world.sandbox.clear_faults();
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(posts(&world), 1, "it is found, not made again");
    let waiting = world.admin.steps(None, &["unknown", "waiting"], 10).await;
    assert!(waiting.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_again_while_sending_goes_on() {
    let world = World::of(4).await;
    world.first_sync().await;
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    world.sandbox.fault(FaultRule {
        times: Some(5),
        ..failing("GET", "filter=", 503)
    });
    world.dir().hire("lost");
    let options = usher_engine::admin::SyncOptions::of(CycleMode::Incremental);
    let progress = std::sync::Arc::new(usher_engine::Silent);
    let report = world.admin.sync(None, &options, progress).await.unwrap();
    assert_eq!((report.waiting, world.users().len()), (0, 5), "{report:?}");
}

#[tokio::test]
async fn a_target_that_is_busy_for_long_parks_nobody() {
    for kind in [
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::Error {
            status: 503,
            commit: false,
        },
        FaultKind::ResetBeforeCommit,
    ] {
        let world = World::of(4).await;
        world.first_sync().await;
        let busy = FaultRule::always(kind.clone()).on_path("/Users/");
        world.sandbox.fault(busy);
        for n in 0..3 {
            world.dir().person(&format!("u{n:03}")).title = "Lead".to_owned();
        }
        for _ in 0..14 {
            world.sync(CycleMode::Incremental).await;
            world.clock.advance(400_000);
        }
        let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
        assert!(parked.is_empty(), "{kind:?}: {parked:?}");
        world.sandbox.clear_faults();
        world.sync(CycleMode::Incremental).await;
        assert_eq!(world.users()["u002"]["title"], "Lead", "{kind:?}");
    }
}

#[tokio::test]
async fn one_step_that_fails_where_others_succeed_is_parked_in_the_end() {
    let world = World::of(4).await;
    world.first_sync().await;
    world.sandbox.fault(FaultRule {
        body_contains: Some("Poison".to_owned()),
        ..FaultRule::always(FaultKind::Error {
            status: 500,
            commit: false,
        })
    });
    world.dir().person("u003").title = "Poison".to_owned();
    for n in 0..14 {
        world.dir().person("u000").title = format!("Title {n}");
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(400_000);
    }
    let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
    assert_eq!(parked.len(), 1);
}

/// So many rounds of one sync every few minutes; how many steps are parked after them.
async fn rounds(world: &World, count: usize) -> usize {
    for _ in 0..count {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(400_000);
    }
    world.steps_in("parked").await.len()
}

#[tokio::test]
async fn a_step_that_fails_alone_while_the_target_is_well_is_parked_in_the_end() {
    let world = World::of(4).await;
    world.first_sync().await;
    world.sandbox.fault(FaultRule {
        body_contains: Some("Poison".to_owned()),
        ..failing("PATCH", "/Users/", 500)
    });
    world.dir().person("u003").title = "Poison".to_owned();
    assert_eq!(rounds(&world, 20).await, 0, "the target may be unwell");
    assert_eq!(rounds(&world, 12).await, 1, "it is not");
    let story = world.admin.explain(None, "u003").await.unwrap();
    assert!(format!("{story:?}").contains("retry it"), "{story:?}");
    // Nobody else waits for it.
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u001"]["title"], "Lead");
}

#[tokio::test]
async fn a_target_that_is_down_parks_nobody_however_few_steps_are_due() {
    let world = World::of(4).await;
    world.first_sync().await;
    world.sandbox.fault(FaultRule::always(FaultKind::Error {
        status: 503,
        commit: false,
    }));
    world.dir().person("u003").title = "Lead".to_owned();
    assert_eq!(rounds(&world, 40).await, 0);
    world.sandbox.clear_faults();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u003"]["title"], "Lead");
}

#[tokio::test]
async fn a_target_that_can_only_be_read_parks_nobody() {
    let world = World::of(8).await;
    world.first_sync().await;
    world.sandbox.fault(failing("PATCH", "/Users/", 503));
    for n in 0..5 {
        world.dir().person(&format!("u{n:03}")).title = "Lead".to_owned();
    }
    assert_eq!(rounds(&world, 40).await, 0);
    world.sandbox.clear_faults();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u004"]["title"], "Lead");
}

#[tokio::test]
async fn several_steps_that_each_break_a_quiet_target_are_all_parked_in_the_end() {
    let world = World::of(8).await;
    world.first_sync().await;
    world.sandbox.fault(FaultRule {
        body_contains: Some("Poison".to_owned()),
        ..failing("PATCH", "/Users/", 500)
    });
    for n in 0..5 {
        world.dir().person(&format!("u{n:03}")).title = "Poison".to_owned();
    }
    assert_eq!(rounds(&world, 60).await, 0, "the target may be unwell");
    let mut parked = 0;
    for _ in 0..30 {
        parked = rounds(&world, 10).await;
        if parked == 5 {
            break;
        }
    }
    assert_eq!(parked, 5, "it is not");
    let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
    assert!(
        parked
            .iter()
            .all(|step| format!("{step:?}").contains("retry it"))
    );
    world.dir().person("u007").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u007"]["title"], "Lead");
}

#[tokio::test]
async fn a_member_that_the_target_knows_only_later_gets_into_the_group() {
    let world = World::of(8).await;
    world.dir().group("staff", &["u000", "u001"]);
    world.first_sync().await;
    let id = world.users()["u003"]["id"].as_str().unwrap().to_owned();
    let unknown = FaultRule {
        body_contains: Some(id),
        ..failing("PATCH", "/Groups/", 404)
    };
    world.sandbox.fault(unknown);
    world
        .dir()
        .group("staff", &["u000", "u001", "u002", "u003", "u004"]);
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["staff"].len(), 4, "the others are there");
    let waiting = world.admin.steps(None, &["waiting"], 10).await.unwrap();
    assert_eq!(waiting.len(), 1, "the rest is visible");
    // While it waits, the group goes on.
    world
        .dir()
        .group("staff", &["u000", "u002", "u003", "u004", "u005"]);
    world.sync(CycleMode::Incremental).await;
    assert!(world.groups()["staff"].contains("u005"));
    assert!(!world.groups()["staff"].contains("u001"));
    world.sandbox.clear_faults();
    world.clock.advance(400_000);
    world.sync(CycleMode::Incremental).await;
    assert!(world.groups()["staff"].contains("u003"));
}

#[tokio::test]
async fn a_member_that_cannot_be_taken_out_is_parked_and_said_so() {
    let world = World::of(8).await;
    world.dir().group("staff", &["u000", "u001", "u002"]);
    world.first_sync().await;
    world.sandbox.fault(failing("PATCH", "/Groups/", 404));
    world.dir().group("staff", &["u000", "u001"]);
    for _ in 0..12 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(400_000);
    }
    let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(world.groups()["staff"].len(), 3);
}

#[tokio::test]
async fn a_change_to_a_value_that_is_just_being_freed_is_tried_again() {
    let world = World::of(4).await;
    world.first_sync().await;
    let taken = FaultRule {
        times: Some(2),
        ..failing("PATCH", "/Users/", 409)
    };
    world.sandbox.fault(taken);
    world.dir().person("u001").title = "Lead".to_owned();
    for _ in 0..3 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(61_000);
    }
    assert_eq!(world.users()["u001"]["title"], "Lead");
}

#[tokio::test]
async fn a_change_to_a_value_that_stays_taken_is_parked_with_its_remedy() {
    let world = World::of(4).await;
    world.first_sync().await;
    world.sandbox.fault(failing("PATCH", "/Users/", 409));
    world.dir().person("u001").title = "Lead".to_owned();
    for _ in 0..4 {
        let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
        assert!(parked.is_empty(), "{parked:?}");
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(61_000);
    }
    let story = world.admin.explain(None, "u001").await.unwrap();
    let story = format!("{story:?}");
    assert!(story.contains("swap"), "{story}");
}

#[tokio::test]
async fn an_adoption_whose_only_change_is_refused_links_all_the_same() {
    let world = World::of(3).await;
    let account = serde_json::json!({
        "userName": "u001", "externalId": "key-u001", "title": "Old title", "active": true,
        "name": {"givenName": "u001", "familyName": "Example"},
        "emails": [{"value": "u001@example.com", "type": "work", "primary": true}],
    });
    world.sandbox.add_user(account).unwrap();
    world.sync(CycleMode::Full).await;
    world.sandbox.fault(failing("PATCH", "/Users/", 400));
    world.sandbox.fault(failing("PUT", "/Users/", 400));
    let sent = world.approve(crate::world::everything()).await;
    // What was refused is parked; the link is not.
    assert_eq!(sent.parked, 1, "{sent:?}");
    let story = world.admin.explain(None, "u001").await.unwrap();
    assert!(story.subject.target_id.is_some(), "{story:?}");
    // Whoever is linked is disabled, too.
    world.sandbox.clear_faults();
    world.dir().person("u001").locked = true;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u001"), Some(false));
}

#[tokio::test]
async fn a_re_key_of_which_everything_is_refused_keeps_the_account_all_the_same() {
    let world = World::of(20).await;
    world.first_sync().await;
    let id = world.users()["u008"]["id"].clone();
    world.dir().person("u008").twin_of = Some("again".to_owned());
    world.sync(CycleMode::Full).await;
    world.sandbox.fault(failing("PATCH", "/Users/", 400));
    world.sandbox.fault(failing("PUT", "/Users/", 400));
    let sent = world.approve(crate::world::everything()).await;
    // What was refused is parked; the link is not.
    assert_eq!(sent.parked, 1, "{sent:?}");
    world.sandbox.clear_faults();
    world.dir().person("u008").locked = true;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.users()["u008"]["id"], id);
    assert_eq!(world.active("u008"), Some(false));
    assert_eq!(world.users().len(), 20);
}
