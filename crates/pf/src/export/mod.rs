//! From the model to documents. Secrets leave only as they are sealed.

mod policy;

pub use policy::policy_entry;

use serde::Serialize;
use serde_json::{Value, json};
use usher_core::model::{
    Bind, ChangeDetection, Channel, CharacterCase, Configuration, ConnectionId, DataStore,
    DataStoreKind, DirectoryKind, GeneralInfo, LdapSecurity, LdapStore, Location, MailSecurity,
    MappingRule, Parser, ServerSettings, SpConnection, StatusRule,
};

use crate::date::date;
use crate::document::{
    AccountManagement, ChangeDetectionSettings, ChannelDocument, ChannelSourceDocument,
    ConfigField, ContactInfo, CustomDataStore, DataStoreDocument, GroupMembershipDetection,
    LdapDataStore, OutboundProvision, PluginConfiguration, ResourceLink, SaasAttributeMapping,
    SaasFieldConfiguration, SourceLocation, SpConnectionDocument,
};
use crate::import::option_settings;
use crate::kept::{give_back, give_back_store};
use crate::{ConfigFile, INTERNAL_STORE, LDIF_PLUGIN, PF_VERSION};

/// Makes a configuration file of a configuration. Importing it gives the same configuration
/// (channel ids are matched by name).
pub fn export(configuration: &Configuration) -> ConfigFile {
    let stores: Vec<Value> = configuration
        .data_stores
        .iter()
        .map(|store| published_data_store(store, false))
        .collect();
    let connections: Vec<Value> = configuration
        .sp_connections
        .iter()
        .map(|sp| published_sp_connection(sp, false))
        .collect();
    let mut operations = vec![operation(
        "/serverSettings/outboundProvisioning",
        &[published_outbound_settings(configuration)],
    )];
    let server = &configuration.server;
    let default = ServerSettings {
        synchronization_seconds: server.synchronization_seconds,
        ..ServerSettings::default()
    };
    if *server != default {
        operations.push(operation(
            "/serverSettings",
            &[published_server_settings(server)],
        ));
    }
    let authorities: Vec<Value> = configuration
        .ca_certificates
        .iter()
        .map(|authority| json!({"id": authority.id, "fileData": authority.pem}))
        .collect();
    if !authorities.is_empty() {
        operations.push(operation("/certificates/ca", &authorities));
    }
    operations.push(operation("/dataStores", &stores));
    operations.push(operation("/idp/spConnections", &connections));
    let pf = json!({"metadata": {"pfVersion": PF_VERSION}, "operations": operations});
    ConfigFile::new(pf, Some(policy::policies(configuration)))
}

/// A configuration file of one SP connection with the policies of its channels, for importing beside what is there;
/// `None` when there is no such connection. The data stores that it reads are not in it.
pub fn export_connection(configuration: &Configuration, id: &ConnectionId) -> Option<ConfigFile> {
    let sp = configuration
        .sp_connections
        .iter()
        .find(|sp| sp.id == *id)?;
    let operation = operation("/idp/spConnections", &[published_sp_connection(sp, false)]);
    let pf = json!({"metadata": {"pfVersion": PF_VERSION}, "operations": [operation]});
    let entry = |channel: &Channel| {
        let stores = configuration.data_stores.iter();
        let mut stores = stores.filter(|store| store.id == channel.source.data_store);
        let directory = stores.next().map(|store| store.directory);
        policy_entry(sp, channel, directory.unwrap_or_default())
    };
    let policies = sp.channels.iter().filter_map(entry).collect();
    Some(ConfigFile::new(pf, Some(policies)))
}

/// The global settings of outbound provisioning in the published shape.
pub fn published_outbound_settings(configuration: &Configuration) -> Value {
    json!({
        "dataStoreRef": {"id": INTERNAL_STORE},
        "synchronizationFrequency": configuration.server.synchronization_seconds,
    })
}

/// The server settings in the published shape.
pub fn published_server_settings(server: &ServerSettings) -> Value {
    let mut value = server_settings_document(server);
    give_back(&mut value, &server.kept);
    value
}

/// What the model knows of the server settings.
pub(crate) fn server_settings_document(server: &ServerSettings) -> Value {
    let mut value = json!({
        "rolesAndProtocols": {
            "idpRole": {
                "enable": server.idp_role,
                "enableOutboundProvisioning": server.outbound_provisioning,
            },
        },
    });
    if let Some(mail) = &server.mail {
        let mut document = json!({
            "sourceAddr": mail.sender,
            "emailServer": mail.host,
            "port": mail.port,
            "sslPort": mail.tls_port,
            "timeout": mail.timeout_seconds,
            "useSSL": mail.security == MailSecurity::Tls,
            "useTLS": mail.security == MailSecurity::StartTls,
            "verifyHostname": mail.verify_host,
        });
        if let Some(user) = &mail.user {
            document["username"] = Value::from(user.as_str());
        }
        if let Some(password) = &mail.password {
            document["encryptedPassword"] = Value::from(password.0.as_str());
        }
        value["emailServer"] = document;
    }
    value
}

