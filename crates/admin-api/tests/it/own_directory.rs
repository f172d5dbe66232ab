//! Looking around, testing, counting and trying before anything is saved.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use usher_engine::admin::{Admin, Operator};

use crate::company::{AT, BASE, CHANNEL, Company};

#[tokio::test]
async fn a_directory_is_looked_through_level_by_level_without_passwords() {
    let company = Company::of(5).await;
    let at = "/api/v1/data-stores/export";
    let root = company.world.get(&format!("{at}/tree")).await;
    assert_eq!(root.body["entries"][0]["dn"], BASE, "{root:?}");
    assert_eq!(root.body["entries"][0]["has_children"], true);
    let people = company
        .world
        .get(&format!(
            "{at}/tree?dn=ou%3Dpeople%2Cdc%3Dexample%2Cdc%3Dcom&limit=4"
        ))
        .await;
    assert_eq!(people.body["entries"].as_array().unwrap().len(), 4);
    assert_eq!(people.body["more"], true);
    let dn = "uid%3Du00%2COU%3Dpeople%2Cdc%3Dexample%2Cdc%3Dcom";
    let entry = company.world.get(&format!("{at}/entry?dn={dn}")).await;
    let values = |name: &str| -> Value {
        let attributes = entry.body["attributes"].as_array().unwrap();
        attributes.iter().find(|a| a["name"] == name).unwrap()["values"].clone()
    };
    assert_eq!(values("mail"), json!(["u00@example.com"]));
    assert_eq!(values("userPassword"), json!(["********"]));
    // The channel's mapping masks it.
    assert_eq!(values("employeeNumber"), json!(["********"]));
    assert!(!entry.body.to_string().contains("hunter2"));
    let nobody = company
        .world
        .get(&format!("{at}/entry?dn=uid%3Dnobody"))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let odd = company.world.get(&format!("{at}/entry?dn=nonsense")).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd:?}");
}

#[tokio::test]
async fn connections_are_tested_as_they_are_configured() {
    let company = Company::of(3).await;
    let post = |path: &'static str| company.world.call(Method::POST, path, None);
    let store = post("/api/v1/data-stores/export/test").await;
    assert_eq!(store.body["good"], true, "{store:?}");
    let target = post("/api/v1/sp-connections/cloud/test").await;
    assert_eq!(target.body["good"], true, "{target:?}");
    let channel = company
        .world
        .call(Method::POST, &format!("{AT}/test"), None)
        .await;
    let names: Vec<&str> = channel.body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"scope") && names.contains(&"mapping"),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_draft_is_tested_for_those_who_may_configure_and_for_nobody_else() {
    let company = Company::of(1).await;
    let path = "/api/v1/drafts/data-store/test";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let draft = json!({"hosts": [host], "security": "plain"});
    let tested = company.world.call(Method::POST, path, Some(draft)).await;
    assert_eq!(tested.status, StatusCode::OK, "{tested:?}");
    assert_eq!(tested.body["good"], false);
    let bare = json!({"hosts": [], "bind_dn": "cn=x"});
    let bare = company.world.call(Method::POST, path, Some(bare)).await;
    assert_eq!(bare.body["errors"].as_array().unwrap().len(), 2, "{bare:?}");
    // There is no place for the address of a target, or for a file.
    let file = json!({"hosts": ["x"], "path": "/etc/passwd"});
    let file = company.world.call(Method::POST, path, Some(file)).await;
    assert_eq!(file.status, StatusCode::UNPROCESSABLE_ENTITY, "{file:?}");

    let configuration = company.world.admin.look_at_configuration().await.unwrap();
    let looking = Admin {
        operator: Operator {
            name: "eve".to_owned(),
            auditor: true,
            ..Operator::local("eve")
        },
        ..company.world.admin.clone()
    };
    let store = configuration.data_stores[0].clone();
    assert!(looking.test_draft(store, None).await.is_err());
    let id = &configuration.data_stores[0].id;
    assert!(
        looking
            .tree_level(&configuration, id, "", 10)
            .await
            .is_err()
    );
    assert!(looking.test_data_store(&configuration, id).await.is_err());
}

#[tokio::test]
async fn a_scope_is_counted_as_it_is_and_as_it_would_be() {
    let mut company = Company::of(6).await;
    company.lock("u01");
    let count = company
        .world
        .call(Method::POST, &format!("{AT}/scope-count"), None)
        .await;
    assert_eq!(
        (
            &count.body["users"],
            &count.body["disabled"],
            &count.body["groups"]
        ),
        (&json!(6), &json!(1), &json!(1)),
        "{count:?}"
    );
    let one = company.get("").await;
    let mut source = one.body["source"].clone();
    source["users"]["filter"] = json!("(uid=u00)");
    let draft = company
        .post("/scope-count", json!({"source": source}))
        .await;
    assert_eq!(draft.body["users"], 1, "{draft:?}");
    source["data_store"] = json!("elsewhere");
    let foreign = company
        .post("/scope-count", json!({"source": source}))
        .await;
    assert_eq!(
        foreign.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{foreign:?}"
    );
    source["users"]["filter"] = json!("(uid=");
    source["data_store"] = json!("export");
    let broken = company
        .post("/scope-count", json!({"source": source}))
        .await;
    assert_eq!(broken.body["code"], "configuration", "{broken:?}");
}

