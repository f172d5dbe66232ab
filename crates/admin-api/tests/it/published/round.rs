//! Every published field comes back as it was written: through the interface, through the configuration file, and
//! through an export of the whole that an empty installation takes.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use usher_engine::Sealer;

use super::effects::Company;
use super::{AUTHORITY, BYPASS, Face, TARGET, channel, connection, is};

/// Written and never given back: secrets, and what cannot stand beside what is written here.
const NOT_GIVEN_BACK: [&str; 6] = [
    "/dataStores, CUSTOM configuration.fields[].encryptedValue",
    "/dataStores, LDAP encryptedPassword",
    "/dataStores, LDAP password",
    "/serverSettings emailServer.encryptedPassword",
    "/serverSettings emailServer.password",
    "/idp/spConnections outboundProvision.targetSettings[].encryptedValue",
];

const OUTBOUND: &str = "/serverSettings/outboundProvisioning";

fn ldap() -> [Value; 2] {
    let mut kept = json!({
        "maskAttributeValues": true, "followLDAPReferrals": true, "verifyHost": false, "readTimeout": 5500,
        "connectionTimeout": 2500, "binaryAttributes": ["objectGUID"], "retryFailedOperations": true,
        "testOnBorrow": true, "testOnReturn": true, "createIfNecessary": true, "minConnections": 3,
        "maxConnections": 9, "maxWait": 11, "timeBetweenEvictions": 60000, "dnsTtl": 60000,
        "ldapDnsSrvPrefix": "_ldap._tcp", "ldapsDnsSrvPrefix": "_ldaps._tcp", "type": "LDAP",
        "ldapType": "PING_DIRECTORY", "useSsl": true, "useStartTLS": false, "bindAnonymously": false,
        "hostnames": ["a.example.com:636", "b.example.com:636"], "userDN": "cn=reader",
        "password": "bind-hunter2", "id": "corp", "name": "Corporate",
    });
    let first = kept.clone();
    for (key, value) in [
        ("id", json!("second")),
        ("name", json!("Second")),
        ("useSsl", json!(false)),
        ("useStartTLS", json!(true)),
        ("bindAnonymously", json!(true)),
        ("userDN", Value::Null),
        ("password", Value::Null),
        ("hostnames", Value::Null),
        ("useDnsSrvRecords", json!(true)),
        ("clientTlsCertificateRef", json!({"id": "own"})),
        ("readTimeout", json!(0)),
        ("connectionTimeout", json!(-1)),
        (
            "hostnamesTags",
            json!([{"hostnames": ["a.example.com"], "tags": "x y", "defaultSource": true}]),
        ),
    ] {
        kept[key] = value;
    }
    [first, without_nulls(kept)]
}

fn without_nulls(mut document: Value) -> Value {
    if let Some(map) = document.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    document
}

fn custom() -> Value {
    json!({
        "type": "CUSTOM", "id": "export", "name": "Export", "maskAttributeValues": true,
        "pluginDescriptorRef": {"id": "ldif", "location": "https://x"}, "parentRef": {"id": "p"},
        "configuration": {
            "fields": [{"name": "path", "value": "/people.ldif", "inherited": false}],
            "tables": [{"name": "t", "rows": [{"fields": [{"name": "f", "value": "v"}], "defaultRow": true}]}],
        },
    })
}

