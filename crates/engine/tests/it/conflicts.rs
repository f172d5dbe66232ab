//! Unique values and correlation (behaviour §9, §10).

use std::sync::Arc;

use serde_json::json;
use usher_core::model::{CycleMode, StepId, SubjectId};
use usher_engine::admin::{Selection, SyncOptions};
use usher_engine::{EngineError, Silent};
use usher_store::{StepFilter, SubjectFilter};

use crate::queries::counted;
use crate::world::{World, everything};

#[tokio::test]
async fn two_people_with_one_address_are_both_held_and_each_names_the_other() {
    let world = World::of(20).await;
    world.dir().person("u001").mail = Some("Same@example.com".to_owned());
    world.dir().person("u015").mail = Some("same@EXAMPLE.com".to_owned());
    world.first_sync().await;
    assert_eq!(world.users().len(), 18);
    let story = world.admin.explain(None, "u001").await.unwrap();
    assert!(story.next.what.contains("u015"), "{:?}", story.next);
    world.dir().person("u015").mail = Some("u015@example.com".to_owned());
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.users().len(),
        20,
        "both go on when the conflict is gone"
    );
}

/// What a plan, and a full read when all of it waits, ask of the store, where all but ten of these
/// people share one address, or nobody does.
async fn statements(people: usize, shared: bool) -> [usize; 2] {
    let mut world = World::of(people).await;
    world.channel().policy.load.requests_per_second = Some(0.0);
    world.save().await;
    world.dir().page = Some(200);
    for (n, person) in (0..).zip(world.dir().people.values_mut()) {
        if shared && n >= 10 {
            person.mail = Some("same@example.com".to_owned());
        }
    }
    let (plan, planning) = Box::pin(counted(world.plan())).await;
    let held = if shared { people - 10 } else { 0 };
    let verdicts = &plan.cycle.verdicts;
    assert_eq!(verdicts.get("held").copied().unwrap_or(0), held as u64);
    for _ in 0..2 {
        world.sync(CycleMode::Full).await;
        assert_eq!(world.users().len(), people - held);
    }
    let (_, waiting) = counted(world.sync(CycleMode::Full)).await;
    assert_eq!(world.steps_in("held").await.len(), held);
    [planning, waiting]
}

#[tokio::test]
async fn a_value_that_many_share_costs_few_statements() {
    let people = 810;
    let apart = Box::pin(statements(people, false)).await;
    let shared = Box::pin(statements(people, true)).await;
    for (apart, shared) in apart.into_iter().zip(shared) {
        assert!(apart > 0, "statements are counted");
        // Some for each two hundred of them, and not one for each.
        let most = apart + people / 4;
        assert!(
            shared < most,
            "{shared} statements, and {apart} where nobody shares"
        );
    }
}

#[tokio::test]
async fn the_linked_incumbent_goes_on_and_the_newcomer_is_held() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().hire("twin");
    world.dir().person("twin").mail = Some("U001@example.com".to_owned());
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u001"]["title"], "Lead");
    assert!(!world.users().contains_key("twin"));
}

#[tokio::test]
async fn a_missing_address_is_told_and_stops_nobody_else() {
    let world = World::of(20).await;
    world.dir().person("u002").mail = None;
    let report = world.first_sync().await;
    assert_eq!(report.cycle.unwrap().verdicts["invalid"], 1);
    assert_eq!(world.users().len(), 19);
    let story = world
        .admin
        .explain(None, "uid=u002,ou=people,dc=example,dc=com")
        .await
        .unwrap();
    assert!(
        story.subject.reason.contains("workEmail"),
        "{}",
        story.subject.reason
    );
}

#[tokio::test]
async fn a_foreign_external_id_is_held_and_taken_over_only_by_approval() {
    let world = World::of(3).await;
    world
        .sandbox
        .add_user(json!({
            "userName": "u001", "externalId": "somebody-elses",
            "emails": [{"value": "u001@example.com", "type": "work", "primary": true}],
        }))
        .unwrap();
    world.sync(CycleMode::Full).await;
    assert_eq!(world.users()["u001"]["externalId"], "somebody-elses");
    world.approve(everything()).await;
    assert_eq!(world.users()["u001"]["externalId"], "key-u001");
}

#[tokio::test]
async fn an_address_that_an_invisible_account_holds_is_parked_with_its_remedy() {
    let world = World::of(3).await;
    world.sandbox.fault(
        usher_sandbox::scim::FaultRule::once(
            "POST",
            usher_sandbox::scim::FaultKind::Error {
                status: 409,
                commit: false,
            },
        )
        .times(1_000)
        .on_path("/Users"),
    );
    world.sync(CycleMode::Full).await;
    for _ in 0..3 {
        world.clock.advance(61_000);
        world.sync(CycleMode::Incremental).await;
    }
    assert!(world.users().is_empty());
    let parked = world.admin.steps(None, &["parked"], 10).await.unwrap();
    assert_eq!(parked.len(), 3);
}

