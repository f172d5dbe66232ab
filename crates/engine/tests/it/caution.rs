//! What must be certain before anything is done: look-ups that fail, pilots and cut reads on a
//! first activation, single approvals, accounts that are protected by their names at the target.

use serde_json::json;
use usher_core::model::{CycleMode, SourceKey, Verb};
use usher_engine::admin::{Selection, SyncOptions};
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::World;

fn account(user_name: &str, external_id: Option<&str>) -> serde_json::Value {
    json!({
        "userName": user_name, "externalId": external_id, "active": true,
        "emails": [{"value": format!("{user_name}@example.com"), "type": "work", "primary": true}],
    })
}

#[tokio::test]
async fn a_resource_that_cannot_be_read_stops_no_leaver() {
    let world = World::of(20).await;
    world.first_sync().await;
    let id = world.users()["u001"]["id"].as_str().unwrap().to_owned();
    world.sandbox.fault(
        FaultRule::once(
            "PATCH",
            FaultKind::Error {
                status: 404,
                commit: false,
            },
        )
        .on_path(&id)
        .times(1_000),
    );
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    world.sandbox.fault(
        FaultRule::once(
            "GET",
            FaultKind::Error {
                status: 400,
                commit: false,
            },
        )
        .on_path(&id)
        .times(1_000),
    );
    world.dir().person("u001").title = "Head".to_owned();
    world.dir().person("u002").locked = true;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active("u002"), Some(false));
}

#[tokio::test]
async fn while_the_target_cannot_say_who_is_there_nobody_is_created_on_a_guess() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.clock.advance(2 * 86_400_000);
    world.dir().hire("newcomer");
    world.dir().person("u003").locked = true;
    world.sandbox.fault(
        FaultRule::once(
            "GET",
            FaultKind::Error {
                status: 500,
                commit: false,
            },
        )
        .on_path("filter")
        .times(1_000),
    );
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    assert!(!world.users().contains_key("newcomer"));
    assert_eq!(
        world.active("u003"),
        Some(false),
        "the leaver does not wait for that"
    );
    world.sandbox.clear_faults();
    world.sync(CycleMode::Incremental).await;
    assert!(
        world.users().contains_key("newcomer"),
        "and nobody is forgotten"
    );
}

#[tokio::test]
async fn a_pilot_or_a_cut_read_does_not_decide_how_a_channel_begins() {
    let world = World::of(5).await;
    world.sandbox.add_user(account("u001", None)).unwrap();
    let mut pilot = SyncOptions::of(CycleMode::Full);
    pilot.only = Some(vec![SourceKey::new("key-u004")]);
    let report = world
        .admin
        .sync(None, &pilot, std::sync::Arc::new(usher_engine::Silent))
        .await;
    assert_ne!(report.unwrap().mode, "active");
    world.dir().incomplete = Some("cut".to_owned());
    let report = world.sync(CycleMode::Full).await;
    assert_ne!(report.mode, "active");
    assert_eq!(
        world.users().len(),
        2,
        "the pilot's account, and the one that was there"
    );
    world.dir().incomplete = None;
    assert_eq!(
        world.sync(CycleMode::Full).await.mode,
        "observe",
        "the adoption waits"
    );
}

#[tokio::test]
async fn approving_one_adoption_sends_that_one_and_activates_nothing() {
    let world = World::of(6).await;
    for uid in ["u001", "u002"] {
        world.sandbox.add_user(account(uid, None)).unwrap();
    }
    world.sync(CycleMode::Full).await;
    let held = world.admin.steps(None, &["held"], 10).await.unwrap();
    let first = held.iter().find(|step| step.verb == Verb::Adopt).unwrap();
    let one = Selection {
        steps: vec![usher_core::model::StepId(first.id)],
        ..Selection::default()
    };
    let sync = world.approve(one).await;
    assert_eq!(sync.mode, "observe");
    assert_eq!(world.users().len(), 2, "nobody was created");
    let adopted = world
        .users()
        .values()
        .filter(|user| user.get("externalId").is_some())
        .count();
    assert_eq!(adopted, 1);
    let sync = world.approve(crate::world::verbs(&[Verb::Adopt])).await;
    assert_eq!(sync.mode, "active");
    assert_eq!(world.users().len(), 6);
}

