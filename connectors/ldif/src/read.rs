//! One read from begin to end.

use std::collections::{BTreeMap, HashMap, HashSet};

use usher_connector::scope::{ScopeSets, Walk};
use usher_connector::{
    EventSink, KINDS, MemberDn, ReadEntry, ReadRequest, SourceError, SourceEvent,
};
use usher_core::model::{Certificate, Hash128, Kind, ScopeVerdict, SourceKey};

use crate::directory::{Directory, Lists, Record};
use crate::settings::Settings;

/// Entries of a page, and members of an event.
const PAGE: usize = 500;
const MEMBERS: usize = 1_000;

/// Reasons for unusable entries that a certificate keeps.
const BAD_KEPT: usize = 1_000;

/// Shared keys that a certificate tells of.
const SHARED_TOLD: usize = 20;

/// So many linked people may be missing before a read proves nothing.
const MISSING_ALLOWED: usize = 1;

/// Reads the directory, giving events to the sink.
pub(crate) async fn read(
    settings: &Settings,
    directory: &Directory,
    request: &ReadRequest,
    sink: &mut dyn EventSink,
) -> Result<(), SourceError> {
    let sets = ScopeSets::read(&mut Lists(directory), &settings.rules).await;
    let mut certificate = Certificate {
        incomplete: directory.incomplete.clone(),
        host: settings.path.display().to_string(),
        ..Certificate::default()
    };
    certificate.incomplete.extend(sets.incomplete());
    let shared = shared_keys(settings, directory);
    let attribute = &settings.rules.key.attribute;
    let told = shared.values().take(SHARED_TOLD).map(|names| {
        format!(
            "{names} have the same {attribute}: an immutable id belongs to one entry; look whether that is the right attribute"
        )
    });
    certificate.incomplete.extend(told);
    sink.event(SourceEvent::Begin {
        full: true,
        mark: None,
    })
    .await?;
    let mut reading = Reading {
        settings,
        directory,
        sets,
        sink,
        certificate,
        shared,
        seen: HashSet::new(),
        groups: Vec::new(),
    };
    for kind in KINDS {
        reading.kind(kind).await?;
    }
    reading.members().await?;
    reading.sentinels(&request.sentinel_keys);
    let Reading {
        certificate, sink, ..
    } = reading;
    sink.event(SourceEvent::End(certificate)).await
}

/// The keys that more than one person or group below the base DN has, with the names of two of them.
fn shared_keys(settings: &Settings, directory: &Directory) -> BTreeMap<Hash128, String> {
    let rules = &settings.rules;
    let rule = &rules.key;
    let attribute = rule.attribute.to_ascii_lowercase();
    let mut first: HashMap<Hash128, &Record> = HashMap::new();
    let mut shared = BTreeMap::new();
    let concerns = |one: &&Record| {
        let location = one.kind.and_then(|kind| rules.location(kind));
        location.is_some() && rules.is_under_base(&one.dn)
    };
    for record in directory.records.iter().filter(concerns) {
        let values = record.attributes.get(&attribute);
        let Ok(key) = rule.key(values.map_or(&[][..], Vec::as_slice)) else {
            continue;
        };
        let key = Hash128::of(key.as_str().as_bytes());
        if let Some(other) = first.get(&key) {
            shared.insert(key, format!("{} and {}", other.dn, record.dn));
        } else {
            first.insert(key, record);
        }
    }
    shared
}

struct Reading<'a> {
    settings: &'a Settings,
    directory: &'a Directory,
    sets: ScopeSets,
    sink: &'a mut dyn EventSink,
    certificate: Certificate,
    /// Keys that several entries have, with their names: nobody can say whose each is.
    shared: BTreeMap<Hash128, String>,
    /// Keys that were met, whether in scope or not.
    seen: HashSet<Hash128>,
    groups: Vec<(SourceKey, String)>,
}

