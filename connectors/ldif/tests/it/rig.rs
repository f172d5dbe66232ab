//! A sample, a source on a file, and what a read gave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use usher_connector::{ReadRequest, Source as _, SourceError, SourceEvent, SourceSettings};
use usher_connector_ldif::LdifSource;
use usher_core::model::{
    Certificate, ChannelSource, DataStore, DataStoreId, DataStoreKind, DirectoryKind, Kind,
    Location, Policy, ScopeVerdict, SourceKey,
};
use usher_core::templates::defaults_for;

pub(crate) const SAMPLE: &str = "\
dn: dc=example,dc=test
objectClass: domain
dc: example

dn: uid=ann,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: ann
cn: Ann
departmentNumber: Sales
jpegPhoto:: /9j/4A==
entryUUID: 00000000-0000-4000-8000-000000000001

dn: uid=bob,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: bob
cn;lang-de: Bob
departmentNumber: Support
entryUUID: 00000000-0000-4000-8000-000000000002

dn: uid=cyd,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: cyd
cn:: /w==
departmentNumber: Sales
entryUUID: 00000000-0000-4000-8000-000000000003

dn: cn=staff,ou=groups,dc=example,dc=test
objectClass: groupOfNames
cn: staff
member: UID=ann, OU=people, DC=example, DC=test
member: cn=inner,ou=groups,dc=example,dc=test
entryUUID: 00000000-0000-4000-8000-000000000011

dn: cn=inner,ou=groups,dc=example,dc=test
objectClass: groupOfNames
cn: inner
member: uid=bob,ou=people,dc=example,dc=test
member: cn=staff,ou=groups,dc=example,dc=test
entryUUID: 00000000-0000-4000-8000-000000000012
";

pub(crate) fn by_filter(filter: &str) -> Location {
    Location {
        filter: Some(filter.into()),
        ..Location::default()
    }
}

pub(crate) fn settings(path: &Path) -> SourceSettings {
    let id = DataStoreId::new("export");
    let source = ChannelSource {
        users: by_filter("(objectClass=*)"),
        groups: Some(by_filter("(objectClass=*)")),
        ..defaults_for(DirectoryKind::OpenLdap).source(id.clone(), "dc=example,dc=test")
    };
    SourceSettings {
        data_store: DataStore {
            id,
            name: "Export".into(),
            kind: DataStoreKind::Ldif {
                path: path.display().to_string(),
            },
            directory: DirectoryKind::OpenLdap,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        },
        password: None,
        authorities: Vec::new(),
        source,
        policy: Policy::default(),
    }
}

pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    file
}

pub(crate) fn request() -> ReadRequest {
    ReadRequest {
        from: None,
        attributes: vec!["cn".into(), "uid".into()],
        sentinel_keys: Vec::new(),
        member_groups: Vec::new(),
    }
}

#[derive(Default)]
pub(crate) struct Reading {
    /// DN's first value -> key.
    pub(crate) people: BTreeMap<String, SourceKey>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) members: BTreeMap<SourceKey, BTreeSet<String>>,
    pub(crate) bad: Vec<String>,
    pub(crate) certificate: Certificate,
}

pub(crate) fn short(dn: &str) -> String {
    let first = dn.split(',').next().unwrap_or(dn);
    first
        .split_once('=')
        .map_or(first, |(_, value)| value)
        .to_owned()
}

pub(crate) async fn read(
    settings: SourceSettings,
    request: &ReadRequest,
) -> Result<Reading, SourceError> {
    let source = LdifSource::open(settings)?;
    let mut events: Vec<SourceEvent> = Vec::new();
    source.read(request, &mut events).await?;
    let mut reading = Reading::default();
    for event in events {
        match event {
            SourceEvent::Page(page) => {
                for found in page {
                    assert_eq!(found.scope, ScopeVerdict::In);
                    let name = short(&found.entry.dn);
                    match found.entry.kind {
                        Kind::User => drop(reading.people.insert(name, found.entry.key)),
                        Kind::Group => drop(reading.groups.insert(name)),
                    }
                }
            }
            SourceEvent::Members { group, members } => {
                let names = members.iter().map(|member| short(&member.dn));
                reading.members.entry(group).or_default().extend(names);
            }
            SourceEvent::Bad { problem, .. } => reading.bad.push(problem),
            SourceEvent::End(certificate) => reading.certificate = certificate,
            SourceEvent::Begin { full, .. } => assert!(full),
            SourceEvent::MembersEnd { .. } | SourceEvent::Gone { .. } => {}
        }
    }
    Ok(reading)
}

pub(crate) async fn refused(settings: SourceSettings) -> String {
    match read(settings, &request()).await {
        Ok(_) => panic!("read"),
        Err(error) => error.to_string(),
    }
}

pub(crate) fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

pub(crate) fn key(number: u32) -> SourceKey {
    SourceKey::new(format!("00000000-0000-4000-8000-{number:012}"))
}

pub(crate) fn people(reading: &Reading) -> BTreeSet<String> {
    reading.people.keys().cloned().collect()
}
