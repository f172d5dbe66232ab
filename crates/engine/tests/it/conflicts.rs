//! Unique values and correlation (behaviour §9, §10).

use serde_json::json;
use usher_core::model::CycleMode;

use crate::world::World;

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
    world.approve(crate::world::everything()).await;
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
