//! Who belongs to the scope groups, and what that means for an entry.

use std::collections::HashSet;

use usher_connector::scope::{GroupLists, LocationRule, Walk, dn_hash};
use usher_connector::{ReadEntry, SourceError};
use usher_core::model::{Entry, Hash128, Kind, ScopeVerdict, SourceKey};
use usher_ldap::{Client, LdapError};

use super::index::{GroupIndex, group_names};
use super::lists::{ListCache, Lists};
use super::{Reading, ScopeSets};
use crate::errors::{Halt, source_error};
use crate::query;
use crate::session::Session;
use crate::settings::Settings;

/// The members of a location's groups.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// By comparison key.
    pub(crate) names: HashSet<Hash128>,
    /// As written, each once.
    pub(crate) dns: Vec<String>,
    /// Why there may be more.
    pub(crate) incomplete: Option<String>,
}

impl Members {
    /// One hash of all of them, in any order.
    pub(crate) fn hash(&self) -> Hash128 {
        let mut names: Vec<&Hash128> = self.names.iter().collect();
        names.sort_unstable();
        let bytes: Vec<u8> = names.into_iter().flat_map(|name| name.0).collect();
        Hash128::of(&bytes)
    }
}

/// Reads the members of a location's groups: people for people, member groups for groups.
async fn members_of(lists: &mut dyn GroupLists, location: &LocationRule, kind: Kind) -> Members {
    let mut members = Members::default();
    for group in &location.groups {
        let mut walk = Walk::new(&group.dn, location.nested);
        while let Some(step) = walk.next(lists).await {
            let wanted = match kind {
                Kind::User => step.people,
                Kind::Group => step.groups,
            };
            for member in wanted {
                if dn_hash(&member.dn).is_some_and(|name| members.names.insert(name)) {
                    members.dns.push(member.dn);
                }
            }
        }
        if let Some(why) = walk.incomplete() {
            let why = format!(
                "the members of scope group {} were not all read: {why}",
                group.dn
            );
            members.incomplete.get_or_insert(why);
        }
    }
    members
}

impl Reading<'_> {
    /// Reads the scope groups of both locations.
    pub(super) async fn read_scope_groups(&mut self) -> Result<(), Halt> {
        for kind in [Kind::User, Kind::Group] {
            let Some(location) = self.settings.rules.location(kind) else {
                continue;
            };
            if location.groups.is_empty() {
                continue;
            }
            let members = members_of(&mut self.lists(), location, kind).await;
            self.certificate
                .incomplete
                .extend(members.incomplete.clone());
            match kind {
                Kind::User => self.scope.users = Some(members),
                Kind::Group => self.scope.groups = Some(members),
            }
        }
        Ok(())
    }

    pub(super) fn lists(&mut self) -> Lists<'_> {
        Lists {
            settings: self.settings,
            session: &mut self.session,
            index: &self.index,
            cache: &mut self.cache,
        }
    }
}

/// Decides the scope of entries of one kind. An entry whose scope cannot be told, since a scope group
/// was not read to its end, gets none.
pub(crate) async fn judge(
    client: &mut Client,
    settings: &Settings,
    scope: &ScopeSets,
    kind: Kind,
    entries: Vec<Entry>,
) -> Result<Vec<(Entry, Option<ScopeVerdict>)>, LdapError> {
    let rules = &settings.rules;
    let Some(location) = rules.location(kind) else {
        let clause = "no groups are provisioned".to_owned();
        let out = |entry| {
            (
                entry,
                Some(ScopeVerdict::Out {
                    clause: clause.clone(),
                }),
            )
        };
        return Ok(entries.into_iter().map(out).collect());
    };
    let keys: Vec<SourceKey> = entries.iter().map(|entry| entry.key.clone()).collect();
    let passing = query::passing(client, settings, kind, &keys).await?;
    let verdict = |entry: &Entry| {
        let out = |clause| Some(ScopeVerdict::Out { clause });
        if !rules.is_under_base(&entry.dn) {
            return out(rules.base_clause());
        }
        if let Some(members) = scope.of(kind) {
            let is_member = dn_hash(&entry.dn).is_some_and(|name| members.names.contains(&name));
            match (is_member, &members.incomplete) {
                (true, _) => {}
                (false, None) => return out(location.group_clause()),
                (false, Some(_)) => return None,
            }
        }
        if !passing.contains(&entry.key) {
            return out(location.filter_clause());
        }
        Some(ScopeVerdict::In)
    };
    Ok(entries
        .into_iter()
        .map(|entry| {
            let verdict = verdict(&entry);
            (entry, verdict)
        })
        .collect())
}

impl Reading<'_> {
    /// Decides the scope of entries over the second connection.
    pub(super) async fn judged(
        &mut self,
        kind: Kind,
        entries: Vec<Entry>,
    ) -> Result<Vec<ReadEntry>, Halt> {
        let client = self.session.side(self.settings).await?;
        let judged = judge(client, self.settings, &self.scope, kind, entries).await?;
        let known = judged
            .into_iter()
            .filter_map(|(entry, scope)| scope.map(|scope| ReadEntry { entry, scope }));
        Ok(known.collect())
    }
}

/// The members of the scope groups as they are now, read over a connection of its own.
pub(crate) async fn scope_sets(settings: &Settings) -> Result<ScopeSets, SourceError> {
    let rules = &settings.rules;
    let mut sets = ScopeSets::default();
    let locations = [Kind::User, Kind::Group].map(|kind| (kind, rules.location(kind)));
    if locations
        .iter()
        .flat_map(|(_, l)| l)
        .all(|location| location.groups.is_empty())
    {
        return Ok(sets);
    }
    let mut session = Session::open(settings).await?;
    let wide = session.wide_base(settings).to_owned();
    let mut client = session
        .take(settings)
        .await
        .map_err(|error| source_error(&error))?;
    let names = group_names(&mut client, settings, &wide).await;
    session.put(client);
    let index = GroupIndex {
        wanted: true,
        names: names.map_err(|error| source_error(&error))?,
    };
    let mut cache = ListCache::default();
    for (kind, location) in locations {
        let Some(location) = location.filter(|location| !location.groups.is_empty()) else {
            continue;
        };
        let mut lists = Lists {
            settings,
            session: &mut session,
            index: &index,
            cache: &mut cache,
        };
        let members = Some(members_of(&mut lists, location, kind).await);
        match kind {
            Kind::User => sets.users = members,
            Kind::Group => sets.groups = members,
        }
    }
    session.close().await;
    Ok(sets)
}