/// Ids and times of the steps that wait.
async fn waiting(world: &World) -> Vec<(i64, i64, String)> {
    let filter = StepFilter {
        states: vec!["held".to_owned()],
        ..StepFilter::default()
    };
    let steps = world.admin.engine.store.steps(&filter, StepId(0), 100);
    let steps = steps.await.unwrap().into_iter();
    steps
        .map(|step| (step.id.0, step.created_at, format!("{:?}", step.state)))
        .collect()
}

async fn versions(world: &World) -> Vec<(String, u64)> {
    let store = &world.admin.engine.store;
    let everybody = SubjectFilter::default();
    let all = store.list(&everybody, SubjectId(0), 1_000);
    let all = all.await.unwrap().into_iter();
    all.map(|subject| (subject.key.to_string(), subject.version))
        .collect()
}

/// Two newcomers with one address, a newcomer with a linked person's, a linked person who takes
/// another's, and two who exchange theirs.
async fn contested() -> World {
    let world = World::of(20).await;
    world.first_sync().await;
    let mail = |uid: &str, mail: &str| {
        world.dir().person(uid).mail = Some(format!("{mail}@example.com"));
    };
    for uid in ["new-a", "new-b", "new-c"] {
        world.dir().hire(uid);
    }
    mail("new-a", "same");
    mail("new-b", "same");
    mail("new-c", "u001");
    mail("u002", "u003");
    mail("u004", "u005");
    mail("u005", "u004");
    "Lead".clone_into(&mut world.dir().person("u004").title);
    world
}

#[tokio::test]
async fn what_waits_is_not_written_again_while_nothing_changes() {
    let world = contested().await;
    world.sync(CycleMode::Incremental).await;
    // The title of u004 was sent; what is left of its plan is written once more.
    world.sync(CycleMode::Incremental).await;
    let (steps, before) = (waiting(&world).await, versions(&world).await);
    assert_eq!(steps.len(), 6, "{steps:?}");
    for mode in [
        CycleMode::Incremental,
        CycleMode::Full,
        CycleMode::Incremental,
    ] {
        world.clock.advance(3_600_000);
        let cycle = world.sync(mode).await.cycle.unwrap();
        assert_eq!(waiting(&world).await, steps);
        assert_eq!(versions(&world).await, before);
        assert!(cycle.steps.is_empty(), "{cycle:?}");
    }
    // So their time runs out, and they are planned anew.
    world.clock.advance(73 * 3_600_000);
    world.sync(CycleMode::Incremental).await;
    let anew = waiting(&world).await;
    assert_eq!(anew.len(), 6);
    assert!(anew.iter().all(|step| !steps.contains(step)), "{anew:?}");
}

#[tokio::test]
async fn a_refused_application_changes_no_hash() {
    let world = contested().await;
    let reviewed = world.plan().await.hash;
    for _ in 0..2 {
        let mut options = SyncOptions::of(CycleMode::Full);
        options.reviewed = Some("another".to_owned());
        let refused = world.admin.sync(None, &options, Arc::new(Silent)).await;
        assert!(
            matches!(&refused, Err(EngineError::PlanChanged { found, .. }) if *found == reviewed),
            "{refused:?}"
        );
        assert_eq!(world.plan().await.hash, reviewed);
    }
    let mut options = SyncOptions::of(CycleMode::Full);
    options.reviewed = Some(reviewed);
    let applied = world.admin.sync(None, &options, Arc::new(Silent)).await;
    assert_eq!(applied.unwrap().held, 6, "conflicts are no matter of a yes");
}

#[tokio::test]
async fn whoever_takes_a_value_that_is_freed_in_the_same_cycle_gets_it_whatever_the_order() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").mail = Some("u002@example.com".to_owned());
    world.dir().person("u002").mail = Some("u003@example.com".to_owned());
    world.dir().person("u003").mail = Some("free@example.com".to_owned());
    world.sync(CycleMode::Incremental).await;
    for _ in 0..3 {
        world.clock.advance(61_000);
        world.sync(CycleMode::Incremental).await;
    }
    let users = world.users();
    let mail = |uid: &str| {
        users[uid]["emails"][0]["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let all = ["u001", "u002", "u003"].map(mail);
    assert_eq!(
        all,
        ["u002@example.com", "u003@example.com", "free@example.com"]
    );
}

#[tokio::test]
async fn a_swap_is_held_and_each_names_the_other() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u003").mail = Some("u012@example.com".to_owned());
    world.dir().person("u012").mail = Some("u003@example.com".to_owned());
    // A ring of three.
    world.dir().person("u004").mail = Some("u005@example.com".to_owned());
    world.dir().person("u005").mail = Some("u015@example.com".to_owned());
    world.dir().person("u015").mail = Some("u004@example.com".to_owned());
    world.forget_requests();
    for mode in [CycleMode::Incremental, CycleMode::Full] {
        world.sync(mode).await;
        assert!(world.writes().is_empty(), "{:?}", world.writes());
        let held = world.admin.steps(None, &["held"], 100).await.unwrap();
        let mut why: Vec<(String, String)> = held
            .into_iter()
            .map(|step| (step.display, step.hold.unwrap()))
            .collect();
        why.sort();
        let pairs = [
            ("u003", "u012"),
            ("u004", "u005"),
            ("u005", "u015"),
            ("u012", "u003"),
            ("u015", "u004"),
        ];
        assert_eq!(why.len(), pairs.len(), "{why:?}");
        for ((uid, other), (display, hold)) in pairs.iter().zip(&why) {
            assert_eq!(display, uid);
            assert!(hold.contains(&format!("uid={other},")), "{uid}: {hold}");
            assert!(hold.contains("exchange"), "{hold}");
        }
    }
    // Nobody says yes to all of it by the way.
    world.approve(everything()).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    // One of them gets a value of its own: both go on, one after the other.
    world.dir().person("u012").mail = Some("u012b@example.com".to_owned());
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Incremental).await;
    let users = world.users();
    assert_eq!(users["u012"]["emails"][0]["value"], "u012b@example.com");
    assert_eq!(users["u003"]["emails"][0]["value"], "u012@example.com");
    assert_eq!(users["u004"]["emails"][0]["value"], "u004@example.com");
}