fn sp() -> Value {
    let mut staff = channel("corp");
    staff["channelSource"]["dataSource"]["location"] = json!("https://x/corp");
    staff["channelSource"]["changeDetectionSettings"]["usnAttributeName"] = json!("uSNChanged");
    staff["channelSource"]["groupMembershipDetection"]["memberOfGroupAttributeName"] =
        json!("memberOf");
    staff["channelSource"]["userSourceLocation"] =
        json!({"groupDN": "cn=a,dc=example,dc=com", "nestedSearch": true, "filter": "(uid=*)"});
    staff["channelSource"]["groupSourceLocation"] =
        json!({"groupDN": "cn=b,dc=example,dc=com", "nestedSearch": true, "filter": "(cn=*)"});
    let name = json!({"fieldName": "displayName", "saasFieldInfo": {
        "attributeNames": ["cn", "uid"], "defaultValue": "Nobody", "expression": "cn | lower",
        "createOnly": true, "trim": true, "characterCase": "LOWER", "parser": "EXTRACT_CN_FROM_DN", "masked": true,
    }});
    let mappings = staff["attributeMapping"].as_array_mut();
    mappings.expect("a list").push(name);
    let mut sp = connection(TARGET, "key-hunter2", &[staff]);
    let link = json!({"id": "x", "location": "https://x"});
    for (key, value) in [
        ("baseUrl", json!("https://cloud.example.com")),
        ("defaultVirtualEntityId", json!("v1")),
        ("virtualEntityIds", json!(["v1", "v2"])),
        ("loggingMode", json!("FULL")),
        (
            "contactInfo",
            json!({"company": "E", "email": "a@b", "firstName": "A", "lastName": "B", "phone": "1"}),
        ),
        ("applicationName", json!("Cloud")),
        ("applicationIconUrl", json!("https://i")),
        (
            "metadataReloadSettings",
            json!({"metadataUrlRef": link, "enableAutoMetadataUpdate": true}),
        ),
        (
            "credentials",
            json!({"certs": [{"x509File": {"fileData": "x"}, "encryptionCert": true}], "blockEncryptionAlgorithm": "AES_128"}),
        ),
        ("licenseConnectionGroup", json!("gold")),
        (
            "additionalAllowedEntitiesConfiguration",
            json!({"allow": true}),
        ),
        (
            "extendedProperties",
            json!({"cost": {"values": ["a", "b"]}}),
        ),
        ("connectionTargetType", json!("SALESFORCE")),
    ] {
        sp[key] = value;
    }
    sp["outboundProvision"]["customSchema"] = json!({"namespace": "urn:x", "attributes": [
        {"name": "s", "multiValued": true, "types": ["office"], "subAttributes": ["model"]},
    ]});
    sp["outboundProvision"]["targetSettings"][0]["inherited"] = json!(false);
    sp
}

fn server() -> Value {
    let mail = json!({"emailAddress": "a@example.com", "notificationMode": "LOGGING_ONLY"});
    json!({
        "contactInfo": {"company": "Example"}, "federationInfo": {"baseUrl": "https://x"},
        "captchaSettings": {"siteKey": "k"},
        "notifications": {"bulkheadAlertNotificationSettings": mail, "notifyAdminUserPasswordChanges": true},
        "rolesAndProtocols": {
            "oauthRole": {"enableOauth": true}, "spRole": {"enable": false}, "enableIdpDiscovery": true,
            "idpRole": {
                "enable": true, "enableOutboundProvisioning": true, "enableSaml11": true, "enableSaml10": true,
                "enableWsFed": true, "enableWsTrust": true, "saml20Profile": {"enable": true},
            },
        },
        "emailServer": {
            "sourceAddr": "usher@example.com", "emailServer": "mail.example.com", "port": 587, "sslPort": 465,
            "timeout": 17, "useSSL": true, "useTLS": false, "verifyHostname": true, "username": "u",
            "password": "mail-hunter2", "retryAttempts": 3, "retryDelay": 4, "enableUtf8MessageHeaders": true,
            "useDebugging": true,
        },
    })
}

/// Documents with their place, and as what they are written.
fn documents() -> Vec<(&'static str, &'static str, Method, Value)> {
    let [first, second] = ldap();
    let outbound = json!({
        "dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": 90,
    });
    let authority = json!({"id": "company", "fileData": AUTHORITY, "cryptoProvider": "LOCAL"});
    vec![
        ("/serverSettings", "/serverSettings", Method::PUT, server()),
        (OUTBOUND, OUTBOUND, Method::PUT, outbound),
        ("/dataStores, LDAP", "/dataStores", Method::POST, first),
        ("/dataStores, LDAP", "/dataStores", Method::POST, second),
        ("/dataStores, CUSTOM", "/dataStores", Method::POST, custom()),
        (
            "/idp/spConnections",
            "/idp/spConnections",
            Method::POST,
            sp(),
        ),
        (
            "/certificates/ca/import",
            "/certificates/ca/import",
            Method::POST,
            authority,
        ),
    ]
}

#[test]
fn every_published_field_is_written_here() {
    let documents = documents();
    let mut missing = BTreeSet::new();
    for (resource, field, does) in usher_pf::published_fields() {
        let name = format!("{resource} {field}");
        let written = documents.iter().any(|(of, _, _, document)| {
            *of == resource && has(document, &field.split('.').collect::<Vec<_>>())
        });
        let wanted = matches!(does, "works" | "kept" | "kept, with a warning");
        if wanted && !written && !NOT_GIVEN_BACK.contains(&name.as_str()) {
            missing.insert(name);
        }
    }
    assert!(missing.is_empty(), "not written: {missing:#?}");
}

