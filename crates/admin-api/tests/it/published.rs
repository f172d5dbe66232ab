//! The published interface: every operation, its refusals, and what they leave behind.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use usher_admin_api::Peer;
use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL, TEMPLATE_ID};
use usher_core::model::CycleMode;
use usher_engine::access::{AccountDetails, NewAccount};
use usher_engine::admin::{Operator, PlanOptions, Role, SyncOptions};
use usher_engine::{Sealer, Silent};
use usher_sandbox::scim::{RunningSandbox, Sandbox, SandboxConfig};

use crate::schema::Description;
use crate::world::{Answer, World};

const ROOT: &str = "/pf-admin-api/v1";
const AUTHORITY: &str = include_str!("authority.pem");
const SHA1: &str = "08B5D8BF5D4255B4CA0AFB9E8086B005F04FB792";
const SHA256: &str = "AFCFF9BBF2991D4B913502A67A60B4F6BDE8F9ABB622942164EE3B875744B0DE";

/// The published interface of an installation of its own. Every answer is compared with the description.
pub(crate) struct Face {
    pub(crate) world: World,
    description: Description,
    seen: RefCell<BTreeSet<(String, String)>>,
}

impl Face {
    pub(crate) async fn new() -> Self {
        Self {
            world: World::start().await,
            description: Description::read(),
            seen: RefCell::default(),
        }
    }

    /// Asks for one operation; `path` may have a query, and `ID` of the template is `path`'s last part but what is
    /// behind it.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let peer = Some(Peer("test".to_owned()));
        self.ask_as(peer, (method, path), body, headers).await
    }

    async fn ask_as(
        &self,
        peer: Option<Peer>,
        (method, path): (Method, &str),
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{ROOT}{path}"))
            .header("X-XSRF-Header", "test");
        if let Some(peer) = peer {
            request = request.extension(peer);
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self
            .world
            .send(request.body(body).expect("a request"))
            .await;
        let template = template(path);
        let key = (method.to_string(), template.clone());
        self.seen.borrow_mut().insert(key);
        // A condition is not part of the published interface.
        if answer.status != StatusCode::PRECONDITION_FAILED {
            let problems = self.description.problems(&method, &template, &answer);
            assert!(
                problems.is_empty(),
                "{method} {path}: {problems:?}\n{answer:?}"
            );
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body), BYPASS).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body), BYPASS).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None, &[]).await
    }
}

pub(crate) const BYPASS: &[(&str, &str)] = &[("X-BypassExternalValidation", "true")];

fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let known = [
        "/dataStores/",
        "/idp/spConnections/",
        "/idp/connectors/descriptors/",
    ];
    for start in known {
        if path.starts_with(start) {
            return format!("{start}{{id}}");
        }
    }
    match path.strip_prefix("/certificates/ca/") {
        None | Some("import") => path.to_owned(),
        Some(rest) if rest.ends_with("/file") => "/certificates/ca/{id}/file".to_owned(),
        Some(_) => "/certificates/ca/{id}".to_owned(),
    }
}

pub(crate) fn ldap_store() -> Value {
    json!({
        "type": "LDAP", "id": "corp", "name": "Corporate", "ldapType": "GENERIC",
        "hostnames": ["127.0.0.1:9"], "userDN": "cn=reader,dc=example,dc=com",
        "password": "bind-hunter2", "useStartTLS": true,
    })
}

pub(crate) fn channel(store: &str) -> Value {
    json!({
        "name": "staff", "active": false, "maxThreads": 2, "timeout": 30,
        "channelSource": {
            "dataSource": {"id": store},
            "guidAttributeName": "entryUUID", "guidBinary": false,
            "baseDn": "dc=example,dc=com",
            "changeDetectionSettings": {
                "userObjectClass": "inetOrgPerson", "groupObjectClass": "groupOfNames",
                "changedUsersAlgorithm": "TIMESTAMP_NO_NEGATION",
                "timeStampAttributeName": "modifyTimestamp",
            },
            "groupMembershipDetection": {"groupMemberAttributeName": "member"},
            "accountManagementSettings": {
                "accountStatusAttributeName": "employeeStatus",
                "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                "flagComparisonValue": "left", "flagComparisonStatus": false, "defaultStatus": true,
            },
            "userSourceLocation": {"filter": "(uid=*)"},
        },
        "attributeMapping": [mapping("userName", "uid"), mapping("workEmail", "mail")],
    })
}

