//! A directory, a source on it, and what a read gave.

use std::collections::{BTreeMap, BTreeSet};

use usher_connector::{
    FetchBy, Fetched, Plain, ReadEntry, ReadRequest, Source as _, SourceError, SourceEvent,
    SourceSettings,
};
use usher_connector_ldap::LdapSource;
use usher_core::model::{
    Bind, Certificate, ChannelSource, DataStore, DataStoreId, DataStoreKind, DirectoryKind, Kind,
    LdapStore, Location, Policy, ScopeVerdict, Sealed, SourceKey, Watermark,
};
use usher_core::templates::defaults_for;
use usher_testkit::slapd::{Slapd, SlapdConfig};

pub(crate) const BASE: &str = "dc=example,dc=test";

/// Long ago, so that a delta does not see the first load.
pub(crate) const OLD: &str = "20240101000000Z";

/// LDIF under construction.
#[derive(Default)]
pub(crate) struct Tree {
    text: String,
    count: u32,
}

impl Tree {
    /// The base, `ou=people` and `ou=groups`.
    pub(crate) fn new() -> Self {
        let mut tree = Self::default();
        tree.entry(
            BASE,
            &[
                "objectClass: dcObject",
                "objectClass: organization",
                "dc: example",
                "o: E",
            ],
        );
        tree.unit("people").unit("groups");
        tree
    }

    pub(crate) fn unit(&mut self, name: &str) -> &mut Self {
        let dn = format!("ou={name},{BASE}");
        self.entry(
            &dn,
            &["objectClass: organizationalUnit", &format!("ou: {name}")],
        )
    }

    /// `uid=NAME,ou=people` with further lines.
    pub(crate) fn person(&mut self, name: &str, more: &[&str]) -> &mut Self {
        let mail = format!("mail: {name}@example.test");
        let (uid, cn) = (format!("uid: {name}"), format!("cn: Person {name}"));
        let mut lines = vec!["objectClass: inetOrgPerson", "sn: S", &uid, &cn, &mail];
        lines.extend(more);
        self.entry(&person(name), &lines)
    }

    pub(crate) fn people(&mut self, count: usize) -> &mut Self {
        for at in 0..count {
            let department = if at % 2 == 0 { "Sales" } else { "Support" };
            let line = format!("departmentNumber: {department}");
            self.person(&format!("p{at}"), &[&line]);
        }
        self
    }

    /// `cn=NAME,ou=groups` with these members.
    pub(crate) fn group(&mut self, name: &str, members: &[String]) -> &mut Self {
        let mut lines = vec![
            "objectClass: groupOfNames".to_owned(),
            format!("cn: {name}"),
        ];
        lines.extend(members.iter().map(|member| format!("member: {member}")));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.entry(&group(name), &lines)
    }

    pub(crate) fn entry(&mut self, dn: &str, lines: &[&str]) -> &mut Self {
        self.count += 1;
        self.text.push_str(&format!(
            "dn: {dn}\n{}\nentryUUID: {}\nmodifyTimestamp: {OLD}\n\n",
            lines.join("\n"),
            uuid(self.count)
        ));
        self
    }

    /// A record as it is.
    pub(crate) fn raw(&mut self, record: &str) -> &mut Self {
        self.text.push_str(record);
        self
    }

    pub(crate) fn start(&self) -> Option<Slapd> {
        self.start_with(SlapdConfig::default())
    }

    pub(crate) fn start_with(&self, config: SlapdConfig) -> Option<Slapd> {
        Slapd::start_or_skip(SlapdConfig {
            ldif: Some(self.text.clone()),
            ..config
        })
    }
}

pub(crate) fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn person(name: &str) -> String {
    format!("uid={name},ou=people,{BASE}")
}

pub(crate) fn group(name: &str) -> String {
    format!("cn={name},ou=groups,{BASE}")
}

/// Everybody and every group, read with small pages.
pub(crate) fn settings(slapd: &Slapd) -> SourceSettings {
    settings_at(&format!("127.0.0.1:{}", slapd.port()), slapd)
}

pub(crate) fn settings_at(host: &str, slapd: &Slapd) -> SourceSettings {
    let id = DataStoreId::new("corp");
    let source = ChannelSource {
        users: by_filter("(objectClass=*)"),
        groups: Some(by_filter("(objectClass=*)")),
        ..defaults_for(DirectoryKind::OpenLdap).source(id.clone(), BASE)
    };
    SourceSettings {
        data_store: DataStore {
            id,
            name: "Corporate".into(),
            kind: DataStoreKind::Ldap(LdapStore {
                hosts: vec![host.to_owned()],
                bind: Bind::Simple {
                    dn: slapd.reader_dn(),
                    password: Sealed("sealed".into()),
                },
                page_size: 10,
                read_timeout_ms: 10_000,
                ..LdapStore::default()
            }),
            directory: DirectoryKind::OpenLdap,
            mask_values_in_log: false,
            dates: usher_core::model::Dates::default(),
            kept: usher_core::model::Kept::default(),
        },
        password: Some(Plain::new(slapd.reader_password())),
        authorities: Vec::new(),
        source,
        policy: Policy::default(),
    }
}

pub(crate) fn ldap(settings: &mut SourceSettings) -> &mut LdapStore {
    match &mut settings.data_store.kind {
        DataStoreKind::Ldap(store) => store,
        DataStoreKind::Ldif { .. } => panic!("not an LDAP store"),
    }
}

pub(crate) fn by_filter(filter: &str) -> Location {
    Location {
        filter: Some(filter.to_owned()),
        ..Location::default()
    }
}

