//! Single entries.

use std::collections::HashMap;

use usher_connector::scope::{ScopeSets, dn_hash};
use usher_connector::{FetchBy, Fetched, ReadEntry};
use usher_core::model::{Kind, SourceKey};

use crate::directory::{Directory, Lists, Record};
use crate::settings::Settings;

/// Finds entries; answers in the order asked.
pub(crate) async fn fetch(
    settings: &Settings,
    directory: &Directory,
    by: &FetchBy,
) -> Vec<Fetched> {
    let sets = ScopeSets::read(&mut Lists(directory), &settings.rules).await;
    let fetching = Fetching {
        settings,
        directory,
        sets: &sets,
    };
    match by {
        FetchBy::Keys(keys) => {
            let places = fetching.places(keys);
            keys.iter()
                .map(|key| fetching.by_key(places.get(key)))
                .collect()
        }
        FetchBy::Dns(dns) => dns.iter().map(|dn| fetching.by_dn(dn)).collect(),
    }
}

struct Fetching<'a> {
    settings: &'a Settings,
    directory: &'a Directory,
    sets: &'a ScopeSets,
}

impl<'a> Fetching<'a> {
    /// The records of these keys; more than one for a key is one too many.
    fn places(&self, keys: &'a [SourceKey]) -> HashMap<&'a SourceKey, Vec<&'a Record>> {
        let mut places: HashMap<&SourceKey, Vec<&Record>> =
            keys.iter().map(|key| (key, Vec::new())).collect();
        let rule = &self.settings.rules.key;
        let attribute = rule.attribute.to_ascii_lowercase();
        for record in &self.directory.records {
            let values = record
                .attributes
                .get(&attribute)
                .map_or(&[][..], Vec::as_slice);
            if let Some(found) = rule.key(values).ok().and_then(|key| places.get_mut(&key)) {
                found.push(record);
            }
        }
        places
    }

    fn by_key(&self, records: Option<&Vec<&Record>>) -> Fetched {
        match records.map_or(&[][..], Vec::as_slice) {
            [] => self.nothing(),
            [record] => self.found(record),
            [first, second, ..] => Fetched::Unknown {
                reason: format!(
                    "{} (line {}) and {} (line {}) have the same key",
                    first.dn, first.line, second.dn, second.line
                ),
            },
        }
    }

    fn by_dn(&self, dn: &str) -> Fetched {
        match self.directory.named(dn) {
            Some(record) => self.found(record),
            None if dn_hash(dn).is_none() => Fetched::Unknown {
                reason: format!("expected a DN, found `{dn}`"),
            },
            None if self.directory.has_below(dn) => Fetched::Other {
                what: format!("{dn} has no entry of its own, but there are entries below it"),
            },
            None => self.nothing(),
        }
    }

    /// A file of which a part could not be read proves nothing.
    fn nothing(&self) -> Fetched {
        match self.directory.incomplete.first() {
            None => Fetched::Absent,
            Some(reason) => Fetched::Unknown {
                reason: format!("it may be in a part of the file that cannot be read: {reason}"),
            },
        }
    }

    fn found(&self, record: &Record) -> Fetched {
        let rules = &self.settings.rules;
        let Some(kind) = record.kind else {
            return Fetched::Other {
                what: format!(
                    "{} (line {}) is neither a person ({}) nor a group ({})",
                    record.dn,
                    record.line,
                    rules.class(Kind::User),
                    rules.class(Kind::Group)
                ),
            };
        };
        let entry = match record.entry(rules, kind) {
            Ok(entry) => entry,
            Err(reason) => return Fetched::Unknown { reason },
        };
        match record.verdict(rules, self.sets, kind) {
            Some(scope) => Fetched::Present(Box::new(ReadEntry {
                scope_group: rules.scope_group(self.sets, kind, &record.dn),
                entry,
                scope,
            })),
            None => Fetched::Unknown {
                reason: format!(
                    "{} is there, but whether it is in scope is not known: a scope group is not complete",
                    record.dn
                ),
            },
        }
    }
}
