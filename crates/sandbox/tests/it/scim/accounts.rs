//! The account behind a user: rows 14, 16, 17, 21, 22 and 23.

use serde_json::{Value, json};
use usher_sandbox::scim::knobs::{
    EmailToUnverified, ExternalChange, UnlinkedAccount, UnverifiedDomain,
};
use usher_sandbox::scim::{AccountConfig, AccountKind};

use super::rig::{Rig, user};

const ATLASSIAN: &str = "urn:scim:schemas:extension:atlassian-external:1.0";

fn account(email: &str, kind: AccountKind) -> AccountConfig {
    AccountConfig {
        email: email.to_owned(),
        kind,
        id: None,
    }
}

fn external(name: &str) -> Value {
    let mut body = user(name);
    body["emails"][0]["value"] = json!(format!("{name}@elsewhere.test"));
    body
}

fn email(value: &str) -> Value {
    json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": value}])
}

/// Row 14: the email of a foreign account, 409, at creation and by a change (C.9).
#[tokio::test]
async fn the_email_of_a_foreign_account_is_a_conflict() {
    let rig = Rig::new().await;
    rig.sandbox
        .add_account(account("taken@example.com", AccountKind::Foreign));
    let answer = rig.post("/Users", user("taken")).await;
    assert_eq!(
        answer.scim_error(409, Some("uniqueness")),
        "Resource [USER]: with email[taken@example.com] already exists."
    );
    let ana = rig.user("ana").await;
    let answer = rig
        .patch(&format!("/Users/{ana}"), email("taken@example.com"))
        .await;
    answer.scim_error(409, Some("uniqueness"));
}

/// Row 16: a managed account that is not in SCIM yet is linked; its id is kept.
#[tokio::test]
async fn an_existing_managed_account_is_linked() {
    let rig = Rig::new().await;
    let id = rig
        .sandbox
        .add_account(account("Ana@Example.com", AccountKind::Managed));
    let made = rig.post("/Users", user("ana")).await.ok(201);
    assert_eq!(made.body[ATLASSIAN]["atlassianAccountId"], json!(id));
}

/// Row 17: an unverified domain makes an external user; the older generation answers 400.
#[tokio::test]
async fn an_unverified_domain_makes_an_external_user_or_is_refused() {
    let rig = Rig::new().await;
    let known = rig
        .sandbox
        .add_account(account("ana@elsewhere.test", AccountKind::External));
    let made = rig.post("/Users", external("ana")).await.ok(201);
    assert_eq!(made.body[ATLASSIAN]["atlassianAccountId"], json!(known));
    rig.post("/Users", external("ben")).await.ok(201);
    assert_eq!(
        rig.account("ben@elsewhere.test").expect("an account")["kind"],
        "external"
    );
    rig.sandbox
        .change_knobs(|k| k.unverified_domain = UnverifiedDomain::Refused);
    rig.post("/Users", external("cleo"))
        .await
        .scim_error(400, Some("invalidValue"));
    rig.sandbox.verify_domain("elsewhere.test");
    rig.post("/Users", external("cleo")).await.ok(201);
}

/// Row 21: active=false deactivates the account, memberships stay, the record can be read; true
/// brings it back.
#[tokio::test]
async fn deactivation_reaches_the_account_and_keeps_memberships() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let group = rig.group("team", &[&ana]).await;
    let path = format!("/Users/{ana}");
    let active = |value: bool| json!([{"op": "replace", "path": "active", "value": value}]);
    assert_eq!(
        rig.patch(&path, active(false)).await.ok(200).body["active"],
        false
    );
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        false
    );
    assert_eq!(rig.members(&group).await, [ana.clone()]);
    rig.get(&path).await.ok(200);
    rig.patch(&path, active(true)).await.ok(200);
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        true
    );
    let mut put = user("ana");
    put["active"] = json!(false);
    rig.put(&path, put).await.ok(200);
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        false
    );
    rig.patch(&path, active(true)).await.ok(200);
    rig.sandbox
        .change_knobs(|k| k.deactivated_keep_memberships = false);
    rig.patch(&path, active(false)).await.ok(200);
    assert!(rig.members(&group).await.is_empty());
}

