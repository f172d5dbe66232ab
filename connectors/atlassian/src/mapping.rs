//! What a new channel maps, per kind of directory.

use std::collections::BTreeMap;

use usher_core::model::{DirectoryKind, MappingRule};

/// Field and attribute. What is not here starts unmapped; externalId carries the source key by itself.
type Rows = &'static [(&'static str, &'static str)];

const COMMON: Rows = &[
    ("workEmail", "mail"),
    ("givenName", "givenName"),
    ("familyName", "sn"),
    ("title", "title"),
    ("preferredLanguage", "preferredLanguage"),
    ("workPhone", "telephoneNumber"),
    ("mobilePhone", "mobile"),
];

const ACTIVE_DIRECTORY: Rows = &[
    ("userName", "sAMAccountName"),
    ("displayName", "displayName"),
    ("organization", "company"),
    ("department", "department"),
];

const PING_DIRECTORY: Rows = &[
    ("userName", "uid"),
    ("displayName", "displayName"),
    ("honorificSuffix", "generationQualifier"),
    ("organization", "o"),
];

/// `displayName` is optional in inetOrgPerson and often absent; `cn` is always there.
const INET_ORG_PERSON: Rows = &[
    ("userName", "uid"),
    ("displayName", "cn"),
    ("organization", "o"),
];

/// Rules for every kind of directory.
pub(crate) fn default_mapping() -> BTreeMap<DirectoryKind, Vec<MappingRule>> {
    let kinds = [
        (DirectoryKind::ActiveDirectory, ACTIVE_DIRECTORY),
        (DirectoryKind::PingDirectory, PING_DIRECTORY),
        (DirectoryKind::OracleUnifiedDirectory, INET_ORG_PERSON),
        (DirectoryKind::OracleDirectoryServer, INET_ORG_PERSON),
        (DirectoryKind::OpenLdap, INET_ORG_PERSON),
        (DirectoryKind::Ds389, INET_ORG_PERSON),
        (DirectoryKind::Generic, INET_ORG_PERSON),
    ];
    kinds
        .into_iter()
        .map(|(kind, own)| (kind, rules(own)))
        .collect()
}

fn rules(own: Rows) -> Vec<MappingRule> {
    let rule = |(field, attribute): &(&str, &str)| MappingRule {
        field: (*field).to_owned(),
        attributes: vec![(*attribute).to_owned()],
        trim: true,
        ..MappingRule::default()
    };
    own.iter().chain(COMMON).map(rule).collect()
}
