//! Faults of the target and of ourselves: no duplicate, no loss (behaviour §17; invariant 14).

use serde_json::{Value, json};
use usher_core::model::CycleMode;
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::World;

/// Syncs until nothing waits any more, the clock moving on.
async fn settle(world: &World) {
    for _ in 0..12 {
        let report = world.sync(CycleMode::Incremental).await;
        if report.waiting == 0 {
            return;
        }
        world.clock.advance(120_000);
    }
    panic!("steps still wait");
}

#[tokio::test]
async fn a_reply_lost_after_the_create_was_carried_out_makes_no_duplicate() {
    let world = World::of(10).await;
    world.sandbox.fault(
        FaultRule::once("POST", FaultKind::ResetAfterCommit)
            .on_path("/Users")
            .every(3)
            .times(3),
    );
    world.sync(CycleMode::Full).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 10);
    let posts = world
        .writes()
        .iter()
        .filter(|(method, _)| method == "POST")
        .count();
    assert_eq!(posts, 10, "what was carried out is found, not repeated");
}

#[tokio::test]
async fn a_reply_lost_before_the_create_was_carried_out_loses_nobody() {
    let world = World::of(10).await;
    world.sandbox.fault(
        FaultRule::once("POST", FaultKind::ResetBeforeCommit)
            .on_path("/Users")
            .every(3)
            .times(3),
    );
    world.sync(CycleMode::Full).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 10);
}

#[tokio::test]
async fn truncated_html_and_5xx_replies_lose_nothing() {
    for kind in [
        FaultKind::TruncatedBody,
        FaultKind::Html {
            status: 200,
            commit: true,
        },
        FaultKind::Html {
            status: 502,
            commit: false,
        },
        FaultKind::Error {
            status: 500,
            commit: true,
        },
        FaultKind::Error {
            status: 503,
            commit: false,
        },
        FaultKind::Empty {
            status: 200,
            commit: true,
        },
    ] {
        let world = World::of(6).await;
        world.sandbox.fault(
            FaultRule::once("POST", kind.clone())
                .on_path("/Users")
                .every(2)
                .times(2),
        );
        world.sync(CycleMode::Full).await;
        settle(&world).await;
        assert_eq!(world.users().len(), 6, "{kind:?}");
    }
}

#[tokio::test]
async fn a_refused_key_stops_the_channel_and_keeps_every_step() {
    let world = World::of(10).await;
    world.sandbox.expire_key();
    let refused = world.try_sync(CycleMode::Full).await;
    assert!(refused.is_err() || refused.is_ok_and(|report| report.succeeded == 0));
    assert!(world.users().is_empty());
}

#[tokio::test]
async fn a_key_that_ends_in_the_middle_quarantines_and_a_new_one_goes_on() {
    let mut world = World::of(10).await;
    world.first_sync().await;
    for n in 0..5 {
        world.dir().person(&format!("u{n:03}")).title = "Lead".to_owned();
    }
    let key = world.sandbox.regenerate_key();
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.mode, "quarantined");
    assert!(report.stopped.is_some());
    let sealed = world.admin.engine.sealer.seal("target_secret", &key);
    world.configuration.sp_connections[0]
        .secrets
        .insert(usher_connector_atlassian::API_KEY.to_owned(), sealed);
    world.save().await;
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u004"]["title"], "Lead");
}

#[tokio::test]
async fn one_persons_refused_attribute_parks_the_attribute_and_not_the_person() {
    let world = World::of(6).await;
    world.sandbox.fault(FaultRule {
        body_contains: Some("Forbidden".to_owned()),
        ..FaultRule::once(
            "POST",
            FaultKind::Error {
                status: 400,
                commit: false,
            },
        )
        .times(1_000)
    });
    world.sandbox.fault(FaultRule {
        body_contains: Some("Forbidden".to_owned()),
        ..FaultRule::once(
            "PATCH",
            FaultKind::Error {
                status: 400,
                commit: false,
            },
        )
        .times(1_000)
    });
    world.sandbox.fault(FaultRule {
        body_contains: Some("Forbidden".to_owned()),
        ..FaultRule::once(
            "PUT",
            FaultKind::Error {
                status: 400,
                commit: false,
            },
        )
        .times(1_000)
    });
    world.dir().person("u002").title = "Forbidden".to_owned();
    world.first_sync().await;
    assert_eq!(world.users().len(), 6, "the person is there");
    assert!(world.users()["u002"].get("title").is_none());
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(
        world.writes().is_empty(),
        "it is not sent again: {:?}",
        world.writes()
    );
    world.dir().person("u002").title = "Allowed".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u002"]["title"], "Allowed");
}