fn operation<T: Serialize>(resource_type: &str, items: &[T]) -> Value {
    json!({"resourceType": resource_type, "operationType": "SAVE", "items": items})
}

/// The published type of a kind of directory.
pub(crate) fn ldap_type(kind: DirectoryKind) -> &'static str {
    match kind {
        DirectoryKind::ActiveDirectory => "ACTIVE_DIRECTORY",
        DirectoryKind::PingDirectory => "PING_DIRECTORY",
        DirectoryKind::OracleUnifiedDirectory => "ORACLE_UNIFIED_DIRECTORY",
        DirectoryKind::OracleDirectoryServer => "ORACLE_DIRECTORY_SERVER",
        DirectoryKind::OpenLdap | DirectoryKind::Ds389 | DirectoryKind::Generic => "GENERIC",
    }
}

/// A document as JSON.
pub(crate) fn plain<T: Serialize>(document: &T) -> Value {
    // Documents always serialise.
    serde_json::to_value(document).unwrap_or_default()
}

/// A data store in the published shape with what is kept of it; with its date if that is wanted, which says
/// nothing elsewhere.
pub fn published_data_store(store: &DataStore, with_dates: bool) -> Value {
    let mut value = plain(&data_store_document(store));
    give_back_store(&mut value, &store.kept);
    if let Some(at) = store.dates.modified.filter(|_| with_dates) {
        value["lastModified"] = Value::from(date(at));
    }
    value
}

/// An SP connection in the published shape with what is kept of it; with its dates if they are wanted.
pub fn published_sp_connection(sp: &SpConnection, with_dates: bool) -> Value {
    let mut value = plain(&sp_connection_document(sp));
    give_back(&mut value, &sp.kept);
    let dates = [
        ("creationDate", sp.dates.created),
        ("modificationDate", sp.dates.modified),
    ];
    for (key, at) in dates {
        if let Some(at) = at.filter(|_| with_dates) {
            value[key] = Value::from(date(at));
        }
    }
    value
}

/// The document of a data store.
pub fn data_store_document(store: &DataStore) -> DataStoreDocument {
    match &store.kind {
        DataStoreKind::Ldap(ldap) => DataStoreDocument::Ldap(Box::new(ldap_document(store, ldap))),
        DataStoreKind::Ldif { path } => DataStoreDocument::Custom(Box::new(CustomDataStore {
            id: Some(store.id.to_string()),
            name: store.name.clone(),
            mask_attribute_values: Some(store.mask_values_in_log),
            plugin_descriptor_ref: ResourceLink::to(LDIF_PLUGIN),
            configuration: PluginConfiguration {
                fields: vec![plain_field("path", path)],
                ..PluginConfiguration::default()
            },
            ..CustomDataStore::default()
        })),
    }
}

fn ldap_document(store: &DataStore, ldap: &LdapStore) -> LdapDataStore {
    let (user_dn, encrypted_password) = match &ldap.bind {
        Bind::Anonymous => (None, None),
        Bind::Simple { dn, password } => {
            // One that is not to be seen is left out.
            let sealed = Some(password.0.clone()).filter(|sealed| !sealed.is_empty());
            (Some(dn.clone()), sealed)
        }
    };
    LdapDataStore {
        id: Some(store.id.to_string()),
        name: Some(store.name.clone()),
        mask_attribute_values: Some(store.mask_values_in_log),
        ldap_type: ldap_type(store.directory).to_owned(),
        hostnames: ldap.hosts.clone(),
        bind_anonymously: Some(user_dn.is_none()),
        user_dn,
        encrypted_password,
        use_ssl: Some(ldap.security == LdapSecurity::Ldaps),
        use_start_tls: Some(ldap.security == LdapSecurity::StartTls),
        verify_host: Some(ldap.verify_host),
        read_timeout: Some(ldap.read_timeout_ms.into()),
        connection_timeout: Some(ldap.connect_timeout_ms.into()),
        binary_attributes: ldap.binary_attributes.clone(),
        ..LdapDataStore::default()
    }
}

fn plain_field(name: &str, value: &str) -> ConfigField {
    ConfigField {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..ConfigField::default()
    }
}

/// The document of an SP connection with its channels.
pub fn sp_connection_document(sp: &SpConnection) -> SpConnectionDocument {
    let general = &sp.general;
    SpConnectionDocument {
        connection_type: Some("SP".to_owned()),
        id: Some(sp.id.to_string()),
        entity_id: sp.entity_id.clone(),
        name: sp.name.clone(),
        active: Some(sp.active),
        base_url: sp.base_url.clone(),
        default_virtual_entity_id: general.default_virtual_entity_id.clone(),
        virtual_entity_ids: general.virtual_entity_ids.clone(),
        contact_info: contact(general),
        logging_mode: general.logging_mode.clone(),
        application_name: general.application_name.clone(),
        application_icon_url: general.application_icon_url.clone(),
        outbound_provision: Some(OutboundProvision {
            plugin: sp.connector.clone(),
            target_settings: target_settings(sp),
            channels: sp.channels.iter().map(channel_document).collect(),
            ..OutboundProvision::default()
        }),
        ..SpConnectionDocument::default()
    }
}