#[tokio::test]
async fn an_account_that_is_protected_by_its_name_at_the_target_is_never_written() {
    let mut world = World::of(5).await;
    world
        .sandbox
        .add_user(account("org.admin", Some("key-u001")))
        .unwrap();
    world.configuration.sp_connections[0].protected_accounts =
        vec!["Org.Admin@example.com".to_owned()];
    world.save().await;
    world.sync(CycleMode::Full).await;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.cycle.unwrap().verdicts["protected"], 1);
    world.approve(crate::world::everything()).await;
    let admin = &world.users()["org.admin"];
    assert!(admin.get("title").is_none(), "{admin}");
    assert!(!world.users().contains_key("u001"));
}

#[tokio::test]
async fn an_option_that_is_turned_on_later_reaches_those_who_left_before() {
    let mut world = World::of(30).await;
    world.options().user_disable = false;
    world.save().await;
    world.first_sync().await;
    world.dir().people.remove("u001");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("u001"), Some(true), "the option is off");
    world.options().user_disable = true;
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.held().await,
        [("disable".to_owned(), "u001".to_owned())]
    );
}

#[tokio::test]
async fn groups_that_are_provisioned_later_are_looked_for_before_they_are_created() {
    let mut world = World::of(5).await;
    let groups = world.channel().source.groups.take();
    world.save().await;
    world.first_sync().await;
    world
        .sandbox
        .add_group(json!({"displayName": "Staff"}))
        .unwrap();
    world.dir().group("staff", &["u001"]);
    world.channel().source.groups = groups;
    world.save().await;
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(
        world.held().await,
        [("adopt".to_owned(), "staff".to_owned())]
    );
}

#[tokio::test]
async fn a_channel_that_observes_sends_the_approved_step_and_none_beside_it() {
    let mut world = World::of(5).await;
    world.channel().policy.email_domains = vec!["example.com".to_owned()];
    world.save().await;
    world.first_sync().await;
    world.set_mode(usher_store::ChannelState::Observe).await;
    let title = "Nobody approved this".to_owned();
    world.dir().person("u001").title.clone_from(&title);
    world.dir().person("u001").mail = Some("u001@elsewhere.example".to_owned());
    world.sync(CycleMode::Incremental).await;
    let held = world.steps_in("held").await;
    assert_eq!(held.len(), 1, "{held:?}");
    world.forget_requests();
    let named = Selection {
        steps: vec![held[0].id],
        ..Selection::default()
    };
    world.approve(named).await;
    assert_eq!(world.writes().len(), 1, "{:?}", world.writes());
    let account = world.users()["u001"].clone();
    assert!(account.to_string().contains("u001@elsewhere.example"));
    assert_ne!(account["title"], title.as_str());
    // Once the channel is active, the rest follows.
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u001"]["title"], title.as_str());
}

#[tokio::test]
async fn what_was_approved_and_not_sent_is_sent_by_approving_again() {
    let mut world = World::of(5).await;
    world.channel().policy.email_domains = vec!["example.com".to_owned()];
    world.save().await;
    world.first_sync().await;
    world.set_mode(usher_store::ChannelState::Observe).await;
    for uid in ["u001", "u002"] {
        world.dir().person(uid).mail = Some(format!("{uid}@elsewhere.example"));
    }
    world.dir().person("u003").title = "Nobody approved this".to_owned();
    world.sync(CycleMode::Incremental).await;
    let all = Selection {
        all: true,
        ..Selection::default()
    };
    let silent = || std::sync::Arc::new(usher_engine::Silent);
    let approved = world.admin.approve(None, &all, None, silent()).await;
    assert_eq!(approved.unwrap().done, 2);
    world.forget_requests();
    let deletes = Selection {
        verbs: vec![usher_core::model::Verb::Delete],
        ..Selection::default()
    };
    world.approve(deletes).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let sent = world.approve(all).await;
    assert_eq!(sent.succeeded, 2, "{sent:?}");
    assert_eq!(world.writes().len(), 2, "{:?}", world.writes());
}
