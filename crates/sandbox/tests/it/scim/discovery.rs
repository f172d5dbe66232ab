//! Discovery and what is not offered: rows 38 and 39.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::Rig;

fn named<'a>(attributes: &'a Value, name: &str) -> &'a Value {
    let attributes = attributes.as_array().expect("attributes");
    attributes
        .iter()
        .find(|a| a["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// Row 38: three schemas with the captured facts.
#[tokio::test]
async fn schemas_say_what_was_captured() {
    let rig = Rig::new().await;
    let list = rig.get("/Schemas").await.ok(200);
    assert_eq!(list.body["totalResults"], 3);
    assert_eq!(list.body["itemsPerPage"], 10);
    let user = rig
        .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
        .await
        .ok(200);
    let attributes = &user.body["attributes"];
    assert_eq!(attributes.as_array().map(Vec::len), Some(11));
    let name = named(attributes, "userName");
    assert_eq!(
        (&name["required"], &name["caseExact"], &name["uniqueness"]),
        (&json!(true), &json!(false), &json!("server"))
    );
    assert_eq!(named(attributes, "emails")["required"], true);
    assert_eq!(named(attributes, "groups")["mutability"], "readOnly");
    let kind = named(&named(attributes, "phoneNumbers")["subAttributes"], "type");
    assert_eq!(
        kind["canonicalValues"],
        json!(["work", "home", "mobile", "fax", "pager", "other"])
    );
    let parts = named(attributes, "name")["subAttributes"]
        .as_array()
        .map(Vec::len);
    assert_eq!(parts, Some(6));
    let group = rig
        .get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group")
        .await
        .ok(200);
    let name = named(&group.body["attributes"], "displayName");
    assert_eq!(
        (&name["mutability"], &name["uniqueness"]),
        (&json!("immutable"), &json!("none"))
    );
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let enterprise = rig.get(&format!("/Schemas/{urn}")).await.ok(200);
    assert_eq!(
        enterprise.body["attributes"].as_array().map(Vec::len),
        Some(2)
    );
    rig.get("/Schemas/urn:other").await.scim_error(404, None);
}

/// Row 38: the captured service provider configuration.
#[tokio::test]
async fn the_provider_configuration_says_what_was_captured() {
    let rig = Rig::new().await;
    let config = rig.get("/ServiceProviderConfig").await.ok(200);
    assert_eq!(config.body["patch"], json!({"supported": true}));
    assert_eq!(
        config.body["bulk"],
        json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0})
    );
    assert_eq!(
        config.body["filter"],
        json!({"supported": true, "maxResults": 10000})
    );
    for name in ["sort", "etag", "changePassword"] {
        assert_eq!(config.body[name], json!({"supported": false}), "{name}");
    }
    assert_eq!(
        config.at("/authenticationSchemes/0/type"),
        Some("oauthbearertoken")
    );
    assert_eq!(config.at("/meta/created"), Some("2018-05-03T19:31:29.723Z"));
}

/// Row 38: resource types have the form of the RFC; a knob takes them away.
#[tokio::test]
async fn resource_types_are_served_unless_the_knob_says_no() {
    let rig = Rig::new().await;
    assert_eq!(
        rig.get("/ResourceTypes").await.ok(200).body["totalResults"],
        2
    );
    let user = rig.get("/ResourceTypes/User").await.ok(200);
    assert_eq!(user.at("/endpoint"), Some("/Users"));
    assert_eq!(
        user.at("/schema"),
        Some("urn:ietf:params:scim:schemas:core:2.0:User")
    );
    rig.sandbox.change_knobs(|k| k.resource_types = false);
    rig.get("/ResourceTypes").await.scim_error(404, None);
}

/// Row 39: /Bulk, /Me and /.search are not offered.
#[tokio::test]
async fn what_is_not_offered_answers_404() {
    let rig = Rig::new().await;
    for path in [
        "/Me",
        "/Bulk",
        "/.search",
        "/Users/.search",
        "/v2/Users",
        "",
    ] {
        rig.get(path).await.scim_error(404, None);
    }
    rig.post("/Bulk", json!({"Operations": []}))
        .await
        .scim_error(404, None);
    rig.send(Method::DELETE, "/Users", None)
        .await
        .scim_error(405, None);
}