fn contact(general: &GeneralInfo) -> Option<ContactInfo> {
    let contact = ContactInfo {
        company: general.company.clone(),
        email: general.email.clone(),
        first_name: general.first_name.clone(),
        last_name: general.last_name.clone(),
        phone: general.phone.clone(),
        ..ContactInfo::default()
    };
    (contact != ContactInfo::default()).then_some(contact)
}

fn target_settings(sp: &SpConnection) -> Vec<ConfigField> {
    let plain = sp
        .settings
        .iter()
        .map(|(name, value)| plain_field(name, value));
    let secrets = sp.secrets.iter().map(|(name, sealed)| ConfigField {
        name: name.clone(),
        encrypted_value: Some(sealed.0.clone()),
        ..ConfigField::default()
    });
    let options = option_settings(sp);
    let options = options.iter().map(|(name, value)| plain_field(name, value));
    plain.chain(secrets).chain(options).collect()
}

/// The document of a channel.
pub fn channel_document(channel: &Channel) -> ChannelDocument {
    ChannelDocument {
        name: channel.name.clone(),
        active: channel.active,
        max_threads: Some(channel.max_threads.into()),
        timeout: Some(channel.timeout_seconds.into()),
        channel_source: source_document(channel),
        attribute_mapping: channel.mapping.iter().map(mapping_document).collect(),
        ..ChannelDocument::default()
    }
}

fn source_document(channel: &Channel) -> ChannelSourceDocument {
    let source = &channel.source;
    ChannelSourceDocument {
        data_source: ResourceLink::to(source.data_store.as_str()),
        guid_attribute_name: source.guid_attribute.clone(),
        guid_binary: source.guid_binary,
        base_dn: source.base_dn.clone(),
        change_detection_settings: ChangeDetectionSettings {
            user_object_class: source.user_object_class.clone(),
            group_object_class: source.group_object_class.clone(),
            changed_users_algorithm: match source.change_detection {
                ChangeDetection::ActiveDirectoryUsn => "ACTIVE_DIRECTORY_USN",
                ChangeDetection::Timestamp => "TIMESTAMP",
                ChangeDetection::TimestampNoNegation => "TIMESTAMP_NO_NEGATION",
            }
            .to_owned(),
            usn_attribute_name: source.usn_attribute.clone(),
            time_stamp_attribute_name: source.timestamp_attribute.clone(),
            ..ChangeDetectionSettings::default()
        },
        group_membership_detection: GroupMembershipDetection {
            member_of_group_attribute_name: source.member_of_attribute.clone(),
            group_member_attribute_name: Some(source.group_member_attribute.clone()),
            ..GroupMembershipDetection::default()
        },
        account_management_settings: status_document(&source.status),
        user_source_location: location_document(&source.users),
        group_source_location: source.groups.as_ref().map(location_document),
        ..ChannelSourceDocument::default()
    }
}

fn status_document(status: &StatusRule) -> AccountManagement {
    match status {
        StatusRule::AdBitmap { attribute, default } => AccountManagement {
            account_status_attribute_name: attribute.clone(),
            account_status_algorithm: "ACCOUNT_STATUS_ALGORITHM_AD".to_owned(),
            default_status: Some(*default),
            ..AccountManagement::default()
        },
        StatusRule::Flag {
            attribute,
            value,
            status_when_equal,
            default,
        } => AccountManagement {
            account_status_attribute_name: attribute.clone(),
            account_status_algorithm: "ACCOUNT_STATUS_ALGORITHM_FLAG".to_owned(),
            flag_comparison_value: Some(value.clone()),
            flag_comparison_status: Some(*status_when_equal),
            default_status: Some(*default),
            ..AccountManagement::default()
        },
    }
}

fn location_document(location: &Location) -> SourceLocation {
    SourceLocation {
        group_dn: location.group_dn.clone(),
        filter: location.filter.clone(),
        nested_search: Some(location.nested),
        ..SourceLocation::default()
    }
}

fn mapping_document(rule: &MappingRule) -> SaasAttributeMapping {
    SaasAttributeMapping {
        field_name: rule.field.clone(),
        saas_field_info: SaasFieldConfiguration {
            attribute_names: rule.attributes.clone(),
            default_value: rule.default.clone(),
            expression: rule.expression.clone(),
            create_only: Some(rule.create_only),
            trim: Some(rule.trim),
            character_case: Some(
                match rule.case {
                    CharacterCase::None => "NONE",
                    CharacterCase::Upper => "UPPER",
                    CharacterCase::Lower => "LOWER",
                }
                .to_owned(),
            ),
            parser: Some(
                match rule.parser {
                    Parser::None => "NONE",
                    Parser::ExtractCnFromDn => "EXTRACT_CN_FROM_DN",
                    Parser::ExtractUsernameFromEmail => "EXTRACT_USERNAME_FROM_EMAIL",
                }
                .to_owned(),
            ),
            masked: Some(rule.masked),
            ..SaasFieldConfiguration::default()
        },
        ..SaasAttributeMapping::default()
    }
}