fn mapping(field: &str, attribute: &str) -> Value {
    json!({"fieldName": field, "saasFieldInfo": {"attributeNames": [attribute]}})
}

pub(crate) fn connection(target: &str, key: &str, channels: &[Value]) -> Value {
    json!({
        "type": "SP", "id": "cloud", "name": "Cloud", "entityId": "https://cloud.example.com",
        "active": false,
        "outboundProvision": {
            "type": TEMPLATE_ID,
            "targetSettings": [
                {"name": DIRECTORY_BASE_URL, "value": target},
                {"name": API_KEY, "value": key},
            ],
            "channels": channels,
        },
    })
}

const TARGET: &str =
    "https://api.atlassian.com/scim/directory/0f3c5e9a-1111-2222-3333-444455556666";

pub(crate) async fn sandbox() -> RunningSandbox {
    let seed = SandboxConfig {
        seed: Some(7),
        ..SandboxConfig::default()
    };
    Sandbox::start(seed).await.expect("the sandbox starts")
}

#[track_caller]
fn is(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{answer:?}");
}

#[track_caller]
fn fields(answer: &Answer) -> Vec<&str> {
    is(answer, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = answer.body["validationErrors"].as_array();
    let errors = errors.expect("validation errors").iter();
    errors
        .map(|error| error["fieldPath"].as_str().expect("a path"))
        .collect()
}

#[tokio::test]
async fn every_operation_answers_as_described() {
    let face = Face::new().await;
    for path in [
        "/version",
        "/serverSettings",
        "/serverSettings/outboundProvisioning",
        "/dataStores",
        "/idp/connectors/descriptors",
        "/idp/connectors/descriptors/AtlassianCloud",
        "/idp/spConnections",
        "/bulk/export",
        "/cluster/status",
        "/certificates/ca",
    ] {
        is(&face.get(path).await, StatusCode::OK);
    }
    let settings = face.get("/serverSettings").await.body;
    is(&face.put("/serverSettings", settings).await, StatusCode::OK);
    let outbound = json!({"dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": 90});
    let answer = face
        .put("/serverSettings/outboundProvisioning", outbound.clone())
        .await;
    is(&answer, StatusCode::OK);
    assert_eq!(answer.body, outbound);
    is(
        &face.post("/dataStores", ldap_store()).await,
        StatusCode::CREATED,
    );
    is(&face.get("/dataStores/corp").await, StatusCode::OK);
    is(
        &face.put("/dataStores/corp", ldap_store()).await,
        StatusCode::OK,
    );
    let sp = connection(TARGET, "key-hunter2", &[channel("corp")]);
    is(
        &face.post("/idp/spConnections", sp.clone()).await,
        StatusCode::CREATED,
    );
    is(&face.get("/idp/spConnections/cloud").await, StatusCode::OK);
    is(
        &face.put("/idp/spConnections/cloud", sp).await,
        StatusCode::OK,
    );
    let import = json!({"id": "test", "fileData": AUTHORITY});
    is(
        &face.post("/certificates/ca/import", import).await,
        StatusCode::CREATED,
    );
    is(&face.get("/certificates/ca/test").await, StatusCode::OK);
    let file = face.get("/certificates/ca/test/file").await;
    assert_eq!(file.body, AUTHORITY);
    let bulk = face.get("/bulk/export").await.body;
    is(&face.post("/bulk/import", bulk).await, StatusCode::OK);
    is(&face.get("/cluster/status").await, StatusCode::OK);
    for path in [
        "/idp/spConnections/cloud",
        "/dataStores/corp",
        "/certificates/ca/test",
    ] {
        is(&face.delete(path).await, StatusCode::NO_CONTENT);
        is(&face.get(path).await, StatusCode::NOT_FOUND);
        is(&face.delete(path).await, StatusCode::NOT_FOUND);
    }
    is(
        &face.put("/dataStores/corp", ldap_store()).await,
        StatusCode::NOT_FOUND,
    );
    is(
        &face.get("/idp/connectors/descriptors/x").await,
        StatusCode::NOT_FOUND,
    );
    let mut left = face.description.operations();
    left.retain(|operation| !operation.1.starts_with("/administrativeAccounts"));
    for seen in face.seen.borrow().iter() {
        left.remove(seen);
    }
    assert_eq!(left, BTreeSet::new(), "not asked here");
}

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

fn pem_of(label: &str) -> String {
    format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
}

#[tokio::test]
async fn garbage_keys_and_certificates_of_servers_are_no_authorities() {
    let face = Face::new().await;
    for (data, word) in [
        ("", "no X.509"),
        ("nonsense!", "neither PEM nor base64"),
        ("bm9uc2Vuc2U=", "no X.509"),
        (&pem_of("PRIVATE KEY"), "private key"),
        (&format!("{AUTHORITY}{AUTHORITY}"), "2 certificates"),
        (include_str!("leaf.pem"), "no authority's"),
    ] {
        let answer = face
            .post("/certificates/ca/import", json!({"fileData": data}))
            .await;
        assert_eq!(fields(&answer), ["fileData"]);
        assert!(answer.body.to_string().contains(word), "{word}: {answer:?}");
    }
    let packed: String = AUTHORITY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let made = face
        .post("/certificates/ca/import", json!({"fileData": packed}))
        .await;
    is(&made, StatusCode::CREATED);
    assert_eq!(made.body["subjectDN"], "CN=Test authority");
    assert_eq!(made.body["status"], "NOT_YET_VALID", "{made:?}");
    let day = 86_400_000;
    let path = format!(
        "/certificates/ca/{}",
        made.body["id"].as_str().expect("an id")
    );
    for (days, status) in [(1, "VALID"), (120 * 365, "EXPIRED")] {
        face.world.clock.advance(days * day);
        assert_eq!(face.get(&path).await.body["status"], status);
    }
    assert_eq!(made.body["keyAlgorithm"], "EC");
    assert_eq!(made.body["keySize"], 256);
    assert_eq!(made.body["sha256Fingerprint"], SHA256);
    assert_eq!(made.body["sha1Fingerprint"], SHA1);
    let again = face
        .post("/certificates/ca/import", json!({"fileData": AUTHORITY}))
        .await;
    assert_eq!(fields(&again), ["fileData"]);
}

#[tokio::test]
async fn a_data_store_is_asked_before_it_is_saved_unless_that_is_left_out() {
    let face = Face::new().await;
    let post = async |store: &Value, headers: &[(&str, &str)]| {
        let body = Some(store.clone());
        face.ask(Method::POST, "/dataStores", body, headers).await
    };
    let answer = post(&ldap_store(), &[]).await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    let error = &answer.body["validationErrors"][0];
    assert_eq!(error["errorId"], "external_validation_error");
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("127.0.0.1:9"),
        "{error}"
    );
    is(&post(&ldap_store(), BYPASS).await, StatusCode::CREATED);
    let path = face.world.folder.path().join("people.ldif");
    let file = ldif_store("export", &path);
    is(&post(&file, &[]).await, StatusCode::UNPROCESSABLE_ENTITY);
    std::fs::write(&path, PEOPLE).expect("a file");
    is(&post(&file, &[]).await, StatusCode::CREATED);
}

