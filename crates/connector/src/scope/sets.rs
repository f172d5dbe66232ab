//! Who belongs to the scope groups, and the verdict on one entry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use usher_core::model::{Hash128, Kind, ScopeVerdict};
use usher_directory::Dn;

use super::{GroupLists, LocationRule, ScopeRules, Walk, dn_hash};

/// The members of a location's groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// By comparison key, with the first of the location's groups that they are in, from 0.
    pub names: HashMap<Hash128, u32>,
    /// As written, each once.
    pub dns: Vec<String>,
    /// Why there may be more.
    pub incomplete: Option<String>,
}

impl Members {
    /// Reads the members of a location's groups: people for people, member groups for groups.
    pub async fn read(lists: &mut dyn GroupLists, location: &LocationRule, kind: Kind) -> Self {
        let mut members = Self::default();
        for (number, group) in (0..).zip(&location.groups) {
            let mut walk = Walk::new(&group.dn, location.nested);
            while let Some(step) = walk.next(lists).await {
                let wanted = match kind {
                    Kind::User => step.people,
                    Kind::Group => step.groups,
                };
                for member in wanted {
                    let Some(name) = dn_hash(&member.dn) else {
                        continue;
                    };
                    if let Entry::Vacant(place) = members.names.entry(name) {
                        place.insert(number);
                        members.dns.push(member.dn);
                    }
                }
            }
            if let Some(why) = walk.incomplete() {
                let dn = &group.dn;
                let why = format!("the members of scope group {dn} were not all read: {why}");
                members.incomplete.get_or_insert(why);
            }
        }
        members
    }

    /// One hash of all of them, whatever their order.
    pub fn hash(&self) -> Hash128 {
        let mut names: Vec<&Hash128> = self.names.keys().collect();
        names.sort_unstable();
        let bytes: Vec<u8> = names.into_iter().flat_map(|name| name.0).collect();
        Hash128::of(&bytes)
    }
}

/// The members of all scope groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSets {
    /// Of the groups that people are provisioned by; `None` = not asked for.
    pub users: Option<Members>,
    /// Of the container groups that groups are provisioned by; `None` = not asked for.
    pub groups: Option<Members>,
}

impl ScopeSets {
    /// Reads them.
    pub async fn read(lists: &mut dyn GroupLists, rules: &ScopeRules) -> Self {
        let mut sets = Self::default();
        for kind in crate::KINDS {
            let location = rules.location(kind);
            let Some(location) = location.filter(|location| !location.groups.is_empty()) else {
                continue;
            };
            let members = Some(Members::read(lists, location, kind).await);
            match kind {
                Kind::User => sets.users = members,
                Kind::Group => sets.groups = members,
            }
        }
        sets
    }

    /// The set for a kind.
    pub fn of(&self, kind: Kind) -> Option<&Members> {
        match kind {
            Kind::User => self.users.as_ref(),
            Kind::Group => self.groups.as_ref(),
        }
    }

    /// Why a set is not complete.
    pub fn incomplete(&self) -> Vec<String> {
        let sets = self.users.iter().chain(&self.groups);
        sets.filter_map(|members| members.incomplete.clone())
            .collect()
    }
}

impl ScopeRules {
    /// Whether an entry is in scope. `None` when that cannot be told, since a scope group was not
    /// read to its end.
    pub fn verdict(
        &self,
        sets: &ScopeSets,
        kind: Kind,
        dn: &str,
        passes_filter: bool,
    ) -> Option<ScopeVerdict> {
        let out = |clause: String| Some(ScopeVerdict::Out { clause });
        let Some(location) = self.location(kind) else {
            return out("no groups are provisioned".to_owned());
        };
        if !self.is_under_base(dn) {
            return out(self.base_clause());
        }
        if let Some(members) = sets.of(kind) {
            let is_member = dn_hash(dn).is_some_and(|name| members.names.contains_key(&name));
            match (is_member, &members.incomplete) {
                (true, _) => {}
                (false, None) => return out(location.group_clause()),
                (false, Some(_)) => return None,
            }
        }
        if location.is_empty() {
            return out("neither a Group DN nor a filter is given".to_owned());
        }
        if passes_filter {
            Some(ScopeVerdict::In)
        } else {
            out(location.filter_clause())
        }
    }

    /// The first of the scope groups that a name is a member of, as a canonical DN.
    pub fn scope_group(&self, sets: &ScopeSets, kind: Kind, dn: &str) -> Option<String> {
        let number = *sets.of(kind)?.names.get(&dn_hash(dn)?)?;
        let group = self.location(kind)?.groups.get(number as usize)?;
        Dn::canonical_of(&group.dn).ok()
    }
}
