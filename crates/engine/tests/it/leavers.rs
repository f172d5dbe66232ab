//! Leavers, returners, options, protection (behaviour §3, §6, §11).

use usher_core::model::{CycleMode, RemoveAction, Verb};

use crate::world::{World, verbs};

#[tokio::test]
async fn a_leaver_is_disabled_by_one_request_that_says_nothing_else() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().person("u003").locked = true;
    world.dir().person("u003").title = "Former engineer".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u003"), Some(false));
    let writes: Vec<_> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    let body = serde_json::to_string(&writes[0]).unwrap();
    assert!(
        body.contains("active") && !body.contains("Former"),
        "{body}"
    );
}

#[tokio::test]
async fn somebody_who_returns_is_enabled_again_and_brought_up_to_date() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u003").locked = true;
    world.sync(CycleMode::Incremental).await;
    world.dir().person("u003").locked = false;
    world.dir().person("u003").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u003"), Some(true));
    assert_eq!(world.users()["u003"]["title"], "Lead");
}

#[tokio::test]
async fn leaving_the_filter_is_seen_by_a_delta() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u004").in_filter = false;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u004"), Some(false));
    let story = world.admin.explain(None, "u004").await.unwrap();
    assert!(
        story.scope.contains("filter (staff=yes)"),
        "{}",
        story.scope
    );
}

#[tokio::test]
async fn delete_by_absence_disables_now_and_deletes_after_its_grace_and_two_reads() {
    let mut world = World::of(20).await;
    world.options().remove_action = RemoveAction::Delete;
    world.save().await;
    world.first_sync().await;
    world.dir().people.remove("u005");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u005"), Some(false), "disabled at once");
    world.clock.advance(6 * 86_400_000);
    world.sync(CycleMode::Full).await;
    assert!(world.users().contains_key("u005"), "still within the grace");
    world.clock.advance(2 * 86_400_000);
    world.sync(CycleMode::Full).await;
    assert!(
        !world.users().contains_key("u005"),
        "deleted after the grace"
    );
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn a_cleared_option_skips_and_counts() {
    let mut world = World::of(6).await;
    world.options().user_create = false;
    world.save().await;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.cycle.unwrap().verdicts["skipped_by_option"], 6);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn an_attribute_that_the_source_clears_is_cleared_at_the_target() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u006").title = String::new();
    world.sync(CycleMode::Incremental).await;
    assert!(
        world.users()["u006"].get("title").is_none(),
        "{}",
        world.users()["u006"]
    );
}

#[tokio::test]
async fn a_protected_account_gets_no_write_of_any_kind() {
    let mut world = World::of(20).await;
    world.first_sync().await;
    world.configuration.sp_connections[0].protected_accounts = vec!["U007@example.com".to_owned()];
    world.save().await;
    world.dir().person("u007").locked = true;
    world.dir().person("u007").title = "Boss".to_owned();
    world.forget_requests();
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.cycle.unwrap().verdicts["protected"], 1);
    assert!(world.writes().is_empty());
    assert_eq!(world.active("u007"), Some(true));
}

#[tokio::test]
async fn a_protected_account_outside_the_scope_gets_no_step_when_the_configuration_changes() {
    let mut world = World::of(20).await;
    world.first_sync().await;
    world.configuration.sp_connections[0].protected_accounts = vec!["u007@example.com".to_owned()];
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.dir().person("u007").in_filter = false;
    world.sync(CycleMode::Incremental).await;
    world.channel().name = "Another name".to_owned();
    world.channel().policy.sentinel_sample = 5;
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    world.approve(crate::world::everything()).await;
    assert_eq!(world.active("u007"), Some(true));
}

#[tokio::test]
async fn an_account_protected_by_its_name_at_the_target_is_not_disabled_when_its_person_leaves() {
    let mut world = World::of(20).await;
    world.first_sync().await;
    // The directory calls her otherwise; the account at the target is what is protected.
    world.dir().person("u007").mail = Some("seven@example.com".to_owned());
    world.configuration.sp_connections[0].protected_accounts = vec!["u007@example.com".to_owned()];
    world.save().await;
    world.dir().person("u007").in_filter = false;
    world.dir().person("u008").in_filter = false;
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u007"), Some(true), "{:?}", world.writes());
    world.dir().people.remove("u007");
    world.sync(CycleMode::Full).await;
    world.approve(crate::world::everything()).await;
    assert_eq!(world.active("u007"), Some(true));
}