const PEOPLE: &str = "version: 1\n\ndn: dc=example,dc=com\nobjectClass: domain\ndc: example\n\n\
dn: uid=ana,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ana\ncn: Ana\nsn: Z\n\
mail: ana@example.com\nentryUUID: 00000000-0000-4000-8000-000000000001\n";

fn ldif_store(id: &str, path: &std::path::Path) -> Value {
    json!({
        "type": "CUSTOM", "id": id, "name": id, "pluginDescriptorRef": {"id": "ldif"},
        "configuration": {"fields": [{"name": "path", "value": path.display().to_string()}]},
    })
}

/// An installation with a directory in a file, the sandbox as the target, and nothing turned on.
async fn small() -> (Face, RunningSandbox) {
    let (face, sandbox) = (Face::new().await, sandbox().await);
    let path = face.world.folder.path().join("people.ldif");
    std::fs::write(&path, PEOPLE).expect("a file");
    is(
        &face.post("/dataStores", ldif_store("export", &path)).await,
        StatusCode::CREATED,
    );
    let sp = connection(&sandbox.base_url(), &sandbox.key(), &[channel("export")]);
    is(
        &face.post("/idp/spConnections", sp).await,
        StatusCode::CREATED,
    );
    (face, sandbox)
}

fn turned(mut sp: Value, connection: bool, channel: bool) -> Value {
    sp["active"] = json!(connection);
    sp["outboundProvision"]["channels"][0]["active"] = json!(channel);
    sp
}

fn toggles(sp: &Value) -> (bool, bool) {
    let channel = &sp["outboundProvision"]["channels"][0]["active"];
    (sp["active"] == true, *channel == true)
}

