//! What the connector declares, and how requests look.

use std::collections::BTreeMap;

use serde_json::json;
use usher_connector::{CheckOutcome, Connector, Failure};
use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL, REMOVE_ACTION, connector};
use usher_core::model::{DirectoryKind, Kind, Operation, TargetId};
use usher_sandbox::scim::Knobs;

use crate::rig::{
    Rig, TestOpener, change, create, members, open, person, sealed, settings, update,
};

const URL: &str = "https://api.atlassian.com/scim/directory/d-1";

fn encode(kind: Kind, operation: &Operation) -> usher_connector::Request {
    open(URL, "key")
        .encode(kind, operation, &TestOpener)
        .unwrap()
        .unwrap()
}

#[test]
fn every_field_has_a_path_and_every_default_rule_a_field() {
    let connector = connector();
    let descriptor = connector.descriptor();
    assert_eq!(descriptor.id, "AtlassianCloud");
    for field in &descriptor.fields {
        let path: usher_scim::Path = field.scim_path.parse().unwrap();
        assert_eq!(path.to_string(), field.scim_path);
        assert!(
            !field.label.is_empty() && !field.notes.is_empty(),
            "{}",
            field.name
        );
    }
    for name in ["userName", "workEmail", "externalId"] {
        assert!(
            descriptor.field(name).is_some_and(|field| field.unique),
            "{name}"
        );
    }
    let kinds = descriptor.default_mapping.keys().count();
    assert_eq!(kinds, 7);
    for (kind, rules) in &descriptor.default_mapping {
        for rule in rules {
            assert!(
                descriptor.field(&rule.field).is_some(),
                "{kind:?}: {}",
                rule.field
            );
        }
        for field in descriptor.fields.iter().filter(|field| field.required) {
            assert!(
                rules.iter().any(|rule| rule.field == field.name),
                "{kind:?}: {}",
                field.name
            );
        }
    }
    let ad = &descriptor.default_mapping[&DirectoryKind::ActiveDirectory];
    assert!(
        ad.iter()
            .any(|r| r.field == "userName" && r.attributes == ["sAMAccountName"])
    );
}

#[test]
fn the_identity_is_the_directory_id_and_every_problem_is_told_at_once() {
    let connector = connector();
    let of = |pairs: &[(&str, &str)]| {
        let settings: BTreeMap<String, String> = pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        connector.identity(&settings)
    };
    assert_eq!(
        of(&[(DIRECTORY_BASE_URL, &format!("{URL}/scim/Users/"))]),
        Ok("d-1".to_owned())
    );
    let problems = of(&[
        (
            DIRECTORY_BASE_URL,
            "http://api.atlassian.com/scim/directory/d-1",
        ),
        (REMOVE_ACTION, "Remove"),
        ("createNewUsers", "yes"),
        ("PROXY_URL", "socks5://p"),
    ])
    .unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
}

#[test]
fn a_missing_or_impossible_key_is_refused_before_anything_is_sent() {
    for key in ["", "  ", "two words", "k\u{e9}y"] {
        let error = connector().open(settings(URL, key)).err().unwrap();
        assert_eq!(error.failure, Failure::StopTarget);
        assert!(error.message.contains(API_KEY), "{}", error.message);
    }
}

#[test]
fn a_new_user_has_one_primary_work_address_and_says_that_it_is_active() {
    let resource = person("ana")
        .with("homeEmail", "ana@home.example")
        .with("department", "R&D");
    let request = encode(Kind::User, &create(resource));
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": "ana", "externalId": "key-ana", "active": true,
        "name": {"givenName": "Ana", "familyName": "Díaz"},
        "emails": [{"type": "home", "value": "ana@home.example"},
            {"type": "work", "value": "ana@example.com", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"},
    });
    assert_eq!(request.body, Some(body));
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/Users")
    );
    assert_eq!(
        request
            .recognise
            .map(|key| key.as_str().to_owned())
            .as_deref(),
        Some("key-ana")
    );
}

#[test]
fn an_update_sends_only_what_changed_and_clears_by_removal() {
    let id = TargetId::new("u/1");
    let changes = vec![
        change("title", Some("Cook"), Some("Chef")),
        change("displayName", Some("Ana"), None),
        change("homePhone", None, Some("+34 1")),
        change("mobilePhone", Some("+34 2"), Some("+34 3")),
        change("homeEmail", Some("a@h"), None),
        change("department", Some("R"), None),
    ];
    let request = encode(Kind::User, &update(&id, changes));
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("PATCH", "/Users/u%2F1")
    );
    let body = request.body.unwrap();
    assert_eq!(
        body["schemas"],
        json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"])
    );
    let expected = json!([
        {"op": "replace", "path": "title", "value": "Chef"},
        {"op": "remove", "path": "displayName"},
        {"op": "add", "path": "phoneNumbers", "value": [{"type": "home", "value": "+34 1"}]},
        {"op": "replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+34 3"},
        {"op": "remove", "path": "emails[type eq \"home\"]"},
        {"op": "remove", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"},
    ]);
    assert_eq!(body["Operations"], expected);
}

