use serde_json::{Value, json};

use crate::fixture::*;

#[track_caller]
fn warns(file: &Value, path: &str, part: &str) {
    let found = good(file).warnings;
    assert!(
        found
            .iter()
            .any(|warning| warning.path.ends_with(path) && warning.message.contains(part)),
        "expected {path}: {part}, found {found:#?}"
    );
}

#[test]
fn what_is_probably_not_meant_is_said() {
    let source = format!("{CHANNEL}/channelSource");
    let status = format!("{source}/accountManagementSettings");
    let locked = |equal: Value| {
        let file = with(
            usual(),
            &format!("{status}/accountStatusAttributeName"),
            json!("nsAccountLock"),
        );
        let file = with(
            file,
            &format!("{status}/flagComparisonValue"),
            json!("true"),
        );
        with(file, &format!("{status}/flagComparisonStatus"), equal)
    };
    warns(
        &locked(json!(true)),
        "flagComparisonStatus",
        "set it to false",
    );
    warns(
        &locked(json!(null)),
        "flagComparisonStatus",
        "set it to false",
    );
    assert_eq!(good(&locked(json!(false))).warnings, []);
    let change = |pointer: &str, value: Value| with(usual(), pointer, value);
    warns(
        &change(&format!("{SP}/entityId"), json!("REPLACE-ME-1")),
        "entityId",
        "placeholder",
    );
    warns(
        &change(&format!("{SP}/baseUrl"), json!("https://other.example.org")),
        "baseUrl",
        "the target setting is used",
    );
    assert_eq!(
        good(&change(
            &format!("{SP}/baseUrl"),
            json!("https://Sample.example.org/scim/Users/")
        ))
        .warnings,
        []
    );
    warns(
        &change(&format!("{STORE}/useSsl"), json!(false)),
        "useSsl",
        "in the clear",
    );
    warns(
        &change(&format!("{STORE}/verifyHost"), json!(false)),
        "verifyHost",
        "not checked",
    );
    warns(
        &change(&format!("{STORE}/followLDAPReferrals"), json!(true)),
        "followLDAPReferrals",
        "never followed",
    );
    warns(
        &change(&format!("{status}/defaultStatus"), json!(false)),
        "defaultStatus",
        "count as disabled",
    );
    warns(
        &change(
            &format!("{CHANNEL}/attributeMapping/1"),
            mapping("workEmail", "userPrincipalName"),
        ),
        "attributeMapping[1]",
        "no mailbox",
    );
    warns(
        &change(
            &format!("{CHANNEL}/attributeMapping/0"),
            mapping("userName", "cn"),
        ),
        "attributeMapping[0]",
        "several people",
    );
    warns(
        &change(
            &format!("{source}/userSourceLocation/groupDN"),
            json!("cn=staff,dc=example,dc=org"),
        ),
        "userSourceLocation",
        "both must hold",
    );
    warns(
        &change(
            &format!("{SP}/outboundProvision/targetSettings/2"),
            json!({"name": "STYLE", "value": "a"}),
        ),
        "targetSettings",
        "PROTECTED_ACCOUNTS is empty",
    );
    warns(
        &change(&format!("{SP}/outboundProvision/channels"), json!([])),
        "channels",
        "no channel",
    );
}

#[test]
fn active_directory_has_its_own_warnings() {
    let source = format!("{CHANNEL}/channelSource");
    let file = with(
        usual(),
        &format!("{STORE}/ldapType"),
        json!("ACTIVE_DIRECTORY"),
    );
    let file = with(
        file,
        &format!("{source}/changeDetectionSettings/changedUsersAlgorithm"),
        json!("ACTIVE_DIRECTORY_USN"),
    );
    let file = with(
        file,
        &format!("{source}/changeDetectionSettings/usnAttributeName"),
        json!("uSNChanged"),
    );
    let file = with(
        file,
        &format!("{source}/guidAttributeName"),
        json!("objectGUID"),
    );
    for unstable in ["entryDN", "uid", "MAIL"] {
        let file = with(
            usual(),
            &format!("{source}/guidAttributeName"),
            json!(unstable),
        );
        warns(&file, "guidAttributeName", "never changes");
    }
    let file = with(file, &format!("{source}/guidBinary"), json!(true));
    warns(&file, "channelSource.dataSource", "not activated yet");
    warns(&file, "changedUsersAlgorithm", "several hosts");
    warns(&file, "guidBinary", "binaryAttributes");
    warns(&file, "timeStampAttributeName", "whenChanged");
    let generic = with(file, &format!("{STORE}/ldapType"), json!("GENERIC"));
    warns(&generic, "changedUsersAlgorithm", "another type");
}

#[test]
fn unknown_keys_and_resources_are_kept_and_said() {
    let file = with(usual(), &format!("{STORE}/favouriteColour"), json!("red"));
    warns(&file, "items[0].favouriteColour", "it is kept");
    let read = usher_pf::ConfigFile::parse(&file.to_string()).expect("valid");
    assert!(read.to_text().contains("favouriteColour"));
    let mut other = usual();
    other["pf"]["operations"].as_array_mut().expect("a list").push(json!(
        {"resourceType": "/oauth/clients", "operationType": "SAVE", "items": [{"clientId": "x"}]}
    ));
    warns(
        &other,
        "operations[2].resourceType",
        "no part in outbound provisioning",
    );
    let sso =
        json!({"type": "SP", "id": "sso", "name": "SSO", "entityId": "sso", "spBrowserSso": {}});
    warns(&file_with(sso), "items[1]", "no outboundProvision");
}

fn file_with(connection: Value) -> Value {
    file(&[ldap_store()], &[sp(), connection], None)
}

#[test]
fn unknown_settings_are_kept_and_said() {
    let file = with(
        usual(),
        &format!("{SP}/outboundProvision/targetSettings/2"),
        json!({"name": "NEW_THING", "value": "x"}),
    );
    warns(&file, "targetSettings[2].name", "no setting `NEW_THING`");
    let sp = &good(&file).configuration.sp_connections[0];
    assert_eq!(sp.settings["NEW_THING"], "x");
}
