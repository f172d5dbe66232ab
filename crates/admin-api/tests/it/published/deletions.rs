//! What is deleted, one by one or in bulk, and what cannot be.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Face, TARGET, channel, connection, fields, is, ldap_store};

#[tokio::test]
async fn what_is_in_use_or_not_ours_cannot_be_deleted_or_made() {
    let face = Face::new().await;
    face.post("/dataStores", ldap_store()).await;
    face.post(
        "/idp/spConnections",
        connection(TARGET, "key", &[channel("corp")]),
    )
    .await;
    let answer = face.delete("/dataStores/corp").await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    let message = answer.body["message"].as_str().expect("a message");
    assert!(
        message.contains("channel `staff` of SP connection `Cloud`"),
        "{message}"
    );

    let internal = face.get("/dataStores/ProvisionerDS").await.body;
    assert_eq!(internal["type"], "JDBC");
    is(
        &face.delete("/dataStores/ProvisionerDS").await,
        StatusCode::UNPROCESSABLE_ENTITY,
    );
    let answer = face
        .put("/dataStores/ProvisionerDS", internal.clone())
        .await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    for mut store in [
        internal,
        json!({"type": "PING_ONE_LDAP_GATEWAY", "pingOneLdapGatewayId": "x"}),
        json!({"type": "CUSTOM", "name": "n", "pluginDescriptorRef": {"id": "other"}, "configuration": {}}),
    ] {
        store["id"] = json!("x");
        assert_eq!(fields(&face.post("/dataStores", store).await), ["type"]);
    }
    let mut reserved = ldap_store();
    reserved["id"] = json!("ProvisionerDS");
    reserved["name"] = json!("Another");
    assert_eq!(fields(&face.post("/dataStores", reserved).await), ["id"]);

    let mut settings = face.get("/serverSettings").await.body;
    assert_eq!(settings["rolesAndProtocols"]["idpRole"]["enable"], true);
    let flag = &mut settings["rolesAndProtocols"]["idpRole"]["enableOutboundProvisioning"];
    assert_eq!(*flag, true);
    *flag = json!(false);
    let answer = face.put("/serverSettings", settings.clone()).await;
    let path = "rolesAndProtocols.idpRole.enableOutboundProvisioning";
    assert_eq!(fields(&answer), [path]);
    assert!(answer.body.to_string().contains("`Cloud`"), "{answer:?}");

    is(
        &face.delete("/idp/spConnections/cloud").await,
        StatusCode::NO_CONTENT,
    );
    is(&face.put("/serverSettings", settings).await, StatusCode::OK);
    let answer = face
        .post("/idp/spConnections", connection(TARGET, "key", &[]))
        .await;
    assert_eq!(fields(&answer), ["outboundProvision"]);
    let elsewhere = json!({"dataStoreRef": {"id": "corp"}});
    let answer = face
        .put("/serverSettings/outboundProvisioning", elsewhere)
        .await;
    assert_eq!(fields(&answer), ["dataStoreRef.id"]);
}

#[tokio::test]
async fn a_bulk_deletion_says_what_it_cannot_delete_and_where() {
    let face = Face::new().await;
    face.post("/dataStores", ldap_store()).await;
    let sp = connection(TARGET, "key", &[channel("corp")]);
    face.post("/idp/spConnections", sp).await;
    let import = async |operations: Value| {
        let bulk = json!({"metadata": {"pfVersion": "12.1.0.0"}, "operations": operations});
        face.post("/bulk/import", bulk).await
    };
    let delete = |kind: &str, ids: &[&str]| json!({"resourceType": kind, "operationType": "DELETE", "itemIds": ids});
    let in_use = import(json!([delete("/dataStores", &["corp"])])).await;
    assert_eq!(fields(&in_use), ["operations[0].itemIds[0]"]);
    let text = in_use.body.to_string();
    assert!(
        text.contains("channel `staff` of SP connection `Cloud`"),
        "{text}"
    );
    let wrong = import(json!([
        delete("/dataStores", &[]),
        delete("/serverSettings", &[]),
        {"resourceType": "/dataStores", "operationType": "SAVE", "itemIds": ["corp"]},
    ]));
    assert_eq!(
        fields(&wrong.await),
        [
            "operations[0].itemIds",
            "operations[1].operationType",
            "operations[2].itemIds"
        ]
    );
    let unknown = import(json!([delete("/dataStores", &["nobody"])])).await;
    is(&unknown, StatusCode::OK);
    let warning = unknown.body["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("operations[0].itemIds[0]: "),
        "{warning}"
    );
    let old = json!({"metadata": {"pfVersion": "9.0.0.0"}, "operations": []});
    let old = face.post("/bulk/import", old).await;
    is(&old, StatusCode::OK);
    let warning = old.body["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("metadata.pfVersion: "), "{warning}");
    let empty = json!({"metadata": {"pfVersion": "12.1.0.0"}, "operations": []});
    let maybe = face.post("/bulk/import?failFast=maybe", empty).await;
    assert_eq!(fields(&maybe), ["failFast"]);
    let both = [
        delete("/idp/spConnections", &["cloud"]),
        delete("/dataStores", &["corp"]),
    ];
    is(&import(json!(both)).await, StatusCode::OK);
}
