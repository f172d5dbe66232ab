//! The entries, in the order of the tree, with what the directory keeps by itself.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use usher_directory::compare::unix_ms_to_generalized_time;
use usher_directory::{AttributeLookup, Dn, attribute};

use super::{DemoEntry, DirectoryError};

/// Canonical parts of a name, the root's first, so that a subtree is one range of the map.
pub(crate) type Key = Vec<String>;

/// Attributes that hold the names of members.
const MEMBER_ATTRIBUTES: &[&str] = &["member", "uniqueMember"];

/// Attributes that the directory keeps. They are returned only by name or for `+`.
const KEPT: &[&str] = &["entryUUID", "createTimestamp", "modifyTimestamp"];

/// An entry with what the directory knows about it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) dn: Dn,
    pub(crate) entry: DemoEntry,
    /// Canonical descriptions of `entry.attributes`, in the same order.
    pub(crate) descriptions: Vec<String>,
    pub(crate) uuid: String,
    pub(crate) created: String,
    pub(crate) modified: String,
}

#[derive(Debug, Default)]
pub(crate) struct Tree {
    entries: BTreeMap<Key, Arc<Stored>>,
    /// Who has this (canonical) name as a member.
    member_of: HashMap<String, BTreeSet<Key>>,
    /// How often each (canonical) name was used before: a name used again gets another UUID.
    used: HashMap<String, u64>,
}

pub(crate) fn parse(dn: &str) -> Result<Dn, DirectoryError> {
    Dn::parse(dn).map_err(|error| DirectoryError::BadDn {
        dn: dn.to_owned(),
        reason: error.to_string(),
    })
}

pub(crate) fn key(dn: &Dn) -> Key {
    dn.rdns()
        .iter()
        .rev()
        .map(usher_directory::Rdn::canonical)
        .collect()
}

