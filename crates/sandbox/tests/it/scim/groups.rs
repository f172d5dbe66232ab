//! Creating, replacing and deleting groups: rows 27 to 30, 34 to 37, 42 and 43.

use jiff::SignedDuration;
use serde_json::json;
use usher_sandbox::scim::knobs::{
    Acceptance, DefaultGroup, OrgGroupConflict, PutGroupError, PutOmitted, RenameGroup,
};
use usher_sandbox::scim::{OrgGroupConfig, OrgGroupKind};

use super::rig::{Rig, user};

fn ordinary(name: &str) -> OrgGroupConfig {
    OrgGroupConfig {
        name: name.to_owned(),
        kind: OrgGroupKind::Ordinary,
    }
}

/// Row 27: displayName is needed.
#[tokio::test]
async fn a_group_needs_a_name() {
    let rig = Rig::new().await;
    for body in [
        json!({}),
        json!({"displayName": ""}),
        json!({"displayName": 7}),
    ] {
        rig.post("/Groups", body)
            .await
            .scim_error(400, Some("invalidValue"));
    }
}

/// C.4: a group looks as captured.
#[tokio::test]
async fn a_created_group_looks_as_captured() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let body = json!({"displayName": "Team", "externalId": "key", "members": [{"value": ana}]});
    let made = rig.post("/Groups", body).await.ok(201);
    let id = made.id();
    assert_eq!(
        made.body["schemas"],
        json!(["urn:ietf:params:scim:schemas:core:2.0:Group"])
    );
    assert_eq!(
        (made.at("/displayName"), made.at("/externalId")),
        (Some("Team"), Some("key"))
    );
    assert_eq!(made.at("/meta/resourceType"), Some("Group"));
    let location = format!("{}/Groups/{id}", rig.sandbox.base_url());
    assert_eq!(made.headers["location"], location.as_str());
    let user = rig.get(&format!("/Users/{ana}")).await.ok(200);
    assert_eq!(
        user.body["groups"],
        json!([{"type": "direct", "value": id, "display": "Team", "$ref": location}])
    );
    assert_eq!(rig.group("empty", &[]).await.len(), 36);
}

/// Row 28: the same name in the directory, in any case, 409.
#[tokio::test]
async fn a_taken_group_name_is_a_conflict_in_any_case() {
    let rig = Rig::new().await;
    rig.group("Team", &[]).await;
    let answer = rig.post("/Groups", json!({"displayName": "TEAM"})).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [GROUP]: with displayName[TEAM] already exists."
    );
}

/// Row 28: the name of a group of the organisation, 409.
#[tokio::test]
async fn the_name_of_an_organisations_group_is_a_conflict() {
    let rig = Rig::new().await;
    rig.sandbox.add_org_group(ordinary("Finance"));
    let answer = rig.post("/Groups", json!({"displayName": "finance"})).await;
    answer.scim_error(409, Some("uniqueness"));
    assert_eq!(
        rig.get("/Groups").await.body["totalResults"],
        0,
        "taken, and not visible"
    );
}

/// Row 29: the other generation says yes, propagates nothing, logs it, and waits for an
/// administrator.
#[tokio::test]
async fn a_group_under_review_waits_for_an_administrator() {
    let rig = Rig::knobs(|k| k.org_group_conflict = OrgGroupConflict::PendingReview).await;
    rig.sandbox.add_org_group(ordinary("Finance"));
    let ana = rig.user("ana").await;
    rig.group("Finance", &[&ana]).await;
    assert_eq!(
        rig.org_group("Finance").expect("a group")["members"],
        json!([])
    );
    let wanted = "Failed to create group of name Finance for OrgId sandbox-org due to existing \
                  group with same name in organization";
    assert!(
        rig.sandbox
            .propagation_log()
            .iter()
            .any(|l| l.failed && l.text == wanted)
    );
    assert!(rig.sandbox.synchronise_group("Finance"));
    assert_eq!(
        rig.org_group("Finance").expect("a group")["members"],
        json!([ana])
    );
    assert!(
        !rig.sandbox.synchronise_group("Finance"),
        "nothing left to do"
    );
}

/// Row 30: the name of a default or built-in group: yes, and never propagated; knob for 409.
#[tokio::test]
async fn a_built_in_name_succeeds_and_never_propagates_or_is_a_conflict() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    for name in ["site-admins", "jira-software-users-sandbox"] {
        rig.group(name, &[&ana]).await;
        assert_eq!(rig.org_group(name).expect("a group")["members"], json!([]));
        assert!(!rig.sandbox.synchronise_group(name));
    }
    assert!(
        rig.sandbox
            .propagation_log()
            .iter()
            .any(|l| l.failed && l.text.contains("site-admins"))
    );
    rig.sandbox
        .change_knobs(|k| k.default_group = DefaultGroup::Conflict);
    let answer = rig
        .post("/Groups", json!({"displayName": "trusted-users"}))
        .await;
    answer.scim_error(409, Some("uniqueness"));
}

