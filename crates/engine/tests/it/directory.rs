//! A directory that a test writes as it goes, and the source that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use usher_connector::{
    EventSink, FetchBy, Fetched, MemberDn, ProbeReport, ReadEntry, ReadRequest, Source,
    SourceError, SourceEvent, TreeLevel,
};
use usher_core::model::{Certificate, Entry, Kind, ScopeVerdict, SourceKey, Watermark};

pub(crate) const BASE: &str = "dc=example,dc=com";
/// A title on which the connector panics.
pub(crate) const PANIC_WORD: &str = "Panic while this is sent";

/// One person of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) uid: String,
    pub(crate) mail: Option<String>,
    pub(crate) title: String,
    pub(crate) locked: bool,
    pub(crate) in_filter: bool,
    /// In the scope of a second channel, whose filter is `(second=yes)`.
    pub(crate) in_second: bool,
    pub(crate) ou: String,
    /// The scope group that it is in.
    pub(crate) scope_group: Option<String>,
    /// The name in the DN, if it is not the uid.
    pub(crate) rdn: Option<String>,
    /// Whose immutable id it has, if not one of its own.
    pub(crate) twin_of: Option<String>,
}

/// The directory that tests script.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) groups: BTreeMap<String, BTreeSet<String>>,
    /// What groups are called, where that is not what their keys were made of.
    pub(crate) group_names: BTreeMap<String, String>,
    /// Why reads end early.
    pub(crate) incomplete: Option<String>,
    /// Entries that the paged read leaves out although they are there.
    pub(crate) overlooked: BTreeSet<String>,
    /// Entries whose key the account may not read.
    pub(crate) keyless: BTreeSet<String>,
    /// Member lists that are not read to their end.
    pub(crate) cut_members: BTreeSet<String>,
    /// DNs that members use although no entry has them any more.
    pub(crate) stale_member_ous: Option<String>,
    pub(crate) unreachable: bool,
    /// The credentials are refused.
    pub(crate) refuses: bool,
    /// A unit that is not seen.
    pub(crate) missing_unit: Option<String>,
    /// A unit of which nothing can be found out.
    pub(crate) unreadable: Option<String>,
    /// Reading it ends in a panic.
    pub(crate) panics: bool,
    /// People of one page, where it is not the usual few.
    pub(crate) page: Option<usize>,
    pub(crate) reads: u32,
}

impl Directory {
    pub(crate) fn hire(&mut self, uid: &str) {
        self.people.insert(
            uid.to_owned(),
            Person {
                uid: uid.to_owned(),
                mail: Some(format!("{uid}@example.com")),
                title: "Engineer".to_owned(),
                locked: false,
                in_filter: true,
                in_second: false,
                ou: "people".to_owned(),
                scope_group: None,
                twin_of: None,
                rdn: None,
            },
        );
    }

    pub(crate) fn person(&mut self, uid: &str) -> &mut Person {
        self.people.get_mut(uid).expect("a person of the test")
    }

    pub(crate) fn group(&mut self, name: &str, members: &[&str]) {
        let members = members.iter().map(|uid| (*uid).to_owned()).collect();
        self.groups.insert(name.to_owned(), members);
    }

    fn dn(person: &Person) -> String {
        let name = person.rdn.as_ref().unwrap_or(&person.uid);
        format!("uid={name},ou={},{BASE}", person.ou)
    }

    fn in_scope(person: &Person, second: bool) -> bool {
        if second {
            person.in_second
        } else {
            person.in_filter
        }
    }