impl Tree {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, dn: &str) -> Result<&Arc<Stored>, DirectoryError> {
        let key = key(&parse(dn)?);
        self.entries
            .get(&key)
            .ok_or_else(|| DirectoryError::NoSuchEntry(dn.to_owned()))
    }

    pub(crate) fn by_key(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.entries.get(key)
    }

    /// Entries of the subtree of `base` behind `after` (or from its start), in the order of the tree.
    pub(crate) fn below<'a>(
        &'a self,
        base: &'a Key,
        after: Option<&Key>,
    ) -> impl Iterator<Item = &'a Arc<Stored>> {
        let start = match after {
            Some(after) => Bound::Excluded(after.clone()),
            None => Bound::Included(base.clone()),
        };
        let range = self.entries.range((start, Bound::Unbounded));
        range
            .map(|(_, stored)| stored)
            .take_while(move |stored| stored.key.starts_with(base))
    }

    /// The entries that have no parent here: the naming contexts.
    pub(crate) fn tops(&self) -> Vec<String> {
        let is_top = |stored: &&Arc<Stored>| {
            (0..stored.key.len()).all(|length| {
                stored
                    .key
                    .get(..length)
                    .is_none_or(|parent| !self.entries.contains_key(parent))
            })
        };
        self.entries
            .values()
            .filter(is_top)
            .map(|stored| stored.entry.dn.clone())
            .collect()
    }

    fn times_used(&self, dn: &Dn) -> u64 {
        self.used.get(&dn.canonical()).copied().unwrap_or_default()
    }

    /// The names of the groups that have this entry as a member.
    pub(crate) fn groups_of(&self, stored: &Stored) -> Vec<Vec<u8>> {
        let Some(groups) = self.member_of.get(&stored.dn.canonical()) else {
            return Vec::new();
        };
        let found = groups.iter().filter_map(|group| self.entries.get(group));
        found
            .map(|group| group.entry.dn.clone().into_bytes())
            .collect()
    }

    pub(crate) fn add(&mut self, mut entry: DemoEntry, now: i64) -> Result<(), DirectoryError> {
        let dn = parse(&entry.dn)?;
        let key = key(&dn);
        if self.entries.contains_key(&key) {
            return Err(DirectoryError::AlreadyThere(entry.dn));
        }
        let stamp = unix_ms_to_generalized_time(now);
        let mut own = |name: &str| {
            let value = entry.text(name).map(str::to_owned);
            entry.remove(name);
            value
        };
        let uuid =
            own("entryUUID").unwrap_or_else(|| uuid_for(&dn.canonical(), self.times_used(&dn)));
        let created = own("createTimestamp").unwrap_or_else(|| stamp.clone());
        let modified = own("modifyTimestamp").unwrap_or(stamp);
        entry.remove("memberOf");
        self.put(Stored {
            key,
            dn,
            descriptions: Vec::new(),
            entry,
            uuid,
            created,
            modified,
        });
        Ok(())
    }

    pub(crate) fn modify(
        &mut self,
        dn: &str,
        now: i64,
        change: impl FnOnce(&mut DemoEntry),
    ) -> Result<(), DirectoryError> {
        let old = Arc::clone(self.get(dn)?);
        let mut entry = old.entry.clone();
        change(&mut entry);
        entry.dn.clone_from(&old.entry.dn);
        let modified = unix_ms_to_generalized_time(now);
        self.take(&old.key);
        self.put(Stored {
            entry,
            modified,
            ..copy(&old)
        });
        Ok(())
    }

    pub(crate) fn delete(&mut self, dn: &str) -> Result<(), DirectoryError> {
        let old = Arc::clone(self.get(dn)?);
        if self.below(&old.key, Some(&old.key)).next().is_some() {
            return Err(DirectoryError::NotALeaf(dn.to_owned()));
        }
        self.take(&old.key);
        *self.used.entry(old.dn.canonical()).or_default() += 1;
        self.replace_member(&old.dn.canonical(), None);
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        dn: &str,
        new_dn: &str,
        now: i64,
    ) -> Result<(), DirectoryError> {
        let base = Arc::clone(self.get(dn)?);
        let new_base = parse(new_dn)?;
        let new_key = key(&new_base);
        if new_key != base.key
            && (self.entries.contains_key(&new_key) || new_key.starts_with(&base.key))
        {
            return Err(DirectoryError::AlreadyThere(new_dn.to_owned()));
        }
        let moved: Vec<Arc<Stored>> = self.below(&base.key, None).map(Arc::clone).collect();
        for old in &moved {
            self.take(&old.key);
        }
        let mut new_names = Vec::new();
        for old in &moved {
            let extra = old.dn.rdns().len().saturating_sub(base.dn.rdns().len());
            let mut rdns = old
                .dn
                .rdns()
                .iter()
                .take(extra)
                .cloned()
                .collect::<Vec<_>>();
            rdns.extend_from_slice(new_base.rdns());
            let dn = Dn::from_rdns(rdns);
            let mut stored = Stored {
                key: key(&dn),
                ..copy(old)
            };
            stored.entry.dn = if extra == 0 {
                new_dn.to_owned()
            } else {
                dn.to_string()
            };
            if extra == 0 {
                stored.modified = unix_ms_to_generalized_time(now);
            }
            stored.dn = dn;
            new_names.push(stored.entry.dn.clone());
            self.put(stored);
        }
        // After all are back in their place, as a moved group may have moved members.
        for (old, new_name) in moved.iter().zip(&new_names) {
            self.replace_member(&old.dn.canonical(), Some(new_name));
        }
        Ok(())
    }

    /// Writes another name, or none, where this one is a member, without moving any time stamp.
    fn replace_member(&mut self, canonical: &str, new_name: Option<&str>) {
        for group in self.member_of.get(canonical).cloned().unwrap_or_default() {
            let Some(old) = self.entries.get(&group).map(Arc::clone) else {
                continue;
            };
            let mut stored = copy(&old);
            for name in MEMBER_ATTRIBUTES {
                let values = old.entry.values(name).iter().filter_map(|value| {
                    if canonical_value(value).as_deref() != Some(canonical) {
                        return Some(value.clone());
                    }
                    new_name.map(|name| name.as_bytes().to_vec())
                });
                stored.entry.set_values(name, values.collect());
            }
            self.take(&group);
            self.put(stored);
        }
    }

    fn put(&mut self, mut stored: Stored) {
        let names = stored.entry.attributes.iter();
        stored.descriptions = names
            .map(|(name, _)| attribute::canonical_description(name))
            .collect();
        for member in members(&stored.entry) {
            self.member_of
                .entry(member)
                .or_default()
                .insert(stored.key.clone());
        }
        self.entries.insert(stored.key.clone(), Arc::new(stored));
    }

    fn take(&mut self, key: &Key) {
        let Some(old) = self.entries.remove(key) else {
            return;
        };
        for member in members(&old.entry) {
            if let Some(groups) = self.member_of.get_mut(&member) {
                groups.remove(key);
                if groups.is_empty() {
                    self.member_of.remove(&member);
                }
            }
        }
    }
}