impl Reading<'_> {
    async fn kind(&mut self, kind: Kind) -> Result<(), SourceError> {
        let rules = &self.settings.rules;
        let Some(location) = rules.location(kind) else {
            return Ok(());
        };
        let clauses = [
            (!location.groups.is_empty()).then(|| location.group_clause()),
            location.filter.is_some().then(|| location.filter_clause()),
        ];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        self.certificate.asked.push(format!(
            "entries below {} with {}; {}",
            rules.base_dn,
            rules.class(kind),
            clauses.join(" and ")
        ));
        let mut page = Vec::new();
        let directory = self.directory;
        let of_kind = directory
            .records
            .iter()
            .filter(|record| record.kind == Some(kind));
        for record in of_kind.filter(|record| rules.is_under_base(&record.dn)) {
            page.extend(self.taken(record, kind).await?);
            if page.len() >= PAGE {
                self.send(kind, &mut page).await?;
            }
        }
        self.send(kind, &mut page).await
    }

    /// The record if it is usable and in scope.
    async fn taken(
        &mut self,
        record: &Record,
        kind: Kind,
    ) -> Result<Option<ReadEntry>, SourceError> {
        let rules = &self.settings.rules;
        let verdict = record.verdict(rules, &self.sets, kind);
        let inside = verdict == Some(ScopeVerdict::In);
        let (key, problem) = match record.entry(rules, kind) {
            Ok(entry) => {
                let key = Hash128::of(entry.key.as_str().as_bytes());
                self.seen.insert(key);
                match self.shared.get(&key) {
                    None => {
                        return Ok(inside.then(|| ReadEntry {
                            scope_group: rules.scope_group(&self.sets, kind, &record.dn),
                            entry,
                            scope: ScopeVerdict::In,
                        }));
                    }
                    Some(names) => (
                        Some(entry.key.clone()),
                        format!(
                            "line {}: {names} have the same key {}",
                            record.line, entry.key
                        ),
                    ),
                }
            }
            Err(problem) => (None, problem),
        };
        if !inside {
            return Ok(None);
        }
        if self.certificate.bad_entries.len() < BAD_KEPT {
            self.certificate
                .bad_entries
                .push(format!("{}: {problem}", record.dn));
        }
        self.sink
            .event(SourceEvent::Bad {
                dn: record.dn.clone(),
                key,
                problem,
            })
            .await?;
        Ok(None)
    }

    async fn send(&mut self, kind: Kind, page: &mut Vec<ReadEntry>) -> Result<(), SourceError> {
        if page.is_empty() {
            return Ok(());
        }
        self.certificate.pages += 1;
        match kind {
            Kind::User => self.certificate.users += page.len() as u64,
            Kind::Group => {
                self.certificate.groups += page.len() as u64;
                let named = page
                    .iter()
                    .map(|read| (read.entry.key.clone(), read.entry.dn.clone()));
                self.groups.extend(named);
            }
        }
        self.sink
            .event(SourceEvent::Page(std::mem::take(page)))
            .await
    }

    async fn members(&mut self) -> Result<(), SourceError> {
        for (key, dn) in std::mem::take(&mut self.groups) {
            let mut walk = Walk::new(&dn, true);
            let mut waiting: Vec<MemberDn> = Vec::new();
            while let Some(step) = walk.next(&mut Lists(self.directory)).await {
                for member in step.people {
                    waiting.push(member);
                    if waiting.len() >= MEMBERS {
                        self.send_members(&key, &mut waiting).await?;
                    }
                }
            }
            self.send_members(&key, &mut waiting).await?;
            let incomplete = walk.incomplete().map(str::to_owned);
            if let Some(reason) = &incomplete {
                self.certificate
                    .incomplete_groups
                    .insert(dn, reason.clone());
            }
            let end = SourceEvent::MembersEnd {
                group: key,
                incomplete,
            };
            self.sink.event(end).await?;
        }
        Ok(())
    }

    async fn send_members(
        &mut self,
        group: &SourceKey,
        waiting: &mut Vec<MemberDn>,
    ) -> Result<(), SourceError> {
        if waiting.is_empty() {
            return Ok(());
        }
        self.sink
            .event(SourceEvent::Members {
                group: group.clone(),
                members: std::mem::take(waiting),
            })
            .await
    }

    /// Whether what must be there is. Scope groups were looked for when their members were read.
    fn sentinels(&mut self, keys: &[SourceKey]) {
        for dn in &self.settings.sentinels {
            self.certificate.sentinels_asked += 1;
            if self.directory.named(dn).is_some() {
                self.certificate.sentinels_found += 1;
            } else {
                self.certificate.incomplete.push(format!(
                    "{dn} must be there and is not in the file: it is not the export it was"
                ));
            }
        }
        let is_seen = |key: &&SourceKey| self.seen.contains(&Hash128::of(key.as_str().as_bytes()));
        let found = keys.iter().filter(is_seen).count();
        self.certificate.sentinels_asked += keys.len() as u32;
        self.certificate.sentinels_found += found as u32;
        if keys.len() - found > MISSING_ALLOWED {
            self.certificate.incomplete.push(format!(
                "{} of {} linked people looked up by their key are not in the file: it is not the export it was",
                keys.len() - found,
                keys.len()
            ));
        }
    }
}
