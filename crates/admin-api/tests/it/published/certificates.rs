//! Certificates of authorities.

use axum::http::StatusCode;
use serde_json::json;

use super::{AUTHORITY, Face, SHA1, SHA256, fields, is};

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
        (include_str!("../leaf.pem"), "no authority's"),
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
