//! First activation, Observe, adoption (behaviour §1, §2).

use serde_json::json;
use usher_core::model::{ChannelId, Configuration, CycleMode, StatusRule, Verb};
use usher_engine::admin::{Asking, Changed, How, Leave, NotChanged};
use usher_store::{Change, ChannelState};

use crate::world::{World, verbs};

#[tokio::test]
async fn an_empty_target_whose_scope_was_seen_gets_everybody_with_one_write_each() {
    let world = World::of(30).await;
    let report = world.first_sync().await;
    assert_eq!(report.succeeded, 30);
    assert_eq!(world.users().len(), 30);
    assert_eq!(world.writes().len(), 30, "one write per person");
    let first = &world.users()["u000"];
    assert_eq!(first["externalId"], "key-u000");
    assert_eq!(first["emails"][0]["value"], "u000@example.com");
}

#[tokio::test]
async fn a_second_sync_sends_nothing_at_all() {
    let world = World::of(30).await;
    world.first_sync().await;
    world.forget_requests();
    for mode in [CycleMode::Incremental, CycleMode::Full] {
        let report = world.sync(mode).await;
        assert_eq!(report.cycle.unwrap().verdicts["unchanged"], 30);
    }
    assert_eq!(
        world.sandbox.requests().len(),
        0,
        "not even a read of the target"
    );
}

#[tokio::test]
async fn a_scope_whose_count_was_not_seen_is_only_observed() {
    let mut world = World::of(5).await;
    world.channel().policy.scope_count_seen = false;
    world.save().await;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.mode, "observe");
    assert!(world.writes().is_empty());
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users().len(), 5);
}

