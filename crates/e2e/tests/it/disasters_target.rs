//! What goes wrong at the target. None of it may lead to a wrong write, and nothing may be lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL};
use usher_core::model::{ChannelId, CycleMode};
use usher_sandbox::scim::{AccountConfig, AccountKind, DirectoryConfig, FaultKind, FaultRule};
use usher_store::{Administration as _, ChannelState};
use usher_testkit::people::{Change, ChangeKind, Company};

use crate::ldif::set;
use crate::world::{Plan, World, incomplete, plain};

fn company() -> Company {
    plain(60, 6)
}

async fn settled(company: &Company) -> Option<World> {
    let world = World::of(company).await?;
    world.first_sync().await;
    world.forget_requests();
    Some(world)
}

/// Gives the first people another title, in the directory.
fn promote(world: &World, company: &Company, count: usize) {
    for person in company.people().take(count) {
        world.change(&set(&person.dn, "title", "Harbour master"));
    }
}

#[track_caller]
fn assert_promoted(world: &World, company: &Company, count: usize) {
    let users = world.users();
    assert_eq!(users.len(), 60);
    for person in company.people().take(count) {
        assert_eq!(
            users[&person.uid]["title"], "Harbour master",
            "{}",
            person.uid
        );
    }
}

impl World {
    async fn with_key(&mut self, key: &str) {
        let sealed = self.admin.engine.sealer.seal("target_secret", key);
        let sp = &mut self.configuration.sp_connections[0];
        sp.secrets.insert(API_KEY.to_owned(), sealed);
        self.save().await;
    }

    /// Somebody else's request.
    async fn other_client(&self, method: reqwest::Method, path: &str, body: &Value) {
        let client = reqwest::Client::builder().build().expect("a client");
        let reply = client
            .request(method, format!("{}/{path}", self.sandbox.base_url()))
            .bearer_auth(self.sandbox.key())
            .header("content-type", "application/scim+json")
            .body(body.to_string())
            .send()
            .await
            .expect("a reply");
        assert!(reply.status().is_success(), "{reply:?}");
    }
}

#[tokio::test]
async fn links_are_not_carried_to_another_directory_of_the_target() {
    let company = company();
    let mut plan = Plan::of(company.ldif());
    plan.sandbox.directories = vec![DirectoryConfig::default(), DirectoryConfig::default()];
    let Some(mut world) = World::from(plan).await else {
        return;
    };
    world.first_sync().await;
    world.forget_requests();
    promote(&world, &company, 3);
    let own = (world.sandbox.base_url(), world.sandbox.key());
    let other = world.sandbox.directories()[1].clone();
    for (url, key) in [
        &other,
        &(own.0.replace("directory/", "directory/0"), own.1.clone()),
    ] {
        let sp = &mut world.configuration.sp_connections[0];
        sp.settings
            .insert(DIRECTORY_BASE_URL.to_owned(), url.clone());
        world.with_key(key).await;
        for mode in [
            CycleMode::Incremental,
            CycleMode::Full,
            CycleMode::Reconcile,
        ] {
            let refused = world.try_sync(mode).await.expect_err("refused");
            assert!(refused.to_string().contains("Links belong"), "{refused}");
        }
        world.assert_nothing_written();
    }
    let sp = &mut world.configuration.sp_connections[0];
    sp.settings.insert(DIRECTORY_BASE_URL.to_owned(), own.0);
    world.with_key(&own.1).await;
    world.sync(CycleMode::Incremental).await;
    assert_promoted(&world, &company, 3);
    assert_eq!(world.writes().len(), 3);
}

#[tokio::test]
async fn an_expired_key_stops_the_channel_and_a_new_one_sends_what_waited() {
    let company = company();
    let Some(mut world) = settled(&company).await else {
        return;
    };
    world.sandbox.expire_key();
    promote(&world, &company, 5);
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.mode, "quarantined", "{report:?}");
    let refused = world
        .writes()
        .into_iter()
        .filter(|write| write.status == Some(401));
    assert!(refused.count() <= 5, "it is not tried again and again");
    assert!(
        world.try_sync(CycleMode::Incremental).await.is_err(),
        "it stays stopped"
    );
    let key = world.sandbox.regenerate_key();
    world.with_key(&key).await;
    world.set_mode(ChannelState::Active).await;
    world.forget_requests();
    world.sync(CycleMode::Incremental).await;
    assert_promoted(&world, &company, 5);
    assert_eq!(world.writes().len(), 5);
}

#[tokio::test]
async fn a_target_directory_that_answers_404_everywhere_stops_the_channel_and_nobody_is_created_anew()
 {
    let company = company();
    let Some(world) = settled(&company).await else {
        return;
    };
    promote(&world, &company, 20);
    world.sandbox.fault(FaultRule::always(FaultKind::Error {
        status: 404,
        commit: false,
    }));
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.mode, "quarantined", "{report:?}");
    assert!(report.stopped.expect("why").contains("target replaced"));
    world.sandbox.clear_faults();
    world.set_mode(ChannelState::Active).await;
    for _ in 0..3 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(120_000);
    }
    let posts: Vec<_> = world
        .writes()
        .into_iter()
        .filter(|write| write.method == "POST")
        .collect();
    assert!(posts.is_empty(), "{posts:?}");
    assert_promoted(&world, &company, 20);
    assert_eq!(world.held().await, []);
}