#[tokio::test]
async fn a_refused_attribute_is_parked_with_its_reason_and_sent_again_when_it_is_retried() {
    let world = World::of(6).await;
    world.first_sync().await;
    for method in ["PATCH", "PUT"] {
        let refusal = FaultKind::Error {
            status: 400,
            commit: false,
        };
        world.sandbox.fault(FaultRule {
            body_contains: Some("\"v002\"".to_owned()),
            ..FaultRule::once(method, refusal).times(1_000)
        });
    }
    // A required attribute, and one that is taken.
    world.dir().person("u002").title = "Lead".to_owned();
    world.dir().person("u002").twin_of = Some("u002".to_owned());
    world.dir().person("u002").uid = "v002".to_owned();
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.parked, 1, "{report:?}");
    assert_eq!(world.users()["u002"]["title"], "Lead");
    assert_eq!(world.steps_in("parked").await.len(), 1);
    for mode in [CycleMode::Full, CycleMode::Reconcile] {
        world.forget_requests();
        let report = world.sync(mode).await;
        assert!(world.writes().is_empty(), "{:?}", world.writes());
        assert_eq!(report.cycle.unwrap().verdicts["parked"], 1);
    }
    let story = world.admin.explain(None, "v002").await.unwrap();
    let told = &story.subject.reason;
    assert!(told.contains("refuses userName"), "{told}");
    assert!(
        told.contains("400") && told.contains("usher retry"),
        "{told}"
    );

    world.sandbox.clear_faults();
    let retried = world.admin.retry(None, &[]).await.unwrap();
    assert_eq!(retried.done, 1);
    world.sync(CycleMode::Incremental).await;
    assert!(
        world.users().contains_key("v002"),
        "{:?}",
        world.users().keys()
    );
    assert_eq!(world.steps_in("parked").await.len(), 0);
    let story = world.admin.explain(None, "v002").await.unwrap();
    assert!(
        !story.subject.reason.contains("refuses"),
        "{}",
        story.subject.reason
    );
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert!(world.writes().is_empty(), "{:?}", world.writes());
}

#[tokio::test]
async fn a_process_that_dies_while_sending_converges_after_its_restart() {
    let mut world = World::of(40).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 20);
    {
        let admin = world.admin.clone();
        let sync = tokio::spawn(async move {
            let options = usher_engine::admin::SyncOptions::of(CycleMode::Full);
            admin
                .sync(None, &options, std::sync::Arc::new(usher_engine::Silent))
                .await
        });
        while world.users().len() < 8 {
            tokio::task::yield_now().await;
        }
        // As good as a kill: no code of ours runs after this.
        sync.abort();
        assert!(sync.await.is_err());
    }
    world.restart().await;
    world.sync(CycleMode::Incremental).await;
    settle(&world).await;
    assert_eq!(world.users().len(), 40);
    let posts = world
        .writes()
        .iter()
        .filter(|(method, _)| method == "POST")
        .count();
    assert!(posts >= 40);
}

#[tokio::test]
async fn an_account_that_somebody_deleted_at_the_target_is_held_and_not_quietly_made_anew() {
    let world = World::of(10).await;
    world.first_sync().await;
    let id = world.users()["u003"]["id"].as_str().unwrap().to_owned();
    let client = reqwest::Client::builder().build().unwrap();
    client
        .delete(format!("{}/Users/{id}", world.sandbox.base_url()))
        .bearer_auth(world.sandbox.key())
        .send()
        .await
        .unwrap();
    world.dir().person("u003").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Incremental).await;
    assert!(!world.users().contains_key("u003"));
    assert_eq!(world.held().await.len(), 1, "{:?}", world.held().await);
    world.approve(crate::world::everything()).await;
    assert!(world.users().contains_key("u003"));
}

