//! Creating and replacing users: rows 12 to 15, 18 and 19.

use serde_json::{Value, json};
use usher_sandbox::scim::knobs::{
    EnterpriseLocation, ExternalIdDuplicate, PutOmitted, PutWithoutActive, UserNameConflict,
};

use super::rig::{Rig, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ATLASSIAN: &str = "urn:scim:schemas:extension:atlassian-external:1.0";

/// Row 12: userName and emails with one primary are needed.
#[tokio::test]
async fn a_user_needs_a_name_and_exactly_one_primary_email() {
    let rig = Rig::new().await;
    let email = |value: &str, primary: bool| json!({"value": value, "primary": primary});
    let bad = [
        json!({"emails": [email("a@example.com", true)]}),
        json!({"userName": "", "emails": [email("a@example.com", true)]}),
        json!({"userName": "a"}),
        json!({"userName": "a", "emails": []}),
        json!({"userName": "a", "emails": [email("a@example.com", false)]}),
        json!({"userName": "a", "emails": [email("a@example.com", true), email("b@example.com", true)]}),
        json!({"userName": "a", "emails": [{"type": "work", "primary": true}]}),
        json!({"userName": 7, "emails": [email("a@example.com", true)]}),
        json!({"userName": "a", "active": "true", "emails": [email("a@example.com", true)]}),
    ];
    for body in bad {
        rig.post("/Users", body)
            .await
            .scim_error(400, Some("invalidValue"));
    }
    let answer = rig
        .post(
            "/Users",
            json!({"userName": "a", "emails": [email("a@example.com", false)]}),
        )
        .await;
    assert_eq!(
        answer.scim_error(400, Some("invalidValue")),
        "Invalid payload: One email address need to be marked as primary."
    );
    rig.post("/Users", json!([1]))
        .await
        .scim_error(400, Some("invalidSyntax"));
    assert!(rig.sandbox.snapshot().users.is_empty());
}

/// Row 12, knob: without the rule the first email counts.
#[tokio::test]
async fn without_the_primary_rule_the_first_email_counts() {
    let rig = Rig::knobs(|k| k.primary_required = false).await;
    let body = json!({"userName": "a", "emails": [{"value": "a@example.com"}]});
    let made = rig.post("/Users", body).await.ok(201);
    assert_eq!(made.body["emails"][0]["primary"], true);
}

/// Row 13: id, meta, the three schemas in order, `groups: []`, the account id; what the client says
/// about id and meta does not count; unset attributes are left out.
#[tokio::test]
async fn a_created_user_looks_as_captured() {
    let rig = Rig::new().await;
    let mut body = user("Ana");
    body["id"] = json!("mine");
    body["meta"] = json!({"created": "1999-01-01T00:00:00Z"});
    body["externalId"] = json!("");
    body["title"] = Value::Null;
    body["favouriteColour"] = json!("green");
    let made = rig.post("/Users", body).await.ok(201);
    let id = made.id();
    assert!(uuid_like(&id), "{id}");
    assert_eq!(
        made.body["schemas"],
        json!([
            ATLASSIAN,
            "urn:ietf:params:scim:schemas:core:2.0:User",
            ENTERPRISE
        ])
    );
    assert_eq!(made.body["groups"], json!([]));
    assert_eq!(made.at("/externalId"), Some(""));
    let location = format!("{}/Users/{id}", rig.sandbox.base_url());
    assert_eq!(made.at("/meta/location"), Some(location.as_str()));
    assert_eq!(made.headers["location"], location.as_str());
    assert_eq!(made.at("/meta/resourceType"), Some("User"));
    let account = made.body[ATLASSIAN]["atlassianAccountId"]
        .as_str()
        .expect("an account");
    assert_eq!(account.len(), 24);
    let names: Vec<&String> = made.body.as_object().expect("an object").keys().collect();
    let expected = [
        "emails",
        "externalId",
        "groups",
        "id",
        "meta",
        "schemas",
        ATLASSIAN,
        "userName",
    ];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(
        rig.get(&format!("/Users/{id}")).await.ok(200).body,
        made.body
    );
}

fn uuid_like(text: &str) -> bool {
    text.len() == 36 && text.as_bytes()[14] == b'4'
}

/// C.4: every attribute of the schema comes back; the extension is found at the top level too.
#[tokio::test]
async fn all_attributes_are_stored_and_the_extension_is_taken_from_either_place() {
    let rig = Rig::new().await;
    let mut body = user("ana");
    let more = json!({
        "name": {"formatted": "Dr Ana Silva", "givenName": "Ana", "familyName": "Silva",
                 "middleName": "M", "honorificPrefix": "Dr", "honorificSuffix": "Jr"},
        "displayName": "Ana Silva", "nickName": "ana", "title": "Boss", "timezone": "Europe/Lisbon",
        "preferredLanguage": "pt-PT", "active": true, "externalId": "key",
        "phoneNumbers": [{"value": "1", "type": "mobile", "primary": true}],
        "organization": "Acme", ENTERPRISE: {"department": "Sales", "costCenter": "9"},
    });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let made = rig.post("/Users", body).await.ok(201);
    for name in [
        "name",
        "displayName",
        "timezone",
        "active",
        "externalId",
        "phoneNumbers",
    ] {
        assert_eq!(made.body[name], more[name], "{name}");
    }
    let both = json!({"department": "Sales", "organization": "Acme"});
    assert_eq!(made.body[ENTERPRISE], both);
    assert!(made.body.get("department").is_none());
    rig.sandbox
        .change_knobs(|k| k.enterprise_location = EnterpriseLocation::TopLevel);
    let read = rig.get(&format!("/Users/{}", made.id())).await.ok(200);
    assert_eq!(
        (read.at("/department"), read.body.get(ENTERPRISE)),
        (Some("Sales"), None)
    );
    rig.sandbox
        .change_knobs(|k| k.enterprise_location = EnterpriseLocation::Both);
    let read = rig.get(&format!("/Users/{}", made.id())).await.ok(200);
    assert_eq!(
        (read.at("/department"), &read.body[ENTERPRISE]),
        (Some("Sales"), &both)
    );
}

/// Row 14: a taken primary email, in any case, 409 with the published text.
#[tokio::test]
async fn a_taken_email_is_a_conflict_with_the_published_text() {
    let rig = Rig::new().await;
    rig.user("ana").await;
    let mut other = user("other");
    other["emails"][0]["value"] = json!("ANA@example.com");
    let answer = rig.post("/Users", other).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [USER]: with email[ANA@example.com] already exists."
    );
}

