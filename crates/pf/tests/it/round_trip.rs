use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use usher_core::model::*;
use usher_core::templates::{DIRECTORY_KINDS, defaults_for};
use usher_pf::{ConfigFile, Mode, export};

use crate::fixture::*;

const KIND: [CharacterCase; 3] = [
    CharacterCase::None,
    CharacterCase::Upper,
    CharacterCase::Lower,
];
const PARSER: [Parser; 3] = [
    Parser::None,
    Parser::ExtractCnFromDn,
    Parser::ExtractUsernameFromEmail,
];

fn text() -> impl Strategy<Value = String> {
    "[a-zäß0-9][a-z0-9 ()'\"\\\\.-]{0,12}[a-z0-9]"
}

fn dn() -> impl Strategy<Value = String> {
    "(cn|ou)=[a-z]{1,8},dc=example,dc=org"
}

fn store(index: usize) -> impl Strategy<Value = DataStore> {
    let ldap = (
        vec("[a-z]{1,8}(:[1-9][0-9]{2})?", 1..3),
        select(vec![
            LdapSecurity::Plain,
            LdapSecurity::StartTls,
            LdapSecurity::Ldaps,
        ]),
        any::<bool>(),
        option::of(text()),
        option::of((dn(), "[a-z0-9]{1,20}")),
        (1_u32..100_000, 1_u32..100_000, 1_u32..10_000),
        vec("[a-zA-Z]{1,8}", 0..3),
        select(DIRECTORY_KINDS.to_vec()),
    )
        .prop_map(
            |(hosts, security, verify_host, ca_file, bind, numbers, binary, kind)| {
                let ldap = LdapStore {
                    hosts,
                    security,
                    verify_host,
                    certificate_sha256: ca_file.as_ref().map(|_| "0b".repeat(32)),
                    ca_file,
                    bind: bind.map_or(Bind::Anonymous, |(dn, secret)| Bind::Simple {
                        dn,
                        password: Sealed(format!("sealed.bind_password.{secret}")),
                    }),
                    connect_timeout_ms: numbers.0,
                    read_timeout_ms: numbers.1,
                    page_size: numbers.2,
                    binary_attributes: binary,
                };
                (DataStoreKind::Ldap(ldap), kind)
            },
        );
    let ldif = (text(), select(DIRECTORY_KINDS.to_vec()))
        .prop_map(|(path, kind)| (DataStoreKind::Ldif { path }, kind));
    (prop_oneof![ldap, ldif], text(), any::<bool>()).prop_map(
        move |((kind, directory), name, mask)| DataStore {
            id: DataStoreId::new(format!("store-{index}")),
            name: format!("{name}{index}"),
            kind,
            directory,
            mask_values_in_log: mask,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        },
    )
}

fn location() -> impl Strategy<Value = Location> {
    (
        option::of(dn()),
        any::<bool>(),
        option::of("\\(cn=[a-z*]{1,9}\\)"),
    )
        .prop_map(|(group_dn, nested, filter)| Location {
            nested: nested && group_dn.is_some(),
            filter: filter.or(group_dn.is_none().then(|| "(cn=*)".to_owned())),
            group_dn,
        })
}

fn status() -> impl Strategy<Value = StatusRule> {
    prop_oneof![
        any::<bool>().prop_map(|default| StatusRule::AdBitmap {
            attribute: "userAccountControl".into(),
            default,
        }),
        ("[a-zA-Z]{1,9}", text(), any::<bool>(), any::<bool>()).prop_map(
            |(attribute, value, status_when_equal, default)| StatusRule::Flag {
                attribute,
                value,
                status_when_equal,
                default,
            }
        ),
        Just(defaults_for(DirectoryKind::Generic).status),
    ]
}

fn expiry() -> impl Strategy<Value = Option<ExpiryRule>> {
    let format = select(vec![ExpiryFormat::FileTime, ExpiryFormat::GeneralizedTime]);
    option::of(
        ("[a-zA-Z]{1,9}", format).prop_map(|(attribute, format)| ExpiryRule { attribute, format }),
    )
}

