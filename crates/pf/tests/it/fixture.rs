//! A connector, a file and helpers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher_core::descriptor::{
    Capabilities, ConnectorDescriptor, FieldDescriptor, SettingDescriptor, SettingKind,
};
use usher_core::model::{Configuration, Sealed};
use usher_pf::{ConfigFile, ConfigProblem, ImportContext, Imported, Mode, Secrets, import};

fn field(name: &str, required: bool, multi_valued: bool) -> FieldDescriptor {
    FieldDescriptor {
        name: name.to_owned(),
        label: name.to_owned(),
        required,
        unique: name == "userName",
        case_exact: false,
        multi_valued,
        reaches_account: true,
        max_length: None,
        scim_path: name.to_owned(),
        notes: Vec::new(),
    }
}

fn setting(name: &str, kind: SettingKind, required: bool) -> SettingDescriptor {
    SettingDescriptor {
        name: name.to_owned(),
        label: name.to_owned(),
        help: format!("help for {name}"),
        kind,
        required,
        default: None,
    }
}

pub(crate) fn connector() -> ConnectorDescriptor {
    ConnectorDescriptor {
        id: "Sample".to_owned(),
        name: "Sample Provisioner".to_owned(),
        settings: vec![
            setting("TARGET_BASE_URL", SettingKind::Text, true),
            setting("TOKEN", SettingKind::Secret, true),
            setting(
                "STYLE",
                SettingKind::Select(vec!["a".into(), "b".into()]),
                false,
            ),
            setting("PROTECTED_ACCOUNTS", SettingKind::TextArea, false),
        ],
        fields: vec![
            field("userName", true, false),
            field("workEmail", true, false),
            field("displayName", false, false),
            field("phones", false, true),
            field("externalId", false, false),
        ],
        username_field: "userName".to_owned(),
        email_field: "workEmail".to_owned(),
        external_id_field: "externalId".to_owned(),
        metadata: None,
        protected_groups: Vec::new(),
        capabilities: Capabilities {
            groups: true,
            nested_groups: false,
            group_rename: false,
            member_batch: 10,
            requests_per_second: 5.0,
            in_flight: 4,
            lookups: Vec::new(),
        },
        default_mapping: BTreeMap::new(),
    }
}

/// Seals by putting the text in brackets; opens what begins with its own mark.
#[derive(Default)]
pub(crate) struct Brackets;

impl Secrets for Brackets {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        if plain == "env:NOWHERE" {
            return Err("the environment variable NOWHERE is not set".to_owned());
        }
        let turned: String = plain.chars().rev().collect();
        Ok(Sealed(format!("sealed.{kind}.{turned}")))
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        if sealed.0.starts_with(&format!("sealed.{kind}.")) {
            Ok(())
        } else {
            Err("it was sealed elsewhere; enter the secret again".to_owned())
        }
    }
}

pub(crate) fn ldap_store() -> Value {
    json!({
        "type": "LDAP", "id": "corp", "name": "Corporate", "ldapType": "GENERIC",
        "hostnames": ["ldap1.example.org:636 ldap2.example.org"],
        "userDN": "cn=reader,dc=example,dc=org", "password": "bind-hunter2", "useSsl": true,
    })
}

pub(crate) fn mapping(field: &str, attribute: &str) -> Value {
    json!({"fieldName": field, "saasFieldInfo": {"attributeNames": [attribute]}})
}

pub(crate) fn channel() -> Value {
    json!({
        "name": "staff", "active": true,
        "channelSource": {
            "dataSource": {"id": "corp"},
            "guidAttributeName": "entryUUID", "guidBinary": false,
            "baseDn": "dc=example,dc=org",
            "changeDetectionSettings": {
                "userObjectClass": "inetOrgPerson", "groupObjectClass": "groupOfNames",
                "changedUsersAlgorithm": "TIMESTAMP_NO_NEGATION",
                "timeStampAttributeName": "modifyTimestamp",
            },
            "groupMembershipDetection": {"groupMemberAttributeName": "member"},
            "accountManagementSettings": {
                "accountStatusAttributeName": "employeeStatus",
                "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                "flagComparisonValue": "left", "flagComparisonStatus": false,
            },
            "userSourceLocation": {"filter": "(objectClass=inetOrgPerson)"},
            "groupSourceLocation": {"groupDN": null, "filter": "(cn=app-*)", "nestedSearch": false},
        },
        "attributeMapping": [mapping("userName", "uid"), mapping("workEmail", "mail")],
    })
}

pub(crate) fn sp() -> Value {
    json!({
        "type": "SP", "id": "sample", "name": "Sample", "entityId": "https://sample.example.org",
        "active": true,
        "outboundProvision": {
            "type": "Sample",
            "targetSettings": [
                {"name": "TARGET_BASE_URL", "value": "https://sample.example.org/scim"},
                {"name": "TOKEN", "value": "token-hunter2"},
                {"name": "PROTECTED_ACCOUNTS", "value": "admin@example.org, root@example.org"},
            ],
            "channels": [channel()],
        },
    })
}

pub(crate) fn file(stores: &[Value], connections: &[Value], policies: Option<Value>) -> Value {
    let mut file = json!({
        "usher": 1,
        "pf": {
            "metadata": {"pfVersion": "12.1.0.0"},
            "operations": [
                {"resourceType": "/dataStores", "operationType": "SAVE", "items": stores},
                {"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": connections},
            ],
        },
    });
    if let Some(policies) = policies {
        file["policies"] = policies;
    }
    file
}

pub(crate) fn usual() -> Value {
    file(&[ldap_store()], &[sp()], None)
}

/// Puts a value at a JSON pointer; `Value::Null` works as absent.
pub(crate) fn with(mut file: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = file
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        parent => parent[key] = value,
    }
    file
}

pub(crate) const SP: &str = "/pf/operations/1/items/0";
pub(crate) const CHANNEL: &str = "/pf/operations/1/items/0/outboundProvision/channels/0";
pub(crate) const STORE: &str = "/pf/operations/0/items/0";

pub(crate) fn read_over(
    file: &Value,
    current: &Configuration,
    mode: Mode,
) -> Result<Imported, Vec<ConfigProblem>> {
    let file = ConfigFile::parse(&file.to_string())?;
    let connector = connector();
    let mut next = 0;
    let mut ids = || {
        next += 1;
        format!("id-{next}")
    };
    import(
        &file,
        ImportContext {
            current,
            connectors: &[&connector],
            ids: &mut ids,
            secrets: &mut Brackets,
            mode,
            now: 1_000,
        },
    )
}

pub(crate) fn read(file: &Value) -> Result<Imported, Vec<ConfigProblem>> {
    read_over(file, &Configuration::default(), Mode::Replace)
}

#[track_caller]
pub(crate) fn good(file: &Value) -> Imported {
    read(file).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("expected no problem, found:\n{}", lines.join("\n"))
    })
}

#[track_caller]
pub(crate) fn bad(file: &Value) -> Vec<ConfigProblem> {
    read(file).expect_err("problems")
}
