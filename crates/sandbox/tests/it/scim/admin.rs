//! The organisation's admin API: row 44.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Answer, Rig, user};

const ACCOUNT: &str = "/urn:scim:schemas:extension:atlassian-external:1.0/atlassianAccountId";

async fn admin(rig: &Rig, method: Method, path: &str, body: Option<Value>) -> Answer {
    let url = format!(
        "{}/admin/user-provisioning/v1/org/sandbox-org/{path}",
        rig.sandbox.origin()
    );
    rig.call(method, &url, Some(&rig.sandbox.admin_key()), body)
        .await
        .expect("an answer")
}

/// Row 44: links of an account and of an email; `unlink` keeps both sides.
#[tokio::test]
async fn links_are_listed_and_cut() {
    let rig = Rig::new().await;
    let made = rig.post("/Users", user("ana")).await.ok(201);
    let account = made.at(ACCOUNT).expect("an account").to_owned();
    let link = json!({
        "scimUserId": made.id(), "atlassianAccountId": account, "orgId": "sandbox-org",
        "directoryId": rig.sandbox.directory_id(),
    });
    let path = format!("user/{account}/get-scim-links");
    assert_eq!(
        admin(&rig, Method::GET, &path, None).await.ok(200).body,
        json!([link])
    );
    let body = json!({"email": "ANA@example.com"});
    let found = admin(&rig, Method::POST, "get-scim-links-for-email", Some(body))
        .await
        .ok(200);
    assert_eq!(found.body, json!({"scimLinks": [link]}));
    let unlink = format!(
        "scimDirectoryId/{}/scimUserId/{}/unlink",
        rig.sandbox.directory_id(),
        made.id()
    );
    admin(&rig, Method::PATCH, &unlink, None).await.ok(200);
    assert_eq!(
        admin(&rig, Method::GET, &path, None).await.ok(200).body,
        json!([])
    );
    assert_eq!(
        rig.get(&format!("/Users/{}", made.id()))
            .await
            .ok(200)
            .at(ACCOUNT),
        None
    );
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        true
    );
}

/// Row 44: onlyDeleteUserInDB removes the record and its memberships, not the account; 204.
#[tokio::test]
async fn only_the_record_is_deleted() {
    let rig = Rig::new().await;
    let made = rig.post("/Users", user("ana")).await.ok(201);
    let group = rig.group("team", &[&made.id()]).await;
    let account = made.at(ACCOUNT).expect("an account");
    let path = format!("user/{account}/onlyDeleteUserInDB");
    admin(&rig, Method::DELETE, &path, None).await.ok(204);
    rig.get(&format!("/Users/{}", made.id()))
        .await
        .scim_error(404, None);
    assert!(rig.members(&group).await.is_empty());
    assert_eq!(
        rig.account("ana@example.com").expect("an account")["active"],
        true
    );
    let again = rig.post("/Users", user("ana")).await.ok(201);
    assert_eq!(again.at(ACCOUNT), Some(account));
    admin(&rig, Method::DELETE, "user/nobody/onlyDeleteUserInDB", None)
        .await
        .scim_error(404, None);
}

/// Row 44: managed accounts only.
#[tokio::test]
async fn records_of_external_accounts_are_not_deleted() {
    let rig = Rig::new().await;
    let mut body = user("ana");
    body["emails"][0]["value"] = json!("ana@elsewhere.test");
    let made = rig.post("/Users", body).await.ok(201);
    let path = format!(
        "user/{}/onlyDeleteUserInDB",
        made.at(ACCOUNT).expect("an account")
    );
    admin(&rig, Method::DELETE, &path, None)
        .await
        .scim_error(400, Some("invalidValue"));
    rig.get(&format!("/Users/{}", made.id())).await.ok(200);
}

/// Row 44: it takes the organisation's key; the directory's key is another secret.
#[tokio::test]
async fn the_admin_api_takes_the_organisations_key_only() {
    let rig = Rig::new().await;
    let origin = rig.sandbox.origin().to_owned();
    let url =
        |org: &str| format!("{origin}/admin/user-provisioning/v1/org/{org}/user/x/get-scim-links");
    let (scim_key, admin_key) = (rig.sandbox.key(), rig.sandbox.admin_key());
    for (org, key, status) in [
        ("sandbox-org", None, 401),
        ("sandbox-org", Some(scim_key.as_str()), 401),
        ("other-org", Some(admin_key.as_str()), 403),
    ] {
        let answer = rig
            .call(Method::GET, &url(org), key, None)
            .await
            .expect("an answer");
        answer.failure(status);
    }
}