/// Row 15: a taken userName, in any case, 409; a knob has the text name the email.
#[tokio::test]
async fn a_taken_user_name_is_a_conflict_in_any_case() {
    let rig = Rig::new().await;
    rig.user("ana").await;
    let mut other = user("ANA");
    other["emails"][0]["value"] = json!("other@example.com");
    let answer = rig.post("/Users", other.clone()).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [USER]: with userName[ANA] already exists."
    );
    rig.sandbox
        .change_knobs(|k| k.user_name_conflict = UserNameConflict::NamesEmail);
    let answer = rig.post("/Users", other).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [USER]: with email[other@example.com] already exists."
    );
}

/// C.5: two records with one externalId are accepted or refused.
#[tokio::test]
async fn a_second_record_with_the_same_external_id_is_accepted_or_refused() {
    let rig = Rig::new().await;
    let with_key = |name: &str| {
        let mut body = user(name);
        body["externalId"] = json!("key");
        body
    };
    rig.post("/Users", with_key("a")).await.ok(201);
    rig.post("/Users", with_key("b")).await.ok(201);
    let found = rig
        .get("/Users?filter=externalId+eq+%22key%22")
        .await
        .ok(200);
    assert_eq!(found.body["totalResults"], 2);
    rig.sandbox
        .change_knobs(|k| k.external_id_duplicate = ExternalIdDuplicate::Refused);
    let answer = rig.post("/Users", with_key("c")).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [USER]: with externalId[key] already exists."
    );
}

