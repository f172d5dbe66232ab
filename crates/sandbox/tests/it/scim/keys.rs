//! Keys, directories and media types: rows 1 to 6 and 45.

use jiff::SignedDuration;
use reqwest::Method;
use usher_sandbox::scim::knobs::{ForeignDirectory, InvalidKey, Media, UnknownDirectory};
use usher_sandbox::scim::{DirectoryConfig, SandboxConfig};

use super::rig::{Answer, Rig, user};

fn two_directories() -> SandboxConfig {
    let directory = |id: &str, key: &str| DirectoryConfig {
        id: Some(id.to_owned()),
        key: Some(key.to_owned()),
    };
    SandboxConfig {
        directories: vec![directory("first", "key-1"), directory("second", "key-2")],
        ..SandboxConfig::default()
    }
}

async fn get(rig: &Rig, path: &str, key: Option<&str>) -> Answer {
    let url = format!("{}{path}", rig.sandbox.origin());
    rig.call(Method::GET, &url, key, None)
        .await
        .expect("an answer")
}

/// Row 1: no Authorization header, 401, the gateway's body.
#[tokio::test]
async fn a_request_without_a_key_gets_401_with_the_gateways_body() {
    let rig = Rig::with(two_directories()).await;
    get(&rig, "/scim/directory/first/Users", None)
        .await
        .failure(401);
    get(&rig, "/scim/directory/nowhere/Users", None)
        .await
        .failure(401);
}

/// Row 2: wrong key or a token of another product, 401; a knob makes it 403.
#[tokio::test]
async fn a_wrong_key_gets_401_or_403() {
    let rig = Rig::with(two_directories()).await;
    let admin_key = rig.sandbox.admin_key();
    for key in ["", "wrong", admin_key.as_str()] {
        get(&rig, "/scim/directory/first/Users", Some(key))
            .await
            .failure(401);
    }
    rig.sandbox
        .change_knobs(|k| k.invalid_key = InvalidKey::Forbidden);
    get(&rig, "/scim/directory/first/Users", Some("wrong"))
        .await
        .failure(403);
}

/// Row 3: a valid key of another directory, 403; knob for 401 and 404.
#[tokio::test]
async fn a_key_of_another_directory_is_refused_in_three_ways() {
    let rig = Rig::with(two_directories()).await;
    let path = "/scim/directory/second/Users";
    get(&rig, path, Some("key-2")).await.ok(200);
    get(&rig, path, Some("key-1")).await.failure(403);
    rig.sandbox
        .change_knobs(|k| k.foreign_directory = ForeignDirectory::Unauthorized);
    get(&rig, path, Some("key-1")).await.failure(401);
    rig.sandbox
        .change_knobs(|k| k.foreign_directory = ForeignDirectory::NotFound);
    get(&rig, path, Some("key-1")).await.scim_error(404, None);
}

/// Row 4: an unknown directory with an accepted key, 404 with a SCIM body; knob for 403.
#[tokio::test]
async fn an_unknown_directory_gets_404_or_403() {
    let rig = Rig::with(two_directories()).await;
    let path = "/scim/directory/nowhere/Users";
    get(&rig, path, Some("key-1")).await.scim_error(404, None);
    rig.sandbox
        .change_knobs(|k| k.unknown_directory = UnknownDirectory::Forbidden);
    get(&rig, path, Some("key-1")).await.failure(403);
}

/// Row 5: both media types are accepted, and one of them is returned.
#[tokio::test]
async fn both_media_types_are_taken_and_the_knob_chooses_the_one_returned() {
    let rig = Rig::new().await;
    let url = format!("{}/Users", rig.sandbox.base_url());
    let post = async |media: &str, name: &str| {
        let request = rig.http.post(&url).bearer_auth(rig.sandbox.key());
        let request = request
            .header("content-type", media)
            .body(user(name).to_string());
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 201);
        response.headers()["content-type"]
            .to_str()
            .expect("text")
            .to_owned()
    };
    assert_eq!(
        post("application/json", "ana").await,
        "application/scim+json"
    );
    rig.sandbox.change_knobs(|k| k.media = Media::Json);
    assert_eq!(
        post("application/scim+json; charset=utf-8", "ben").await,
        "application/json"
    );
}

/// Row 6: an extra `/scim` segment is tolerated; a knob forbids it.
#[tokio::test]
async fn an_extra_scim_segment_is_tolerated_unless_the_knob_says_no() {
    let rig = Rig::new().await;
    let id = rig.post("/scim/Users", user("ana")).await.ok(201).id();
    rig.get(&format!("/scim/Users/{id}")).await.ok(200);
    rig.sandbox.change_knobs(|k| k.extra_scim_segment = false);
    rig.get("/scim/Users").await.scim_error(404, None);
}

/// Row 45: a new key ends the old one at once.
#[tokio::test]
async fn a_regenerated_key_ends_the_old_one_at_once() {
    let rig = Rig::new().await;
    let old = rig.sandbox.key();
    let url = format!("{}/Users", rig.sandbox.base_url());
    let new = rig.sandbox.regenerate_key();
    assert_ne!(old, new);
    rig.call(Method::GET, &url, Some(&old), None)
        .await
        .expect("an answer")
        .failure(401);
    rig.call(Method::GET, &url, Some(&new), None)
        .await
        .expect("an answer")
        .ok(200);
}

/// Row 45: a key expires after a year.
#[tokio::test]
async fn a_key_expires_after_a_year_and_a_new_one_works_again() {
    let rig = Rig::new().await;
    rig.sandbox
        .set_time_offset(SignedDuration::from_hours(364 * 24));
    rig.get("/Users").await.ok(200);
    rig.sandbox
        .set_time_offset(SignedDuration::from_hours(365 * 24 + 1));
    rig.get("/Users").await.failure(401);
    rig.sandbox.regenerate_key();
    rig.get("/Users").await.ok(200);
    rig.sandbox.expire_key();
    rig.get("/Users").await.failure(401);
}