/// Row 34: another displayName: 400 mutability, or ignored, or taken; by PATCH and by PUT.
#[tokio::test]
async fn renaming_a_group_is_refused_ignored_or_done() {
    let rig = Rig::new().await;
    let path = format!("/Groups/{}", rig.group("Old", &[]).await);
    let rename = || json!([{"op": "replace", "path": "displayName", "value": "New"}]);
    rig.patch(&path, rename())
        .await
        .scim_error(400, Some("mutability"));
    rig.put(&path, json!({"displayName": "New"}))
        .await
        .scim_error(400, Some("mutability"));
    let same = json!([{"op": "replace", "value": {"id": "x", "displayName": "Old"}}]);
    rig.patch(&path, same).await.ok(200);
    rig.sandbox
        .change_knobs(|k| k.rename_group = RenameGroup::Ignored);
    assert_eq!(
        rig.patch(&path, rename()).await.ok(200).at("/displayName"),
        Some("Old")
    );
    let put = rig.put(&path, json!({"displayName": "New"})).await.ok(200);
    assert_eq!(put.at("/displayName"), Some("Old"));
    rig.sandbox
        .change_knobs(|k| k.rename_group = RenameGroup::Renamed);
    assert_eq!(
        rig.patch(&path, rename()).await.ok(200).at("/displayName"),
        Some("New")
    );
    assert!(rig.org_group("Old").is_none() && rig.org_group("New").is_some());
    rig.group("Third", &[]).await;
    rig.put(&path, json!({"displayName": "third"}))
        .await
        .scim_error(409, Some("uniqueness"));
}

/// Row 35: PUT with an unknown member, 400 with a Java exception or a SCIM body.
#[tokio::test]
async fn put_with_an_unknown_member_gets_a_body_of_neither_family() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let group = rig.group("Team", &[&ana]).await;
    let path = format!("/Groups/{group}");
    let body = || json!({"displayName": "Team", "members": [{"value": "nobody"}]});
    let answer = rig.put(&path, body()).await.ok(400);
    assert_eq!(answer.at("/responseStatus"), Some("BAD_REQUEST"));
    assert!(answer.body["stackTrace"].is_array() && answer.body.get("schemas").is_none());
    rig.sandbox
        .change_knobs(|k| k.put_group_error = PutGroupError::Scim);
    rig.put(&path, body())
        .await
        .scim_error(400, Some("invalidValue"));
    assert_eq!(rig.members(&group).await, [ana]);
}

/// Row 35: members of a PUT replace the old; left out they are cleared or kept.
#[tokio::test]
async fn put_of_a_group_replaces_members_and_clears_or_keeps_them_when_left_out() {
    let rig = Rig::new().await;
    let (ana, ben) = (rig.user("ana").await, rig.user("ben").await);
    let group = rig.group("Team", &[&ana]).await;
    let path = format!("/Groups/{group}");
    rig.put(
        &path,
        json!({"displayName": "Team", "members": [{"value": ben}]}),
    )
    .await
    .ok(200);
    assert_eq!(rig.members(&group).await, [ben.clone()]);
    rig.sandbox
        .change_knobs(|k| k.put_group_omitted = PutOmitted::Kept);
    rig.put(&path, json!({"displayName": "Team"})).await.ok(200);
    assert_eq!(rig.members(&group).await, [ben]);
    rig.sandbox
        .change_knobs(|k| k.put_group_omitted = PutOmitted::Cleared);
    rig.put(&path, json!({"displayName": "Team"})).await.ok(200);
    assert!(rig.members(&group).await.is_empty());
}

