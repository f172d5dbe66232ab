//! PATCH of groups: rows 31 to 33.

use serde_json::{Value, json};
use usher_sandbox::scim::knobs::{Acceptance, NoOpMember, UnknownMember};

use super::rig::Rig;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

struct Team {
    rig: Rig,
    group: String,
    path: String,
    ana: String,
    ben: String,
}

/// A group with Ana in it; Ben is outside.
async fn team() -> Team {
    let rig = Rig::new().await;
    let (ana, ben) = (rig.user("ana").await, rig.user("ben").await);
    let group = rig.group("Team", &[&ana]).await;
    let path = format!("/Groups/{group}");
    Team {
        rig,
        group,
        path,
        ana,
        ben,
    }
}

fn operation(op: &str, ids: &[&str]) -> Value {
    let value: Vec<Value> = ids.iter().map(|id| json!({"value": id})).collect();
    json!([{"op": op, "path": "members", "value": value}])
}

/// Row 31: members are added, the whole group comes back, a member twice is no matter.
#[tokio::test]
async fn members_are_added_and_a_member_already_there_is_no_matter() {
    let Team {
        rig,
        path,
        ana,
        ben,
        ..
    } = team().await;
    let answer = rig
        .patch(&path, operation("add", &[&ana, &ben]))
        .await
        .ok(200);
    assert_eq!(answer.body["members"].as_array().expect("members").len(), 2);
    assert_eq!(answer.at("/members/1/value"), Some(ben.as_str()));
    let again = rig.patch(&path, operation("add", &[&ben])).await.ok(200);
    assert_eq!(
        again.body, answer.body,
        "nothing changed, the time stamp neither"
    );
    rig.sandbox
        .change_knobs(|k| k.already_member = NoOpMember::Refused);
    rig.patch(&path, operation("add", &[&ben]))
        .await
        .scim_error(400, Some("invalidValue"));
}

/// Row 31: an unknown user id, 404; knobs for 400 and for leaving it out.
#[tokio::test]
async fn an_unknown_member_is_404_or_400_or_left_out() {
    let Team {
        rig,
        path,
        group,
        ana,
        ben,
    } = team().await;
    for unknown in [NOBODY, "no uuid"] {
        rig.patch(&path, operation("add", &[&ben, unknown]))
            .await
            .scim_error(404, None);
    }
    rig.sandbox
        .change_knobs(|k| k.unknown_member = UnknownMember::BadRequest);
    let add = || operation("add", &[&ben, NOBODY]);
    rig.patch(&path, add())
        .await
        .scim_error(400, Some("invalidValue"));
    assert_eq!(rig.members(&group).await, [ana.clone()], "all or nothing");
    rig.sandbox
        .change_knobs(|k| k.unknown_member = UnknownMember::Ignored);
    rig.patch(&path, add()).await.ok(200);
    assert_eq!(rig.members(&group).await, [ana, ben]);
}

/// Row 31, knob: a refused PATCH may have done the part before the member it stumbled over.
#[tokio::test]
async fn a_refused_patch_of_a_group_may_have_been_done_in_part() {
    let Team {
        rig,
        path,
        group,
        ana,
        ben,
    } = team().await;
    rig.sandbox.change_knobs(|k| k.group_patch_atomic = false);
    rig.patch(&path, operation("add", &[&ben, NOBODY]))
        .await
        .scim_error(404, None);
    assert_eq!(rig.members(&group).await, [ana, ben]);
}

/// Row 31: when it is all or nothing, everything is undone: removals, externalId, time stamp.
#[tokio::test]
async fn a_refused_patch_of_a_group_is_undone_whole() {
    let Team {
        rig,
        path,
        ana,
        ben,
        ..
    } = team().await;
    let before = rig.get(&path).await.body;
    let operations = json!([
        {"op": "add", "path": "members", "value": [{"value": ben}]},
        {"op": "remove", "path": "members", "value": [{"value": ana}]},
        {"op": "replace", "path": "externalId", "value": "new"},
        {"op": "add", "path": "members", "value": [{"value": NOBODY}]},
    ]);
    rig.patch(&path, operations).await.scim_error(404, None);
    assert_eq!(rig.get(&path).await.body, before);
    assert_eq!(
        rig.org_group("Team").expect("a group")["members"],
        json!([ana])
    );
}

