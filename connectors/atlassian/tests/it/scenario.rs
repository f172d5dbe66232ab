//! The life of people and groups, against the service in its usual position.

use serde_json::json;
use usher_connector::{Failure, Premise};
use usher_core::model::{Kind, Operation, TargetId};
use usher_sandbox::scim::{AccountConfig, AccountKind, FaultKind, FaultRule, Knobs};

use crate::driver::{Outcome, apply};
use crate::rig::{Rig, change, create, members, person, update};

async fn add(rig: &Rig, name: &str) -> TargetId {
    let reply = apply(&*rig.target, Kind::User, &create(person(name)))
        .await
        .reply();
    reply.target_id.unwrap()
}

async fn add_group(rig: &Rig, name: &str) -> TargetId {
    let resource = usher_core::model::Resource::default()
        .with("displayName", name)
        .with("externalId", &format!("key-{name}"));
    apply(&*rig.target, Kind::Group, &create(resource))
        .await
        .reply()
        .target_id
        .unwrap()
}

#[tokio::test]
async fn a_person_is_created_changed_disabled_enabled_and_deleted_with_one_request_each() {
    let rig = Rig::start(Knobs::default()).await;
    let id = add(&rig, "ana").await;
    let changes = vec![
        change("givenName", Some("Ana"), Some("Anna")),
        change("homeEmail", None, Some("ana@home.example")),
        change(
            "workEmail",
            Some("ana@example.com"),
            Some("anna@example.com"),
        ),
        change("department", None, Some("R&D")),
    ];
    let reply = apply(&*rig.target, Kind::User, &update(&id, changes))
        .await
        .reply();
    let observed = reply.observed.unwrap();
    assert_eq!(observed.resource.text("givenName"), Some("Anna"));
    assert_eq!(
        observed.resource.text("workEmail"),
        Some("anna@example.com")
    );
    assert_eq!(observed.resource.text("department"), Some("R&D"));
    assert!(observed.modified_at.is_some());
    let user = rig.user(&id).unwrap();
    assert_eq!(
        user["name"],
        json!({"givenName": "Anna", "familyName": "Díaz"})
    );
    let clear = update(
        &id,
        vec![change("homeEmail", Some("ana@home.example"), None)],
    );
    let reply = apply(&*rig.target, Kind::User, &clear).await.reply();
    assert_eq!(reply.observed.unwrap().resource.text("homeEmail"), None);
    for (operation, active) in [
        (
            Operation::Disable {
                target_id: id.clone(),
            },
            false,
        ),
        (
            Operation::Enable {
                target_id: id.clone(),
            },
            true,
        ),
    ] {
        let reply = apply(&*rig.target, Kind::User, &operation).await.reply();
        assert_eq!(reply.observed.unwrap().active, Some(active));
        assert_eq!(rig.user(&id).unwrap()["active"], active);
    }
    let delete = Operation::Delete {
        target_id: id.clone(),
    };
    assert!(matches!(
        apply(&*rig.target, Kind::User, &delete).await,
        Outcome::Done(Some(_))
    ));
    assert!(matches!(
        apply(&*rig.target, Kind::User, &delete).await,
        Outcome::Done(None)
    ));
    assert_eq!(rig.target.read(Kind::User, &id).await.unwrap(), None);
    assert_eq!(rig.sandbox.counts().total, 8, "{:?}", rig.asked());
}

