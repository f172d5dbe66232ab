//! What an administrator would have set up.

use std::collections::BTreeMap;

use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL, TEMPLATE_ID};
use usher_core::model::{
    Bind, Channel, ChannelId, Configuration, ConnectionId, DataStore, DataStoreId, DataStoreKind,
    DirectoryKind, GeneralInfo, LdapStore, Load, Location, MappingRule, Policy,
    ProvisioningOptions, SpConnection,
};
use usher_core::templates::defaults_for;
use usher_engine::Sealer;
use usher_testkit::people::{ADMINISTRATOR, SCOPE};
use usher_testkit::slapd::Slapd;

/// Entries per page.
pub(crate) const PAGE: u32 = 50;
/// Members in one request.
pub(crate) const BATCH: usize = 20;

pub(crate) fn configuration(
    sealer: &Sealer,
    slapd: &Slapd,
    directory: &str,
    target: (&str, &str),
) -> Configuration {
    Configuration {
        revision: 0,
        data_stores: vec![data_store(sealer, slapd, directory)],
        sp_connections: vec![SpConnection {
            id: ConnectionId::new("cloud"),
            name: "Cloud".to_owned(),
            entity_id: "https://auth.example/saml/1".to_owned(),
            active: true,
            base_url: None,
            connector: TEMPLATE_ID.to_owned(),
            settings: BTreeMap::from([(DIRECTORY_BASE_URL.to_owned(), target.0.to_owned())]),
            secrets: BTreeMap::from([(API_KEY.to_owned(), sealer.seal("target_secret", target.1))]),
            secret_entered_at: BTreeMap::new(),
            options: ProvisioningOptions::default(),
            protected_accounts: vec![ADMINISTRATOR.to_owned()],
            general: GeneralInfo::default(),
            channels: vec![channel(slapd.base_dn())],
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        }],
        ..Configuration::default()
    }
}

fn data_store(sealer: &Sealer, slapd: &Slapd, directory: &str) -> DataStore {
    DataStore {
        id: DataStoreId::new("directory"),
        name: "Directory".to_owned(),
        kind: DataStoreKind::Ldap(LdapStore {
            hosts: vec![directory.to_owned()],
            bind: Bind::Simple {
                dn: slapd.reader_dn(),
                password: sealer.seal("bind_password", slapd.reader_password()),
            },
            page_size: PAGE,
            read_timeout_ms: 10_000,
            ..LdapStore::default()
        }),
        directory: DirectoryKind::OpenLdap,
        mask_values_in_log: false,
        dates: usher_core::model::Dates::default(),
        kept: usher_core::model::Kept::default(),
    }
}

fn channel(base: &str) -> Channel {
    let mut source =
        defaults_for(DirectoryKind::OpenLdap).source(DataStoreId::new("directory"), base);
    source.users = by_filter(SCOPE);
    source.groups = Some(by_filter("(cn=*)"));
    Channel {
        id: ChannelId::new("staff"),
        name: "Staff".to_owned(),
        active: true,
        max_threads: 8,
        timeout_seconds: 10,
        source,
        mapping: mapping(),
        policy: Policy {
            scope_count_seen: true,
            no_disabled_seen: true,
            load: Load {
                requests_per_second: Some(0.0),
                in_flight: Some(8),
                member_batch: Some(BATCH as u16),
            },
            ..Policy::default()
        },
    }
}

fn mapping() -> Vec<MappingRule> {
    [
        ("userName", "uid"),
        ("workEmail", "mail"),
        ("displayName", "cn"),
        ("givenName", "givenName"),
        ("familyName", "sn"),
        ("title", "title"),
        ("department", "ou"),
        ("workPhone", "telephoneNumber"),
    ]
    .map(|(field, attribute)| MappingRule {
        field: field.to_owned(),
        attributes: vec![attribute.to_owned()],
        trim: true,
        ..MappingRule::default()
    })
    .to_vec()
}

pub(crate) fn by_filter(filter: &str) -> Location {
    Location {
        filter: Some(filter.to_owned()),
        ..Location::default()
    }
}
