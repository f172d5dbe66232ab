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
}
