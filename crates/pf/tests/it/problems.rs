use serde_json::{Value, json};
use usher_pf::ConfigFile;

use crate::fixture::*;

#[test]
fn every_problem_is_reported_at_once_with_its_path() {
    let file = json!({
        "usher": 1,
        "pf": {
            "metadata": {},
            "operations": [
                {"resourceType": "/dataStores", "operationType": "SAVE", "items": [
                    {"type": "LDAP", "ldapType": "NOVELL", "hostnames": ["ldap://x"], "userDN": "nobody"},
                ]},
                {"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": [{
                    "name": "A", "entityId": "a", "id": "a b",
                    "outboundProvision": {
                        "type": "Nothing", "targetSettings": [],
                        "channels": [{
                            "name": "c", "active": "yes", "maxThreads": 0,
                            "channelSource": {
                                "dataSource": {"id": "nowhere"},
                                "guidAttributeName": "", "guidBinary": false, "baseDn": "example.org",
                                "changeDetectionSettings": {
                                    "userObjectClass": "person", "groupObjectClass": "group",
                                    "changedUsersAlgorithm": "ACTIVE_DIRECTORY_USN",
                                    "timeStampAttributeName": "whenChanged",
                                },
                                "accountManagementSettings": {
                                    "accountStatusAttributeName": "lock",
                                    "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                                },
                                "userSourceLocation": {"filter": "(cn=*"},
                                "groupSourceLocation": {"groupDN": "x y"},
                            },
                            "attributeMapping": [],
                        }],
                    },
                }]},
            ],
        },
        "policies": [{"connection": "B", "channel": "c"}, {"connection": "A", "channel": "c", "colour": 1, "delete_grace_days": "x"}],
    });
    let found: Vec<String> = bad(&file).into_iter().map(|problem| problem.path).collect();
    let channel = "pf.operations[1].items[0].outboundProvision.channels[0]";
    let expected = [
        "pf.metadata.pfVersion".to_owned(),
        "pf.operations[0].items[0].ldapType".to_owned(),
        "pf.operations[0].items[0].hostnames".to_owned(),
        "pf.operations[0].items[0].userDN".to_owned(),
        "pf.operations[0].items[0].password".to_owned(),
        format!("{channel}.active"),
        format!("{channel}.maxThreads"),
        "pf.operations[1].items[0].id".to_owned(),
        "pf.operations[1].items[0].outboundProvision.type".to_owned(),
        format!("{channel}.channelSource.guidAttributeName"),
        format!("{channel}.channelSource.baseDn"),
        format!("{channel}.channelSource.changeDetectionSettings.usnAttributeName"),
        format!("{channel}.channelSource.accountManagementSettings.flagComparisonValue"),
        format!("{channel}.channelSource.userSourceLocation.filter"),
        format!("{channel}.channelSource.groupSourceLocation.groupDN"),
        "policies[0].connection".to_owned(),
        "policies[1].colour".to_owned(),
        "policies[1].delete_grace_days".to_owned(),
        format!("{channel}.channelSource.dataSource.id"),
    ];
    for path in &expected {
        assert!(found.contains(path), "missing {path} in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// One change of the usual file, and where its only problem is.
#[test]
fn each_mistake_has_its_place() {
    let outbound = format!("{SP}/outboundProvision");
    let source = format!("{CHANNEL}/channelSource");
    let cases: Vec<(String, Value, &str)> = vec![
        (
            format!("{STORE}/useStartTLS"),
            json!(true),
            "pf.operations[0].items[0].useStartTLS",
        ),
        (
            format!("{STORE}/useDnsSrvRecords"),
            json!(true),
            "pf.operations[0].items[0].useDnsSrvRecords",
        ),
        (
            format!("{STORE}/clientTlsCertificateRef"),
            json!({"id": "x"}),
            "pf.operations[0].items[0].clientTlsCertificateRef",
        ),
        (
            format!("{STORE}/bindAnonymously"),
            json!(true),
            "pf.operations[0].items[0].bindAnonymously",
        ),
        (
            format!("{STORE}/readTimeout"),
            json!("soon"),
            "pf.operations[0].items[0].readTimeout",
        ),
        (
            format!("{STORE}/binaryAttributes"),
            json!(["a b"]),
            "pf.operations[0].items[0].binaryAttributes[0]",
        ),
        (
            format!("{STORE}/type"),
            json!("FILE"),
            "pf.operations[0].items[0].type",
        ),
        (
            format!("{SP}/type"),
            json!("IDP"),
            "pf.operations[1].items[0].type",
        ),
        (
            format!("{SP}/entityId"),
            json!(""),
            "pf.operations[1].items[0].entityId",
        ),
        (
            format!("{SP}/virtualEntityIds"),
            json!(["v"]),
            "pf.operations[1].items[0].defaultVirtualEntityId",
        ),
        (
            format!("{outbound}/targetSettings/1"),
            json!({"name": "TOKEN"}),
            "pf.operations[1].items[0].outboundProvision.targetSettings",
        ),
        (
            format!("{outbound}/targetSettings/1"),
            json!({"name": "TOKEN", "encryptedValue": "foreign"}),
            "pf.operations[1].items[0].outboundProvision.targetSettings[1].encryptedValue",
        ),
        (
            format!("{outbound}/targetSettings/2"),
            json!({"name": "STYLE", "value": "c"}),
            "pf.operations[1].items[0].outboundProvision.targetSettings[2].value",
        ),
        (
            format!("{outbound}/targetSettings/2"),
            json!({"name": "REMOVE_ACTION", "value": "Keep"}),
            "pf.operations[1].items[0].outboundProvision.targetSettings[2].value",
        ),
        (
            format!("{outbound}/targetSettings/2"),
            json!({"name": "TARGET_BASE_URL", "value": "x"}),
            "pf.operations[1].items[0].outboundProvision.targetSettings[2].name",
        ),
        (
            format!("{source}/userSourceLocation"),
            json!({}),
            "pf.operations[1].items[0].outboundProvision.channels[0].channelSource.userSourceLocation",
        ),
        (
            format!("{CHANNEL}/attributeMapping/1"),
            mapping("workMail", "mail"),
            "pf.operations[1].items[0].outboundProvision.channels[0].attributeMapping[1]",
        ),
        (
            format!("{CHANNEL}/attributeMapping/0/saasFieldInfo/expression"),
            json!("uid | nosuch"),
            "pf.operations[1].items[0].outboundProvision.channels[0].attributeMapping[0].saasFieldInfo.expression",
        ),
    ];
    for (pointer, value, path) in cases {
        let found = bad(&with(usual(), &pointer, value.clone()));
        assert!(
            found.iter().any(|problem| problem.path == path),
            "{pointer} = {value}: expected {path}, found {found:#?}"
        );
    }
}

#[test]
fn names_and_entity_ids_are_unique() {
    let second =
        json!({"id": "second", "name": "Sample", "entityId": "https://sample.example.org"});
    let mut connections = vec![sp(), sp()];
    for (key, value) in second.as_object().expect("an object") {
        connections[1][key] = value.clone();
    }
    let found = bad(&file(&[ldap_store()], &connections, None));
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "pf.operations[1].items[1].name",
            "pf.operations[1].items[1].entityId"
        ]
    );
}

#[test]
fn foreign_expressions_get_a_hint() {
    let ognl = json!("#this.get(\"sn\")");
    let path = format!("{CHANNEL}/attributeMapping/0/saasFieldInfo/expression");
    let found = bad(&with(usual(), &path, ognl));
    assert!(found[0].hint.contains("OGNL"), "{found:#?}");
}

#[test]
fn a_reserved_or_foreign_store_is_no_source() {
    let jdbc = json!({"type": "JDBC", "id": "ProvisionerDS", "driverClass": "x"});
    let mut stores = vec![ldap_store(), jdbc];
    assert!(good(&file(&stores, &[sp()], None)).warnings.is_empty());
    stores.remove(0);
    let pointed = with(
        file(&stores, &[sp()], None),
        &format!("{CHANNEL}/channelSource/dataSource/id"),
        json!("ProvisionerDS"),
    );
    let found = bad(&pointed);
    assert!(found[0].hint.contains("Usher's own state"), "{found:#?}");
}

#[test]
fn templates_must_fit_and_agree() {
    let cases = [
        (
            json!([{"connection": "sample", "channel": "staff", "template": "active_directory"}]),
            "policies[0].template",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "template": "novell"}]),
            "policies[0].template",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "template": "ds389"}, {"data_store": "corp", "template": "open_ldap"}]),
            "policies[1].template",
        ),
        (json!([{"data_store": "nothing"}]), "policies[0].data_store"),
        (
            json!([{"data_store": "corp", "page_size": 0}]),
            "policies[0].page_size",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "expiry": 7}]),
            "policies[0].expiry",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "sentinels": ["no dn"]}]),
            "policies[0].sentinels[0]",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "exclude": {"filter": "("}}]),
            "policies[0].exclude.filter",
        ),
        (
            json!([{"connection": "sample", "channel": "staff", "guards": {"creates": 5}}]),
            "policies[0].guards.creates",
        ),
        (
            json!([{"connection": "sample", "channel": "staff"}, {"connection": "Sample", "channel": "staff"}]),
            "policies[1].channel",
        ),
        (
            json!([{"connection": "sample", "channel": "guests"}]),
            "policies[0].channel",
        ),
        (json!(["x"]), "policies[0]"),
    ];
    for (policies, path) in cases {
        let found = bad(&file(&[ldap_store()], &[sp()], Some(policies.clone())));
        assert_eq!(found.len(), 1, "{policies}: {found:#?}");
        assert_eq!(found[0].path, path, "{policies}");
    }
}

