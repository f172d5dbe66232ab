//! Every published field that is said to work does: changed through the interface, it changes what a plan does, or a
//! test that is named here shows its effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use usher_core::model::CycleMode;
use usher_engine::Silent;
use usher_engine::admin::PlanOptions;
use usher_sandbox::directory::{DemoDirectory, DemoEntry, DirectoryOptions, RunningDirectory};
use usher_sandbox::scim::RunningSandbox;

use super::table::{
    OF_CHANNEL,
    Shows::{Plan, Reaches, Test},
    rows,
};
use super::{BYPASS, CLOUD, Face, PEOPLE, channel, connection, is, ldif_store, mapping, sandbox};

const BIND: &str = "cn=usher,dc=example,dc=com";
const PASSWORD: &str = "seven green boats";

#[test]
fn every_field_that_works_has_its_proof_and_no_other_field_has_one() {
    let fields = usher_pf::published_fields().into_iter();
    let works: BTreeSet<String> = fields
        .filter(|(_, _, does)| *does == "works")
        .map(|(resource, field, _)| format!("{resource} {field}"))
        .collect();
    let rows = rows();
    let proved: BTreeSet<String> = rows
        .iter()
        .map(|(resource, field, _)| format!("{resource} {field}"))
        .collect();
    let unproved: Vec<_> = works.difference(&proved).collect();
    let odd: Vec<_> = proved.difference(&works).collect();
    assert!(
        unproved.is_empty(),
        "said to work, without a proof: {unproved:#?}"
    );
    assert!(odd.is_empty(), "proved, and not said to work: {odd:#?}");
    let sources = sources();
    for (resource, field, shows) in &rows {
        let (Test(name) | Reaches { test: name, .. }) = shows else {
            continue;
        };
        let head = format!("fn {name}(");
        let file = sources.iter().find(|(_, text)| text.contains(&head));
        let Some((_, file)) = file else {
            panic!("{resource} {field}: there is no test {name}");
        };
        let key = field.rsplit('.').next().unwrap_or_default();
        let key = format!("{}\"", key.trim_end_matches("[]"));
        assert!(
            matches!(shows, Reaches { .. }) || file.contains(&key),
            "{resource} {field}: beside {name} nothing names it"
        );
    }
}

/// The fields that are kept with a warning, each with a document that asks for something.
fn warned() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let store = "/dataStores, LDAP";
    vec![
        (
            store,
            "followLDAPReferrals",
            "followLDAPReferrals",
            json!(true),
        ),
        (store, "useDnsSrvRecords", "useDnsSrvRecords", json!(true)),
        (
            store,
            "clientTlsCertificateRef",
            "clientTlsCertificateRef",
            json!({"id": "own"}),
        ),
        (
            store,
            "hostnamesTags[].tags",
            "hostnamesTags",
            json!([
                {"hostnames": ["127.0.0.1:9"], "tags": "north", "defaultSource": true},
                {"hostnames": ["127.0.0.1:8"], "tags": "south", "defaultSource": false},
            ]),
        ),
        (
            "/idp/spConnections",
            "baseUrl",
            "baseUrl",
            json!("https://elsewhere.example.com"),
        ),
    ]
}

#[tokio::test]
async fn what_is_kept_with_a_warning_is_given_back_and_warned_of() {
    let fields = usher_pf::published_fields().into_iter();
    let said: BTreeSet<(&str, String)> = fields
        .filter(|(_, _, does)| *does == "kept, with a warning")
        .map(|(resource, field, _)| (resource, field))
        .collect();
    let shown = warned().into_iter();
    let shown: BTreeSet<(&str, String)> = shown
        .map(|(resource, field, ..)| (resource, field.to_owned()))
        .collect();
    assert_eq!(said, shown);
    for (resource, field, key, value) in warned() {
        let face = Face::new().await;
        face.post("/dataStores", super::ldap_store()).await;
        let (path, mut document) = if resource.starts_with("/dataStores") {
            let mut store = super::ldap_store();
            if key == "hostnamesTags" {
                store["hostnames"] = Value::Null;
            }
            ("/dataStores/corp", store)
        } else {
            let sp = connection(super::TARGET, "key", &[channel("corp")]);
            face.post("/idp/spConnections", sp.clone()).await;
            (CLOUD, sp)
        };
        document[key] = value.clone();
        let answer = face.put(path, document.clone()).await;
        is(&answer, StatusCode::OK);
        let warnings = answer.headers.get_all("warning").iter();
        let warnings: Vec<&str> = warnings.map(|warning| warning.to_str().unwrap()).collect();
        let all = warnings.join("\n");
        assert!(all.contains(key), "{field}: {all}");
        assert_eq!(answer.body[key], value, "{field}");
    }
}