#[tokio::test]
async fn an_expression_is_tried_and_its_mistakes_have_a_place() {
    let company = Company::of(1).await;
    let attempt = |body: Value| {
        company
            .world
            .call(Method::POST, "/api/v1/preview/expression", Some(body))
    };
    let good = attempt(json!({
        "expression": "givenName ~ ' ' ~ sn", "attributes": {"givenName": ["Ana"], "sn": ["Souza"]}, "case": "upper",
    }))
    .await;
    assert_eq!(good.body["preview"]["result"], "ANA SOUZA", "{good:?}");
    let bad =
        attempt(json!({"expression": "mail | nosuch", "attributes": {"mail": ["a@b"]}})).await;
    assert_eq!(bad.body["preview"], json!(null));
    assert_eq!(bad.body["problems"][0]["line"], 1, "{bad:?}");
    assert!(bad.body["problems"][0]["column"].as_u64().unwrap() > 1);
    let endless = attempt(
        json!({"expression": "range(1000000000) | list | length", "attributes": {"mail": ["x"]}}),
    )
    .await;
    assert_eq!(endless.status, StatusCode::OK, "{endless:?}");
}

#[tokio::test]
async fn a_mapping_is_tried_on_a_real_entry_and_shows_nothing_that_is_masked() {
    let company = Company::of(3).await;
    let dn = format!("uid=u01,ou=people,{BASE}");
    let saved = company.post("/preview/mapping", json!({"dn": dn})).await;
    assert_eq!(saved.body["problems"], json!([]), "{saved:?}");
    let fields = saved.body["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|f| f["field"] == name).unwrap();
    assert_eq!(field("workEmail")["result"], "u01@example.com");
    assert_eq!(field("title")["result"], "********");

    let found = company
        .post("/preview/mapping", json!({"filter": "(mail=u02@*)"}))
        .await;
    assert_eq!(
        found.body["dn"],
        format!("uid=u02,ou=people,{BASE}"),
        "{found:?}"
    );
    let nobody = company
        .post("/preview/mapping", json!({"filter": "(mail=nobody)"}))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{nobody:?}");
    let broken = company
        .post("/preview/mapping", json!({"filter": "(mail="}))
        .await;
    assert_eq!(
        broken.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{broken:?}"
    );
    let both = company
        .post("/preview/mapping", json!({"dn": dn, "filter": "(mail=*)"}))
        .await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY, "{both:?}");

    let mut mapping = company.get("").await.body["mapping"]
        .as_array()
        .unwrap()
        .clone();
    mapping[5]["masked"] = json!(false);
    mapping.push(json!({"field": "department", "attributes": ["userPassword"]}));
    let draft = company
        .post("/preview/mapping", json!({"dn": dn, "mapping": mapping}))
        .await;
    assert_eq!(draft.status, StatusCode::OK, "{draft:?}");
    let text = draft.body.to_string();
    assert!(
        !text.contains("4711") && !text.contains("hunter2"),
        "{text}"
    );
    mapping[0]["attributes"] = json!(["uid", "cn"]);
    mapping[1]["field"] = json!("nosuch");
    let wrong = company
        .post("/preview/mapping", json!({"dn": dn, "mapping": mapping}))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body["errors"].as_array().unwrap().len() >= 2,
        "{wrong:?}"
    );
    let nobody = company
        .post("/preview/mapping", json!({"dn": format!("uid=x,{BASE}")}))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{nobody:?}");
}

#[tokio::test]
async fn candidates_for_correlation_are_counted_once_the_target_was_listed() {
    let company = Company::of(3).await;
    let path = format!("/api/v1/channels/{CHANNEL}/preview/correlation");
    let before = company.world.call(Method::POST, &path, None).await;
    assert_eq!(
        (&before.body["listed_at"], &before.body["people"]),
        (&json!(null), &json!(3)),
        "{before:?}"
    );
    company.run(json!({"mode": "full"})).await;
    let after = company.world.call(Method::POST, &path, None).await;
    assert!(after.body["listed_at"].is_i64(), "{after:?}");
    assert_eq!(
        after.body["candidates"][0],
        json!({"field": "externalId", "one": 3, "several": 0})
    );
    assert_eq!(after.body["candidates"][1]["one"], 3);
}