fn rule(field: &'static str) -> impl Strategy<Value = MappingRule> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        select(KIND.to_vec()),
        select(PARSER.to_vec()),
    );
    ("[a-z]{1,8}", option::of(text()), any::<bool>(), flags).prop_map(
        move |(attribute, default, is_expression, (create_only, trim, case, parser))| MappingRule {
            field: field.to_owned(),
            expression: is_expression.then(|| format!("attr['{attribute}'] | lower")),
            attributes: vec![attribute],
            default: default.filter(|_| field == "displayName"),
            create_only,
            trim,
            case,
            parser,
            masked: create_only && field == "displayName",
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        vec(text(), 0..2),
        0_u32..99,
        1_u32..999,
        any::<bool>(),
        vec(dn(), 0..2),
    )
        .prop_map(|(email_domains, days, seconds, flag, dns)| Policy {
            email_domains,
            delete_grace_days: days,
            recreate_missing: flag,
            further_group_dns: dns.clone(),
            protected: Protected {
                dns,
                names: vec!["a@b".into()],
                filter: flag.then(|| "(cn=x)".into()),
            },
            schedule: Schedule {
                incremental_seconds: seconds,
                full_seconds: 67,
            },
            group_rename: GroupRename::Fail,
            ..Policy::default()
        })
}

fn channel(stores: usize) -> impl Strategy<Value = Channel> {
    let rules = (rule("userName"), rule("workEmail"), rule("displayName"));
    let source = (
        status(),
        expiry(),
        location(),
        option::of(location()),
        any::<bool>(),
    );
    (
        0..stores,
        source,
        rules,
        (1_u16..64, 1_u32..3600),
        prop_oneof![Just(Policy::default()), policy()],
    )
        .prop_map(
            |(store, (status, expiry, users, groups, flag), rules, numbers, policy)| Channel {
                id: ChannelId::new("set later"),
                name: String::new(),
                active: flag,
                max_threads: numbers.0,
                timeout_seconds: numbers.1,
                source: ChannelSource {
                    data_store: DataStoreId::new(format!("store-{store}")),
                    guid_attribute: "entryUUID".into(),
                    guid_binary: flag,
                    base_dn: "dc=example,dc=org".into(),
                    member_of_attribute: flag.then(|| "memberOf".into()),
                    group_member_attribute: "member".into(),
                    user_object_class: "person".into(),
                    group_object_class: "groupOfNames".into(),
                    change_detection: if flag {
                        ChangeDetection::ActiveDirectoryUsn
                    } else {
                        ChangeDetection::Timestamp
                    },
                    usn_attribute: flag.then(|| "uSNChanged".into()),
                    timestamp_attribute: "modifyTimestamp".into(),
                    status,
                    expiry,
                    users,
                    groups,
                },
                mapping: vec![rules.0, rules.1, rules.2],
                policy,
            },
        )
}

