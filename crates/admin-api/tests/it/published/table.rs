//! The published fields that work, each with what shows its effect.

use serde_json::{Value, json};

/// What shows the effect of a field.
pub(super) enum Shows {
    /// With these values in the document a plan does something else.
    Plan(Vec<(&'static str, Value)>),
    /// The test of this name.
    Test(&'static str),
}

use Shows::{Plan, Test};

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
            Test("a_picture_reaches_the_target_as_base64_once_it_is_called_binary"),
        ),
        (
            "connectionTimeout",
            Test("a_host_that_does_not_answer_is_passed_over_but_a_refusal_is_final"),
        ),
        (
            "encryptedPassword",
            Test("secrets_are_taken_and_never_given_and_an_echo_keeps_them"),
        ),
        ("hostnames", plan("/hostnames", nowhere.clone())),
        (
            "hostnamesTags[].defaultSource",
            Plan(vec![
                ("/hostnames", Value::Null),
                ("/hostnamesTags", tagged.clone()),
            ]),
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
            Test("the_source_keeps_the_contract_and_reads_no_computers"),
        ),
        ("name", Test("names_and_entity_ids_are_unique")),
        ("password", plan("/password", json!("wrong"))),
        ("readTimeout", Test("a_server_that_stalls_is_given_up")),
        ("type", Test("a_reserved_or_foreign_store_is_no_source")),
        ("useSsl", plan("/useSsl", json!(true))),
        ("useStartTLS", plan("/useStartTLS", json!(true))),
        (
            "userDN",
            plan("/userDN", json!("cn=nobody,dc=example,dc=com")),
        ),
        (
            "verifyHost",
            Test("another_name_is_refused_unless_the_check_is_off"),
        ),
    ]
}

fn custom() -> Vec<(&'static str, Shows)> {
    vec![
        (
            "configuration.fields[].encryptedValue",
            Test("an_ldif_file_is_a_custom_data_store"),
        ),
        (
            "configuration.fields[].name",
            Test("an_ldif_file_is_a_custom_data_store"),
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
            Test("what_is_not_active_in_the_configuration_does_not_run_until_it_is"),
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
            Test("create_only_fields_are_sent_once"),
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
            Test("an_idle_delta_is_small_by_number_and_by_time_stamp"),
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
            Test("an_idle_delta_is_small_by_number_and_by_time_stamp"),
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
            Test("an_idle_delta_is_small_by_number_and_by_time_stamp"),
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
            Test("binary_keys_are_read_and_found_again"),
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
            Test("as_many_steps_are_under_way_as_the_threads_of_its_channels"),
        ),
        ("name", Test("a_channel_with_a_new_name_is_shown_by_it")),
        (
            "timeout",
            Test("a_target_that_answers_late_is_waited_for_as_long_as_the_channel_says"),
        ),
    ]
}

fn of_connection() -> Vec<(&'static str, Shows)> {
    const FIELD: &str = "/outboundProvision/targetSettings/2";
    let not_created = json!({"name": "createNewUsers", "value": "false"});
    vec![
        (
            "active",
            Test("what_is_not_active_in_the_configuration_does_not_run_until_it_is"),
        ),
        ("entityId", Test("names_and_entity_ids_are_unique")),
        ("id", Test("ids_are_given_or_assigned_and_do_not_change")),
        (
            "name",
            Test("connections_are_found_by_a_part_of_their_name_and_shown_page_by_page"),
        ),
        (
            "outboundProvision.targetSettings[].encryptedValue",
            Test("secrets_are_taken_and_never_given_and_an_echo_keeps_them"),
        ),
        (
            "outboundProvision.targetSettings[].name",
            plan(FIELD, not_created.clone()),
        ),
        (
            "outboundProvision.targetSettings[].value",
            plan(FIELD, not_created),
        ),
        ("outboundProvision.type", Test("each_mistake_has_its_place")),
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
            Test(off),
        ),
        (
            "/serverSettings",
            "rolesAndProtocols.idpRole.enableOutboundProvisioning",
            Test(off),
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
            Test("garbage_keys_and_certificates_of_servers_are_no_authorities"),
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
    vec![
        ("emailServer", to()),
        ("port", to()),
        ("sourceAddr", to()),
        ("encryptedPassword", account()),
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
