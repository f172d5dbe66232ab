//! The whole configuration, exported and imported.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::json;
use usher_core::model::CycleMode;
use usher_engine::admin::PlanOptions;
use usher_engine::{Sealer, Silent};

use super::{AUTHORITY, BYPASS, CLOUD, Face, fields, is, small, turned};

#[tokio::test]
async fn an_export_imported_elsewhere_gives_the_same_export_and_the_same_plan() {
    let (face, sandbox) = small().await;
    let mut sp = turned(face.get(CLOUD).await.body, true, true);
    sp["extendedProperties"] = json!({"cost": {"values": ["a"]}});
    is(&face.put(CLOUD, sp).await, StatusCode::OK);
    let import = json!({"id": "test", "fileData": AUTHORITY});
    is(
        &face.post("/certificates/ca/import", import).await,
        StatusCode::CREATED,
    );
    let outbound =
        json!({"dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": 300});
    is(
        &face
            .put("/serverSettings/outboundProvisioning", outbound)
            .await,
        StatusCode::OK,
    );
    let mut settings = face.get("/serverSettings").await.body;
    settings["contactInfo"] = json!({"company": "Example"});
    is(&face.put("/serverSettings", settings).await, StatusCode::OK);
    let export = face.get("/bulk/export").await.body;

    let mut other = Face::new().await;
    let key = face.world.folder.path().join("key");
    let sealer = Sealer::open_or_create(&key, false).expect("the key");
    other.world.admin.engine.sealer = Arc::new(sealer);
    other.world.api.admin = other.world.admin.clone();
    let imported = other
        .ask(Method::POST, "/bulk/import", Some(export.clone()), &[])
        .await;
    is(&imported, StatusCode::OK);
    assert_eq!(imported.body["revision"], 1, "all in one revision");
    assert_eq!(other.get("/bulk/export").await.body, export);
    // A plan is one of a revision: the other installation is brought to the same one.
    let revision = async |face: &Face| {
        let configuration = face.world.admin.engine.configuration().await;
        configuration.expect("a configuration").revision
    };
    let original = other.get("/serverSettings").await.body;
    let mut settings = original.clone();
    while revision(&other).await + 1 < revision(&face).await {
        settings["contactInfo"]["company"] = json!(revision(&other).await.to_string());
        other.put("/serverSettings", settings.clone()).await;
    }
    other.put("/serverSettings", original).await;
    assert_eq!(revision(&other).await, revision(&face).await);
    assert_eq!(other.get("/bulk/export").await.body, export);
    let mut hashes = Vec::new();
    for one in [&face, &other] {
        let options = PlanOptions {
            mode: CycleMode::Full,
            only: None,
            full: true,
        };
        let plan = one.world.admin.plan(None, &options, Arc::new(Silent)).await;
        let plan = plan.expect("a plan");
        assert!(!plan.cycle.steps.is_empty());
        hashes.push(plan.hash);
    }
    assert_eq!(hashes[0], hashes[1]);
    drop(sandbox);

    // One mistake, and nothing is taken.
    let mut broken = export;
    broken["operations"][0]["items"][0]["synchronizationFrequency"] = json!(-1);
    let third = Face::new().await;
    let answer = third
        .ask(Method::POST, "/bulk/import", Some(broken), BYPASS)
        .await;
    let found = fields(&answer);
    assert!(
        found.contains(&"operations[0].items[0].synchronizationFrequency"),
        "{found:?}"
    );
    assert_eq!(
        third.get("/idp/spConnections").await.body,
        json!({"items": []})
    );
}

#[tokio::test]
async fn the_frequency_moves_every_channel_that_had_the_former_one() {
    let (face, _sandbox) = small().await;
    let mut sp = face.get(CLOUD).await.body;
    let mut second = sp["outboundProvision"]["channels"][0].clone();
    second["name"] = json!("own");
    let channels = sp["outboundProvision"]["channels"].as_array_mut();
    channels.expect("a list").push(second);
    is(&face.put(CLOUD, sp).await, StatusCode::OK);
    let frequencies = async || {
        let configuration = face.world.admin.engine.configuration().await;
        let configuration = configuration.expect("a configuration");
        let all = configuration.channels();
        all.map(|(_, channel)| {
            (
                channel.id.clone(),
                channel.policy.schedule.incremental_seconds,
            )
        })
        .collect::<Vec<_>>()
    };
    let own = frequencies().await[1].0.clone();
    let policy = format!("/api/v1/channels/{own}/policy");
    let read = face.world.get(&policy).await;
    let mut wanted = read.body.clone();
    wanted["schedule"]["incremental_seconds"] = json!(20);
    let tag = [("If-Match", read.headers["etag"].to_str().expect("text"))];
    let set = face
        .world
        .call_with(Method::PUT, &policy, Some(wanted), &tag);
    is(&set.await, StatusCode::OK);
    for seconds in [300, 60] {
        let outbound = json!({
            "dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": seconds,
        });
        let put = face.put("/serverSettings/outboundProvisioning", outbound);
        is(&put.await, StatusCode::OK);
        let found: Vec<u32> = frequencies()
            .await
            .into_iter()
            .map(|(_, one)| one)
            .collect();
        assert_eq!(found, [seconds, 20]);
    }
}