#[tokio::test]
async fn a_directory_that_is_reached_in_a_way_that_is_not_there_is_read_by_no_channel_that_is_on() {
    let face = Face::new().await;
    let mut store = super::ldap_store();
    store["useDnsSrvRecords"] = json!(true);
    store["readTimeout"] = json!(0);
    store["connectionTimeout"] = json!(-1);
    // It is not connected to: nobody would answer there.
    let made = face.ask(Method::POST, "/dataStores", Some(store.clone()), &[]);
    let made = made.await;
    is(&made, StatusCode::CREATED);
    assert_eq!(made.body["readTimeout"], 0);
    assert_eq!(made.body["connectionTimeout"], -1);
    let warnings = format!("{:?}", made.headers.get_all("warning"));
    assert!(
        warnings.contains("60 seconds") && warnings.contains("5 seconds"),
        "{warnings}"
    );
    let mut sp = connection(super::TARGET, "key", &[channel("corp")]);
    is(
        &face.post("/idp/spConnections", sp.clone()).await,
        StatusCode::CREATED,
    );
    sp["active"] = json!(true);
    sp["outboundProvision"]["channels"][0]["active"] = json!(true);
    assert_eq!(
        super::fields(&face.put(CLOUD, sp.clone()).await),
        ["outboundProvision.channels[0].active"]
    );
    let mut plain = super::ldap_store();
    plain["readTimeout"] = json!(0);
    is(
        &face.put("/dataStores/corp", plain.clone()).await,
        StatusCode::OK,
    );
    is(&face.put(CLOUD, sp).await, StatusCode::OK);
    assert_eq!(
        super::fields(&face.put("/dataStores/corp", store).await),
        ["useDnsSrvRecords"]
    );
}

/// All sources of the project's crates, each with its folder.
pub(super) fn sources() -> Vec<(std::path::PathBuf, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("crates"), root.join("connectors")];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                all.push((folder.clone(), text));
            }
        }
    }
    all
}

fn person(uid: &str) -> DemoEntry {
    DemoEntry::new(format!("uid={uid},ou=people,dc=example,dc=com"))
        .with("objectClass", "inetOrgPerson")
        .with("uid", uid)
        .with("cn", format!("{uid} example"))
        .with("mail", format!("{uid}@example.com"))
        .with("givenName", format!(" {uid} "))
}

fn group(cn: &str, members: &[&str]) -> DemoEntry {
    let mut entry = DemoEntry::new(format!("cn={cn},dc=example,dc=com"))
        .with("objectClass", "groupOfNames")
        .with("cn", cn);
    for member in members {
        entry = entry.with("member", format!("{member},dc=example,dc=com"));
    }
    entry
}

fn entries() -> Vec<DemoEntry> {
    vec![
        DemoEntry::new("dc=example,dc=com")
            .with("objectClass", "domain")
            .with("dc", "example"),
        DemoEntry::new("ou=people,dc=example,dc=com")
            .with("objectClass", "organizationalUnit")
            .with("ou", "people"),
        DemoEntry::new(BIND)
            .with("objectClass", "device")
            .with("cn", "usher"),
        person("ana")
            .with("sn", "Diaz")
            .with("employeeStatus", "here")
            .with("description", "left"),
        person("bob").with("employeeStatus", "left"),
        person("cyd"),
        group("team", &["uid=ana,ou=people", "cn=inner"])
            .with("owner", "uid=cyd,ou=people,dc=example,dc=com"),
        group("inner", &["uid=cyd,ou=people"]),
        group("all", &["cn=team"]),
    ]
}

/// People and groups in a directory over LDAP, a target, and a connection between them.
pub(super) struct Company {
    pub(super) face: Face,
    directory: RunningDirectory,
    _sandbox: RunningSandbox,
    pub(super) ldap: Value,
    export: Value,
    pub(super) connection: Value,
}

impl Company {
    pub(super) async fn new() -> Self {
        let options = DirectoryOptions {
            account: Some((BIND.to_owned(), PASSWORD.to_owned())),
            ..DirectoryOptions::new(Arc::new(|| 1_795_507_200_000))
        };
        let directory = DemoDirectory::start(entries(), options)
            .await
            .expect("it starts");
        let (face, sandbox) = (Face::new().await, sandbox().await);
        let path = face.world.folder.path().join("people.ldif");
        std::fs::write(&path, PEOPLE).expect("a file");
        let ldap = json!({
            "type": "LDAP", "id": "corp", "name": "Corporate", "ldapType": "GENERIC",
            "hostnames": [directory.address().to_string()], "userDN": BIND, "password": PASSWORD,
        });
        let mut staff = channel("corp");
        staff["channelSource"]["groupSourceLocation"] = json!({"filter": "(cn=team)"});
        let mappings = staff["attributeMapping"].as_array_mut().expect("a list");
        mappings.push(mapping("givenName", "givenName"));
        mappings.push(mapping("familyName", "sn"));
        let mut connection = connection(&sandbox.base_url(), &sandbox.key(), &[staff]);
        let settings = connection["outboundProvision"]["targetSettings"].as_array_mut();
        settings
            .expect("a list")
            .push(json!({"name": "createNewUsers", "value": "true"}));
        let export = ldif_store("export", &path);
        for store in [&ldap, &export] {
            is(
                &face.post("/dataStores", store.clone()).await,
                StatusCode::CREATED,
            );
        }
        let made = face.post("/idp/spConnections", connection.clone()).await;
        is(&made, StatusCode::CREATED);
        Self {
            face,
            directory,
            _sandbox: sandbox,
            ldap,
            export,
            connection,
        }
    }