/// Row 18: PUT replaces everything; id, meta and groups are ignored; userName is needed.
#[tokio::test]
async fn put_replaces_everything_and_clears_what_is_left_out() {
    let rig = Rig::new().await;
    let mut body = user("ana");
    body["displayName"] = json!("Ana");
    body["title"] = json!("Boss");
    let id = rig.post("/Users", body).await.ok(201).id();
    let group = rig.group("team", &[&id]).await;
    let path = format!("/Users/{id}");
    let mut new = user("ana.silva");
    new["title"] = json!("Chief");
    new["id"] = json!("other");
    new["groups"] = json!([]);
    let put = rig.put(&path, new).await.ok(200);
    assert_eq!(put.id(), id);
    assert_eq!(put.at("/userName"), Some("ana.silva"));
    assert_eq!(put.at("/title"), Some("Chief"));
    assert_eq!(put.at("/displayName"), None);
    assert_eq!(put.at("/groups/0/value"), Some(group.as_str()));
    let mut unnamed = user("x");
    unnamed
        .as_object_mut()
        .expect("an object")
        .remove("userName");
    rig.put(&path, unnamed)
        .await
        .scim_error(400, Some("invalidValue"));
    rig.put("/Users/nobody", user("x"))
        .await
        .scim_error(404, None);
}

/// Row 18, knob: what is left out of a PUT stays.
#[tokio::test]
async fn put_may_keep_what_is_left_out() {
    let rig = Rig::knobs(|k| k.put_omitted = PutOmitted::Kept).await;
    let mut body = user("ana");
    body["displayName"] = json!("Ana");
    body["active"] = json!(true);
    let id = rig.post("/Users", body).await.ok(201).id();
    let put = rig.put(&format!("/Users/{id}"), user("ana")).await.ok(200);
    assert_eq!(put.at("/displayName"), Some("Ana"));
    assert_eq!(put.body["active"], true);
}

/// Rows 18 and 47: a PUT without `active` clears it, keeps it or deactivates.
#[tokio::test]
async fn put_without_active_has_three_readings() {
    for (reading, active, account) in [
        (PutWithoutActive::Cleared, Value::Null, true),
        (PutWithoutActive::Kept, json!(true), true),
        (PutWithoutActive::Deactivated, json!(false), false),
    ] {
        let rig = Rig::knobs(|k| k.put_without_active = reading).await;
        let mut body = user("ana");
        body["active"] = json!(true);
        let id = rig.post("/Users", body).await.ok(201).id();
        let put = rig.put(&format!("/Users/{id}"), user("ana")).await.ok(200);
        assert_eq!(
            put.body.get("active").cloned().unwrap_or_default(),
            active,
            "{reading:?}"
        );
        let held = rig.account("ana@example.com").expect("an account");
        assert_eq!(held["active"], account, "{reading:?}");
    }
}

/// Row 19: a change that takes another's email or userName, 409, by PUT and by PATCH.
#[tokio::test]
async fn a_change_that_takes_anothers_values_is_a_conflict() {
    let rig = Rig::new().await;
    rig.user("ana").await;
    let ben = format!("/Users/{}", rig.user("ben").await);
    rig.put(&ben, user("ana"))
        .await
        .scim_error(409, Some("uniqueness"));
    let rename = json!([{"op": "replace", "path": "userName", "value": "Ana"}]);
    rig.patch(&ben, rename)
        .await
        .scim_error(409, Some("uniqueness"));
    let email = json!([
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ana@example.com"}
    ]);
    assert_eq!(
        rig.patch(&ben, email)
            .await
            .scim_error(409, Some("uniqueness")),
        "Resource [USER]: with email[ana@example.com] already exists."
    );
    let own = json!([{"op": "replace", "path": "userName", "value": "BEN"}]);
    assert_eq!(
        rig.patch(&ben, own).await.ok(200).at("/userName"),
        Some("BEN")
    );
}
