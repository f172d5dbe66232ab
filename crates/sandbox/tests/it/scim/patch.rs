//! PATCH of users: row 20.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sandbox::scim::knobs::{Acceptance, NoMatch};

use super::rig::{Rig, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn ana(rig: &Rig) -> String {
    let mut body = user("ana");
    body["name"] = json!({"givenName": "Ana", "familyName": "Silva"});
    body["title"] = json!("Boss");
    format!("/Users/{}", rig.post("/Users", body).await.ok(201).id())
}

/// Row 20: `operations` in lower case and no `schemas` are tolerated; op in any case.
#[tokio::test]
async fn the_envelope_is_read_leniently() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let bare = json!({"operations": [{"op": "Replace", "path": "title", "value": "Chief"}]});
    let send = async |body: Value| rig.send(Method::PATCH, &path, Some(body)).await;
    assert_eq!(send(bare.clone()).await.ok(200).at("/title"), Some("Chief"));
    for bad in [
        json!({}),
        json!({"Operations": []}),
        json!({"Operations": {"op": "add"}}),
        json!({"Operations": [{"op": "move", "path": "title"}]}),
        json!({"Operations": [{"path": "title", "value": "x"}]}),
        json!({"Operations": [{"op": "replace", "value": "x"}]}),
    ] {
        send(bad).await.scim_error(400, Some("invalidSyntax"));
    }
    send(json!({"Operations": [{"op": "remove"}]}))
        .await
        .scim_error(400, Some("noTarget"));
    rig.sandbox.change_knobs(|k| k.schemas_optional = false);
    send(bare).await.scim_error(400, Some("invalidSyntax"));
}

/// Row 20: the paths seen in working clients (C.7).
#[tokio::test]
async fn the_paths_of_working_clients_are_understood() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let answer = rig
        .patch(
            &path,
            json!([
                {"op": "replace", "path": "displayName", "value": "Ana S"},
                {"op": "replace", "path": "name.middleName", "value": "M"},
                {"op": "replace", "path": "name", "value": {"familyName": "Santos", "middleName": null}},
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@example.com"},
                {"op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1"},
                {"op": "add", "path": "phoneNumbers", "value": [{"value": "2", "type": "work"}]},
                {"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Sales"},
                {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:nickName", "value": "an"},
                {"op": "replace", "path": "active", "value": false},
            ]),
        )
        .await
        .ok(200);
    assert_eq!(answer.at("/displayName"), Some("Ana S"));
    assert_eq!(
        answer.body["name"],
        json!({"givenName": "Ana", "familyName": "Santos"})
    );
    assert_eq!(
        answer.body["emails"],
        json!([{"value": "a@example.com", "type": "work", "primary": true}])
    );
    assert_eq!(
        answer.body["phoneNumbers"],
        json!([{"type": "mobile", "value": "1"}, {"type": "work", "value": "2"}])
    );
    assert_eq!(answer.body[ENTERPRISE], json!({"department": "Sales"}));
    assert_eq!(answer.at("/nickName"), Some("an"));
    assert_eq!(answer.body["active"], false);
}

/// Row 20 and RFC 7644 §3.5.2: a new primary email ends the old one's turn.
#[tokio::test]
async fn an_added_primary_email_takes_the_place_of_the_old_one() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let new = json!([{"value": "new@example.com", "type": "home", "primary": true}]);
    let answer = rig
        .patch(
            &path,
            json!([{"op": "add", "path": "emails", "value": new}]),
        )
        .await
        .ok(200);
    assert_eq!(answer.body["emails"][0]["primary"], false);
    assert_eq!(answer.body["emails"][1]["primary"], true);
    let answer = rig
        .patch(
            &path,
            json!([{"op": "replace", "path": "emails", "value": new}]),
        )
        .await
        .ok(200);
    assert_eq!(answer.body["emails"], new);
}

/// Row 20: a PATCH is carried out whole or not at all.
#[tokio::test]
async fn a_refused_patch_of_a_user_changes_nothing() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let before = rig.get(&path).await.body;
    let operations = json!([
        {"op": "replace", "path": "title", "value": "Chief"},
        {"op": "replace", "path": "emails", "value": []},
    ]);
    rig.patch(&path, operations)
        .await
        .scim_error(400, Some("invalidValue"));
    assert_eq!(rig.get(&path).await.body, before);
}

/// Row 20: an unknown path, 400 invalidPath, or 200 and nothing changes.
#[tokio::test]
async fn an_unknown_path_is_refused_or_ignored() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let paths = [
        "shoeSize",
        "name.shoeSize",
        "title.x",
        "emails[color eq \"x\"].value",
        "title[value eq \"x\"]",
    ];
    for unknown in paths {
        let operations = json!([{"op": "replace", "path": unknown, "value": "x"}]);
        rig.patch(&path, operations)
            .await
            .scim_error(400, Some("invalidPath"));
    }
    rig.sandbox
        .change_knobs(|k| k.unknown_path = Acceptance::Ignore);
    for unknown in paths {
        let operations = json!([{"op": "replace", "path": unknown, "value": "x"}]);
        rig.patch(&path, operations).await.ok(200);
    }
    let malformed = json!([{"op": "replace", "path": "emails[type eq", "value": "x"}]);
    rig.patch(&path, malformed)
        .await
        .scim_error(400, Some("invalidPath"));
}