#[tokio::test]
async fn accounts_that_exist_are_adopted_only_after_approval_and_never_created_twice() {
    let world = World::of(5).await;
    for uid in ["u001", "U002"] {
        world
            .sandbox
            .add_user(json!({
                "userName": uid,
                "emails": [{"value": format!("{}@example.com", uid.to_lowercase()), "type": "work", "primary": true}],
                "title": "Old title",
            }))
            .unwrap();
    }
    let plan = world.plan().await;
    assert_eq!(
        (plan.adoption.create, plan.adoption.adopt_with_changes),
        (3, 2)
    );
    assert_eq!(world.sync(CycleMode::Full).await.mode, "observe");
    assert!(
        world.writes().is_empty(),
        "nothing is written before the adoption plan is approved"
    );
    let sync = world.approve(verbs(&[Verb::Adopt])).await;
    assert_eq!(sync.mode, "active");
    assert_eq!(world.users().len(), 5, "{:?}", world.users().keys());
    let adopted = world.users();
    assert_eq!(adopted["u001"]["externalId"], "key-u001");
    assert_eq!(adopted["u001"]["title"], "Engineer");
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn somebody_at_the_target_whom_nobody_corresponds_to_is_never_touched() {
    let world = World::of(3).await;
    world
        .sandbox
        .add_user(json!({
            "userName": "stranger", "active": true,
            "emails": [{"value": "stranger@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    assert_eq!(world.plan().await.adoption.only_at_target, 1);
    world.first_sync().await;
    world.dir().people.clear();
    world.dir().hire("other");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active("stranger"), Some(true));
    assert!(world.users()["stranger"].get("externalId").is_none());
}

#[tokio::test]
async fn a_plan_changes_nothing_and_its_hash_applies_exactly_that_plan() {
    let world = World::of(8).await;
    let plan = world.plan().await;
    assert_eq!(plan.cycle.steps["create"], 8);
    assert!(world.writes().is_empty());
    assert_eq!(
        plan.hash,
        world.plan().await.hash,
        "the same input gives the same plan"
    );
    world.dir().hire("late");
    let mut options = usher_engine::admin::SyncOptions::of(CycleMode::Full);
    options.reviewed = Some(plan.hash.clone());
    let refused = world
        .admin
        .sync(None, &options, std::sync::Arc::new(usher_engine::Silent))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("the plan changed"),
        "{refused}"
    );
    assert!(world.writes().is_empty());
    options.reviewed = Some(world.plan().await.hash);
    world
        .admin
        .sync(None, &options, std::sync::Arc::new(usher_engine::Silent))
        .await
        .unwrap();
    assert_eq!(world.users().len(), 9);
}

#[tokio::test]
async fn people_disabled_in_the_source_are_not_created_but_found_ones_are_disabled() {
    let world = World::of(4).await;
    for uid in ["u000", "u001"] {
        world.dir().person(uid).locked = true;
    }
    world
        .sandbox
        .add_user(json!({
            "userName": "u001",
            "externalId": "key-u001",
            "emails": [{"value": "u001@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.sync(CycleMode::Full).await;
    world.approve(crate::world::everything()).await;
    world.sync(CycleMode::Full).await;
    assert!(!world.users().contains_key("u000"));
    assert_eq!(world.active("u001"), Some(false));
    assert_eq!(world.active("u002"), Some(true));
}

/// A plan with what waits since an earlier cycle.
async fn apply(world: &World, hash: &str) -> Result<usher_engine::admin::SyncReport, String> {
    let mut options = usher_engine::admin::SyncOptions::of(CycleMode::Full);
    options.reviewed = Some(hash.to_owned());
    let applied = world
        .admin
        .sync(None, &options, std::sync::Arc::new(usher_engine::Silent))
        .await;
    applied.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_plan_shows_what_waits_already_and_applying_it_sends_just_that() {
    let mut world = World::of(5).await;
    world.channel().policy.scope_count_seen = false;
    world.save().await;
    let fresh = world.plan().await;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "observe");
    let waiting = world.plan().await;
    assert_eq!(waiting.totals, fresh.totals);
    assert_eq!(waiting.hash, fresh.hash, "the same steps, the same hash");
    assert_eq!(waiting.samples.len(), 5);
    world.channel().policy.scope_count_seen = true;
    world.save().await;
    world.dir().hire("late");
    let refused = apply(&world, &fresh.hash).await.unwrap_err();
    assert!(refused.contains("the plan changed"), "{refused}");
    assert!(world.writes().is_empty());
    let plan = world.plan().await;
    assert_eq!(plan.samples.len(), 6);
    world.set_mode(ChannelState::Active).await;
    apply(&world, &plan.hash).await.unwrap();
    assert_eq!(world.writes().len(), 6);
    assert_eq!(world.plan().await.totals, []);
}

#[tokio::test]
async fn a_plan_of_nothing_new_still_shows_the_disables_that_wait() {
    let world = World::of(40).await;
    world.first_sync().await;
    world.set_mode(ChannelState::Observe).await;
    for uid in ["u003", "u005"] {
        world.dir().person(uid).locked = true;
    }
    world.sync(CycleMode::Full).await;
    let nothing = world.plan().await;
    let verbs: Vec<Verb> = nothing.samples.iter().map(|step| step.verb).collect();
    assert_eq!(verbs, [Verb::Disable, Verb::Disable]);
    let again = world.plan().await;
    assert_eq!(again.hash, nothing.hash);
    world.dir().person("u003").locked = false;
    let refused = apply(&world, &nothing.hash).await.unwrap_err();
    assert!(refused.contains("the plan changed"), "{refused}");
    assert_eq!(world.active("u005"), Some(true));
}

#[tokio::test]
async fn applying_a_plan_lets_through_what_an_earlier_cycle_held_and_the_plan_shows() {
    let world = World::of(3).await;
    world
        .sandbox
        .add_user(json!({
            "userName": "u001",
            "emails": [{"value": "u001@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.sync(CycleMode::Full).await;
    let plan = world.plan().await;
    assert_eq!(plan.adoption.create, 2);
    assert_eq!(plan.adoption.adopt_with_changes, 1);
    assert_eq!(plan.adoption.only_at_target, 0, "it waits for adoption");
    assert_eq!(plan.held.len(), 1);
    assert!(world.writes().is_empty());
    apply(&world, &plan.hash).await.unwrap();
    assert_eq!(world.users()["u001"]["externalId"], "key-u001");
    assert_eq!(world.users().len(), 3);
}

#[tokio::test]
async fn an_account_that_a_create_meets_after_the_first_sync_waits_for_approval() {
    let world = World::of(3).await;
    world.first_sync().await;
    world
        .sandbox
        .add_user(json!({
            "userName": "ceo",
            "title": "Chief",
            "emails": [{"value": "ceo@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.dir().hire("ceo");
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Full).await;
    let account = &world.users()["ceo"];
    assert_eq!(account["title"], "Chief");
    assert!(account.get("externalId").is_none(), "{account}");
    let writes = world.writes();
    assert!(
        writes.iter().all(|(method, _)| method == "POST"),
        "{writes:?}"
    );
    assert_eq!(world.held().await, [("adopt".to_owned(), "ceo".to_owned())]);
    let plan = world.plan().await;
    assert!(
        !plan.samples[0].changes.is_empty(),
        "shows what would change"
    );
    world.approve(verbs(&[Verb::Adopt])).await;
    assert_eq!(world.users()["ceo"]["externalId"], "key-ceo");
}

#[tokio::test]
async fn an_account_found_by_a_reconciliation_waits_for_approval_too() {
    let world = World::of(3).await;
    world.first_sync().await;
    world
        .sandbox
        .add_user(json!({
            "userName": "ceo",
            "emails": [{"value": "ceo@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.dir().hire("ceo");
    world.forget_requests();
    world.sync(CycleMode::Reconcile).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    assert_eq!(world.held().await, [("adopt".to_owned(), "ceo".to_owned())]);
}

/// Behaviour §16: an account-status setting that never says "disabled" would let every leaver keep the account.
#[tokio::test]
async fn nobody_disabled_among_more_than_500_people_must_be_acknowledged() {
    let mut world = World::of(501).await;
    world.channel().policy.no_disabled_seen = false;
    world.save().await;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "observe");
    let refused = world.admin.set_mode(None, ChannelState::Active).await;
    let refused = refused.expect_err("refused").to_string();
    for words in ["0 of 501 people", "`locked`", "\"no_disabled_seen\": true"] {
        assert!(refused.contains(words), "{refused}");
    }
    assert!(world.writes().is_empty());
    // Whoever reads as before is not looked at again, and the answer stays.
    world.sync(CycleMode::Full).await;
    let refused = world.admin.set_mode(None, ChannelState::Active).await;
    assert!(refused.is_err());
    let configuration = world.admin.engine.configuration().await.unwrap();
    let id = world.channel().id.clone();
    let refusals = world.admin.refusals(&configuration, &id).await.unwrap();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    world.dir().people.get_mut("u007").unwrap().locked = true;
    world.sync(CycleMode::Full).await;
    world.sync(CycleMode::Full).await;
    world.set_mode(ChannelState::Active).await;
}

#[tokio::test]
async fn a_status_attribute_that_is_changed_while_it_runs_is_judged_before_anybody_is_enabled() {
    let mut world = World::of(510).await;
    world.channel().policy.no_disabled_seen = false;
    world.channel().policy.load.requests_per_second = Some(0.0);
    world.save().await;
    for n in 0..3 {
        world.dir().person(&format!("u00{n}")).locked = true;
    }
    world.sync(CycleMode::Full).await;
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Full).await;
    // Another change of the configuration changes nothing about that.
    world.channel().policy.email_domains = vec!["example.com".to_owned()];
    world.save().await;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "active");
    if let StatusRule::Flag { attribute, .. } = &mut world.channel().source.status {
        "nothing".clone_into(attribute);
    }
    world.save().await;
    world.forget_requests();
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.mode, "observe", "{report:?}");
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    let refused = world.admin.set_mode(None, ChannelState::Active).await;
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains("0 of 510 people"), "{refused}");
    world.channel().policy.no_disabled_seen = true;
    world.save().await;
    world.set_mode(ChannelState::Active).await;
}

#[tokio::test]
async fn nobody_disabled_is_no_matter_for_few_people_or_when_it_was_acknowledged() {
    for (people, seen) in [(500, false), (501, true)] {
        let mut world = World::of(people).await;
        world.channel().policy.no_disabled_seen = seen;
        world.save().await;
        assert_eq!(world.sync(CycleMode::Full).await.mode, "active");
        assert_eq!(world.users().len(), people);
    }
}

/// A company of 501 people whose policy does not say that nobody is disabled.
async fn unacknowledged() -> World {
    let mut world = World::of(501).await;
    world.channel().policy.no_disabled_seen = false;
    world.save().await;
    world
}

#[tokio::test]
async fn somebody_disabled_in_a_read_that_ended_early_counts() {
    let world = unacknowledged().await;
    world.dir().person("u007").locked = true;
    world.dir().incomplete = Some("the server went away".to_owned());
    world.sync(CycleMode::Full).await;
    world.dir().incomplete = None;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "active");
}

#[tokio::test]
async fn nobody_disabled_in_a_read_that_ended_early_is_told_after_the_complete_one() {
    let world = unacknowledged().await;
    world.dir().incomplete = Some("the server went away".to_owned());
    world.sync(CycleMode::Full).await;
    world.dir().incomplete = None;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "observe");
    let refused = world.admin.set_mode(None, ChannelState::Active).await;
    assert!(refused.unwrap_err().to_string().contains("0 of 501 people"));
}

#[tokio::test]
async fn somebody_disabled_in_a_look_at_what_changed_counts() {
    let world = unacknowledged().await;
    assert_eq!(world.sync(CycleMode::Full).await.mode, "observe");
    world.dir().person("u007").locked = true;
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Full).await;
    world.set_mode(ChannelState::Active).await;
    // Disabled people who are in line, and those who were never created, are still known.
    world.sync(CycleMode::Full).await;
    world.set_mode(ChannelState::Paused).await;
    world.set_mode(ChannelState::Active).await;
}

#[tokio::test]
async fn a_channel_that_was_activated_before_anything_was_read_is_judged_by_its_first_read() {
    let world = unacknowledged().await;
    world.set_mode(ChannelState::Active).await;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.mode, "observe");
    assert!(world.writes().is_empty(), "{:?}", world.writes().len());
    let log = world.admin.engine.store.audit_log(None, 10).await.unwrap();
    let told = log.iter().any(|(_, event)| {
        event.event == "MODE"
            && event
                .detail
                .contains("0 of 501 people in scope are disabled")
    });
    assert!(told, "{log:?}");
}

/// Staff, which is on, and a second channel of 501 people, which was read and turned off. Both only observe.
async fn one_on_one_odd() -> World {
    let mut world = World::of(501).await;
    for person in world.dir().people.values_mut() {
        person.in_second = true;
    }
    world.channel().policy.scope_count_seen = false;
    let mut second = world.channel().clone();
    second.id = ChannelId::new("second");
    "Second".clone_into(&mut second.name);
    second.source.users.filter = Some("(second=yes)".to_owned());
    second.source.groups = None;
    second.policy.no_disabled_seen = false;
    world.configuration.sp_connections[0].channels.push(second);
    world.save().await;
    let report = world.sync_channel("Second", CycleMode::Full).await;
    assert_eq!(report.mode, "observe");
    world.configuration.sp_connections[0].channels[1].active = false;
    world.save().await;
    world
}

fn differs(before: &Configuration, after: &Configuration) -> Vec<Change> {
    let change = Change {
        path: "sp_connections".to_owned(),
        before: None,
        after: None,
    };
    let is_same = before.sp_connections == after.sp_connections;
    if is_same { Vec::new() } else { vec![change] }
}

async fn turn_on(
    world: &World,
    asking: Asking,
    key: Option<&str>,
) -> Result<Changed<()>, NotChanged<()>> {
    let how = How {
        asking,
        leave: Leave::Any,
        counts_as_seen: false,
        tell: differs,
    };
    let make = |before: &Configuration| {
        let mut after = before.clone();
        let sp = &mut after.sp_connections[0];
        sp.channels[1].active = true;
        if let Some(key) = key {
            let sealed = world.admin.engine.sealer.seal("target_secret", key);
            let name = usher_connector_atlassian::API_KEY.to_owned();
            sp.secrets.insert(name, sealed);
        }
        Ok((after, ()))
    };
    world.admin.change(how, make).await
}

#[tokio::test]
async fn a_channel_that_stays_off_does_not_keep_the_changed_access_from_being_asked() {
    let world = one_on_one_odd().await;
    let refused = turn_on(&world, Asking::Outside, Some("not the key")).await;
    let Err(NotChanged::Doubts(doubts)) = refused else {
        panic!("saved: {refused:?}");
    };
    assert!(
        doubts[0].why.contains("refused these settings"),
        "{doubts:?}"
    );
    let saved = turn_on(&world, Asking::Outside, Some(&world.sandbox.key())).await;
    let saved = saved.unwrap();
    assert!(saved.warnings[0].contains("0 of 501 people"), "{saved:?}");
    assert!(!saved.configuration.sp_connections[0].channels[1].active);
    assert!(saved.configuration.sp_connections[0].channels[0].active);
}

#[tokio::test]
async fn a_channel_with_nobody_disabled_stays_off_though_nobody_outside_is_asked() {
    let world = one_on_one_odd().await;
    let saved = turn_on(&world, Asking::Nothing, None).await.unwrap();
    assert!(saved.warnings[0].contains("0 of 501 people"), "{saved:?}");
    assert!(!saved.configuration.sp_connections[0].channels[1].active);
}
