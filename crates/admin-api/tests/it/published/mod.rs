//! The published interface: every operation, its refusals, and what they leave behind.

mod asking;
mod authority;
mod certificates;
mod deletions;
mod documents;
mod each;
mod effects;
mod roles;
mod round;
mod table;
mod whole;

use std::cell::RefCell;
use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use usher_admin_api::Peer;
use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL, TEMPLATE_ID};
use usher_sandbox::scim::{RunningSandbox, Sandbox, SandboxConfig};

use crate::schema::Description;
use crate::world::{Answer, World};

const ROOT: &str = "/pf-admin-api/v1";
const AUTHORITY: &str = include_str!("../authority.pem");
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