    /// What a plan would do, or why there is none.
    pub(super) async fn outcome(&self) -> Value {
        let options = PlanOptions {
            mode: CycleMode::Full,
            only: None,
            full: true,
        };
        match self
            .face
            .world
            .admin
            .plan(None, &options, Arc::new(Silent))
            .await
        {
            Err(error) => json!(error.to_string()),
            Ok(plan) => {
                let plan = serde_json::to_value(plan).expect("a plan");
                [
                    "totals",
                    "held",
                    "adoption",
                    "samples",
                    "not_provisioned",
                    "memberships_to_follow",
                ]
                .iter()
                .map(|key| plan[*key].clone())
                .collect()
            }
        }
    }

    /// The outcome with a document changed; the document is put back afterwards.
    pub(super) async fn outcome_with(
        &self,
        path: &str,
        document: &Value,
        values: &[(&str, Value)],
    ) -> Value {
        let mut changed = document.clone();
        for (pointer, value) in values {
            set(&mut changed, pointer, value.clone());
        }
        let put = |document| self.face.ask(Method::PUT, path, Some(document), BYPASS);
        is(&put(changed).await, StatusCode::OK);
        let outcome = self.outcome().await;
        is(&put(document.clone()).await, StatusCode::OK);
        outcome
    }
}

/// Sets what a pointer leads to, in an object that is there.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).expect("a parent") {
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        parent if value.is_null() => {
            parent.as_object_mut().expect("an object").remove(key);
        }
        parent => parent[key] = value,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_changes_what_a_plan_does() {
    let company = Company::new().await;
    let usual = company.outcome().await;
    assert!(usual.is_array(), "{usual}");
    assert_eq!(
        company.outcome().await,
        usual,
        "a plan is the same as long as nothing changes"
    );
    let mut without = Vec::new();
    for (resource, field, shows) in rows() {
        let Plan(values) = shows else { continue };
        let prefix = if field.starts_with(OF_CHANNEL) {
            "/outboundProvision/channels/0"
        } else {
            ""
        };
        let pointers: Vec<String> = values
            .iter()
            .map(|(at, _)| format!("{prefix}{at}"))
            .collect();
        let values: Vec<(&str, Value)> = pointers
            .iter()
            .map(String::as_str)
            .zip(values.into_iter().map(|(_, value)| value))
            .collect();
        let same = match resource {
            "/dataStores, LDAP" => {
                company
                    .outcome_with("/dataStores/corp", &company.ldap, &values)
                    .await
                    == usual
            }
            "/idp/spConnections" => {
                company
                    .outcome_with(CLOUD, &company.connection, &values)
                    .await
                    == usual
            }
            _ => {
                let mut exported = company.connection.clone();
                let source = "/outboundProvision/channels/0/channelSource/dataSource/id";
                set(&mut exported, source, json!("export"));
                is(&company.face.put(CLOUD, exported).await, StatusCode::OK);
                let usual = company.outcome().await;
                let changed = company
                    .outcome_with("/dataStores/export", &company.export, &values)
                    .await;
                is(
                    &company.face.put(CLOUD, company.connection.clone()).await,
                    StatusCode::OK,
                );
                changed == usual
            }
        };
        if same {
            without.push(format!("{resource} {field}"));
        }
    }
    assert!(without.is_empty(), "without an effect: {without:#?}");
    assert_eq!(company.outcome().await, usual);
    assert!(company.directory.searches() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_search_reaches_further() {
    let company = Company::new().await;
    for location in ["userSourceLocation", "groupSourceLocation"] {
        let pointer = format!("/outboundProvision/channels/0/channelSource/{location}");
        let group = if location == "userSourceLocation" {
            "team"
        } else {
            "all"
        };
        let mut outcomes = Vec::new();
        for nested in [false, true] {
            let value = json!({
                "groupDN": format!("cn={group},dc=example,dc=com"), "nestedSearch": nested,
            });
            let values = [(pointer.as_str(), value)];
            outcomes.push(
                company
                    .outcome_with(CLOUD, &company.connection, &values)
                    .await,
            );
        }
        assert!(outcomes.iter().all(Value::is_array), "{outcomes:#?}");
        assert_ne!(outcomes[0], outcomes[1], "{location}");
    }
}
