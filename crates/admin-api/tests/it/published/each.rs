//! Fields whose effect no plan of a small company shows: each is changed in its document.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use usher_core::model::{Bind, Configuration, DataStoreKind, MAIL_PASSWORD, Sealed};

use super::effects::Company;
use super::table::{OF_CHANNEL, Shows::Reaches, rows};
use super::{Answer, BYPASS, CLOUD, Face, fields, is, ldap_store, ldif_store};

/// Every value of the configuration by its place; what is saved each time is left out.
async fn values(face: &Face) -> BTreeMap<String, Value> {
    fn collect(at: &str, value: &Value, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    collect(&format!("{at}/{key}"), value, all);
                }
            }
            Value::Array(list) if !list.is_empty() => {
                for (n, value) in list.iter().enumerate() {
                    collect(&format!("{at}/{n}"), value, all);
                }
            }
            _ => drop(all.insert(at.to_owned(), value.clone())),
        }
    }
    let configuration = face.world.admin.engine.configuration().await;
    let configuration = serde_json::to_value(configuration.expect("a configuration"));
    let mut all = BTreeMap::new();
    collect("", &configuration.expect("JSON"), &mut all);
    all.retain(|at, _| !at.contains("/dates/") && !at.contains("/kept/") && at != "/revision");
    all
}

