//! The published fields that work, each with what shows its effect.

use serde_json::{Value, json};

/// What shows the effect of a field.
pub(super) enum Shows {
    /// With these values in the document a plan does something else.
    Plan(Vec<(&'static str, Value)>),
    /// The test of this name changes the field in its document.
    Test(&'static str),
    /// With these values in the document the configuration says something else under this name, and the test,
    /// which varies that, sees another search, request or decision.
    Reaches {
        with: Vec<(&'static str, Value)>,
        at: &'static str,
        test: &'static str,
    },
}

use Shows::{Plan, Reaches, Test};

fn reaches(pointer: &'static str, value: Value, at: &'static str, test: &'static str) -> Shows {
    Reaches {
        with: vec![(pointer, value)],
        at,
        test,
    }
}

fn plan(pointer: &'static str, value: Value) -> Shows {
    Plan(vec![(pointer, value)])
}

fn ldap() -> Vec<(&'static str, Shows)> {
    let nowhere = json!(["127.0.0.1:1"]);
    let tagged = json!([{"hostnames": nowhere, "defaultSource": true}]);
    vec![
        (
            "bindAnonymously",
            Plan(vec![
                ("/bindAnonymously", json!(true)),
                ("/userDN", Value::Null),
                ("/password", Value::Null),
            ]),
        ),
        (
            "binaryAttributes",
            reaches(
                "/binaryAttributes",
                json!(["jpegPhoto"]),
                "binary_attributes",
                "a_picture_reaches_the_target_as_base64_once_it_is_called_binary",
            ),
        ),
        (
            "connectionTimeout",
            Test("a_directory_is_waited_for_as_long_as_its_data_store_says"),
        ),
        (
            "encryptedPassword",
            Test("a_sealed_secret_stays_where_it_is_the_present_one_and_is_refused_otherwise"),
        ),
        ("hostnames", plan("/hostnames", nowhere.clone())),
        (
            "hostnamesTags[].defaultSource",
            Test("the_default_source_is_the_one_that_is_asked"),
        ),
        (
            "hostnamesTags[].hostnames",
            Plan(vec![
                ("/hostnames", Value::Null),
                ("/hostnamesTags", tagged),
            ]),
        ),
        ("id", Test("ids_are_given_or_assigned_and_do_not_change")),
        (
            "ldapType",
            Test("a_channel_of_an_unproven_kind_of_directory_is_not_activated"),
        ),
        ("name", Test("names_and_entity_ids_are_unique")),
        ("password", plan("/password", json!("wrong"))),
        (
            "readTimeout",
            Test("a_directory_is_waited_for_as_long_as_its_data_store_says"),
        ),
        ("type", Test("a_reserved_or_foreign_store_is_no_source")),
        ("useSsl", plan("/useSsl", json!(true))),
        ("useStartTLS", plan("/useStartTLS", json!(true))),
        (
            "userDN",
            plan("/userDN", json!("cn=nobody,dc=example,dc=com")),
        ),
        (
            "verifyHost",
            Test("the_name_in_a_certificate_counts_unless_the_store_says_otherwise"),
        ),
    ]
}

fn custom() -> Vec<(&'static str, Shows)> {
    vec![
        (
            "configuration.fields[].name",
            Test("a_field_of_another_name_is_no_path"),
        ),
        (
            "configuration.fields[].value",
            plan("/configuration/fields/0/value", json!("/nowhere.ldif")),
        ),
        ("id", Test("ids_are_given_or_assigned_and_do_not_change")),
        ("name", Test("names_and_entity_ids_are_unique")),
        (
            "pluginDescriptorRef.id",
            Test("a_reserved_or_foreign_store_is_no_source"),
        ),
        ("type", Test("a_reserved_or_foreign_store_is_no_source")),
    ]
}

/// Of the channel; pointers begin at it.
#[allow(clippy::too_many_lines, reason = "a table")]
fn of_channel() -> Vec<(&'static str, Shows)> {
    let location = |dn: &str, nested: bool| json!({"groupDN": dn, "nestedSearch": nested});
    let team = "cn=team,dc=example,dc=com";
    let info = |key: &'static str, value: Value| plan(key, value);
    vec![
        (
            "active",
            reaches(
                "/active",
                json!(true),
                "active",
                "what_is_not_active_in_the_configuration_does_not_run_until_it_is",
            ),
        ),
        (
            "attributeMapping[].fieldName",
            info("/attributeMapping/2/fieldName", json!("displayName")),
        ),
        (
            "attributeMapping[].saasFieldInfo.attributeNames",
            info(
                "/attributeMapping/2/saasFieldInfo/attributeNames",
                json!(["cn"]),
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.characterCase",
            info(
                "/attributeMapping/2/saasFieldInfo/characterCase",
                json!("UPPER"),
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.createOnly",
            reaches(
                "/attributeMapping/2/saasFieldInfo/createOnly",
                json!(true),
                "create_only",
                "create_only_fields_are_sent_once",
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.defaultValue",
            info(
                "/attributeMapping/3/saasFieldInfo/defaultValue",
                json!("Nobody"),
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.expression",
            info(
                "/attributeMapping/2/saasFieldInfo/expression",
                json!("givenName | upper"),
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.masked",
            info("/attributeMapping/2/saasFieldInfo/masked", json!(true)),
        ),
        (
            "attributeMapping[].saasFieldInfo.parser",
            info(
                "/attributeMapping/2/saasFieldInfo",
                json!({"attributeNames": ["mail"], "parser": "EXTRACT_USERNAME_FROM_EMAIL"}),
            ),
        ),
        (
            "attributeMapping[].saasFieldInfo.trim",
            info("/attributeMapping/2/saasFieldInfo/trim", json!(true)),
        ),
        (
            "channelSource.accountManagementSettings.accountStatusAlgorithm",
            plan(
                "/channelSource/accountManagementSettings/accountStatusAlgorithm",
                json!("ACCOUNT_STATUS_ALGORITHM_AD"),
            ),
        ),
        (
            "channelSource.accountManagementSettings.accountStatusAttributeName",
            plan(
                "/channelSource/accountManagementSettings/accountStatusAttributeName",
                json!("description"),
            ),
        ),
        (
            "channelSource.accountManagementSettings.defaultStatus",
            plan(
                "/channelSource/accountManagementSettings/defaultStatus",
                json!(false),
            ),
        ),
        (
            "channelSource.accountManagementSettings.flagComparisonStatus",
            plan(
                "/channelSource/accountManagementSettings/flagComparisonStatus",
                json!(true),
            ),
        ),
        (
            "channelSource.accountManagementSettings.flagComparisonValue",
            plan(
                "/channelSource/accountManagementSettings/flagComparisonValue",
                json!("here"),
            ),
        ),
        (
            "channelSource.baseDn",
            plan(
                "/channelSource/baseDn",
                json!("ou=people,dc=example,dc=com"),
            ),
        ),
        (
            "channelSource.changeDetectionSettings.changedUsersAlgorithm",
            Reaches {
                with: vec![
                    (
                        "/channelSource/changeDetectionSettings/changedUsersAlgorithm",
                        json!("ACTIVE_DIRECTORY_USN"),
                    ),
                    (
                        "/channelSource/changeDetectionSettings/usnAttributeName",
                        json!("uSNChanged"),
                    ),
                ],
                at: "change_detection",
                test: "what_has_changed_is_asked_for_by_the_attribute_that_is_named",
            },
        ),
        (
            "channelSource.changeDetectionSettings.groupObjectClass",
            plan(
                "/channelSource/changeDetectionSettings/groupObjectClass",
                json!("groupOfUniqueNames"),
            ),
        ),
        (
            "channelSource.changeDetectionSettings.timeStampAttributeName",
            reaches(
                "/channelSource/changeDetectionSettings/timeStampAttributeName",
                json!("whenChanged"),
                "timestamp_attribute",
                "what_has_changed_is_asked_for_by_the_attribute_that_is_named",
            ),
        ),
        (
            "channelSource.changeDetectionSettings.userObjectClass",
            plan(
                "/channelSource/changeDetectionSettings/userObjectClass",
                json!("account"),
            ),
        ),
        (
            "channelSource.changeDetectionSettings.usnAttributeName",
            Reaches {
                with: vec![
                    (
                        "/channelSource/changeDetectionSettings/changedUsersAlgorithm",
                        json!("ACTIVE_DIRECTORY_USN"),
                    ),
                    (
                        "/channelSource/changeDetectionSettings/usnAttributeName",
                        json!("counter"),
                    ),
                ],
                at: "usn_attribute",
                test: "what_has_changed_is_asked_for_by_the_attribute_that_is_named",
            },
        ),
        (
            "channelSource.dataSource.id",
            plan("/channelSource/dataSource/id", json!("export")),
        ),
        (
            "channelSource.groupMembershipDetection.groupMemberAttributeName",
            plan(
                "/channelSource/groupMembershipDetection/groupMemberAttributeName",
                json!("owner"),
            ),
        ),
        (
            "channelSource.groupSourceLocation.filter",
            plan(
                "/channelSource/groupSourceLocation/filter",
                json!("(cn=all)"),
            ),
        ),
        (
            "channelSource.groupSourceLocation.groupDN",
            plan("/channelSource/groupSourceLocation", location(team, false)),
        ),
        (
            "channelSource.groupSourceLocation.nestedSearch",
            Test("a_nested_search_reaches_further"),
        ),
        (
            "channelSource.guidAttributeName",
            plan("/channelSource/guidAttributeName", json!("uid")),
        ),
        (
            "channelSource.guidBinary",
            reaches(
                "/channelSource/guidBinary",
                json!(true),
                "guid_binary",
                "binary_keys_are_read_and_found_again",
            ),
        ),
        (
            "channelSource.userSourceLocation.filter",
            plan(
                "/channelSource/userSourceLocation/filter",
                json!("(uid=ana)"),
            ),
        ),
        (
            "channelSource.userSourceLocation.groupDN",
            plan("/channelSource/userSourceLocation", location(team, false)),
        ),
        (
            "channelSource.userSourceLocation.nestedSearch",
            Test("a_nested_search_reaches_further"),
        ),
        (
            "maxThreads",
            reaches(
                "/maxThreads",
                json!(7),
                "max_threads",
                "as_many_steps_are_under_way_as_the_threads_of_its_channels",
            ),
        ),
        (
            "name",
            reaches(
                "/name",
                json!("people"),
                "name",
                "a_channel_with_a_new_name_is_shown_by_it",
            ),
        ),
        (
            "timeout",
            reaches(
                "/timeout",
                json!(9),
                "timeout_seconds",
                "a_target_that_answers_late_is_waited_for_as_long_as_the_channel_says",
            ),
        ),
    ]
}

fn of_connection() -> Vec<(&'static str, Shows)> {
    vec![
        (
            "active",
            reaches(
                "/active",
                json!(true),
                "active",
                "what_is_not_active_in_the_configuration_does_not_run_until_it_is",
            ),
        ),
        ("entityId", Test("names_and_entity_ids_are_unique")),
        ("id", Test("ids_are_given_or_assigned_and_do_not_change")),
        (
            "name",
            Test("connections_are_found_by_a_part_of_their_name_and_shown_page_by_page"),
        ),
        (
            "outboundProvision.targetSettings[].encryptedValue",
            Test("a_sealed_secret_stays_where_it_is_the_present_one_and_is_refused_otherwise"),
        ),
        (
            "outboundProvision.targetSettings[].name",
            Test("a_target_setting_is_the_one_that_is_named"),
        ),
        (
            "outboundProvision.targetSettings[].value",
            plan("/outboundProvision/targetSettings/2/value", json!("false")),
        ),
        (
            "outboundProvision.type",
            Test("a_template_or_a_store_of_certificates_that_is_not_there_is_refused"),
        ),
        ("type", Test("each_mistake_has_its_place")),
    ]
}

/// Resources that no plan shows.
fn others() -> Vec<(&'static str, &'static str, Shows)> {
    let off =
        "the_engine_stands_still_while_provisioning_is_off_and_looks_as_often_as_the_channel_says";
    vec![
        (
            "/serverSettings",
            "rolesAndProtocols.idpRole.enable",
            reaches(
                "/rolesAndProtocols/idpRole/enable",
                json!(false),
                "idp_role",
                off,
            ),
        ),
        (
            "/serverSettings",
            "rolesAndProtocols.idpRole.enableOutboundProvisioning",
            reaches(
                "/rolesAndProtocols/idpRole/enableOutboundProvisioning",
                json!(false),
                "outbound_provisioning",
                off,
            ),
        ),
        (
            "/serverSettings/outboundProvisioning",
            "dataStoreRef.id",
            Test("what_is_in_use_or_not_ours_cannot_be_deleted_or_made"),
        ),
        (
            "/serverSettings/outboundProvisioning",
            "synchronizationFrequency",
            Test("the_frequency_moves_every_channel_that_had_the_former_one"),
        ),
        (
            "/certificates/ca/import",
            "cryptoProvider",
            Test("a_template_or_a_store_of_certificates_that_is_not_there_is_refused"),
        ),
        (
            "/certificates/ca/import",
            "fileData",
            Test("an_imported_authority_makes_an_encrypted_directory_trusted"),
        ),
        (
            "/certificates/ca/import",
            "id",
            Test("garbage_keys_and_certificates_of_servers_are_no_authorities"),
        ),
    ]
}

/// The mail server of `/serverSettings`.
fn mail() -> Vec<(&'static str, Shows)> {
    let to = || Test("mail_goes_to_that_server_and_port_from_that_sender");
    let account = || Test("mail_is_sent_with_that_account");
    let encrypted = || Test("mail_goes_encrypted_or_not_at_all_as_the_settings_say");
    let host = Test("a_certificate_of_another_host_is_taken_only_where_that_is_not_checked");
    let waited = Test("a_mail_server_that_says_nothing_is_waited_for_as_long_as_the_settings_say");
    let sealed = Test("a_sealed_password_of_the_mail_server_stays_where_it_is_the_present_one");
    vec![
        ("emailServer", to()),
        ("port", to()),
        ("sourceAddr", to()),
        ("encryptedPassword", sealed),
        ("password", account()),
        ("username", account()),
        ("sslPort", encrypted()),
        ("useSSL", encrypted()),
        ("useTLS", encrypted()),
        ("verifyHostname", host),
        ("timeout", waited),
    ]
}

pub(super) const OF_CHANNEL: &str = "outboundProvision.channels[].";

/// Every row, as resource and field.
pub(super) fn rows() -> Vec<(&'static str, String, Shows)> {
    let named = |resource, prefix: &str, rows: Vec<(&str, Shows)>| {
        let named = rows.into_iter();
        named
            .map(|(field, shows)| (resource, format!("{prefix}{field}"), shows))
            .collect::<Vec<_>>()
    };
    let mut rows = named("/dataStores, LDAP", "", ldap());
    rows.extend(named("/dataStores, CUSTOM", "", custom()));
    rows.extend(named("/idp/spConnections", OF_CHANNEL, of_channel()));
    rows.extend(named("/idp/spConnections", "", of_connection()));
    rows.extend(named("/serverSettings", "emailServer.", mail()));
    let others = others().into_iter();
    rows.extend(others.map(|(resource, field, shows)| (resource, field.to_owned(), shows)));
    rows
}