#[test]
fn our_own_parts_refuse_unknown_keys_and_broken_json_says_where() {
    let found = ConfigFile::parse(r#"{"usher": 2, "pff": {}, "policies": {}}"#).expect_err("bad");
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["usher", "pf", "policies", "pff"]);
    let found = ConfigFile::parse("{\n  \"usher\": 1,\n}").expect_err("bad");
    assert!(found[0].found.contains("line 3, column 1"), "{found:?}");
    let found = ConfigFile::parse(r#"{"metadata": {}, "operations": []}"#).expect_err("bad");
    assert!(
        found[0].hint.contains("put it under the key `pf`"),
        "{found:?}"
    );
    assert!(ConfigFile::parse("7").is_err());
    assert!(ConfigFile::parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn no_secret_stands_in_a_problem_or_warning() {
    let mut file = usual();
    file = with(file, &format!("{STORE}/useStartTLS"), json!(true));
    file = with(
        file,
        &format!("{STORE}/encryptedPassword"),
        json!(["hunter2"]),
    );
    file = with(
        file,
        &format!("{SP}/outboundProvision/targetSettings/1/name"),
        json!("TOKKEN"),
    );
    let shown = format!("{:?}", bad(&file));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_secret_that_cannot_be_had_is_one_problem_and_not_missing_as_well() {
    let key = format!("{SP}/outboundProvision/targetSettings/1/value");
    let mut file = with(usual(), &key, json!("env:NOWHERE"));
    file = with(file, &format!("{STORE}/password"), json!("env:NOWHERE"));
    let found = bad(&file);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().all(|problem| problem.hint.contains("NOWHERE")),
        "{found:?}"
    );
}

/// Every mistake of a policy at once, each with its path, what was expected and what to do.
#[test]
fn each_part_of_a_policy_is_looked_into_down_to_its_leaves() {
    let policies = json!([
        {
            "connection": "sample", "channel": "staff", "templat": "generic",
            "guards": {
                "creates": {"at_least": -3},
                "user_deletes": {"at_least": 1, "percent": 101, "at_mots": 3},
                "container_people": "ten",
                "shrunk_precent": 50,
            },
            "protected": {"dns": "dc=example", "names": [5, "ana"], "filter": "(uid="},
            "schedule": {"incremental_seconds": 0, "full_seconds": 60.5},
            "load": {"in_flight": 0, "requests_per_second": -1},
            "group_rename": "create_copy",
            "approval_hours": null,
            "colour": 1,
        },
        {"connection": 7, "channel": "staff", "sentinels": [3]},
        {"data_store": "nowhere", "ca_fil": "x", "page_size": 0, "certificate_sha256": "12:34"},
    ]);
    let found = bad(&file(&[ldap_store()], &[sp()], Some(policies)));
    let at = |path: &str| {
        let path = format!("policies{path}");
        let found = found.iter().find(|problem| problem.path == path);
        found.unwrap_or_else(|| panic!("nothing at {path}"))
    };
    for (path, expected, hint) in [
        (
            "[0].templat",
            "one of the keys connection,",
            "did you mean `template`?",
        ),
        (
            "[0].guards.creates.at_least",
            "a whole number from 0",
            "correct it",
        ),
        (
            "[0].guards.creates.percent",
            "a number from 0 to 100",
            "a limit is written whole: add it",
        ),
        (
            "[0].guards.user_deletes.percent",
            "a number from 0 to 100",
            "correct it",
        ),
        (
            "[0].guards.user_deletes.at_mots",
            "one of the keys at_least",
            "did you mean `at_most`?",
        ),
        (
            "[0].guards.container_people",
            "a whole number from 0",
            "correct it",
        ),
        (
            "[0].guards.shrunk_precent",
            "one of the keys removals_by",
            "did you mean `shrunk_percent`?",
        ),
        ("[0].protected.dns", "a list of texts", "correct it"),
        ("[0].protected.names[0]", "a text", "correct it"),
        ("[0].protected.filter", "", ""),
        (
            "[0].schedule.incremental_seconds",
            "a whole number from 1",
            "correct it",
        ),
        (
            "[0].schedule.full_seconds",
            "a whole number from 60",
            "correct it",
        ),
        (
            "[0].load.in_flight",
            "a whole number from 1 to 65535",
            "correct it",
        ),
        (
            "[0].load.requests_per_second",
            "0, or a number from 0.01 to 1000000",
            "correct it",
        ),
        (
            "[0].group_rename",
            "one of keep, create_copy_delete, fail",
            "correct it",
        ),
        ("[0].approval_hours", "a whole number from 1", "correct it"),
        ("[0].colour", "one of the keys connection,", "remove it"),
        ("[1].connection", "a text", "give its id or name"),
        ("[1].sentinels[0]", "a text", "correct it"),
        (
            "[2].data_store",
            "the id or name of a data store",
            "there is corp",
        ),
        (
            "[2].ca_fil",
            "one of the keys data_store,",
            "did you mean `ca_file`?",
        ),
        (
            "[2].certificate_sha256",
            "the SHA-256 of a certificate: 64 hexadecimal digits",
            "correct it",
        ),
        (
            "[2].page_size",
            "a whole number from 1 to 100000",
            "correct it",
        ),
    ] {
        let problem = at(path);
        assert!(problem.expected.starts_with(expected), "{problem:?}");
        assert!(problem.hint.starts_with(hint), "{problem:?}");
    }
    assert_eq!(found.len(), 23, "{found:#?}");
}

#[test]
fn a_mistaken_frame_hides_nothing_that_is_wrong_inside() {
    let mut odd = file(&[ldap_store()], &[sp()], None);
    odd["usher"] = json!(2);
    odd["policies"] = json!(5);
    odd["policy"] = json!([]);
    let odd = with(odd, &format!("{STORE}/readTimeout"), json!("soon"));
    let paths: Vec<String> = bad(&odd).into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "usher",
            "policies",
            "policy",
            "pf.operations[0].items[0].readTimeout"
        ]
    );
}
