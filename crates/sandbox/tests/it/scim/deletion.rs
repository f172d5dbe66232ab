//! Deleting users and creating them again: rows 24 to 26.

use serde_json::json;
use usher_sandbox::scim::knobs::{DeleteUser, Recreate};

use super::rig::{Rig, user};

const ACCOUNT: &str = "/urn:scim:schemas:extension:atlassian-external:1.0/atlassianAccountId";

/// Row 24: the record and its memberships are gone, the managed account is deactivated.
#[tokio::test]
async fn deleting_removes_the_record_and_deactivates_the_account() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let group = rig.group("team", &[&ana]).await;
    rig.delete(&format!("/Users/{ana}")).await.ok(204);
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        false
    );
    assert!(rig.members(&group).await.is_empty());
    assert!(rig.sandbox.snapshot().users.is_empty());
}

/// Row 24, the older generation: like active=false, with 404 from then on; groups list the id still.
#[tokio::test]
async fn the_older_deletion_deactivates_and_groups_go_on_listing_the_id() {
    let rig = Rig::knobs(|k| k.delete_user = DeleteUser::Deactivated).await;
    let ana = rig.user("ana").await;
    let group = rig.group("team", &[&ana]).await;
    let path = format!("/Users/{ana}");
    rig.delete(&path).await.ok(204);
    rig.get(&path).await.scim_error(404, None);
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        false
    );
    assert_eq!(rig.members(&group).await, [ana.clone()]);
    let remove = json!([{"op": "remove", "path": "members", "value": [{"value": ana}]}]);
    rig.patch(&format!("/Groups/{group}"), remove).await.ok(200);
    assert!(rig.members(&group).await.is_empty());
}

/// Row 25: everything on a deleted id answers 404.
#[tokio::test]
async fn everything_on_a_deleted_id_answers_404() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let path = format!("/Users/{ana}");
    rig.delete(&path).await.ok(204);
    rig.get(&path).await.scim_error(404, None);
    rig.delete(&path).await.scim_error(404, None);
    rig.put(&path, user("ana")).await.scim_error(404, None);
    let title = json!([{"op": "replace", "path": "title", "value": "x"}]);
    rig.patch(&path, title).await.scim_error(404, None);
    let group = rig.group("team", &[]).await;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
    rig.patch(&format!("/Groups/{group}"), add)
        .await
        .scim_error(404, None);
    assert_eq!(
        rig.get("/Users?filter=userName+eq+%22ana%22").await.body["totalResults"],
        0
    );
}

/// Row 26: the same values again give a new id with the same account, reactivated.
#[tokio::test]
async fn a_deleted_user_returns_with_a_new_id_and_the_same_account() {
    let rig = Rig::new().await;
    let old = rig.post("/Users", user("ana")).await.ok(201);
    rig.delete(&format!("/Users/{}", old.id())).await.ok(204);
    let new = rig.post("/Users", user("ana")).await.ok(201);
    assert_ne!(new.id(), old.id());
    assert_eq!(new.at(ACCOUNT), old.at(ACCOUNT));
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        true
    );
    rig.get(&format!("/Users/{}", old.id()))
        .await
        .scim_error(404, None);
    assert_eq!(rig.sandbox.snapshot().users.len(), 1);
}

/// Row 26, knobs: the account stays as it is; the old id returns; or the values are still taken.
#[tokio::test]
async fn creating_again_has_other_readings() {
    let rig = Rig::knobs(|k| k.recreate_reactivates = false).await;
    let old = rig.post("/Users", user("ana")).await.ok(201);
    let path = format!("/Users/{}", old.id());
    rig.delete(&path).await.ok(204);
    rig.sandbox
        .change_knobs(|k| k.recreate = Recreate::Conflict);
    rig.post("/Users", user("ana"))
        .await
        .scim_error(409, Some("uniqueness"));
    rig.sandbox.change_knobs(|k| k.recreate = Recreate::OldId);
    let new = rig.post("/Users", user("ana")).await.ok(201);
    assert_eq!(new.id(), old.id());
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        false
    );
    rig.get(&path).await.ok(200);
    assert_eq!(rig.get("/Users").await.body["totalResults"], 1);
}