/// C.6: read-only attributes cannot be patched.
#[tokio::test]
async fn read_only_attributes_cannot_be_patched() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    for name in ["id", "meta", "groups", "groups.value"] {
        let operations = json!([{"op": "replace", "path": name, "value": "x"}]);
        rig.patch(&path, operations)
            .await
            .scim_error(400, Some("mutability"));
    }
}

/// Row 20: `remove` works, is refused, or is swallowed.
#[tokio::test]
async fn remove_is_carried_out_refused_or_swallowed() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let remove = |name: &str| json!([{"op": "remove", "path": name}]);
    rig.sandbox
        .change_knobs(|k| k.patch_remove = Acceptance::Refuse);
    rig.patch(&path, remove("title"))
        .await
        .scim_error(400, Some("invalidSyntax"));
    rig.sandbox
        .change_knobs(|k| k.patch_remove = Acceptance::Ignore);
    assert_eq!(
        rig.patch(&path, remove("title")).await.ok(200).at("/title"),
        Some("Boss")
    );
    rig.sandbox
        .change_knobs(|k| k.patch_remove = Acceptance::Accept);
    assert_eq!(
        rig.patch(&path, remove("title")).await.ok(200).at("/title"),
        None
    );
    let answer = rig.patch(&path, remove("name.givenName")).await.ok(200);
    assert_eq!(answer.body["name"], json!({"familyName": "Silva"}));
    assert!(
        rig.patch(&path, remove("name.familyName"))
            .await
            .ok(200)
            .body
            .get("name")
            .is_none()
    );
    rig.patch(&path, remove("userName"))
        .await
        .scim_error(400, Some("invalidValue"));
    rig.patch(&path, remove("emails[primary eq true]"))
        .await
        .scim_error(400, Some("invalidValue"));
}

/// Row 20: an operation without path whose value is an object (keys may be paths).
#[tokio::test]
async fn an_operation_without_path_is_carried_out_refused_or_swallowed() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let operations = json!([{"op": "replace", "value": {
        "title": "Chief", "name.givenName": "Anna", "id": "x", "schemas": [], "shoeSize": 7,
        format!("{ENTERPRISE}:department"): "Sales",
    }}]);
    rig.sandbox
        .change_knobs(|k| k.pathless_patch = Acceptance::Refuse);
    rig.patch(&path, operations.clone())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.sandbox
        .change_knobs(|k| k.pathless_patch = Acceptance::Ignore);
    assert_eq!(
        rig.patch(&path, operations.clone())
            .await
            .ok(200)
            .at("/title"),
        Some("Boss")
    );
    rig.sandbox
        .change_knobs(|k| k.pathless_patch = Acceptance::Accept);
    let answer = rig.patch(&path, operations).await.ok(200);
    assert_eq!(answer.at("/title"), Some("Chief"));
    assert_eq!(
        answer.body["name"],
        json!({"givenName": "Anna", "familyName": "Silva"})
    );
    assert_eq!(answer.body[ENTERPRISE]["department"], "Sales");
}

/// Row 20: a path with a filter is understood, refused or swallowed; one that matches nothing makes
/// an element or is refused with noTarget.
#[tokio::test]
async fn a_filter_path_has_its_own_knobs() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let operations =
        json!([{"op": "replace", "path": "phoneNumbers[type eq \"fax\"].value", "value": "9"}]);
    rig.sandbox
        .change_knobs(|k| k.filter_path = Acceptance::Refuse);
    rig.patch(&path, operations.clone())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.sandbox
        .change_knobs(|k| k.filter_path = Acceptance::Ignore);
    assert!(
        rig.patch(&path, operations.clone())
            .await
            .ok(200)
            .body
            .get("phoneNumbers")
            .is_none()
    );
    rig.sandbox.change_knobs(|k| {
        k.filter_path = Acceptance::Accept;
        k.filter_path_no_match = NoMatch::NoTarget;
    });
    rig.patch(&path, operations.clone())
        .await
        .scim_error(400, Some("noTarget"));
    rig.sandbox
        .change_knobs(|k| k.filter_path_no_match = NoMatch::Created);
    let answer = rig.patch(&path, operations).await.ok(200);
    assert_eq!(
        answer.body["phoneNumbers"],
        json!([{"type": "fax", "value": "9"}])
    );
    let remove = json!([{"op": "remove", "path": "phoneNumbers[type eq \"fax\"]"}]);
    assert!(
        rig.patch(&path, remove)
            .await
            .ok(200)
            .body
            .get("phoneNumbers")
            .is_none()
    );
}

/// Row 20: booleans as text are refused, or understood with the knob.
#[tokio::test]
async fn text_booleans_are_refused_unless_the_knob_says_otherwise() {
    let rig = Rig::new().await;
    let path = ana(&rig).await;
    let operations = json!([{"op": "replace", "path": "active", "value": "False"}]);
    rig.patch(&path, operations.clone())
        .await
        .scim_error(400, Some("invalidValue"));
    rig.sandbox.change_knobs(|k| k.text_booleans = true);
    assert_eq!(
        rig.patch(&path, operations).await.ok(200).body["active"],
        false
    );
}