#[tokio::test]
async fn a_swap_that_a_person_names_is_tried_and_parked_where_the_target_refuses_it() {
    let mut world = World::of(20).await;
    for person in world.dir().people.values_mut() {
        person.title.clone_from(&person.uid);
    }
    world.channel().mapping[0].attributes = vec!["title".to_owned()];
    world.channel().mapping.truncate(4);
    world.save().await;
    world.first_sync().await;
    for (uid, other) in [("u003", "u012"), ("u012", "u003")] {
        world.dir().person(uid).mail = Some(format!("{other}@example.com"));
    }
    for (uid, other) in [("u004", "u013"), ("u013", "u004")] {
        other.clone_into(&mut world.dir().person(uid).title);
    }
    world.sync(CycleMode::Incremental).await;
    let held = world.admin.steps(None, &["held"], 100).await.unwrap();
    assert_eq!(held.len(), 4, "{held:?}");
    world
        .approve(Selection {
            steps: held.iter().map(|step| StepId(step.id)).collect(),
            ..Selection::default()
        })
        .await;
    for _ in 0..6 {
        world.clock.advance(61_000);
        world.sync(CycleMode::Incremental).await;
    }
    let parked = world.admin.steps(None, &["parked"], 100).await.unwrap();
    assert_eq!(parked.len(), 4, "{parked:?}");
    assert!(parked.iter().all(|step| step.hold.is_some()), "{parked:?}");
    let users = world.users();
    assert_eq!(users["u003"]["emails"][0]["value"], "u003@example.com");
    assert_eq!(users["u004"]["externalId"], "key-u004");
    // One value is freed, and the other's step is tried again.
    "free".clone_into(&mut world.dir().person("u013").title);
    world.sync(CycleMode::Incremental).await;
    let parked = world.admin.steps(None, &["parked"], 100).await.unwrap();
    let ids: Vec<StepId> = parked.iter().map(|step| StepId(step.id)).collect();
    world.admin.retry(None, &ids).await.unwrap();
    world.sync(CycleMode::Incremental).await;
    let users = world.users();
    assert_eq!(users["free"]["externalId"], "key-u013");
    assert_eq!(users["u013"]["externalId"], "key-u004");
}

#[tokio::test]
async fn a_plan_lists_the_domains_of_the_scope_and_which_may_be_sent() {
    let mut world = World::of(12).await;
    world.dir().person("u001").mail = Some("u001@Partner.example".to_owned());
    let domains = |report: usher_engine::admin::PlanReport| -> Vec<(String, u64, bool)> {
        let all = report.email_domains.into_iter();
        all.map(|one| (one.domain, one.people, one.may_be_sent))
            .collect()
    };
    let all = domains(world.plan().await);
    let (ours, theirs) = ("example.com".to_owned(), "partner.example".to_owned());
    assert_eq!(all, [(ours.clone(), 11, true), (theirs.clone(), 1, true)]);
    world.channel().policy.email_domains = vec!["@Example.com".to_owned()];
    world.save().await;
    let report = world.plan().await;
    assert_eq!(report.held.len(), 1, "{:?}", report.held);
    let reason = report.held[0].reason.to_lowercase();
    assert!(reason.contains("partner.example"), "{reason}");
    assert_eq!(domains(report), [(ours, 11, true), (theirs, 1, false)]);
    world.dir().person("u002").mail = Some("u002@other.example".to_owned());
    let held = world.plan().await.held;
    assert_eq!((held.len(), held[0].steps), (1, 2));
    let reason = &held[0].reason;
    assert!(
        reason.starts_with("each for a reason of its own"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_plan_names_everybody_who_is_not_provisioned_however_many_they_are() {
    let world = World::of(620).await;
    for person in world.dir().people.values_mut().take(610) {
        person.mail = None;
    }
    let report = world.plan().await;
    assert_eq!(report.not_provisioned.len(), 610);
}
