//! Each role changes its own part.

use std::cell::Cell;

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use usher_engine::access::{AccountDetails, NewAccount};
use usher_engine::admin::{Operator, Role};

use super::{AUTHORITY, BYPASS, Face, TARGET, channel, connection, ldap_store};

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
    // What is trusted is for those who manage certificates, wherever it stands.
    let mut store = ldap_store();
    store["id"] = json!("another");
    store["name"] = json!("Another directory");
    store["verifyHost"] = json!(false);
    let stores = "/dataStores";
    assert_eq!(
        ask(&[admin], stores, store.clone()).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(&[admin, crypto], stores, store).await,
        StatusCode::CREATED
    );
    let mut sp = connection(TARGET, "key", &[]);
    for (field, value) in [
        ("id", "other"),
        ("name", "Other"),
        ("entityId", "urn:other"),
    ] {
        sp[field] = json!(value);
    }
    let settings = sp["outboundProvision"]["targetSettings"].as_array_mut();
    let settings = settings.unwrap();
    for setting in settings.iter_mut() {
        if setting["name"] == "DIRECTORY_BASE_URL" {
            setting["value"] = json!(format!("{TARGET}-other"));
        }
    }
    settings.push(json!({"name": "EXTRA_CA", "value": AUTHORITY}));
    assert_eq!(
        ask(&[admin], connections, sp.clone()).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(&[admin, crypto], connections, sp).await,
        StatusCode::CREATED
    );
}

/// Through both faces, whoever only looks sees the configuration and no secret of it; whoever may change it gets
/// them sealed.
#[tokio::test]
async fn whoever_only_looks_gets_the_configuration_without_secrets() {
    let face = Face::new().await;
    face.post("/dataStores", ldap_store()).await;
    let sp = connection(TARGET, "key", &[channel("corp")]);
    face.post("/idp/spConnections", sp).await;
    let mut secrets = Vec::new();
    for (name, roles, auditor) in [
        ("audi", &[][..], true),
        ("crypto", &[Role::CryptoAdministrator][..], false),
        ("boss", &[Role::Administrator][..], false),
    ] {
        let new = NewAccount {
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            details: AccountDetails {
                roles: roles.iter().copied().collect(),
                auditor,
                active: true,
                ..AccountDetails::default()
            },
        };
        let acting = Operator::local("test");
        let added = face.world.api.access.add_account(&acting, new);
        added.await.expect("an account");
        for path in [
            "/pf-admin-api/v1/bulk/export",
            "/pf-admin-api/v1/dataStores",
            "/pf-admin-api/v1/dataStores/corp",
            "/pf-admin-api/v1/idp/spConnections",
            "/api/v1/configuration",
        ] {
            let world = &face.world;
            let answer = world
                .as_basic(name, PASSWORD, Method::GET, path, None)
                .await;
            assert_eq!(answer.status, StatusCode::OK, "{name} {path}: {answer:?}");
            let text = answer.body.to_string();
            if text.contains("\"encrypted") {
                secrets.push((name, path));
            }
        }
    }
    assert!(!secrets.is_empty());
    assert!(
        secrets.iter().all(|(name, _)| *name == "boss"),
        "{secrets:?}"
    );
    let whole: Vec<&str> = secrets.iter().map(|(_, path)| *path).collect();
    assert!(whole.contains(&"/pf-admin-api/v1/bulk/export"), "{whole:?}");
    assert!(whole.contains(&"/api/v1/configuration"), "{whole:?}");
}