pub(crate) fn by_group(name: &str, nested: bool) -> Location {
    Location {
        group_dn: Some(group(name)),
        nested,
        filter: None,
    }
}

pub(crate) fn open(settings: SourceSettings) -> LdapSource {
    LdapSource::open(settings).expect("good settings")
}

/// What one read gave.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) full: bool,
    pub(crate) mark: Option<Watermark>,
    pub(crate) entries: Vec<ReadEntry>,
    pub(crate) bad: Vec<(String, String)>,
    /// Member uids or DNs by group name, sorted.
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
    pub(crate) vias: BTreeMap<(String, String), Vec<String>>,
    pub(crate) ends: BTreeMap<String, Option<String>>,
    pub(crate) certificate: Certificate,
}

impl Reading {
    pub(crate) fn people(&self) -> BTreeSet<String> {
        self.names(Kind::User, true)
    }

    pub(crate) fn groups(&self) -> BTreeSet<String> {
        self.names(Kind::Group, true)
    }

    /// Names of those that are out of scope, with the clause.
    pub(crate) fn out(&self) -> BTreeMap<String, String> {
        let clause = |read: &ReadEntry| match &read.scope {
            ScopeVerdict::In => None,
            ScopeVerdict::Out { clause } => Some((short(&read.entry.dn), clause.clone())),
        };
        self.entries.iter().filter_map(clause).collect()
    }

    fn names(&self, kind: Kind, inside: bool) -> BTreeSet<String> {
        let of_kind = self.entries.iter().filter(|read| read.entry.kind == kind);
        let wanted = of_kind.filter(|read| (read.scope == ScopeVerdict::In) == inside);
        wanted.map(|read| short(&read.entry.dn)).collect()
    }

    pub(crate) fn key(&self, name: &str) -> SourceKey {
        let found = self
            .entries
            .iter()
            .find(|read| short(&read.entry.dn) == name);
        found.expect("an entry of that name").entry.key.clone()
    }

    pub(crate) fn incomplete(&self) -> String {
        self.certificate.incomplete.join("\n")
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        assert!(self.certificate.is_complete(), "{}", self.incomplete());
    }
}

/// `p1` of `uid=p1,ou=people,...`.
pub(crate) fn short(dn: &str) -> String {
    let first = dn.split(',').next().unwrap_or(dn);
    first
        .split_once('=')
        .map_or(first, |(_, value)| value)
        .to_owned()
}

pub(crate) fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

pub(crate) fn request(from: Option<Watermark>) -> ReadRequest {
    ReadRequest {
        from,
        attributes: ["cn", "mail", "departmentNumber", "sn", "member"]
            .map(str::to_owned)
            .into(),
        sentinel_keys: Vec::new(),
        member_groups: Vec::new(),
    }
}

pub(crate) async fn full(source: &LdapSource) -> Reading {
    read(source, &request(None)).await.expect("a read")
}

pub(crate) async fn delta(source: &LdapSource, from: &Reading) -> Reading {
    read(source, &request(from.mark.clone()))
        .await
        .expect("a read")
}

pub(crate) async fn read(
    source: &LdapSource,
    request: &ReadRequest,
) -> Result<Reading, SourceError> {
    let mut events: Vec<SourceEvent> = Vec::new();
    source.read(request, &mut events).await?;
    assert!(
        matches!(events.first(), Some(SourceEvent::Begin { .. })),
        "{events:?}"
    );
    assert!(
        matches!(events.last(), Some(SourceEvent::End(_))),
        "{events:?}"
    );
    let mut reading = Reading::default();
    let mut group_names = BTreeMap::new();
    for event in events {
        match event {
            SourceEvent::Begin { full, mark } => (reading.full, reading.mark) = (full, mark),
            SourceEvent::Page(page) => {
                for read in &page {
                    group_names.insert(read.entry.key.clone(), short(&read.entry.dn));
                }
                reading.entries.extend(page);
            }
            SourceEvent::Bad { dn, problem, .. } => reading.bad.push((dn, problem)),
            SourceEvent::Members { group, members } => {
                assert!(members.len() <= 1_000);
                let name = group_names[&group].clone();
                for member in members {
                    reading
                        .vias
                        .insert((name.clone(), short(&member.dn)), member.via);
                    reading
                        .members
                        .entry(name.clone())
                        .or_default()
                        .insert(short(&member.dn));
                }
            }
            SourceEvent::MembersEnd { group, incomplete } => {
                reading.ends.insert(group_names[&group].clone(), incomplete);
            }
            SourceEvent::Gone { key, .. } => panic!("nothing proves that {key} is gone"),
            SourceEvent::End(certificate) => reading.certificate = certificate,
        }
    }
    Ok(reading)
}

pub(crate) async fn fetch(source: &LdapSource, keys: Vec<SourceKey>) -> Vec<Fetched> {
    let attributes = request(None).attributes;
    source
        .fetch(&FetchBy::Keys(keys), &attributes)
        .await
        .expect("fetched")
}

pub(crate) async fn fetch_dns(source: &LdapSource, dns: &[&str]) -> Vec<Fetched> {
    let attributes = request(None).attributes;
    let dns = dns.iter().map(|dn| (*dn).to_owned()).collect();
    source
        .fetch(&FetchBy::Dns(dns), &attributes)
        .await
        .expect("fetched")
}

/// The clause that keeps an entry out.
#[track_caller]
pub(crate) fn clause(fetched: &Fetched) -> &str {
    match fetched {
        Fetched::Present(read) => match &read.scope {
            ScopeVerdict::Out { clause } => clause,
            ScopeVerdict::In => panic!("{} is in scope", read.entry.dn),
        },
        other => panic!("not there: {other:?}"),
    }
}