/// Row 36: `display` is the member's userName whatever was sent, also after it changed; a group as a
/// member is refused or left out.
#[tokio::test]
async fn members_show_their_user_name_and_groups_are_no_members() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let other = rig.group("Other", &[]).await;
    let members = json!([{"value": ana, "display": "Somebody"}]);
    let made = rig
        .post(
            "/Groups",
            json!({"displayName": "Team", "members": members}),
        )
        .await
        .ok(201);
    let location = format!("{}/Users/{ana}", rig.sandbox.base_url());
    assert_eq!(
        made.body["members"],
        json!([{"type": "User", "value": ana, "display": "ana", "$ref": location}])
    );
    let rename = json!([{"op": "replace", "path": "userName", "value": "anna"}]);
    rig.patch(&format!("/Users/{ana}"), rename).await.ok(200);
    let path = format!("/Groups/{}", made.id());
    assert_eq!(rig.get(&path).await.at("/members/0/display"), Some("anna"));
    let nest = || json!([{"op": "add", "path": "members", "value": [{"value": other}]}]);
    rig.patch(&path, nest())
        .await
        .scim_error(400, Some("invalidValue"));
    rig.sandbox
        .change_knobs(|k| k.group_as_member = Acceptance::Ignore);
    assert_eq!(
        rig.patch(&path, nest()).await.ok(200).body["members"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// Row 37: 204, then 404; the group of the organisation goes too.
#[tokio::test]
async fn a_deleted_group_is_gone_everywhere() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let path = format!("/Groups/{}", rig.group("Team", &[&ana]).await);
    assert_eq!(
        rig.org_group("Team").expect("a group")["members"],
        json!([ana])
    );
    rig.delete(&path).await.ok(204);
    rig.delete(&path).await.scim_error(404, None);
    rig.get(&path).await.scim_error(404, None);
    assert!(rig.org_group("Team").is_none());
    assert_eq!(
        rig.get(&format!("/Users/{ana}")).await.body["groups"],
        json!([])
    );
    rig.group("Team", &[]).await;
}

/// Row 42: sizes above the limit are refused with tooMany and a status from the knob.
#[tokio::test]
async fn sizes_above_the_limit_are_refused_with_too_many() {
    let rig = Rig::knobs(|k| {
        k.limits.users = 3;
        k.limits.groups = 2;
        k.limits.members_per_group = 2;
        k.limits.memberships = 3;
    })
    .await;
    let (a, b, c) = (
        rig.user("a").await,
        rig.user("b").await,
        rig.user("c").await,
    );
    rig.post("/Users", user("d"))
        .await
        .scim_error(400, Some("tooMany"));
    rig.sandbox.change_knobs(|k| k.limits.status = 403);
    rig.post("/Users", user("d"))
        .await
        .scim_error(403, Some("tooMany"));
    let first = rig.group("first", &[&a, &b]).await;
    let second = rig.group("second", &[]).await;
    rig.post("/Groups", json!({"displayName": "third"}))
        .await
        .scim_error(403, Some("tooMany"));
    let add = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    rig.patch(&format!("/Groups/{first}"), add(&c))
        .await
        .scim_error(403, Some("tooMany"));
    let second = format!("/Groups/{second}");
    rig.patch(&second, add(&a)).await.ok(200);
    rig.patch(&second, add(&b))
        .await
        .scim_error(403, Some("tooMany"));
    let all = json!([{"op": "replace", "path": "members", "value": [{"value": b}, {"value": c}]}]);
    rig.patch(&second, all)
        .await
        .scim_error(403, Some("tooMany"));
}

/// Row 42 and C.7: the members named in one PATCH can be limited.
#[tokio::test]
async fn the_members_in_one_patch_can_be_limited() {
    let rig = Rig::knobs(|k| k.limits.members_per_patch = 2).await;
    let (a, b, c) = (
        rig.user("a").await,
        rig.user("b").await,
        rig.user("c").await,
    );
    let path = format!("/Groups/{}", rig.group("Team", &[]).await);
    let add = |ids: &[&String]| {
        let value: Vec<_> = ids.iter().map(|id| json!({"value": id})).collect();
        json!([{"op": "add", "path": "members", "value": value}])
    };
    rig.patch(&path, add(&[&a, &b, &c]))
        .await
        .scim_error(400, Some("tooMany"));
    rig.patch(&path, add(&[&a, &b])).await.ok(200);
}

/// Row 43: SCIM reads what was written at once; the organisation gets it later, in order.
#[tokio::test]
async fn the_organisation_gets_changes_after_a_delay() {
    let rig = Rig::knobs(|k| k.propagation_delay_ms = 60_000).await;
    let ana = rig.user("ana").await;
    let group = rig.group("Team", &[&ana]).await;
    let title = json!([{"op": "replace", "path": "title", "value": "Boss"}]);
    assert_eq!(
        rig.patch(&format!("/Users/{ana}"), title)
            .await
            .ok(200)
            .at("/title"),
        Some("Boss")
    );
    assert_eq!(rig.members(&group).await, [ana.clone()]);
    assert!(rig.org_group("Team").is_none());
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["profile"],
        json!({})
    );
    assert_eq!(rig.sandbox.organisation()["pending"], 3);
    rig.sandbox.set_time_offset(SignedDuration::from_mins(2));
    assert_eq!(
        rig.org_group("Team").expect("a group")["members"],
        json!([ana])
    );
    let account = rig.account("ana@example.com").expect("an account");
    assert_eq!(account["profile"], json!({"title": "Boss"}));
    assert_eq!(rig.sandbox.organisation()["pending"], 0);
}