/// C.9: an email that moves within verified domains moves the account's email.
#[tokio::test]
async fn an_email_within_verified_domains_moves_with_the_account() {
    let rig = Rig::new().await;
    let made = rig.post("/Users", user("ana")).await.ok(201);
    let account = &made.body[ATLASSIAN]["atlassianAccountId"];
    let changed = rig
        .patch(&format!("/Users/{}", made.id()), email("new@example.com"))
        .await
        .ok(200);
    assert_eq!(&changed.body[ATLASSIAN]["atlassianAccountId"], account);
    assert_eq!(
        &rig.account("new@example.com").expect("an account")["id"],
        account
    );
    assert!(rig.account("ana@example.com").is_none());
}

/// Row 22: an email that moves to an unverified domain: 200, the link and all memberships are lost,
/// and the log says so; knob for 400.
#[tokio::test]
async fn an_email_that_leaves_the_verified_domains_loses_account_and_groups() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    let group = rig.group("team", &[&ana]).await;
    let path = format!("/Users/{ana}");
    rig.sandbox
        .change_knobs(|k| k.email_to_unverified = EmailToUnverified::Refused);
    rig.patch(&path, email("ana@elsewhere.test"))
        .await
        .scim_error(400, Some("invalidValue"));
    rig.sandbox
        .change_knobs(|k| k.email_to_unverified = EmailToUnverified::Unlinked);
    let changed = rig.patch(&path, email("ana@elsewhere.test")).await.ok(200);
    assert!(changed.body.get(ATLASSIAN).is_none());
    assert_eq!(changed.body["groups"], json!([]));
    assert!(rig.members(&group).await.is_empty());
    let lines = rig.sandbox.propagation_log();
    let wanted = format!(
        "Email update to unmanaged user with ID {ana}, primary email ana@elsewhere.test, unlinked \
         any associated atlassian account."
    );
    assert!(
        lines.iter().any(|line| line.failed && line.text == wanted),
        "{lines:?}"
    );
    rig.sandbox
        .change_knobs(|k| k.unlinked_account = UnlinkedAccount::Null);
    let read = rig.get(&path).await.ok(200);
    assert_eq!(read.body[ATLASSIAN], json!({"atlassianAccountId": null}));
    let back = rig.patch(&path, email("ana@example.com")).await.ok(200);
    assert_eq!(
        back.body[ATLASSIAN]["atlassianAccountId"],
        Value::Null,
        "not linked again"
    );
}

/// Row 23: a profile change of an external user loses account and groups; knob for "nothing else
/// happens". What does not reach the account is no profile change.
#[tokio::test]
async fn a_profile_change_of_an_external_user_loses_account_and_groups() {
    let rig = Rig::new().await;
    let made = rig.post("/Users", external("ana")).await.ok(201);
    let group = rig.group("team", &[&made.id()]).await;
    let path = format!("/Users/{}", made.id());
    let title = |value: &str| json!([{"op": "replace", "path": "title", "value": value}]);
    let name = json!([{"op": "replace", "path": "name.givenName", "value": "Ana"}]);
    assert!(
        rig.patch(&path, name)
            .await
            .ok(200)
            .body
            .get(ATLASSIAN)
            .is_some()
    );
    rig.sandbox
        .change_knobs(|k| k.external_change = ExternalChange::Kept);
    assert!(
        rig.patch(&path, title("a"))
            .await
            .ok(200)
            .body
            .get(ATLASSIAN)
            .is_some()
    );
    rig.sandbox
        .change_knobs(|k| k.external_change = ExternalChange::Unlinked);
    assert!(
        rig.patch(&path, title("b"))
            .await
            .ok(200)
            .body
            .get(ATLASSIAN)
            .is_none()
    );
    assert!(rig.members(&group).await.is_empty());
}

/// Rows 21 and 24: the status of an account that the organisation does not manage is left alone.
#[tokio::test]
async fn an_external_account_is_never_deactivated() {
    let rig = Rig::new().await;
    let id = rig.post("/Users", external("ana")).await.ok(201).id();
    let path = format!("/Users/{id}");
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    rig.patch(&path, off).await.ok(200);
    assert_eq!(
        rig.account("ana@elsewhere.test").expect("an account")["active"],
        true
    );
    rig.delete(&path).await.ok(204);
    assert_eq!(
        rig.account("ana@elsewhere.test").expect("an account")["active"],
        true
    );
}
