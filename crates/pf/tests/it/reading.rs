use serde_json::json;
use usher_core::model::{
    Bind, Configuration, DataStoreKind, DirectoryKind, ExpiryFormat, LdapSecurity, RemoveAction,
    Sealed, StatusRule,
};
use usher_pf::Mode;

use crate::fixture::*;

#[test]
fn a_usual_file_becomes_a_configuration() {
    let imported = good(&usual());
    let configuration = imported.configuration;
    let store = &configuration.data_stores[0];
    let DataStoreKind::Ldap(ldap) = &store.kind else {
        panic!("expected LDAP");
    };
    assert_eq!(ldap.hosts, ["ldap1.example.org:636", "ldap2.example.org"]);
    assert_eq!(ldap.security, LdapSecurity::Ldaps);
    assert!(ldap.verify_host);
    assert_eq!(
        (ldap.connect_timeout_ms, ldap.read_timeout_ms),
        (5_000, 60_000)
    );
    let Bind::Simple { password, .. } = &ldap.bind else {
        panic!("expected a password");
    };
    assert_eq!(
        password,
        &Sealed("sealed.bind_password.2retnuh-dnib".into())
    );

    let sp = &configuration.sp_connections[0];
    assert_eq!(sp.settings.keys().collect::<Vec<_>>(), ["TARGET_BASE_URL"]);
    assert_eq!(sp.secrets["TOKEN"].0, "sealed.target_secret.2retnuh-nekot");
    assert_eq!(sp.secret_entered_at["TOKEN"], 1_000);
    assert_eq!(
        sp.protected_accounts,
        ["admin@example.org", "root@example.org"]
    );
    assert!(sp.options.user_create && sp.options.remove_action == RemoveAction::Disable);

    let channel = &sp.channels[0];
    assert_eq!((channel.max_threads, channel.timeout_seconds), (4, 60));
    assert!(channel.active);
    assert_eq!(
        channel.source.status,
        StatusRule::Flag {
            attribute: "employeeStatus".into(),
            value: "left".into(),
            status_when_equal: false,
            default: true,
        }
    );
    assert_eq!(channel.source.expiry, None);
    let groups = channel.source.groups.as_ref().expect("groups");
    assert_eq!(groups.filter.as_deref(), Some("(cn=app-*)"));
    assert_eq!(channel.mapping.len(), 2);
    assert_eq!(imported.warnings, []);
}

#[test]
fn operations_may_stand_in_any_order() {
    let mut turned = usual();
    turned["pf"]["operations"]
        .as_array_mut()
        .expect("a list")
        .reverse();
    assert_eq!(good(&turned).configuration, good(&usual()).configuration);
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let text = format!("\u{feff}{}", usual());
    assert!(usher_pf::ConfigFile::parse(&text).is_ok());
}

#[test]
fn an_ldif_file_is_a_custom_data_store() {
    let ldif = json!({
        "type": "CUSTOM", "id": "corp", "name": "Export",
        "pluginDescriptorRef": {"id": "ldif"},
        "configuration": {"fields": [{"name": "path", "value": "/srv/export.ldif"}]},
    });
    let policies = json!([{"data_store": "Export", "template": "active_directory"}]);
    let configuration = good(&file(&[ldif], &[sp()], Some(policies))).configuration;
    let store = &configuration.data_stores[0];
    assert_eq!(
        store.kind,
        DataStoreKind::Ldif {
            path: "/srv/export.ldif".into()
        }
    );
    assert_eq!(store.directory, DirectoryKind::ActiveDirectory);
    let expiry = configuration.sp_connections[0].channels[0]
        .source
        .expiry
        .as_ref();
    assert_eq!(expiry.expect("expiry").format, ExpiryFormat::FileTime);
}

