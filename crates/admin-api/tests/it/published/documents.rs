//! Documents: what is wrong with them, what is kept of them, and who may not be deleted.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use usher_admin_api::Peer;

use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL};

use super::asking::enter_key;
use super::{BYPASS, Face, ROOT, TARGET, channel, connection, fields, is, ldap_store};

#[tokio::test]
async fn a_body_must_be_json_and_is_told_where_it_is_not() {
    let face = Face::new().await;
    let send = async |kind: Option<&str>, body: &str| {
        let mut request = Request::post(format!("{ROOT}/dataStores"))
            .header("X-XSRF-Header", "test")
            .extension(Peer("test".to_owned()));
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        let body = Body::from(body.to_owned());
        face.world
            .send(request.body(body).expect("a request"))
            .await
    };
    is(&send(None, "{}").await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    is(
        &send(Some("text/plain"), "{}").await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    );
    is(
        &send(Some("application/json"), "{").await,
        StatusCode::BAD_REQUEST,
    );
    let kind = Some("application/json; charset=utf-8");
    for odd in ["[]", "7", "null", "\"x\"", "{}"] {
        let answer = send(kind, odd).await;
        is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.body["validationErrors"][0]["message"].is_string(),
            "{answer:?}"
        );
    }
    let odd = &[("X-BypassExternalValidation", "perhaps")];
    let answer = face
        .ask(Method::POST, "/dataStores", Some(ldap_store()), odd)
        .await;
    is(&answer, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn all_mistakes_of_a_document_are_told_at_once_with_their_places() {
    let face = Face::new().await;
    is(
        &face.post("/dataStores", ldap_store()).await,
        StatusCode::CREATED,
    );
    let mut wrong = connection(TARGET, "key", &[channel("elsewhere")]);
    wrong["name"] = json!(" Cloud");
    wrong["loggingMode"] = json!("LOUD");
    wrong["spBrowserSso"] = json!({"protocol": "SAML20"});
    wrong["extendedProperties"] = json!({"x": {"values": [1]}});
    let inner = &mut wrong["outboundProvision"]["channels"][0];
    inner["channelSource"]["userSourceLocation"] = json!({"filter": "(uid=*"});
    inner["channelSource"]["guidBinary"] = json!("no");
    inner["attributeMapping"][0]["saasFieldInfo"]["expression"] = json!("{{ attr.uid }");
    let answer = face.post("/idp/spConnections", wrong).await;
    let found = fields(&answer);
    for path in [
        "name",
        "loggingMode",
        "spBrowserSso",
        "extendedProperties.x.values[0]",
        "outboundProvision.channels[0].channelSource.dataSource.id",
        "outboundProvision.channels[0].channelSource.userSourceLocation.filter",
        "outboundProvision.channels[0].channelSource.guidBinary",
        "outboundProvision.channels[0].attributeMapping[0].saasFieldInfo.expression",
    ] {
        assert!(found.contains(&path), "{path} is not in {found:?}");
    }
    assert_eq!(
        face.get("/idp/spConnections").await.body,
        json!({"items": []})
    );
}

#[tokio::test]
async fn unknown_keys_and_what_has_no_effect_come_back_as_written() {
    let face = Face::new().await;
    let mut store = ldap_store();
    store["favouriteColour"] = json!({"name": "red"});
    store["minConnections"] = json!(7);
    store["hostnamesTags"] = json!([{"hostnames": ["a"], "tags": "x y", "defaultSource": true}]);
    let answer = face.post("/dataStores", store.clone()).await;
    is(&answer, StatusCode::CREATED);
    for key in ["favouriteColour", "minConnections", "hostnamesTags"] {
        assert_eq!(answer.body[key], store[key]);
    }
    assert!(
        answer.headers["warning"]
            .to_str()
            .expect("text")
            .contains("favouriteColour")
    );
    let mut sp = connection(TARGET, "key", &[channel("corp")]);
    sp["extendedProperties"] = json!({"cost": {"values": ["a", "b"]}});
    sp["credentials"] = json!({"blockEncryptionAlgorithm": "AES_128"});
    sp["licenseConnectionGroup"] = json!("gold");
    sp["outboundProvision"]["channels"][0]["note"] = json!("mine");
    sp["outboundProvision"]["customSchema"] = json!({"namespace": "urn:x", "attributes": []});
    is(
        &face.post("/idp/spConnections", sp.clone()).await,
        StatusCode::CREATED,
    );
    let read = face.get("/idp/spConnections/cloud").await.body;
    for key in [
        "extendedProperties",
        "credentials",
        "licenseConnectionGroup",
    ] {
        assert_eq!(read[key], sp[key]);
    }
    assert_eq!(read["outboundProvision"]["channels"][0]["note"], "mine");
    assert_eq!(
        read["outboundProvision"]["customSchema"]["namespace"],
        "urn:x"
    );
    // What is written anew is all there is.
    sp.as_object_mut()
        .expect("an object")
        .remove("extendedProperties");
    let answer = face.put("/idp/spConnections/cloud", sp).await;
    assert!(
        answer.body.get("extendedProperties").is_none(),
        "{answer:?}"
    );
}

#[tokio::test]
async fn secrets_are_taken_and_never_given_and_an_echo_keeps_them() {
    let face = Face::new().await;
    let made = face.post("/dataStores", ldap_store()).await.body;
    let sealed = made["encryptedPassword"].clone();
    assert!(
        sealed.is_string() && made.get("password").is_none(),
        "{made}"
    );
    let again = face.put("/dataStores/corp", made).await;
    is(&again, StatusCode::OK);
    assert_eq!(again.body["encryptedPassword"], sealed);
    let mut without = ldap_store();
    without
        .as_object_mut()
        .expect("an object")
        .remove("password");
    let kept = face.put("/dataStores/corp", without).await;
    assert_eq!(kept.body["encryptedPassword"], sealed);

    face.post("/idp/spConnections", connection(TARGET, "key-hunter2", &[]))
        .await;
    let everything = [
        face.get("/dataStores").await.body,
        face.get("/idp/spConnections").await.body,
        face.get("/bulk/export").await.body,
    ];
    assert!(!json!(everything).to_string().contains("hunter2"));

    let elsewhere = Face::new().await;
    let mut foreign = ldap_store();
    foreign
        .as_object_mut()
        .expect("an object")
        .remove("password");
    foreign["encryptedPassword"] = sealed;
    let answer = elsewhere.post("/dataStores", foreign).await;
    assert_eq!(fields(&answer), ["encryptedPassword"]);
}

#[tokio::test]
async fn a_kept_secret_goes_nowhere_else() {
    let face = Face::new().await;
    let store = face.post("/dataStores", ldap_store()).await.body;
    let sp = connection(TARGET, "key-hunter2", &[]);
    let sp = face.post("/idp/spConnections", sp).await.body;

    // A listener of somebody else: no word of the password reaches it, not even for the check before saving.
    let thief = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let thief = thief.expect("a listener");
    let host = thief.local_addr().expect("an address").to_string();
    for (key, value) in [
        ("hostnames", json!(["127.0.0.1:9", host])),
        ("useStartTLS", json!(false)),
    ] {
        let mut moved = store.clone();
        moved[key] = value;
        let sealed = face
            .ask(Method::PUT, "/dataStores/corp", Some(moved.clone()), &[])
            .await;
        assert_eq!(fields(&sealed), ["password"], "{key}");
        moved
            .as_object_mut()
            .expect("an object")
            .remove("encryptedPassword");
        let omitted = face
            .ask(Method::PUT, "/dataStores/corp", Some(moved.clone()), &[])
            .await;
        assert_eq!(fields(&omitted), ["password"], "{key}");
        moved["password"] = json!("bind-hunter2");
        is(&face.put("/dataStores/corp", moved).await, StatusCode::OK);
        is(
            &face.put("/dataStores/corp", ldap_store()).await,
            StatusCode::OK,
        );
    }
    // Nor does it help to say that it is a new one.
    let mut second = store.clone();
    second["id"] = json!("second");
    second["name"] = json!("Second");
    second["hostnames"] = json!([host]);
    let answer = face
        .ask(Method::POST, "/dataStores", Some(second), &[])
        .await;
    assert_eq!(fields(&answer), ["password"]);
    let waiting = futures_util::FutureExt::now_or_never(thief.accept());
    assert!(waiting.is_none(), "somebody called");

    let mut moved = sp.clone();
    let settings = &mut moved["outboundProvision"]["targetSettings"];
    for setting in settings.as_array_mut().expect("a list") {
        if setting["name"] == DIRECTORY_BASE_URL {
            setting["value"] = json!(TARGET.replace("api.atlassian.com", "api.example.com"));
        }
    }
    let answer = face.put("/idp/spConnections/cloud", moved.clone()).await;
    assert_eq!(
        fields(&answer),
        [format!("outboundProvision.targetSettings.{API_KEY}")]
    );
    enter_key(&mut moved, "key-hunter2");
    is(
        &face.put("/idp/spConnections/cloud", moved).await,
        StatusCode::OK,
    );
}

#[tokio::test]
async fn a_kept_secret_goes_nowhere_else_by_another_spelling_a_weaker_proof_or_after_a_deletion() {
    let face = Face::new().await;
    let store = face.post("/dataStores", ldap_store()).await.body;
    let sp = connection(TARGET, "key-hunter2", &[]);
    let sp = face.post("/idp/spConnections", sp).await.body;

    let thief = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let thief = thief.expect("a listener");
    let host = thief.local_addr().expect("an address").to_string();
    for address in [
        format!("http:{host}/scim/directory/x"),
        format!("HTTP:/{host}/scim/directory/x"),
        format!("https:{host}/scim/directory/x"),
    ] {
        let mut moved = sp.clone();
        let settings = &mut moved["outboundProvision"]["targetSettings"];
        for setting in settings.as_array_mut().expect("a list") {
            if setting["name"] == DIRECTORY_BASE_URL {
                setting["value"] = json!(address);
            }
        }
        let answer = face
            .ask(Method::PUT, "/idp/spConnections/cloud", Some(moved), &[])
            .await;
        let key = format!("outboundProvision.targetSettings.{API_KEY}");
        assert!(
            fields(&answer).contains(&key.as_str()),
            "{address}: {answer:?}"
        );
    }

    let mut unproved = store.clone();
    unproved["verifyHost"] = json!(false);
    let answer = face.put("/dataStores/corp", unproved).await;
    assert_eq!(fields(&answer), ["password"]);

    // An installation that was emptied is not a new one.
    is(
        &face.delete("/idp/spConnections/cloud").await,
        StatusCode::NO_CONTENT,
    );
    is(
        &face.delete("/dataStores/corp").await,
        StatusCode::NO_CONTENT,
    );
    let mut moved = store;
    moved["hostnames"] = json!([host]);
    let answer = face
        .ask(Method::POST, "/dataStores", Some(moved), &[])
        .await;
    assert_eq!(fields(&answer), ["password"]);
    let waiting = futures_util::FutureExt::now_or_never(thief.accept());
    assert!(waiting.is_none(), "somebody called");
}

#[tokio::test]
async fn ids_are_given_or_assigned_and_do_not_change() {
    let face = Face::new().await;
    let mut store = ldap_store();
    store.as_object_mut().expect("an object").remove("id");
    let made = face.post("/dataStores", store.clone()).await;
    is(&made, StatusCode::CREATED);
    let id = made.body["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        fields(&face.post("/dataStores", store.clone()).await),
        ["name"]
    );
    store["name"] = json!("Other");
    store["id"] = json!(id);
    assert_eq!(
        fields(&face.post("/dataStores", store.clone()).await),
        ["id"]
    );
    store["id"] = json!("a/b");
    assert_eq!(
        fields(&face.post("/dataStores", store.clone()).await),
        ["id"]
    );
    store["id"] = json!("other");
    assert_eq!(
        fields(&face.put(&format!("/dataStores/{id}"), store.clone()).await),
        ["id"]
    );
    store.as_object_mut().expect("an object").remove("id");
    let put = face.put(&format!("/dataStores/{id}"), store).await;
    assert_eq!(put.body["id"], json!(id), "{put:?}");
    assert_eq!(put.body["name"], "Other");
}

#[tokio::test]
async fn the_mail_servers_password_is_sealed_and_the_rest_of_the_settings_is_kept() {
    let face = Face::new().await;
    let mut settings = face.get("/serverSettings").await.body;
    settings["contactInfo"] = json!({"company": "Example", "email": "it@example.com"});
    settings["notifications"] = json!({"notifyAdminUserPasswordChanges": true});
    settings["emailServer"] = json!({
        "sourceAddr": "usher@example.com", "emailServer": "mail.example.com", "port": 587,
        "useTLS": true, "username": "usher", "password": "hunter2", "retryAttempts": 3,
    });
    let put = face.put("/serverSettings", settings.clone()).await;
    is(&put, StatusCode::OK);
    let mail = &put.body["emailServer"];
    assert!(mail["encryptedPassword"].is_string() && mail.get("password").is_none());
    assert_eq!(mail["retryAttempts"], 3);
    assert_eq!(put.body["contactInfo"], settings["contactInfo"]);
    assert_eq!(put.body["notifications"], settings["notifications"]);
    assert_eq!(
        face.put("/serverSettings", put.body.clone()).await.body,
        put.body
    );
}

#[tokio::test]
async fn a_document_that_changed_is_not_overwritten_when_its_tag_is_given() {
    let face = Face::new().await;
    let made = face.post("/dataStores", ldap_store()).await;
    assert_eq!(made.headers["cache-control"], "no-store");
    assert!(made.headers.contains_key("x-request-id"), "for the log");
    let tag = made.headers["etag"].to_str().expect("a tag").to_owned();
    let mut first = made.body.clone();
    first["name"] = json!("First");
    let with_tag = [("If-Match", tag.as_str()), BYPASS[0]];
    let answer = face
        .ask(Method::PUT, "/dataStores/corp", Some(first), &with_tag)
        .await;
    is(&answer, StatusCode::OK);
    let mut second = made.body;
    second["name"] = json!("Second");
    let answer = face
        .ask(Method::PUT, "/dataStores/corp", Some(second), &with_tag)
        .await;
    is(&answer, StatusCode::PRECONDITION_FAILED);
    let answer = face
        .ask(Method::DELETE, "/dataStores/corp", None, &with_tag)
        .await;
    is(&answer, StatusCode::PRECONDITION_FAILED);
    assert_eq!(face.get("/dataStores/corp").await.body["name"], "First");
}

#[tokio::test]
async fn connections_are_found_by_a_part_of_their_name_and_shown_page_by_page() {
    let face = Face::new().await;
    for n in 0..5 {
        let mut sp = connection(&format!("{}{n}", &TARGET[..TARGET.len() - 1]), "key", &[]);
        sp["id"] = json!(format!("sp{n}"));
        sp["name"] = json!(format!("Cloud {n}"));
        sp["entityId"] = json!(format!("urn:Partner-{n}"));
        is(
            &face.post("/idp/spConnections", sp).await,
            StatusCode::CREATED,
        );
    }
    let ids = async |query: &str| {
        let answer = face.get(&format!("/idp/spConnections?{query}")).await;
        is(&answer, StatusCode::OK);
        let items = answer.body["items"].as_array().expect("items").clone();
        let ids = items
            .iter()
            .map(|sp| sp["id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids("").await, "sp0 sp1 sp2 sp3 sp4");
    assert_eq!(ids("page=2&numberPerPage=2").await, "sp2 sp3");
    assert_eq!(ids("page=9&numberPerPage=2").await, "");
    assert_eq!(ids("numberPerPage=1").await, "sp0");
    assert_eq!(ids("filter=cLOUD%203").await, "sp3");
    assert_eq!(ids("filter=partner-4").await, "sp4");
    assert_eq!(ids("entityId=urn:Partner-1").await, "sp1");
    assert_eq!(ids("entityId=urn:partner-1").await, "");
    let answer = face.get("/idp/spConnections?page=0&numberPerPage=x").await;
    assert_eq!(fields(&answer), ["page", "numberPerPage"]);
}

#[tokio::test]
async fn what_differs_in_case_only_is_no_other_name() {
    let face = Face::new().await;
    face.post("/dataStores", ldap_store()).await;
    let mut again = ldap_store();
    again["id"] = json!("CORP");
    again["name"] = json!("CORPORATE");
    assert_eq!(
        fields(&face.post("/dataStores", again).await),
        ["name", "id"]
    );
    let mut channels = [channel("corp"), channel("corp")];
    channels[1]["name"] = json!("STAFF");
    let sp = connection(TARGET, "key", &channels);
    assert_eq!(
        fields(&face.post("/idp/spConnections", sp).await),
        ["outboundProvision.channels[1].name"]
    );
    let page = face.get("/idp/spConnections?page=0").await;
    assert_eq!(fields(&page), ["page"]);
    assert!(page.body["message"].as_str().unwrap().contains("query"));
}