#[tokio::test]
async fn a_target_that_refuses_us_while_we_read_leaves_its_trace() {
    let world = World::of(5).await;
    world.first_sync().await;
    world.sandbox.expire_key();
    assert!(world.try_sync(CycleMode::Reconcile).await.is_err());
    let status = world.admin.status().await.unwrap().remove(0);
    assert_eq!(status.mode, "quarantined");
    let cycle = status.last_cycle.unwrap();
    assert_eq!(cycle.state.name(), "aborted", "{cycle:?}");
    assert!(
        status.remarks.iter().any(|remark| remark.contains("401")),
        "{:?}",
        status.remarks
    );
}

/// A target that answers every create of a person with a record that has these members.
fn answers_with(world: &World, members: &Value) {
    let members = members.as_object().cloned().unwrap_or_default();
    let rule = FaultRule::always(FaultKind::OtherRecord { members });
    let rule = FaultRule {
        method: Some("POST".to_owned()),
        ..rule
    };
    world.sandbox.fault(rule.on_path("/Users"));
}

#[tokio::test]
async fn one_id_for_many_links_one_person_and_a_leaver_disables_nobody_else() {
    let world = World::of(10).await;
    answers_with(&world, &json!({"id": "the-only-id"}));
    world.sync(CycleMode::Full).await;
    let parked = world.steps_in("parked").await;
    assert_eq!(parked.len(), 9, "one is linked, the others are not");
    let usher_core::model::StepState::Parked { reason } = &parked[0].state else {
        panic!("{:?}", parked[0].state);
    };
    assert!(
        reason.contains("the-only-id") && reason.contains("is linked"),
        "{reason}"
    );
    let linked = world.links_to("the-only-id").await;
    assert_eq!(linked.len(), 1, "{linked:?}");
    world.forget_requests();
    let leaver = (0..10)
        .map(|n| format!("u{n:03}"))
        .find(|uid| !linked.contains(uid));
    world
        .dir()
        .people
        .remove(&leaver.expect("somebody who is not linked"));
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.writes(),
        [],
        "nothing is sent for whom nothing is linked"
    );
}

#[tokio::test]
async fn a_reply_with_somebody_elses_record_links_nobody() {
    for members in [
        json!({"id": "a-foreign-id", "externalId": "a-foreign-key"}),
        json!({"id": "a-foreign-id", "externalId": null, "userName": "somebody-else"}),
    ] {
        let world = World::of(3).await;
        answers_with(&world, &members);
        world.sync(CycleMode::Full).await;
        let parked = world.steps_in("parked").await;
        assert_eq!(parked.len(), 3, "{members}");
        let state = format!("{:?}", parked[0].state);
        assert!(state.contains("somebody else's record"), "{state}");
        assert_eq!(world.links_to("a-foreign-id").await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_record_of_the_same_name_that_appears_beside_a_lost_create_waits_for_a_person() {
    let world = World::of(10).await;
    world.first_sync().await;
    world.forget_requests();
    world.dir().hire("u100");
    // Somebody else made it after the target was listed; it carries no key of ours.
    let other = json!({"userName": "U100", "displayName": "u100", "emails": [{"value": "other@example.com", "primary": true}]});
    let other = world.sandbox.add_user(other).unwrap();
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetBeforeCommit).on_path("/Users"));
    world.sync(CycleMode::Full).await;
    settle(&world).await;
    assert_eq!(world.writes().len(), 1, "{:?}", world.writes());
    assert_eq!(world.links_to(&other).await, [""; 0]);
    assert_eq!(
        world.held().await,
        [("adopt".to_owned(), "u100".to_owned())]
    );
}

/// What the channel says of itself.
async fn remarks(world: &World) -> String {
    let status = world.admin.status().await.unwrap().remove(0);
    status.remarks.join("\n")
}

#[tokio::test]
async fn a_step_that_waits_for_a_moment_is_no_warning_and_one_that_fails_again_and_again_is() {
    let world = World::of(5).await;
    world.first_sync().await;
    let id = world.users()["u001"]["id"].as_str().unwrap().to_owned();
    let fault = FaultKind::Error {
        status: 500,
        commit: false,
    };
    let fault = FaultRule::once("PATCH", fault).on_path(&id).times(1_000);
    world.sandbox.fault(fault);
    "Lead".clone_into(&mut world.dir().person("u001").title);
    let report = world.sync(CycleMode::Incremental).await;
    assert!(
        report.unfinished.join("").contains("1 step failed"),
        "{report:?}"
    );
    let told = remarks(&world).await;
    assert!(!told.contains("failed"), "{told}");
    // Nobody takes it up: that lasts.
    world.clock.advance(600_000);
    let told = remarks(&world).await;
    assert!(told.contains("1 step failed"), "{told}");
    for _ in 0..2 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(40_000);
    }
    world.sync(CycleMode::Incremental).await;
    let told = remarks(&world).await;
    assert!(told.contains("1 step failed"), "{told}");
}

