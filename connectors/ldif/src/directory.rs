//! A file as a directory in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use usher_connector::Named;
use usher_connector::scope::{
    Attributes, GroupLists, MemberList, ScopeRules, ScopeSets, dn_hash, entry_of,
};
use usher_core::model::{Entry, Hash128, Kind, ScopeVerdict};
use usher_directory::{AttributeLookup, Dn, Filter};

use crate::settings::Settings;

/// One record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) line: u64,
    pub(crate) dn: String,
    /// What is needed of its attributes; superior object classes included.
    pub(crate) attributes: Attributes,
    pub(crate) members: MemberList,
    pub(crate) kind: Option<Kind>,
    /// Whether it passes the filter of its kind's location, if there is one.
    pub(crate) passes: bool,
    /// As in [`Entry::too_long`].
    pub(crate) too_long: BTreeMap<String, u64>,
}

/// All records, by place and by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub(crate) records: Vec<Record>,
    pub(crate) by_name: HashMap<Hash128, usize>,
    /// Why the file does not tell everything.
    pub(crate) incomplete: Vec<String>,
}

impl Directory {
    /// The record of that name.
    pub(crate) fn named(&self, dn: &str) -> Option<&Record> {
        let place = self.by_name.get(&dn_hash(dn)?)?;
        self.records.get(*place)
    }

    /// The records under the base DN that have this text as a value of one of the attributes.
    pub(crate) fn having(
        &self,
        settings: &Settings,
        text: &str,
        attributes: &[String],
        limit: u32,
    ) -> Named {
        let names = attributes.iter().map(|name| Filter::eq(name, text));
        let filter = Filter::or(names.collect());
        let mut found = Named::default();
        for record in &self.records {
            let Ok(dn) = Dn::parse(&record.dn) else {
                continue;
            };
            let attributes = &record.attributes;
            let is_named = filter
                .evaluate(&Lookup {
                    attributes,
                    dn: &dn,
                })
                .is_true();
            if !is_named || !settings.rules.is_under_base(&record.dn) {
                continue;
            }
            if found.dns.len() as u32 == limit {
                found.more = true;
                break;
            }
            found.dns.push(record.dn.clone());
        }
        found
    }

    /// Whether there are records below a name.
    pub(crate) fn has_below(&self, dn: &str) -> bool {
        let Ok(above) = Dn::parse(dn) else {
            return false;
        };
        self.records
            .iter()
            .any(|record| Dn::parse(&record.dn).is_ok_and(|dn| dn.is_under(&above)))
    }
}

impl Record {
    /// The record as an entry, or why it is none.
    pub(crate) fn entry(&self, rules: &ScopeRules, kind: Kind) -> Result<Entry, String> {
        let entry = entry_of(&self.dn, kind, self.attributes.clone(), &rules.key);
        match entry {
            Ok(entry) => Ok(Entry {
                too_long: self.too_long.clone(),
                ..entry
            }),
            Err(problem) => Err(format!("line {}: {problem}", self.line)),
        }
    }

    /// Whether it is in scope; `None` when that cannot be told.
    pub(crate) fn verdict(
        &self,
        rules: &ScopeRules,
        sets: &ScopeSets,
        kind: Kind,
    ) -> Option<ScopeVerdict> {
        rules.verdict(sets, kind, &self.dn, self.passes)
    }
}

/// Whether a record passes the filter of its kind's location, if there is one.
pub(crate) fn passes(rules: &ScopeRules, kind: Kind, dn: &Dn, attributes: &Attributes) -> bool {
    let location = rules.location(kind);
    let filter = location.and_then(|location| location.filter.as_ref());
    let lookup = Lookup { attributes, dn };
    filter.is_none_or(|filter| filter.evaluate(&lookup).is_true())
}

/// Walks groups in memory.
pub(crate) struct Lists<'a>(pub(crate) &'a Directory);

#[async_trait]
impl GroupLists for Lists<'_> {
    async fn direct_members(&mut self, dn: &str) -> MemberList {
        match self.0.named(dn) {
            Some(record) => record.members.clone(),
            None => MemberList {
                incomplete: Some(format!("the file has no entry {dn}")),
                ..MemberList::default()
            },
        }
    }

    fn is_group(&self, dn: Hash128) -> bool {
        let record = self
            .0
            .by_name
            .get(&dn)
            .and_then(|place| self.0.records.get(*place));
        record.is_some_and(|record| record.kind == Some(Kind::Group))
    }
}

/// A record as a filter sees it.
struct Lookup<'a> {
    attributes: &'a Attributes,
    dn: &'a Dn,
}

impl AttributeLookup for Lookup<'_> {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        self.attributes.values_of(description)
    }

    fn dn(&self) -> Option<&Dn> {
        Some(self.dn)
    }
}