    fn entry(person: &Person, second: bool) -> ReadEntry {
        let mut attributes: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let mut put = |name: &str, value: &str| {
            attributes.insert(name.to_owned(), vec![value.as_bytes().to_vec()]);
        };
        put("uid", &person.uid);
        put("givenname", &person.uid);
        put("sn", "Example");
        put("title", &person.title);
        if let Some(mail) = &person.mail {
            put("mail", mail);
        }
        if person.locked {
            put("locked", "true");
        }
        ReadEntry {
            entry: Entry {
                key: SourceKey::new(format!(
                    "key-{}",
                    person.twin_of.as_ref().unwrap_or(&person.uid)
                )),
                dn: Self::dn(person),
                kind: Kind::User,
                attributes,
                too_long: BTreeMap::new(),
            },
            scope: if Self::in_scope(person, second) {
                ScopeVerdict::In
            } else {
                ScopeVerdict::Out {
                    clause: if second {
                        "filter (second=yes)"
                    } else {
                        "filter (staff=yes)"
                    }
                    .to_owned(),
                }
            },
            scope_group: person.scope_group.clone(),
        }
    }

    /// The group keeps its key under another name.
    pub(crate) fn rename_group(&mut self, key: &str, name: &str) {
        self.group_names.insert(key.to_owned(), name.to_owned());
    }

    fn group_entry(&self, key: &str) -> ReadEntry {
        let name = self.group_names.get(key).map_or(key, String::as_str);
        let attributes = BTreeMap::from([("cn".to_owned(), vec![name.as_bytes().to_vec()])]);
        ReadEntry {
            entry: Entry {
                key: SourceKey::new(format!("group-{key}")),
                dn: format!("cn={name},ou=groups,{BASE}"),
                kind: Kind::Group,
                attributes,
                too_long: BTreeMap::new(),
            },
            scope: ScopeVerdict::In,
            scope_group: None,
        }
    }

    fn members(&self, name: &str) -> Vec<MemberDn> {
        let of = self.groups.get(name).into_iter().flatten();
        of.map(|uid| {
            let dn = match (self.people.get(uid), &self.stale_member_ous) {
                (Some(person), None) => Self::dn(person),
                (_, Some(ou)) => format!("uid={uid},ou={ou},{BASE}"),
                (None, None) => format!("uid={uid},ou=people,{BASE}"),
            };
            MemberDn {
                dn,
                via: Vec::new(),
            }
        })
        .collect()
    }

    fn events(&self, delta: bool, second: bool) -> Vec<SourceEvent> {
        let mut events = vec![SourceEvent::Begin {
            full: !delta,
            mark: Some(Watermark(format!("mark-{}", self.reads))),
        }];
        let people: Vec<ReadEntry> = self
            .people
            .values()
            .filter(|person| !self.overlooked.contains(&person.uid))
            .filter(|person| !self.keyless.contains(&person.uid))
            .filter(|person| delta || Self::in_scope(person, second))
            .map(|person| Self::entry(person, second))
            .collect();
        let users = people.len() as u64;
        let keyless = self.people.values();
        let keyless = keyless.filter(|person| self.keyless.contains(&person.uid));
        events.extend(keyless.map(|person| SourceEvent::Bad {
            dn: Self::dn(person),
            key: None,
            problem: "it has no key".to_owned(),
        }));
        let chunks: Vec<_> = people
            .chunks(self.page.unwrap_or(7))
            .map(<[ReadEntry]>::to_vec)
            .collect();
        events.extend(chunks.into_iter().map(SourceEvent::Page));
        let groups: Vec<ReadEntry> = self
            .groups
            .keys()
            .map(|name| self.group_entry(name))
            .collect();
        let count = groups.len() as u64;
        if !groups.is_empty() {
            events.push(SourceEvent::Page(groups));
        }
        for name in self.groups.keys() {
            let group = SourceKey::new(format!("group-{name}"));
            let members = self.members(name);
            events.push(SourceEvent::Members {
                group: group.clone(),
                members,
            });
            let incomplete = self
                .cut_members
                .contains(name)
                .then(|| "the range was not read to its end".to_owned());
            events.push(SourceEvent::MembersEnd { group, incomplete });
        }
        events.push(SourceEvent::End(Certificate {
            incomplete: self.incomplete.iter().cloned().collect(),
            host: "scripted".to_owned(),
            users,
            groups: count,
            incomplete_groups: self
                .cut_members
                .iter()
                .map(|name| (name.clone(), "the range was not read to its end".to_owned()))
                .collect(),
            ..Certificate::default()
        }));
        events
    }