#[test]
fn a_disable_is_its_own_request_with_a_json_boolean() {
    let target_id = TargetId::new("u1");
    let request = encode(Kind::User, &Operation::Disable { target_id });
    let expected = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(request.body.unwrap()["Operations"], expected);
}

#[test]
fn what_has_no_effect_at_the_target_sends_nothing() {
    let target = open(URL, "key");
    let target_id = TargetId::new("u1");
    let unlink = Operation::Unlink {
        target_id: target_id.clone(),
    };
    let adopt = Operation::Adopt {
        target_id,
        changes: vec![],
        found_by: "userName".to_owned(),
    };
    for operation in [unlink, adopt] {
        assert_eq!(
            target.encode(Kind::User, &operation, &TestOpener).unwrap(),
            None
        );
    }
}

#[test]
fn groups_are_never_written_as_a_whole_nor_renamed() {
    let target = open(URL, "key");
    let id = TargetId::new("g1");
    assert!(!target.capabilities().group_rename);
    let operations = [
        update(&id, vec![change("externalId", None, Some("k"))]),
        Operation::AddMembers {
            target_id: id.clone(),
            members: members(&[&id]),
        },
        Operation::RemoveMembers {
            target_id: id.clone(),
            members: members(&[&id]),
        },
        Operation::Delete { target_id: id },
    ];
    for operation in &operations {
        let first = target.encode(Kind::Group, operation, &TestOpener).unwrap();
        let others = (1..5).map_while(|n| {
            target
                .encode_otherwise(Kind::Group, operation, n, &TestOpener)
                .unwrap()
        });
        assert!(
            first
                .into_iter()
                .chain(others)
                .all(|request| request.method != "PUT")
        );
    }
}

#[tokio::test]
async fn masked_values_reach_the_target_and_nothing_that_is_shown() {
    let rig = Rig::start(Knobs::default()).await;
    let mut resource = person("ana");
    resource
        .fields
        .insert("mobilePhone".to_owned(), sealed("+34-600-SECRET"));
    let request = rig
        .target
        .encode(Kind::User, &create(resource), &TestOpener)
        .unwrap()
        .unwrap();
    assert!(
        !request
            .shown
            .as_ref()
            .unwrap()
            .to_string()
            .contains("SECRET")
    );
    let reply = rig.target.send(&request).await.unwrap();
    let id = reply.target_id.clone().unwrap();
    assert_eq!(
        rig.user(&id).unwrap()["phoneNumbers"][0]["value"],
        "+34-600-SECRET"
    );
    let seen = serde_json::to_string(&reply.exchange).unwrap();
    assert!(
        !seen.contains("SECRET") && !seen.contains(&rig.sandbox.key()),
        "{seen}"
    );
    assert!(seen.contains("ana@example.com"));
    // A later change of something else gets the masked value back, and must not record it either.
    let operation = update(&id, vec![change("title", None, Some("Cook"))]);
    let request = rig
        .target
        .encode(Kind::User, &operation, &TestOpener)
        .unwrap()
        .unwrap();
    let reply = rig.target.send(&request).await.unwrap();
    let seen = serde_json::to_string(&reply.exchange).unwrap();
    assert!(!seen.contains("SECRET") && seen.contains("Cook"), "{seen}");
}

#[tokio::test]
async fn verification_is_one_cheap_request_and_names_what_failed() {
    let rig = Rig::start(Knobs::default()).await;
    let checks = rig.target.check().await;
    assert!(
        checks
            .iter()
            .all(|check| check.outcome == CheckOutcome::Good),
        "{checks:?}"
    );
    assert_eq!(
        rig.asked(),
        [format!("GET {}/Users?count=1", rig.sandbox.directory_id())]
    );

    let failed = |checks: Vec<usher_connector::Check>| {
        let last = checks.last().unwrap().clone();
        assert_eq!(last.outcome, CheckOutcome::Failed);
        (last.name, last.detail)
    };
    let (name, detail) = failed(open(&rig.sandbox.base_url(), "wrong").check().await);
    assert_eq!(name, "key");
    assert!(
        detail.contains("401") && detail.contains("make a new one"),
        "{detail}"
    );
    let elsewhere = format!("{}/scim/directory/nowhere", rig.sandbox.origin());
    let (name, detail) = failed(open(&elsewhere, &rig.sandbox.key()).check().await);
    assert!(detail.contains("directory"), "{name}: {detail}");
    let (name, _) = failed(
        open("http://127.0.0.1:9/scim/directory/d", "k")
            .check()
            .await,
    );
    assert_eq!(name, "reached");
}