/// Row 32: members go by value array and by filter path; one that is not in it is no matter.
#[tokio::test]
async fn members_are_removed_by_value_array_and_by_filter_path() {
    let Team {
        rig,
        path,
        group,
        ana,
        ben,
    } = team().await;
    rig.patch(&path, operation("add", &[&ben])).await.ok(200);
    rig.patch(&path, operation("remove", &[&ana, NOBODY]))
        .await
        .ok(200);
    assert_eq!(rig.members(&group).await, [ben.clone()]);
    let by_filter = || json!([{"op": "remove", "path": format!("members[value eq \"{ben}\"]")}]);
    rig.patch(&path, by_filter()).await.ok(200);
    assert!(rig.members(&group).await.is_empty());
    assert_eq!(
        rig.org_group("Team").expect("a group")["members"],
        json!([])
    );
    rig.patch(&path, by_filter()).await.ok(200);
    rig.sandbox
        .change_knobs(|k| k.not_a_member = NoOpMember::Refused);
    rig.patch(&path, by_filter())
        .await
        .scim_error(400, Some("invalidValue"));
}

/// Row 32, knobs: either form may be refused or swallowed.
#[tokio::test]
async fn either_form_of_removal_may_be_refused_or_swallowed() {
    let Team {
        rig,
        path,
        group,
        ana,
        ..
    } = team().await;
    let by_array = || operation("remove", &[&ana]);
    let by_filter = || json!([{"op": "remove", "path": format!("members[value eq \"{ana}\"]")}]);
    rig.sandbox.change_knobs(|k| {
        k.remove_members_by_array = Acceptance::Refuse;
        k.remove_members_by_filter = Acceptance::Refuse;
    });
    rig.patch(&path, by_array())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.patch(&path, by_filter())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.sandbox.change_knobs(|k| {
        k.remove_members_by_array = Acceptance::Ignore;
        k.remove_members_by_filter = Acceptance::Ignore;
    });
    rig.patch(&path, by_array()).await.ok(200);
    rig.patch(&path, by_filter()).await.ok(200);
    assert_eq!(rig.members(&group).await, [ana.clone()]);
    rig.sandbox
        .change_knobs(|k| k.remove_members_by_filter = Acceptance::Accept);
    rig.patch(&path, by_filter()).await.ok(200);
    assert!(rig.members(&group).await.is_empty());
}

/// RFC 7644 §3.5.2.2: removing `members` without a value removes all.
#[tokio::test]
async fn removing_members_without_a_value_empties_the_group() {
    let Team {
        rig, path, group, ..
    } = team().await;
    rig.patch(&path, json!([{"op": "remove", "path": "members"}]))
        .await
        .ok(200);
    assert!(rig.members(&group).await.is_empty());
}

/// Row 33: members are replaced; knobs refuse or swallow it.
#[tokio::test]
async fn members_are_replaced_or_it_is_refused_or_swallowed() {
    let Team {
        rig,
        path,
        group,
        ana,
        ben,
    } = team().await;
    let replace = || operation("replace", &[&ben]);
    rig.sandbox
        .change_knobs(|k| k.replace_members = Acceptance::Refuse);
    rig.patch(&path, replace())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.sandbox
        .change_knobs(|k| k.replace_members = Acceptance::Ignore);
    rig.patch(&path, replace()).await.ok(200);
    assert_eq!(rig.members(&group).await, [ana]);
    rig.sandbox
        .change_knobs(|k| k.replace_members = Acceptance::Accept);
    rig.patch(&path, replace()).await.ok(200);
    assert_eq!(rig.members(&group).await, [ben.clone()]);
    assert_eq!(
        rig.org_group("Team").expect("a group")["members"],
        json!([ben])
    );
}

/// Row 20 for groups: unknown paths and broken envelopes.
#[tokio::test]
async fn unknown_paths_of_groups_are_refused_or_ignored() {
    let Team { rig, path, .. } = team().await;
    let unknown = || json!([{"op": "replace", "path": "description", "value": "x"}]);
    rig.patch(&path, unknown())
        .await
        .scim_error(400, Some("invalidPath"));
    rig.sandbox
        .change_knobs(|k| k.unknown_path = Acceptance::Ignore);
    rig.patch(&path, unknown()).await.ok(200);
    let id = json!([{"op": "replace", "path": "id", "value": "x"}]);
    rig.patch(&path, id)
        .await
        .scim_error(400, Some("mutability"));
    let bad = json!([{"op": "add", "path": "members", "value": "x"}]);
    rig.patch(&path, bad)
        .await
        .scim_error(400, Some("invalidValue"));
    rig.patch(&format!("/Groups/{NOBODY}"), unknown())
        .await
        .scim_error(404, None);
}