#[tokio::test]
async fn what_another_provisioner_changes_is_told_and_not_fought_over() {
    let company = company();
    let Some(world) = settled(&company).await else {
        return;
    };
    let person = company.person(7);
    let id = world.users()[&person.uid]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Theirs"}],
    });
    world
        .other_client(reqwest::Method::PATCH, &format!("Users/{id}"), &body)
        .await;
    world.forget_requests();
    for mode in [
        CycleMode::Incremental,
        CycleMode::Full,
        CycleMode::Reconcile,
    ] {
        let report = world.sync(mode).await;
        world.assert_nothing_written();
        let drift = report.cycle.unwrap().drift;
        assert_eq!(mode == CycleMode::Reconcile, !drift.is_empty(), "{drift:?}");
        assert!(
            drift.iter().all(|line| line.contains(&person.uid)),
            "{drift:?}"
        );
    }
    assert_eq!(world.users()[&person.uid]["title"], "Theirs");
    // The directory changes something else: just that is sent.
    world.change(&set(&person.dn, "telephoneNumber", "+47 555 7777"));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.writes().len(), 1);
    assert_eq!(
        world.users()[&person.uid]["phoneNumbers"][0]["value"],
        "+47 555 7777"
    );
}

#[tokio::test]
async fn somebody_whom_another_provisioner_created_meanwhile_is_found_and_not_created_twice() {
    let company = company();
    let Some(world) = settled(&company).await else {
        return;
    };
    let hired = company.changes(40).into_iter();
    let hired: Vec<_> = hired
        .filter(|change| change.kind == ChangeKind::Hire)
        .take(2)
        .collect();
    for (change, key) in hired.iter().zip([None, Some("theirs-17")]) {
        let mail = &change.person.wanted["workEmail"];
        let mut user = json!({
            "userName": change.person.uid, "title": "Theirs",
            "emails": [{"value": mail, "type": "work", "primary": true}],
        });
        if let Some(key) = key {
            user["externalId"] = json!(key);
        }
        world
            .other_client(reqwest::Method::POST, "Users", &user)
            .await;
        world.change(&change.ldif);
    }
    world.forget_requests();
    for _ in 0..3 {
        world.sync(CycleMode::Incremental).await;
        world.clock.advance(120_000);
    }
    let users = world.users();
    assert_eq!(users.len(), 62, "nobody twice");
    let ours = |users: &BTreeMap<String, Value>| -> Vec<bool> {
        let of = |change: &Change| users[&change.person.uid]["externalId"].clone();
        let own = users
            .values()
            .filter_map(|user| user["externalId"].as_str());
        let keys: Vec<&str> = own.filter(|key| key.len() == 36).collect();
        hired
            .iter()
            .map(|change| keys.iter().any(|key| of(change) == *key))
            .collect()
    };
    // Neither was created by us: a person decides about both.
    assert_eq!(ours(&users), [false, false]);
    for change in &hired {
        assert_eq!(users[&change.person.uid]["title"], "Theirs");
    }
    let held: BTreeSet<_> = world.held().await.into_iter().collect();
    let adoptions = hired
        .iter()
        .map(|change| ("adopt".to_owned(), change.person.uid.clone()));
    assert_eq!(held, adoptions.collect());
    let created = world
        .writes()
        .into_iter()
        .filter(|write| write.status == Some(201));
    assert_eq!(created.count(), 0);
    world.approve(crate::world::everything()).await;
    let users = world.users();
    assert_eq!(users.len(), 62);
    assert_eq!(ours(&users), [true, true]);
}

#[tokio::test]
async fn a_target_full_of_fresh_changes_is_said_to_have_another_provisioner() {
    let company = company();
    let Some(world) = World::of(&company).await else {
        return;
    };
    for person in company.people().take(10) {
        let user = json!({
            "userName": person.uid,
            "emails": [{"value": person.wanted["workEmail"], "type": "work", "primary": true}],
        });
        world.sandbox.add_user(user).expect("a record");
    }
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(report.mode, "observe");
    world.assert_nothing_written();
    let record = world
        .store
        .channel(&ChannelId::new("staff"))
        .await
        .expect("a record");
    assert!(
        record
            .warnings
            .iter()
            .any(|line| line.contains("another provisioner")),
        "{:?}",
        record.warnings
    );
}

#[tokio::test]
async fn an_address_that_an_account_elsewhere_holds_parks_one_person_and_stops_nobody_else() {
    let company = company();
    let taken = company.person(9);
    let mut plan = Plan::of(company.ldif());
    plan.sandbox.org.accounts = vec![AccountConfig {
        email: taken.wanted["workEmail"].clone(),
        kind: AccountKind::Foreign,
        id: None,
    }];
    let Some(world) = World::from(plan).await else {
        return;
    };
    for _ in 0..5 {
        let report = world.sync(CycleMode::Full).await;
        assert_eq!(incomplete(&report), "");
        world.clock.advance(120_000);
    }
    assert_eq!(world.users().len(), 59);
    let parked = world
        .admin
        .steps(None, &["parked"], 10)
        .await
        .expect("steps");
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert_eq!(parked[0].display, taken.uid);
    let story = world
        .admin
        .explain(None, &taken.uid)
        .await
        .expect("a story");
    assert!(story.next.what.contains("address"), "{:?}", story.next);
}