fn sp(stores: usize) -> impl Strategy<Value = SpConnection> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let names = select(vec![
        GroupNameSource::CommonName,
        GroupNameSource::Dn,
        GroupNameSource::SamAccountName,
    ]);
    let general = (option::of(text()), vec(text(), 0..2));
    (
        text(),
        flags,
        names,
        general,
        vec(channel(stores), 0..3),
        "[a-z]{1,9}",
    )
        .prop_map(
            |(name, flags, group_name_source, (company, ids), channels, secret)| SpConnection {
                id: ConnectionId::new("set later"),
                entity_id: format!("urn:{name}"),
                name,
                active: flags.0,
                base_url: company.clone().map(|text| format!("https://{text}")),
                connector: "Sample".into(),
                settings: BTreeMap::from([("TARGET_BASE_URL".into(), "https://x".into())]),
                secrets: BTreeMap::from([(
                    "TOKEN".into(),
                    Sealed(format!("sealed.target_secret.{secret}")),
                )]),
                secret_entered_at: BTreeMap::from([("TOKEN".into(), 7)]),
                options: ProvisioningOptions {
                    user_create: flags.1,
                    provision_disabled: flags.2,
                    remove_action: if flags.0 {
                        RemoveAction::Delete
                    } else {
                        RemoveAction::Disable
                    },
                    group_name_source,
                    ..ProvisioningOptions::default()
                },
                protected_accounts: vec!["cn=admin,dc=x".into(), "root@example.org".into()],
                general: GeneralInfo {
                    company,
                    default_virtual_entity_id: ids.first().cloned(),
                    virtual_entity_ids: ids,
                    logging_mode: Some("STANDARD".into()),
                    ..GeneralInfo::default()
                },
                channels,
                dates: usher_core::model::Dates::default(),
                kept: usher_core::model::Kept::default(),
            },
        )
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (1_usize..4).prop_flat_map(|stores| {
        let list: Vec<_> = (0..stores).map(store).collect();
        (list, vec(sp(stores), 0..3)).prop_map(|(data_stores, mut sp_connections)| {
            let mut next = 0;
            for (index, sp) in sp_connections.iter_mut().enumerate() {
                sp.id = ConnectionId::new(format!("sp-{index}"));
                sp.name.push_str(&index.to_string());
                sp.entity_id.push_str(&index.to_string());
                for (index, channel) in sp.channels.iter_mut().enumerate() {
                    next += 1;
                    // The ids that the importer gives, in its order.
                    channel.id = ChannelId::new(format!("id-{next}"));
                    channel.name = format!("channel {index}");
                }
            }
            Configuration {
                revision: 3,
                data_stores,
                sp_connections,
                ..Configuration::default()
            }
        })
    })
}

proptest! {
    #[test]
    fn importing_an_export_gives_the_same_configuration(configuration in configuration()) {
        let text = export(&configuration).to_text();
        let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let over_itself = read_over(&file, &configuration, Mode::Replace);
        prop_assert_eq!(over_itself.map(|i| i.configuration), Ok(configuration.clone()));
        let merged = read_over(&file, &configuration, Mode::Merge);
        prop_assert_eq!(merged.map(|i| i.configuration), Ok(configuration.clone()));
        // Elsewhere, only the revision and the times of secrets are not known.
        let mut elsewhere = read(&file).map(|i| i.configuration);
        if let Ok(elsewhere) = &mut elsewhere {
            elsewhere.revision = 3;
            elsewhere.forget_dates();
            for sp in &mut elsewhere.sp_connections {
                sp.secret_entered_at = BTreeMap::from([("TOKEN".into(), 7)]);
            }
        }
        prop_assert_eq!(elsewhere, Ok(configuration));
    }

    #[test]
    fn no_json_makes_reading_panic(
        pointer in select(vec![
            "/pf", "/pf/operations", "/pf/operations/0", "/pf/operations/0/items/0",
            "/pf/operations/1/items/0", "/pf/operations/1/items/0/outboundProvision",
            "/pf/operations/1/items/0/outboundProvision/channels/0",
            "/pf/operations/1/items/0/outboundProvision/channels/0/channelSource", "/policies",
        ]),
        value in select(vec!["null", "7", "[]", "{}", "[[]]", "\"x\"", "[null]", "[7]", "true", "-1e300"]),
    ) {
        let mut whole = usual();
        whole["policies"] = serde_json::json!([]);
        let value = serde_json::from_str(value).expect("JSON");
        let read_it = read(&with(whole, pointer, value));
        prop_assert!(read_it.is_ok() || !read_it.expect_err("problems").is_empty());
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "\\PC{0,80}|[\\[\\]{}\":,a-z0-9 ]{0,80}") {
        let _ = ConfigFile::parse(&text);
    }
}

#[test]
fn an_export_holds_no_plain_secret_and_only_what_is_not_default() {
    let exported = export(&good(&usual()).configuration);
    let text = exported.to_text();
    assert!(!text.contains("hunter2") && text.contains("sealed.target_secret.2retnuh-nekot"));
    assert!(text.contains("encryptedPassword") && text.contains("encryptedValue"));
    assert!(!text.contains("\"password\""));
    assert_eq!(exported.policies, Some(vec![]));
}
