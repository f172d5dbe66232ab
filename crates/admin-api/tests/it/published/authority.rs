//! Authorities that are imported are trusted.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use usher_testkit::certificates::Certificate;
use usher_testkit::slapd::{Slapd, SlapdConfig};

use super::{Face, is};

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_authority_makes_an_encrypted_directory_trusted() {
    let Some(slapd) = Slapd::start_or_skip(SlapdConfig::default()) else {
        return;
    };
    let face = Face::new().await;
    let store = json!({
        "type": "LDAP", "id": "corp", "name": "Corporate", "ldapType": "GENERIC", "useSsl": true,
        "hostnames": [format!("127.0.0.1:{}", slapd.tls_port())],
        "userDN": slapd.reader_dn(), "password": slapd.reader_password(),
    });
    let post = async |path: &str, body: Value| face.ask(Method::POST, path, Some(body), &[]).await;
    let refused = post("/dataStores", store.clone()).await;
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    let why = refused.body["validationErrors"][0]["message"].to_string();
    assert!(
        why.contains("certificate") && why.contains("authority"),
        "{why}"
    );
    let authority = std::fs::read_to_string(slapd.ca_file()).expect("the authority");
    let import = json!({"id": "company", "fileData": authority});
    is(
        &post("/certificates/ca/import", import).await,
        StatusCode::CREATED,
    );
    is(
        &post("/dataStores", store.clone()).await,
        StatusCode::CREATED,
    );
    // Without the authority the directory is no longer trusted.
    is(
        &face.delete("/dataStores/corp").await,
        StatusCode::NO_CONTENT,
    );
    is(
        &face.delete("/certificates/ca/company").await,
        StatusCode::NO_CONTENT,
    );
    is(
        &post("/dataStores", store).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_in_a_certificate_counts_unless_the_store_says_otherwise() {
    let config = SlapdConfig {
        certificate: Certificate::WrongName,
        ..SlapdConfig::default()
    };
    let Some(slapd) = Slapd::start_or_skip(config) else {
        return;
    };
    let face = Face::new().await;
    let authority = std::fs::read_to_string(slapd.ca_file()).expect("the authority");
    let import = json!({"id": "company", "fileData": authority});
    is(
        &face.post("/certificates/ca/import", import).await,
        StatusCode::CREATED,
    );
    let mut store = json!({
        "type": "LDAP", "id": "corp", "name": "Corporate", "ldapType": "GENERIC", "useSsl": true,
        "hostnames": [format!("127.0.0.1:{}", slapd.tls_port())],
        "userDN": slapd.reader_dn(), "password": slapd.reader_password(),
    });
    for (verify, status) in [
        (true, StatusCode::UNPROCESSABLE_ENTITY),
        (false, StatusCode::CREATED),
    ] {
        store["verifyHost"] = json!(verify);
        let asked = face.ask(Method::POST, "/dataStores", Some(store.clone()), &[]);
        is(&asked.await, status);
    }
}