/// The document with these values; objects on the way are made.
fn with(document: &Value, prefix: &str, values: &[(&str, Value)]) -> Value {
    let mut changed = document.clone();
    for (pointer, value) in values {
        let mut at = &mut changed;
        for key in format!("{prefix}{pointer}").split('/').skip(1) {
            at = match at {
                Value::Array(list) => &mut list[key.parse::<usize>().expect("an index")],
                at => &mut at[key],
            };
        }
        *at = value.clone();
    }
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_test_varies_is_what_the_field_says() {
    let company = Company::new().await;
    let bare = Face::new().await;
    let mut settings = bare.get("/serverSettings").await.body;
    settings["emailServer"] = json!({
        "sourceAddr": "usher@example.com", "emailServer": "mail.example.com", "port": 587,
        "username": "usher", "password": "hunter2", "timeout": 30,
    });
    is(
        &bare.put("/serverSettings", settings.clone()).await,
        StatusCode::OK,
    );
    let sources = super::effects::sources();
    for (resource, field, shows) in rows() {
        let Reaches {
            with: wanted,
            at,
            test,
        } = shows
        else {
            continue;
        };
        let named = format!("fn {test}(");
        let tried = sources.iter().any(|(folder, text)| {
            text.contains(&named)
                && sources
                    .iter()
                    .any(|(other, text)| other == folder && text.contains(at))
        });
        assert!(tried, "{resource} {field}: no test {test} beside `{at}`");
        let (face, path, document) = match resource {
            "/dataStores, LDAP" => (&company.face, "/dataStores/corp", &company.ldap),
            "/idp/spConnections" => (&company.face, CLOUD, &company.connection),
            "/serverSettings" => (&bare, "/serverSettings", &settings),
            _ => panic!("{resource}: no document"),
        };
        let prefix = if field.starts_with(OF_CHANNEL) {
            "/outboundProvision/channels/0"
        } else {
            ""
        };
        let before = values(face).await;
        let answer = face.put(path, with(document, prefix, &wanted)).await;
        is(&answer, StatusCode::OK);
        let after = values(face).await;
        let changed: Vec<&String> = after
            .iter()
            .filter(|(at, value)| before.get(*at) != Some(value))
            .map(|(at, _)| at)
            .collect();
        let says_it = |one: &&String| one.split('/').any(|part| part == at);
        assert!(
            changed.iter().any(says_it),
            "{resource} {field}: `{at}` is as before; changed are {changed:?}"
        );
        is(&face.put(path, document.clone()).await, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_waited_for_as_long_as_its_data_store_says() {
    // Whoever connects is never answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let face = Face::new().await;
    for (field, encrypted) in [("readTimeout", false), ("connectionTimeout", true)] {
        for milliseconds in [150, 250] {
            let mut store = ldap_store();
            let address = silent.local_addr().expect("an address");
            store["hostnames"] = json!([address.to_string()]);
            store["useStartTLS"] = json!(false);
            store["useSsl"] = json!(encrypted);
            store["readTimeout"] = json!(20_000);
            store["connectionTimeout"] = json!(20_000);
            store[field] = json!(milliseconds);
            let asked = face.ask(Method::POST, "/dataStores", Some(store), &[]);
            let asked = asked.await;
            is(&asked, StatusCode::UNPROCESSABLE_ENTITY);
            let words = format!("did not finish within {milliseconds}ms");
            assert!(
                asked.body.to_string().contains(&words),
                "{field}: {asked:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_source_is_the_one_that_is_asked() {
    let company = Company::new().await;
    let usual = company.outcome().await;
    let here = company.ldap["hostnames"].clone();
    let tagged = |directory: bool| {
        json!([
            {"hostnames": ["127.0.0.1:1"], "defaultSource": !directory},
            {"hostnames": here, "defaultSource": directory},
        ])
    };
    for (directory, same) in [(true, true), (false, false)] {
        let values = [
            ("/hostnames", Value::Null),
            ("/hostnamesTags", tagged(directory)),
        ];
        let outcome = company.outcome_with("/dataStores/corp", &company.ldap, &values);
        assert_eq!(outcome.await == usual, same, "{directory}");
    }
}

/// What a secret says, opened with the key of the installation.
fn opened(face: &Face, kind: &str, sealed: &Sealed) -> String {
    let opened = face.world.admin.engine.sealer.open(kind, sealed);
    opened.expect("ours").reveal().to_owned()
}

async fn configured(face: &Face) -> Configuration {
    let configuration = face.world.admin.engine.configuration().await;
    configuration.expect("a configuration")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_secret_stays_where_it_is_the_present_one_and_is_refused_otherwise() {
    let company = Company::new().await;
    let face = &company.face;
    let usual = company.outcome().await;
    let mut store = face.get("/dataStores/corp").await.body;
    let former = store["encryptedPassword"].clone();
    let mut other = company.ldap.clone();
    other["password"] = json!("another");
    let answer = face.put("/dataStores/corp", other).await;
    store["encryptedPassword"] = answer.body["encryptedPassword"].clone();
    let kept = face.put("/dataStores/corp", store.clone()).await;
    is(&kept, StatusCode::OK);
    assert_ne!(company.outcome().await, usual, "the other one is used");
    let kind = configured(face).await.data_stores[0].kind.clone();
    let DataStoreKind::Ldap(ldap) = kind else {
        panic!("{kind:?}")
    };
    let Bind::Simple { password, .. } = ldap.bind else {
        panic!("{ldap:?}")
    };
    assert_eq!(opened(face, "bind_password", &password), "another");
    store["encryptedPassword"] = former;
    let refused = face.put("/dataStores/corp", store).await;
    assert_eq!(fields(&refused), ["password"]);

    let mut sp = face.get(CLOUD).await.body;
    let former = sp["outboundProvision"]["targetSettings"].clone();
    let mut other = company.connection.clone();
    other["outboundProvision"]["targetSettings"][1]["value"] = json!("another");
    let answer = face.put(CLOUD, other).await;
    sp["outboundProvision"]["targetSettings"] =
        answer.body["outboundProvision"]["targetSettings"].clone();
    assert!(sp.to_string().contains("encryptedValue"), "{sp}");
    is(&face.put(CLOUD, sp.clone()).await, StatusCode::OK);
    let configuration = configured(face).await;
    let mut keys = configuration.sp_connections[0].secrets.values();
    let key = keys.next().expect("a key");
    assert_eq!(opened(face, "target_secret", key), "another");
    sp["outboundProvision"]["targetSettings"] = former;
    let refused = face.put(CLOUD, sp).await;
    assert_eq!(fields(&refused).len(), 1, "{refused:?}");
}

#[tokio::test]
async fn a_sealed_password_of_the_mail_server_stays_where_it_is_the_present_one() {
    let face = Face::new().await;
    let put = async |secret: Value| {
        let mut settings = face.get("/serverSettings").await.body;
        settings["emailServer"] = json!({
            "sourceAddr": "usher@example.com", "emailServer": "mail.example.com", "port": 587,
            "username": "usher",
        });
        let mail = settings["emailServer"].as_object_mut().expect("an object");
        mail.extend(secret.as_object().expect("an object").clone());
        face.put("/serverSettings", settings).await
    };
    let sealed = |answer: &Answer| answer.body["emailServer"]["encryptedPassword"].clone();
    let first = sealed(&put(json!({"password": "first"})).await);
    let second = sealed(&put(json!({"password": "second"})).await);
    is(
        &put(json!({"encryptedPassword": second})).await,
        StatusCode::OK,
    );
    let mail = configured(&face).await.server.mail.expect("a mail server");
    let password = mail.password.expect("a password");
    assert_eq!(opened(&face, MAIL_PASSWORD, &password), "second");
    assert_eq!(
        fields(&put(json!({"encryptedPassword": first})).await),
        ["emailServer.password"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_of_an_unproven_kind_of_directory_is_not_activated() {
    let company = Company::new().await;
    let on = super::turned(company.connection.clone(), true, true);
    is(&company.face.put(CLOUD, on).await, StatusCode::OK);
    for (kind, refused) in [("ACTIVE_DIRECTORY", true), ("GENERIC", false)] {
        let mut store = company.ldap.clone();
        store["ldapType"] = json!(kind);
        let put = company.face.put("/dataStores/corp", store).await;
        is(&put, StatusCode::OK);
        let configuration = configured(&company.face).await;
        let id = &configuration.sp_connections[0].channels[0].id;
        let admin = &company.face.world.admin;
        let refusals = admin.refusals(&configuration, id).await.expect("refusals");
        let is_unproven = refusals.iter().any(|why| why.contains("not proven"));
        assert_eq!(is_unproven, refused, "{kind}: {refusals:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_setting_is_the_one_that_is_named() {
    let company = Company::new().await;
    let usual = company.outcome().await;
    for (named, same) in [("createNewUsers", false), ("updateNewUsers", true)] {
        let setting = json!({"name": named, "value": "false"});
        let values = [("/outboundProvision/targetSettings/2", setting)];
        let outcome = company.outcome_with(CLOUD, &company.connection, &values);
        assert_eq!(outcome.await == usual, same, "{named}");
    }
}

#[tokio::test]
async fn a_field_of_another_name_is_no_path() {
    let face = Face::new().await;
    let mut store = ldif_store("export", std::path::Path::new("/srv/people.ldif"));
    store["configuration"]["fields"][0]["name"] = json!("file");
    assert_eq!(
        fields(&face.post("/dataStores", store.clone()).await),
        ["configuration.fields"]
    );
    store["configuration"]["fields"][0]["name"] = json!("path");
    is(&face.post("/dataStores", store).await, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_or_a_store_of_certificates_that_is_not_there_is_refused() {
    let company = Company::new().await;
    let mut other = company.connection.clone();
    other["outboundProvision"]["type"] = json!("AnotherCloud");
    assert_eq!(
        fields(&company.face.put(CLOUD, other).await),
        ["outboundProvision.type"]
    );
    for (provider, refused) in [("HSM", true), ("LOCAL", false)] {
        let file = json!({"fileData": super::AUTHORITY, "cryptoProvider": provider});
        let asked = company
            .face
            .ask(Method::POST, "/certificates/ca/import", Some(file), BYPASS);
        let answer = asked.await;
        if refused {
            assert_eq!(fields(&answer), ["cryptoProvider"]);
        } else {
            is(&answer, StatusCode::CREATED);
        }
    }
}