const CLOUD: &str = "/idp/spConnections/cloud";

#[tokio::test]
async fn a_target_that_refuses_leaves_off_what_was_turned_on_last() {
    let (face, sandbox) = small().await;
    let good = face.get(CLOUD).await.body;
    let put = async |sp: Value| {
        let answer = face.ask(Method::PUT, CLOUD, Some(sp), &[]).await;
        is(&answer, StatusCode::OK);
        let mut warnings = answer.headers.get_all("warning").iter();
        let is_off = |w: &HeaderValue| w.to_str().is_ok_and(|w| w.contains("stays off"));
        (toggles(&answer.body), warnings.any(is_off))
    };
    let mut wrong = good.clone();
    for setting in wrong["outboundProvision"]["targetSettings"]
        .as_array_mut()
        .expect("a list")
    {
        if setting["name"] == API_KEY {
            *setting = json!({"name": API_KEY, "value": "wrong"});
        }
    }
    assert_eq!(
        put(turned(wrong.clone(), true, true)).await,
        ((false, true), true)
    );
    // The connection alone asks nobody: nothing would run.
    assert_eq!(
        put(turned(wrong.clone(), true, false)).await.0,
        (true, false)
    );
    assert_eq!(
        put(turned(wrong.clone(), true, true)).await,
        ((true, false), true)
    );

    assert_eq!(put(turned(good.clone(), true, true)).await.0, (true, true));
    assert!(
        face.world
            .admin
            .engine
            .configuration()
            .await
            .unwrap()
            .channels()
            .all(|(_, c)| c.policy.scope_count_seen)
    );
    // What runs goes on with the settings it has.
    let answer = face
        .ask(
            Method::PUT,
            CLOUD,
            Some(turned(wrong.clone(), true, true)),
            &[],
        )
        .await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .body
            .to_string()
            .contains("external_validation_error"),
        "{answer:?}"
    );
    let answer = face
        .ask(Method::PUT, CLOUD, Some(turned(wrong, true, true)), BYPASS)
        .await;
    assert_eq!(toggles(&answer.body), (true, true));

    is(
        &face.put(CLOUD, turned(good.clone(), false, false)).await,
        StatusCode::OK,
    );
    sandbox.fault(usher_sandbox::scim::FaultRule::always(
        usher_sandbox::scim::FaultKind::Error {
            status: 503,
            commit: false,
        },
    ));
    let answer = face
        .ask(Method::PUT, CLOUD, Some(turned(good, true, true)), &[])
        .await;
    assert_eq!(toggles(&answer.body), (true, true), "it waits: {answer:?}");
    assert!(
        answer.headers["warning"]
            .to_str()
            .expect("text")
            .contains("PROTECTED_ACCOUNTS"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_linked_channel_is_not_renamed_where_channels_have_no_id() {
    let (face, _sandbox) = small().await;
    let on = turned(face.get(CLOUD).await.body, true, true);
    is(
        &face.ask(Method::PUT, CLOUD, Some(on.clone()), &[]).await,
        StatusCode::OK,
    );
    let options = SyncOptions::of(CycleMode::Full);
    let synced = face.world.admin.sync(None, &options, Arc::new(Silent));
    synced.await.expect("a cycle");
    let mut renamed = on.clone();
    renamed["outboundProvision"]["channels"][0]["name"] = json!("people");
    let answer = face.ask(Method::PUT, CLOUD, Some(renamed), &[]).await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .body
            .to_string()
            .contains("Rename it through /api/v1"),
        "{answer:?}"
    );
    let mut dropped = on;
    dropped["outboundProvision"]["channels"] = json!([]);
    is(
        &face.ask(Method::PUT, CLOUD, Some(dropped), &[]).await,
        StatusCode::OK,
    );
}

#[tokio::test]
async fn an_export_imported_elsewhere_gives_the_same_export_and_the_same_plan() {
    let (face, sandbox) = small().await;
    let mut sp = turned(face.get(CLOUD).await.body, true, true);
    sp["extendedProperties"] = json!({"cost": {"values": ["a"]}});
    is(&face.put(CLOUD, sp).await, StatusCode::OK);
    let import = json!({"id": "test", "fileData": AUTHORITY});
    is(
        &face.post("/certificates/ca/import", import).await,
        StatusCode::CREATED,
    );
    let outbound =
        json!({"dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": 300});
    is(
        &face
            .put("/serverSettings/outboundProvisioning", outbound)
            .await,
        StatusCode::OK,
    );
    let mut settings = face.get("/serverSettings").await.body;
    settings["contactInfo"] = json!({"company": "Example"});
    is(&face.put("/serverSettings", settings).await, StatusCode::OK);
    let export = face.get("/bulk/export").await.body;

    let mut other = Face::new().await;
    let key = face.world.folder.path().join("key");
    let sealer = Sealer::open_or_create(&key, false).expect("the key");
    other.world.admin.engine.sealer = Arc::new(sealer);
    other.world.api.admin = other.world.admin.clone();
    let imported = other
        .ask(Method::POST, "/bulk/import", Some(export.clone()), &[])
        .await;
    is(&imported, StatusCode::OK);
    assert_eq!(imported.body["revision"], 1, "all in one revision");
    assert_eq!(other.get("/bulk/export").await.body, export);
    // A plan is one of a revision: the other installation is brought to the same one.
    let revision = async |face: &Face| {
        let configuration = face.world.admin.engine.configuration().await;
        configuration.expect("a configuration").revision
    };
    let original = other.get("/serverSettings").await.body;
    let mut settings = original.clone();
    while revision(&other).await + 1 < revision(&face).await {
        settings["contactInfo"]["company"] = json!(revision(&other).await.to_string());
        other.put("/serverSettings", settings.clone()).await;
    }
    other.put("/serverSettings", original).await;
    assert_eq!(revision(&other).await, revision(&face).await);
    assert_eq!(other.get("/bulk/export").await.body, export);
    let mut hashes = Vec::new();
    for one in [&face, &other] {
        let options = PlanOptions {
            mode: CycleMode::Full,
            only: None,
            full: true,
        };
        let plan = one.world.admin.plan(None, &options, Arc::new(Silent)).await;
        let plan = plan.expect("a plan");
        assert!(!plan.cycle.steps.is_empty());
        hashes.push(plan.hash);
    }
    assert_eq!(hashes[0], hashes[1]);
    drop(sandbox);

    // One mistake, and nothing is taken.
    let mut broken = export;
    broken["operations"][0]["items"][0]["synchronizationFrequency"] = json!(-1);
    let third = Face::new().await;
    let answer = third
        .ask(Method::POST, "/bulk/import", Some(broken), BYPASS)
        .await;
    let found = fields(&answer);
    assert!(
        found.contains(&"operations[0].items[0].synchronizationFrequency"),
        "{found:?}"
    );
    assert_eq!(
        third.get("/idp/spConnections").await.body,
        json!({"items": []})
    );
}

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test]
async fn each_role_changes_its_own_part() {
    let face = Face::new().await;
    face.post("/dataStores", ldap_store()).await;
    let names = Cell::new(0);
    let ask = async |roles: &[Role], path: &str, body: Value| {
        let name = format!("ana{}", names.get());
        names.set(names.get() + 1);
        let new = NewAccount {
            name: name.clone(),
            password: PASSWORD.to_owned(),
            details: AccountDetails {
                roles: roles.iter().copied().collect(),
                active: true,
                ..AccountDetails::default()
            },
        };
        let acting = Operator::local("test");
        let added = face.world.api.access.add_account(&acting, new);
        added.await.expect("an account");
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{PASSWORD}")));
        let headers = [("Authorization", basic.as_str()), BYPASS[0]];
        face.ask_as(None, (Method::POST, path), Some(body), &headers)
            .await
            .status
    };
    let import = || json!({"id": "test", "fileData": AUTHORITY});
    let sp = |expression: Option<&str>| {
        let mut channel = channel("corp");
        channel["attributeMapping"][0]["saasFieldInfo"]["expression"] = json!(expression);
        connection(TARGET, "key", &[channel])
    };
    let (admin, crypto, expressions) = (
        Role::Administrator,
        Role::CryptoAdministrator,
        Role::ExpressionAdministrator,
    );
    let (certificates, connections) = ("/certificates/ca/import", "/idp/spConnections");
    assert_eq!(
        ask(&[admin], certificates, import()).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(&[crypto], certificates, import()).await,
        StatusCode::CREATED
    );
    assert_eq!(
        ask(&[crypto], connections, sp(None)).await,
        StatusCode::FORBIDDEN
    );
    let expression = Some("attr['uid'] | lower");
    assert_eq!(
        ask(&[admin], connections, sp(expression)).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(&[admin, expressions], connections, sp(expression)).await,
        StatusCode::CREATED
    );
}