#[tokio::test]
async fn a_step_that_was_put_back_did_not_fail() {
    for (retry_after, lasting) in [(20, false), (3_600, true)] {
        let world = World::of(5).await;
        world.first_sync().await;
        let fault = FaultKind::TooManyRequests {
            retry_after: Some(retry_after),
        };
        world.sandbox.fault(FaultRule::once("PATCH", fault));
        "Lead".clone_into(&mut world.dir().person("u001").title);
        let report = world.sync(CycleMode::Incremental).await;
        let unfinished = report.unfinished.join("\n");
        assert!(unfinished.contains("1 step waits"), "{unfinished}");
        assert!(!unfinished.contains("failed"), "{unfinished}");
        let told = remarks(&world).await;
        assert_eq!(told.contains("1 step waits"), lasting, "{told}");
        assert!(!told.contains("failed"), "{told}");
    }
}

/// Behaviour §6: what the target cannot do without goes alone first, in a change as in a create.
#[tokio::test]
async fn of_a_refused_change_the_required_attributes_go_alone_first() {
    let world = World::of(6).await;
    world.first_sync().await;
    for method in ["PATCH", "PUT"] {
        let fault = FaultKind::Error {
            status: 400,
            commit: false,
        };
        world.sandbox.fault(FaultRule {
            body_contains: Some("Forbidden".to_owned()),
            ..FaultRule::once(method, fault).times(1_000)
        });
    }
    "Forbidden".clone_into(&mut world.dir().person("u002").title);
    world.dir().person("u002").mail = Some("two@example.com".to_owned());
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    let bodies: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| request.request_body)
        .collect();
    assert!(bodies[0].contains("Forbidden"), "{bodies:?}");
    assert!(bodies[1].contains("two@example.com"), "{bodies:?}");
    assert!(!bodies[1].contains("Forbidden"), "{bodies:?}");
    let changed = world.users()["u002"].to_string();
    assert!(changed.contains("two@example.com"), "{changed}");
    assert!(!changed.contains("Forbidden"), "{changed}");
}

/// What is made is seen after a while only, and the reply to the first create is lost: one of the look-ups comes
/// when it is seen.
async fn is_linked_though_seen_late(nth: u64) {
    let world = World::of(1).await;
    world
        .sandbox
        .change_knobs(|knobs| knobs.visible_after_ms = 1_500);
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    let delay = FaultKind::Delay {
        ms: 2_000,
        after_commit: false,
    };
    world
        .sandbox
        .fault(FaultRule::once("GET", delay).on_path("externalId").nth(nth));
    world.sync(CycleMode::Full).await;
    settle(&world).await;
    assert_eq!(world.held().await, [], "look-up {nth}");
    let id = world.users()["u000"]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.links_to(&id).await, ["u000"], "look-up {nth}");
}

#[tokio::test]
async fn what_a_lost_create_made_is_linked_whenever_it_is_seen() {
    tokio::join!(
        is_linked_though_seen_late(2),
        is_linked_though_seen_late(3),
        is_linked_though_seen_late(4),
        is_linked_though_seen_late(5),
    );
}
