//! State in a file, and seeds.

use serde_json::json;
use usher_sandbox::scim::{DirectoryConfig, Sandbox, SandboxConfig};

use super::rig::{Rig, user};

fn config(folder: &tempfile::TempDir) -> SandboxConfig {
    SandboxConfig {
        state_file: Some(folder.path().join("state.json")),
        ..SandboxConfig::default()
    }
}

/// Everything comes back after a stop: records, order, memberships, accounts, keys, the deleted.
#[tokio::test]
async fn the_state_survives_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let rig = Rig::with(config(&folder)).await;
    let (ana, ben) = (rig.user("ana").await, rig.user("ben").await);
    let gone = rig.user("gone").await;
    rig.group("Team", &[&ben, &ana]).await;
    rig.delete(&format!("/Users/{gone}")).await.ok(204);
    let strip = |text: String| {
        // The port is another one after the start.
        let origin = text
            .find("http://127.0.0.1:")
            .map(|at| text[at..].to_owned());
        match origin.and_then(|o| o.split('/').nth(2).map(str::to_owned)) {
            Some(host) => text.replace(&host, "HOST"),
            None => text,
        }
    };
    let shown = |rig: &Rig| strip(serde_json::to_string(&rig.sandbox.snapshot()).expect("JSON"));
    let (before, organisation) = (shown(&rig), rig.sandbox.organisation());
    let (key, directory) = (rig.sandbox.key(), rig.sandbox.directory_id());
    rig.sandbox.stop().await.expect("written");

    let rig = Rig::with(config(&folder)).await;
    assert_eq!(shown(&rig), before);
    assert_eq!(
        rig.sandbox.organisation()["accounts"],
        organisation["accounts"]
    );
    assert_eq!(
        (rig.sandbox.key(), rig.sandbox.directory_id()),
        (key, directory)
    );
    rig.post("/Users", user("ANA"))
        .await
        .scim_error(409, Some("uniqueness"));
    rig.get(&format!("/Users/{gone}"))
        .await
        .scim_error(404, None);
    let read = rig.get(&format!("/Users/{ana}")).await.ok(200);
    assert_eq!(read.at("/groups/0/display"), Some("Team"));
    assert!(
        read.at("/meta/location")
            .expect("a location")
            .starts_with(rig.sandbox.origin())
    );
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["state.json"], "no half-written file is left");
}

/// A broken state file is named, not overwritten.
#[tokio::test]
async fn a_broken_state_file_is_reported_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    for broken in ["{", r#"{"version": 9}"#, r#"{"version":1,"org":{}}"#] {
        std::fs::write(&path, broken).expect("written");
        let error = Sandbox::start(config(&folder))
            .await
            .expect_err("a refusal");
        assert!(error.to_string().contains("state.json"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), broken);
    }
}

/// `save` writes at once.
#[tokio::test]
async fn the_state_is_written_on_demand() {
    let folder = tempfile::tempdir().expect("a folder");
    let rig = Rig::with(config(&folder)).await;
    rig.user("ana").await;
    rig.sandbox.save().expect("written");
    let text = std::fs::read_to_string(folder.path().join("state.json")).expect("read");
    assert!(text.contains("ana@example.com"));
}

/// The same seed gives the same ids; configuration as JSON refuses what it does not know.
#[tokio::test]
async fn a_seed_makes_ids_repeatable_and_configuration_is_strict() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let rig = Rig::with(SandboxConfig {
            seed: Some(7),
            ..SandboxConfig::default()
        })
        .await;
        ids.push((
            rig.user("ana").await,
            rig.sandbox.key(),
            rig.sandbox.directory_id(),
        ));
    }
    assert_eq!(ids[0], ids[1]);
    let good =
        json!({"port": 0, "knobs": {"page_cap": 5}, "org": {"verified_domains": ["x.test"]}});
    let read: SandboxConfig = serde_json::from_value(good).expect("a configuration");
    assert_eq!(read.knobs.page_cap, 5);
    for bad in [
        json!({"ports": 1}),
        json!({"knobs": {"pageCap": 5}}),
        json!({"org": {"x": 1}}),
    ] {
        serde_json::from_value::<SandboxConfig>(bad).expect_err("a refusal");
    }
}

/// Records are seeded without a request, by the same rules.
#[tokio::test]
async fn seeds_follow_the_rules_and_leave_no_request() {
    let directory = DirectoryConfig {
        id: Some("dir".into()),
        key: Some("secret".into()),
    };
    let config = SandboxConfig {
        directories: vec![directory],
        ..SandboxConfig::default()
    };
    let rig = Rig::with(config).await;
    let id = rig.sandbox.add_user(user("ana")).expect("a user");
    rig.sandbox
        .add_group(json!({"displayName": "T", "members": [{"value": id}]}))
        .expect("a group");
    let error = rig.sandbox.add_user(user("ana")).expect_err("a conflict");
    assert!(error.to_string().contains("already exists"), "{error}");
    assert!(rig.sandbox.requests().is_empty());
    assert_eq!(rig.sandbox.key(), "secret");
    assert!(rig.sandbox.base_url().ends_with("/scim/directory/dir"));
    assert_eq!(rig.get("/Groups").await.ok(200).body["totalResults"], 1);
}