#[tokio::test]
async fn accounts_that_are_enabled_again_are_held_above_a_limit_and_by_an_incomplete_read() {
    let world = World::of(40).await;
    world.first_sync().await;
    let lock = |from: u32, to: u32, locked: bool| {
        for n in from..=to {
            world.dir().person(&format!("u{n:03}")).locked = locked;
        }
    };
    lock(1, 12, true);
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u012"), Some(false));
    lock(1, 1, false);
    world.dir().incomplete = Some("the connection was cut".to_owned());
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u001"), Some(false), "it proves nothing");
    world.dir().incomplete = None;
    lock(1, 12, false);
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u012"), Some(false));
    assert!(report.held >= 11, "{report:?}");
    world.approve(crate::world::everything()).await;
    assert_eq!(world.active("u001"), Some(true));
    assert_eq!(world.active("u012"), Some(true));
}

#[tokio::test]
async fn a_person_under_a_new_key_keeps_the_account_after_approval() {
    let world = World::of(20).await;
    world.first_sync().await;
    let before = world.users()["u008"]["id"].clone();
    let mut moved = world.dir().people.remove("u008").unwrap();
    moved.uid = "u008-new".to_owned();
    moved.mail = Some("u008@example.com".to_owned());
    world.dir().people.insert("u008-new".to_owned(), moved);
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(
        world.writes().is_empty(),
        "never remove plus create: {:?}",
        world.writes()
    );
    assert_eq!(
        world.held().await,
        [("rekey".to_owned(), "u008-new".to_owned())]
    );
    world.approve(verbs(&[Verb::Rekey])).await;
    let users = world.users();
    let account = users.values().find(|user| user["id"] == before).unwrap();
    assert_eq!(account["externalId"], "key-u008-new");
    assert_eq!(account["active"], true);
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn a_person_under_a_new_key_stays_in_the_groups() {
    let world = World::of(20).await;
    world.dir().group("staff", &["u007", "u008", "u009"]);
    world.first_sync().await;
    let mut anew = world.dir().people.remove("u008").unwrap();
    anew.uid = "u008-new".to_owned();
    anew.mail = Some("u008@example.com".to_owned());
    world.dir().people.insert("u008-new".to_owned(), anew);
    world.dir().group("staff", &["u007", "u008-new", "u009"]);
    world.forget_requests();
    for mode in [CycleMode::Full, CycleMode::Full] {
        world.sync(mode).await;
        assert!(world.writes().is_empty(), "{:?}", world.writes());
    }
    world.approve(verbs(&[Verb::Rekey])).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["staff"].len(), 3);
    let removed = world
        .admin
        .steps(None, &["succeeded"], 1_000)
        .await
        .unwrap()
        .into_iter()
        .filter(|step| step.verb == Verb::RemoveMembers);
    assert_eq!(removed.count(), 0);
}

#[tokio::test]
async fn a_re_keying_cycle_holds_re_keys_and_removes_nobody() {
    let world = World::of(20).await;
    world.dir().group("staff", &["u007", "u008", "u009"]);
    world.first_sync().await;
    for uid in ["u007", "u008"] {
        let mut anew = world.dir().people.remove(uid).unwrap();
        anew.uid = format!("{uid}-new");
        world.dir().people.insert(anew.uid.clone(), anew);
    }
    world.dir().people.remove("u009");
    world.dir().group("staff", &["u007-new", "u008-new"]);
    world.forget_requests();
    world.sync(CycleMode::Rekey).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let held = world.held().await;
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.iter().all(|(verb, _)| verb == "rekey"), "{held:?}");
    world.approve(verbs(&[Verb::Rekey])).await;
    assert_eq!(world.active("u009"), Some(true));
    // Who is really gone is for the next ordinary read.
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u009"), Some(false));
}