    fn fetch_dn(&self, second: bool, dn: &str) -> Fetched {
        let mut keyless = self.people.values();
        let is_keyless =
            keyless.any(|person| self.keyless.contains(&person.uid) && Self::dn(person) == *dn);
        if is_keyless || self.unreadable.as_deref() == Some(dn) {
            return Fetched::Unknown {
                reason: "scripted: no answer".to_owned(),
            };
        }
        // Every unit is there; a test says which is not.
        let is_unit = dn.starts_with("ou=") && self.missing_unit.as_deref() != Some(dn);
        if is_unit {
            return Fetched::Other {
                what: "a unit".to_owned(),
            };
        }
        self.fetch_one(second, |read| read.entry.dn == *dn)
    }

    fn fetch_one(&self, second: bool, matches: impl Fn(&ReadEntry) -> bool) -> Fetched {
        let people = self
            .people
            .values()
            .filter(|person| !self.keyless.contains(&person.uid))
            .map(|person| Self::entry(person, second));
        let groups = self.groups.keys().map(|name| self.group_entry(name));
        let mut found = people.chain(groups).filter(matches);
        match (found.next(), found.next()) {
            (Some(_), Some(twin)) => Fetched::Unknown {
                reason: format!("two entries have the key {}", twin.entry.key),
            },
            (Some(read), None) => Fetched::Present(Box::new(read)),
            (None, _) => Fetched::Absent,
        }
    }
}

pub(crate) struct ScriptedSource {
    pub(crate) directory: Arc<Mutex<Directory>>,
    pub(crate) second: bool,
}

#[async_trait]
impl Source for ScriptedSource {
    async fn read(
        &self,
        request: &ReadRequest,
        sink: &mut dyn EventSink,
    ) -> Result<(), SourceError> {
        let events = {
            let mut directory = self.directory.lock().expect("lock");
            if directory.unreachable {
                return Err(SourceError::Unreachable(
                    "scripted: nobody answers".to_owned(),
                ));
            }
            if directory.refuses {
                return Err(SourceError::Credentials("scripted: 49".to_owned()));
            }
            if directory.panics {
                // Not while it is locked: a poisoned lock would break the test itself.
                drop(directory);
                panic!("scripted: a defect");
            }
            directory.reads += 1;
            directory.events(request.from.is_some(), self.second)
        };
        for event in events {
            sink.event(event).await?;
        }
        Ok(())
    }

    async fn fetch(
        &self,
        by: &FetchBy,
        _attributes: &[String],
    ) -> Result<Vec<Fetched>, SourceError> {
        let directory = self.directory.lock().expect("lock");
        if directory.unreachable {
            return Err(SourceError::Unreachable(
                "scripted: nobody answers".to_owned(),
            ));
        }
        Ok(match by {
            FetchBy::Keys(keys) => keys
                .iter()
                .map(|key| directory.fetch_one(self.second, |read| read.entry.key == *key))
                .collect(),
            FetchBy::Dns(dns) => dns
                .iter()
                .map(|dn| directory.fetch_dn(self.second, dn))
                .collect(),
        })
    }

    async fn children(&self, _dn: &str, _limit: u32) -> Result<TreeLevel, SourceError> {
        let directory = self.directory.lock().expect("lock");
        if directory.unreachable {
            return Err(SourceError::Unreachable(
                "scripted: nobody answers".to_owned(),
            ));
        }
        if directory.refuses {
            return Err(SourceError::Credentials("scripted: 49".to_owned()));
        }
        Ok(TreeLevel::default())
    }

    async fn probe(&self) -> Result<ProbeReport, SourceError> {
        Ok(ProbeReport::default())
    }
}
