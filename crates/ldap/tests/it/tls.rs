//! TLS against a real slapd with good and bad certificates.

use std::path::PathBuf;

use usher_ldap::{Client, ConnectOptions, Endpoint, LdapError, Security, TlsProblem};
use usher_testkit::certificates::Certificate;
use usher_testkit::slapd::{Slapd, SlapdConfig};

fn slapd(certificate: Certificate) -> Option<Slapd> {
    Slapd::start_or_skip(SlapdConfig {
        certificate,
        ..Default::default()
    })
}

fn endpoint(slapd: &Slapd, host: &str) -> Endpoint {
    Endpoint {
        ca_file: Some(slapd.ca_file()),
        ..Endpoint::new(host, slapd.tls_port(), Security::Ldaps)
    }
}

/// The problem, its message, and the SHA-256 of the certificate seen.
async fn problem(endpoint: Endpoint) -> (TlsProblem, String, Option<String>) {
    let error = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect_err("no TLS");
    let text = error.to_string();
    let LdapError::Tls {
        problem,
        certificate_sha256,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    (problem, text, certificate_sha256)
}

async fn works(endpoint: Endpoint, slapd: &Slapd) {
    let name = format!("{endpoint:?}");
    let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect(&name);
    client
        .bind_simple(&slapd.reader_dn(), slapd.reader_password())
        .await
        .expect(&name);
}

fn from_hex(text: &str) -> [u8; 32] {
    let digit = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex");
    std::array::from_fn(digit)
}

#[tokio::test]
async fn ldaps_and_start_tls_work_with_an_own_authority_by_name_and_by_address() {
    let Some(slapd) = slapd(Certificate::Good) else {
        return;
    };
    let tls = |host: &str| endpoint(&slapd, host);
    let start = |host: &str| Endpoint {
        security: Security::StartTls,
        port: slapd.port(),
        ..tls(host)
    };
    for host in ["localhost", "127.0.0.1"] {
        works(tls(host), &slapd).await;
        works(start(host), &slapd).await;
    }
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        works(tls("::1"), &slapd).await;
        works(tls("[::1]"), &slapd).await;
        works(start("[::1]"), &slapd).await;
    }
    let pem = std::fs::read_to_string(slapd.ca_file()).expect("the file");
    works(
        Endpoint {
            ca_file: None,
            ca_pem: Some(pem),
            ..tls("localhost")
        },
        &slapd,
    )
    .await;
}

#[tokio::test]
async fn an_unknown_authority_is_named_and_its_certificate_can_be_pinned() {
    let Some(slapd) = slapd(Certificate::Good) else {
        return;
    };
    let unknown = Endpoint {
        ca_file: None,
        ..endpoint(&slapd, "localhost")
    };
    let (found, text, sha256) = problem(unknown.clone()).await;
    assert!(
        matches!(
            found,
            TlsProblem::UnknownAuthority | TlsProblem::NoAuthorities
        ),
        "{text}"
    );
    let Some(sha256) = sha256 else {
        assert_eq!(found, TlsProblem::NoAuthorities);
        return;
    };
    assert!(text.contains("CA file") && text.contains(&sha256), "{text}");
    works(
        Endpoint {
            pinned_sha256: Some(from_hex(&sha256)),
            ..unknown.clone()
        },
        &slapd,
    )
    .await;
    let (found, text, _) = problem(Endpoint {
        pinned_sha256: Some([7; 32]),
        ..unknown
    })
    .await;
    assert_eq!(found, TlsProblem::PinMismatch, "{text}");
}

#[tokio::test]
async fn another_name_is_refused_unless_the_check_is_off() {
    let Some(slapd) = slapd(Certificate::WrongName) else {
        return;
    };
    let strict = endpoint(&slapd, "localhost");
    let (found, text, _) = problem(strict.clone()).await;
    assert!(
        matches!(&found, TlsProblem::WrongName { names } if names.len() == 1),
        "{found:?}"
    );
    assert!(text.contains("elsewhere.example.test"), "{text}");
    works(
        Endpoint {
            verify_host: false,
            ..strict.clone()
        },
        &slapd,
    )
    .await;
    // Without the name check the authority still counts.
    let (found, ..) = problem(Endpoint {
        verify_host: false,
        ca_file: None,
        ..strict
    })
    .await;
    assert!(
        matches!(
            found,
            TlsProblem::UnknownAuthority | TlsProblem::NoAuthorities
        ),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_named() {
    let Some(slapd) = slapd(Certificate::Expired) else {
        return;
    };
    let (found, text, _) = problem(endpoint(&slapd, "localhost")).await;
    assert_eq!(found, TlsProblem::Expired, "{text}");
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_refused_with_a_way_out() {
    let Some(slapd) = slapd(Certificate::SelfSignedAuthority) else {
        return;
    };
    let own = endpoint(&slapd, "localhost");
    let (found, text, sha256) = problem(own.clone()).await;
    assert_eq!(found, TlsProblem::SelfSignedAuthority, "{text}");
    let pin = from_hex(&sha256.expect("seen"));
    works(
        Endpoint {
            pinned_sha256: Some(pin),
            ca_file: None,
            ..own
        },
        &slapd,
    )
    .await;
}

#[tokio::test]
async fn a_ca_file_that_is_missing_or_empty_is_named() {
    let Some(slapd) = slapd(Certificate::Good) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing\n").expect("writes");
    for file in [folder.path().join("missing.pem"), empty] {
        let named = file.display().to_string();
        let (found, text, _) = problem(Endpoint {
            ca_file: Some(file),
            ..endpoint(&slapd, "localhost")
        })
        .await;
        assert_eq!(found, TlsProblem::BadCaFile, "{text}");
        assert!(text.contains(&named), "{text}");
    }
    let der = folder.path().join("ca.der");
    to_der(&slapd.ca_file(), &der);
    works(
        Endpoint {
            ca_file: Some(der),
            ..endpoint(&slapd, "localhost")
        },
        &slapd,
    )
    .await;
}

fn to_der(pem: &PathBuf, der: &PathBuf) {
    let status = std::process::Command::new("openssl")
        .args(["x509", "-outform", "der", "-in"])
        .arg(pem)
        .arg("-out")
        .arg(der)
        .status();
    assert!(status.expect("openssl runs").success());
}