#[tokio::test]
async fn a_lookup_finds_by_user_name_in_any_case_and_by_external_id_exactly() {
    let rig = Rig::start(Knobs::default()).await;
    let odd = r#"o"b\+ä&"#;
    let id = add(&rig, "Ana").await;
    let resource = person("x").with("userName", odd).with("externalId", odd);
    apply(&*rig.target, Kind::User, &create(resource))
        .await
        .reply();
    let found = async |kind, field: &str, value: &str| {
        rig.target.find(kind, field, value).await.unwrap().len()
    };
    assert_eq!(found(Kind::User, "userName", "ANA").await, 1);
    assert_eq!(found(Kind::User, "externalId", "key-Ana").await, 1);
    assert_eq!(found(Kind::User, "externalId", "KEY-ana").await, 0);
    assert_eq!(found(Kind::User, "userName", odd).await, 1);
    assert_eq!(found(Kind::User, "externalId", odd).await, 1);
    let before = rig.sandbox.counts().total;
    assert_eq!(found(Kind::User, "workEmail", "ana@example.com").await, 0);
    assert_eq!(found(Kind::Group, "externalId", "x").await, 0);
    assert_eq!(
        rig.sandbox.counts().total,
        before,
        "what cannot be looked up is not asked for"
    );
    assert!(rig.target.read(Kind::User, &id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_listing_goes_to_its_end_and_skips_members_unless_they_are_wanted() {
    let rig = Rig::start(Knobs {
        page_cap: 3,
        ..Knobs::default()
    })
    .await;
    let mut ids = Vec::new();
    for i in 0..7 {
        ids.push(add(&rig, &format!("p{i}")).await);
    }
    let group = add_group(&rig, "crew").await;
    let all = members(&ids.iter().collect::<Vec<_>>());
    let operation = Operation::AddMembers {
        target_id: group.clone(),
        members: all,
    };
    apply(&*rig.target, Kind::Group, &operation).await.reply();
    let (mut start, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = rig.target.list(Kind::User, start, false).await.unwrap();
        assert_eq!(page.total, Some(7));
        seen.extend(
            page.resources
                .into_iter()
                .map(|observed| observed.target_id),
        );
        pages += 1;
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    seen.sort();
    ids.sort();
    assert_eq!((seen, pages), (ids.clone(), 3));
    let without = rig.target.list(Kind::Group, None, false).await.unwrap();
    assert_eq!(without.resources[0].members.clone().unwrap_or_default(), []);
    let with = rig.target.list(Kind::Group, None, true).await.unwrap();
    let mut found = with.resources[0].members.clone().unwrap();
    found.sort();
    assert_eq!(found, ids);
    let read = rig.target.read(Kind::Group, &group).await.unwrap().unwrap();
    assert_eq!(read.members.unwrap().len(), 7);
}

#[tokio::test]
async fn a_member_that_does_not_exist_costs_only_itself() {
    let rig = Rig::start(Knobs::default()).await;
    let mut ids = Vec::new();
    for i in 0..9 {
        ids.push(add(&rig, &format!("p{i}")).await);
    }
    let group = add_group(&rig, "crew").await;
    let ghost = TargetId::new("00000000-0000-4000-8000-000000000000");
    let mut wanted: Vec<&TargetId> = ids.iter().collect();
    wanted.insert(4, &ghost);
    let operation = Operation::AddMembers {
        target_id: group.clone(),
        members: members(&wanted),
    };
    match apply(&*rig.target, Kind::Group, &operation).await {
        Outcome::Partly(bad) => assert_eq!(bad, [ghost]),
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.members(&group).len(), 9);
    let gone = [&ids[0], &ids[1]];
    let operation = Operation::RemoveMembers {
        target_id: group.clone(),
        members: members(&gone),
    };
    apply(&*rig.target, Kind::Group, &operation).await.reply();
    assert_eq!(rig.members(&group).len(), 7);
}

#[tokio::test]
async fn a_conflict_asks_for_another_plan_and_says_who_may_hold_the_address() {
    let rig = Rig::start(Knobs::default()).await;
    let foreign = AccountConfig {
        email: "eve@example.com".to_owned(),
        kind: AccountKind::Foreign,
        ..AccountConfig::default()
    };
    rig.sandbox.add_account(foreign);
    let error = apply(&*rig.target, Kind::User, &create(person("eve")))
        .await
        .error();
    assert_eq!(
        error.failure,
        Failure::Replan {
            premise: Premise::Exists
        }
    );
    assert!(
        error.message.contains("another account"),
        "{}",
        error.message
    );
    assert!(
        rig.target
            .find(Kind::User, "userName", "eve")
            .await
            .unwrap()
            .is_empty()
    );

    let id = add(&rig, "ana").await;
    let change = vec![change(
        "workEmail",
        Some("ana@example.com"),
        Some("eve@example.com"),
    )];
    let error = apply(&*rig.target, Kind::User, &update(&id, change))
        .await
        .error();
    assert_eq!(
        error.failure,
        Failure::Replan {
            premise: Premise::Exists
        }
    );
    assert_eq!(
        rig.user(&id).unwrap()["emails"][0]["value"],
        "ana@example.com"
    );
}

#[tokio::test]
async fn a_linked_record_that_is_gone_asks_for_another_plan() {
    let rig = Rig::start(Knobs::default()).await;
    let gone = TargetId::new("00000000-0000-4000-8000-000000000000");
    let operation = update(&gone, vec![change("title", None, Some("x"))]);
    let error = apply(&*rig.target, Kind::User, &operation).await.error();
    assert_eq!(
        error.failure,
        Failure::Replan {
            premise: Premise::Gone
        }
    );
    let disable = Operation::Disable { target_id: gone };
    let error = apply(&*rig.target, Kind::User, &disable).await.error();
    assert_eq!(
        error.failure,
        Failure::Replan {
            premise: Premise::Gone
        }
    );
}

#[tokio::test]
async fn a_refused_key_stops_the_target_and_a_limit_makes_it_wait() {
    let rig = Rig::start(Knobs::default()).await;
    let fault = FaultKind::TooManyRequests {
        retry_after: Some(7),
    };
    rig.sandbox.fault(FaultRule::once("POST", fault));
    let error = apply(&*rig.target, Kind::User, &create(person("ana")))
        .await
        .error();
    assert_eq!(
        error.failure,
        Failure::Throttled {
            after_ms: Some(7_000)
        }
    );
    rig.sandbox.expire_key();
    let error = apply(&*rig.target, Kind::User, &create(person("ana")))
        .await
        .error();
    assert_eq!(error.failure, Failure::StopTarget);
    assert!(error.message.contains("expired"), "{}", error.message);
    assert!(!error.message.contains(&rig.sandbox.key()));
    assert!(rig.sandbox.snapshot().users.is_empty());
}

#[tokio::test]
async fn adopting_writes_the_source_key_and_keeps_everything_else() {
    let rig = Rig::start(Knobs::default()).await;
    let there = json!({"userName": "ana", "title": "Boss",
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}]});
    let id = TargetId::new(rig.sandbox.add_user(there).unwrap());
    let found = rig
        .target
        .find(Kind::User, "userName", "ana")
        .await
        .unwrap();
    assert_eq!(
        (found[0].active, found[0].resource.text("externalId")),
        (None, None)
    );
    let changes = vec![change("externalId", None, Some("key-ana"))];
    let target_id = id.clone();
    let adopt = Operation::Adopt {
        target_id,
        changes,
        found_by: "userName".to_owned(),
    };
    apply(&*rig.target, Kind::User, &adopt).await.reply();
    let user = rig.user(&id).unwrap();
    assert_eq!(
        (&user["externalId"], &user["title"]),
        (&json!("key-ana"), &json!("Boss"))
    );
}
