//! Users: rows 7 to 26.

use super::rig::{Rig, user};
use serde_json::json;

/// Row 13.
#[tokio::test]
async fn a_user_is_created_read_changed_and_deleted() {
    let rig = Rig::new().await;
    let made = rig.post("/Users", user("ana")).await.ok(201);
    let path = format!("/Users/{}", made.id());
    rig.patch(
        &path,
        json!([{"op": "replace", "path": "displayName", "value": "Ana"}]),
    )
    .await
    .ok(200);
    assert_eq!(rig.get(&path).await.ok(200).at("/displayName"), Some("Ana"));
    rig.delete(&path).await.ok(204);
    rig.get(&path).await.scim_error(404, None);
}