fn has(document: &Value, path: &[&str]) -> bool {
    let [first, rest @ ..] = path else {
        return true;
    };
    match first.strip_suffix("[]") {
        Some(name) => document[name]
            .as_array()
            .is_some_and(|list| list.iter().any(|item| has(item, rest))),
        None => document.get(first).is_some_and(|value| has(value, rest)),
    }
}

/// Places where something that was written is not what was read.
fn lost(written: &Value, read: &Value, at: &str, found: &mut Vec<String>) {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => {
            for (key, value) in written {
                lost(
                    value,
                    read.get(key).unwrap_or(&Value::Null),
                    &format!("{at}.{key}"),
                    found,
                );
            }
        }
        (Value::Array(written), Value::Array(read)) => {
            let name = |value: &Value| value.get("name").or(value.get("fieldName")).cloned();
            for (index, value) in written.iter().enumerate() {
                let named = name(value)
                    .and_then(|known| read.iter().find(|one| name(one) == Some(known.clone())));
                let same = named.or_else(|| read.get(index)).unwrap_or(&Value::Null);
                lost(value, same, &format!("{at}[{index}]"), found);
            }
        }
        (written, read) if written != read => found.push(format!("{at}: {written} became {read}")),
        _ => {}
    }
}

async fn problems(face: &Face) -> Vec<String> {
    let mut found = Vec::new();
    for (_, place, method, document) in documents() {
        let path = match (&document["id"], place) {
            (_, "/certificates/ca/import") => "/certificates/ca/company".to_owned(),
            (Value::String(id), _) if method == Method::POST => format!("{place}/{id}"),
            _ => place.to_owned(),
        };
        let read = face.get(&path).await;
        is(&read, StatusCode::OK);
        if path.starts_with("/certificates") {
            let file = face.get(&format!("{path}/file")).await;
            assert_eq!(file.body, document["fileData"]);
            continue;
        }
        lost(&document, &read.body, &path, &mut found);
    }
    // Secrets are not given; everything else is.
    found.retain(|place| !place.contains("hunter2"));
    found
}

/// An empty installation with the same key.
async fn empty_beside(face: &Face) -> Face {
    let mut other = Face::new().await;
    let key = face.world.folder.path().join("key");
    other.world.admin.engine.sealer =
        Arc::new(Sealer::open_or_create(&key, false).expect("the key"));
    other.world.api.admin = other.world.admin.clone();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn every_published_field_comes_back_from_the_interface_the_file_and_the_export() {
    let face = Face::new().await;
    for (_, place, method, document) in documents() {
        let answer = face.ask(method, place, Some(document), BYPASS).await;
        assert!(answer.status.is_success(), "{place}: {answer:?}");
    }
    assert_eq!(problems(&face).await, Vec::<String>::new(), "the interface");
    let export = face.get("/bulk/export").await.body;
    let other = empty_beside(&face).await;
    is(
        &other.post("/bulk/import", export.clone()).await,
        StatusCode::OK,
    );
    assert_eq!(
        problems(&other).await,
        Vec::<String>::new(),
        "an export of the whole"
    );
    assert_eq!(other.get("/bulk/export").await.body, export);

    let file = face.world.get("/api/v1/configuration").await.body;
    let other = empty_beside(&face).await;
    let tag = other.world.get("/api/v1/configuration").await;
    let tag = tag.headers["etag"].to_str().expect("text").to_owned();
    let taken = other
        .world
        .call_with(
            Method::PUT,
            "/api/v1/configuration?bypass_external_validation=true",
            Some(file.clone()),
            &[("If-Match", &tag)],
        )
        .await;
    is(&taken, StatusCode::OK);
    assert_eq!(
        problems(&other).await,
        Vec::<String>::new(),
        "the configuration file"
    );
    assert_eq!(other.world.get("/api/v1/configuration").await.body, file);
    assert_eq!(other.get("/bulk/export").await.body, export);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_a_directory_over_ldap_plans_the_same_elsewhere() {
    let mut company = Company::new().await;
    let usual = company.outcome().await;
    let export = company.face.get("/bulk/export").await.body;
    let other = empty_beside(&company.face).await;
    is(&other.post("/bulk/import", export).await, StatusCode::OK);
    company.face = other;
    assert!(usual.is_array());
    assert_eq!(company.outcome().await, usual);
}