#[test]
fn policies_say_what_the_published_shape_lacks() {
    let fingerprint = ["AB"; 32].join(":");
    let policies = json!([
        {
            "connection": "Sample", "channel": "staff", "template": "ds389",
            "expiry": {"attribute": "shadowExpireAt", "format": "generalized_time"},
            "email_domains": ["example.org"], "delete_grace_days": 0,
            "guards": {"container_people": 5},
            "further_group_dns": ["cn=more,dc=example,dc=org"],
        },
        {"data_store": "corp", "ca_file": "/etc/ca.pem", "page_size": 200, "certificate_sha256": fingerprint},
    ]);
    let configuration = good(&file(&[ldap_store()], &[sp()], Some(policies))).configuration;
    let channel = &configuration.sp_connections[0].channels[0];
    assert_eq!(channel.policy.email_domains, ["example.org"]);
    assert_eq!(channel.policy.delete_grace_days, 0);
    assert_eq!(channel.policy.guards.container_people, 5);
    assert_eq!(channel.policy.guards.user_deletes.at_least, 5);
    assert_eq!(
        channel.source.expiry.as_ref().expect("expiry").attribute,
        "shadowExpireAt"
    );
    assert_eq!(configuration.data_stores[0].directory, DirectoryKind::Ds389);
    let DataStoreKind::Ldap(ldap) = &configuration.data_stores[0].kind else {
        panic!("expected LDAP");
    };
    assert_eq!(
        (ldap.ca_file.as_deref(), ldap.page_size),
        (Some("/etc/ca.pem"), 200)
    );
    assert_eq!(
        ldap.certificate_sha256.as_deref(),
        Some("ab".repeat(32).as_str())
    );
}

#[test]
fn the_synchronization_frequency_is_the_default_of_schedules() {
    let mut frequent = usual();
    let operations = frequent["pf"]["operations"].as_array_mut().expect("a list");
    operations.push(json!({
        "resourceType": "/serverSettings/outboundProvisioning", "operationType": "SAVE",
        "items": [{"dataStoreRef": {"id": "ProvisionerDS"}, "synchronizationFrequency": 300}],
    }));
    let schedule = |file: &serde_json::Value| {
        let configuration = good(file).configuration;
        configuration.sp_connections[0].channels[0]
            .policy
            .schedule
            .incremental_seconds
    };
    assert_eq!(schedule(&frequent), 300);
    frequent["policies"] = json!([
        {"connection": "sample", "channel": "staff", "schedule": {"incremental_seconds": 30}}
    ]);
    assert_eq!(schedule(&frequent), 30);
}

#[test]
fn ids_policies_and_secrets_stay_when_the_file_leaves_them_out() {
    let policies = json!([{"connection": "sample", "channel": "staff", "template": "open_ldap", "delete_grace_days": 3}]);
    let first = good(&file(&[ldap_store()], &[sp()], Some(policies))).configuration;
    let mut bare = usual();
    bare = with(bare, &format!("{STORE}/password"), json!(null));
    bare = with(bare, &format!("{STORE}/id"), json!(null));
    bare = with(bare, &format!("{SP}/id"), json!(null));
    bare = with(
        bare,
        &format!("{SP}/outboundProvision/targetSettings/1"),
        json!({"name": "STYLE", "value": "b"}),
    );
    let mut second = read_over(&bare, &first, Mode::Replace)
        .expect("valid")
        .configuration;
    assert_eq!(
        second.sp_connections[0].settings.remove("STYLE").as_deref(),
        Some("b")
    );
    assert_eq!(second, first);
}

#[test]
fn a_list_of_policies_is_complete() {
    let policies = json!([{"connection": "sample", "channel": "staff", "delete_grace_days": 3}]);
    let first = good(&file(&[ldap_store()], &[sp()], Some(policies))).configuration;
    let emptied = file(&[ldap_store()], &[sp()], Some(json!([])));
    let second = read_over(&emptied, &first, Mode::Replace)
        .expect("valid")
        .configuration;
    assert_eq!(
        second.sp_connections[0].channels[0]
            .policy
            .delete_grace_days,
        7
    );
}

#[test]
fn merging_keeps_what_the_file_does_not_name_and_deletes_what_it_says() {
    let first = good(&usual()).configuration;
    let other = with(
        with(
            file(&[], &[sp()], None),
            &format!("{SP}/id"),
            json!("other"),
        ),
        &format!("{SP}/name"),
        json!("Other"),
    );
    let other = with(other, &format!("{SP}/entityId"), json!("other"));
    let merged = read_over(&other, &first, Mode::Merge)
        .expect("valid")
        .configuration;
    assert_eq!(merged.sp_connections.len(), 2);
    assert_eq!(merged.sp_connections[0], first.sp_connections[0]);
    let delete = json!({
        "usher": 1,
        "pf": {"metadata": {"pfVersion": "12.1.0.0"}, "operations": [
            {"resourceType": "/idp/spConnections", "operationType": "DELETE", "itemIds": ["other"]},
        ]},
    });
    let deleted = read_over(&delete, &merged, Mode::Merge)
        .expect("valid")
        .configuration;
    assert_eq!(deleted, first);
    let replaced = read_over(&delete, &merged, Mode::Replace)
        .expect("valid")
        .configuration;
    assert_eq!(replaced, Configuration::default());
}