fn copy(old: &Stored) -> Stored {
    Stored {
        key: old.key.clone(),
        dn: old.dn.clone(),
        entry: old.entry.clone(),
        descriptions: Vec::new(),
        uuid: old.uuid.clone(),
        created: old.created.clone(),
        modified: old.modified.clone(),
    }
}

fn canonical_value(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    Dn::parse(text).ok().map(|dn| dn.canonical())
}

/// The canonical names of the members of a group. A value that is not a DN is nobody's.
fn members(entry: &DemoEntry) -> Vec<String> {
    let values = MEMBER_ATTRIBUTES.iter().flat_map(|name| entry.values(name));
    values.filter_map(|value| canonical_value(value)).collect()
}

/// A UUID (version 8) that follows from the name, so that a demonstration can be repeated.
fn uuid_for(canonical: &str, times_used: u64) -> String {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for byte in canonical.bytes().chain(times_used.to_be_bytes()) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    uuid::Builder::from_custom_bytes(hash.to_be_bytes())
        .into_uuid()
        .to_string()
}

/// An entry as a filter sees it: kept attributes included.
pub(crate) struct Seen<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) stored: &'a Stored,
}

impl Seen<'_> {
    /// A kept attribute, by canonical description: its usual name and its values.
    pub(crate) fn kept(&self, description: &str) -> Option<(&'static str, Vec<Vec<u8>>)> {
        let one = |value: &str| vec![value.as_bytes().to_vec()];
        match description {
            "entryuuid" => Some(("entryUUID", one(&self.stored.uuid))),
            "createtimestamp" => Some(("createTimestamp", one(&self.stored.created))),
            "modifytimestamp" => Some(("modifyTimestamp", one(&self.stored.modified))),
            "memberof" => Some(("memberOf", self.tree.groups_of(self.stored))),
            "entrydn" => Some(("entryDN", one(&self.stored.entry.dn))),
            _ => None,
        }
    }

    /// All kept attributes, for `+`.
    pub(crate) fn all_kept(&self) -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let names = KEPT.iter().chain(&["entryDN", "memberOf"]);
        names
            .filter_map(|name| self.kept(&name.to_ascii_lowercase()))
            .collect()
    }
}

impl AttributeLookup for Seen<'_> {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        if let Some((_, values)) = self.kept(description) {
            return values.into_iter().map(Cow::Owned).collect();
        }
        let found = self
            .stored
            .descriptions
            .iter()
            .zip(&self.stored.entry.attributes);
        found
            .filter(|(present, _)| is_covered(description, present))
            .flat_map(|(_, (_, values))| values.iter().map(|value| Cow::Borrowed(value.as_slice())))
            .collect()
    }

    fn dn(&self) -> Option<&Dn> {
        Some(&self.stored.dn)
    }
}

/// As [`attribute::covers`], for descriptions that are both canonical already.
pub(crate) fn is_covered(wanted: &str, present: &str) -> bool {
    wanted == present || (present.contains(';') && attribute::covers(wanted, present))
}
