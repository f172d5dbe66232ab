//! The scope groups of a read, and the verdict on entries.

use usher_connector::scope::{LocationRule, ScopeSets};
use usher_connector::{KINDS, ReadEntry, SourceError};
use usher_core::model::{Entry, Kind, ScopeVerdict, SourceKey};
use usher_ldap::{Client, LdapError};

use super::Reading;
use super::index::{GroupIndex, group_names};
use super::lists::{ListCache, Lists};
use crate::errors::{Halt, source_error};
use crate::query;
use crate::session::Session;
use crate::settings::Settings;

impl Reading<'_> {
    /// Reads the scope groups of both locations.
    pub(super) async fn read_scope_groups(&mut self) {
        let rules = &self.settings.rules;
        self.scope = ScopeSets::read(&mut self.lists(), rules).await;
        self.certificate.incomplete.extend(self.scope.incomplete());
    }

    pub(super) fn lists(&mut self) -> Lists<'_> {
        Lists {
            settings: self.settings,
            session: &mut self.session,
            index: &self.index,
            cache: &mut self.cache,
            aside: self.aside,
        }
    }

    /// An entry with its scope.
    pub(super) fn read_entry(&self, entry: Entry, scope: ScopeVerdict) -> ReadEntry {
        let rules = &self.settings.rules;
        ReadEntry {
            scope_group: rules.scope_group(&self.scope, entry.kind, &entry.dn),
            entry,
            scope,
        }
    }

    /// Decides the scope of entries over the second connection; those whose scope cannot be told are
    /// left out.
    pub(super) async fn judged(
        &mut self,
        kind: Kind,
        entries: Vec<Entry>,
    ) -> Result<Vec<ReadEntry>, Halt> {
        let client = self.session.side(self.settings).await?;
        let judged = judge(client, self.settings, &self.scope, kind, entries).await?;
        self.certificate.incomplete.extend(judged.doubt);
        let mut known = Vec::new();
        for (entry, scope) in judged.entries {
            let Some(scope) = scope else { continue };
            self.someone_left |= kind == Kind::User && scope != ScopeVerdict::In;
            known.push(self.read_entry(entry, scope));
        }
        Ok(known)
    }
}

/// Entries with their scope; `None` when it cannot be told.
pub(crate) struct JudgedEntries {
    pub(crate) entries: Vec<(Entry, Option<ScopeVerdict>)>,
    /// Why, where the server did not say.
    pub(crate) doubt: Option<String>,
}

/// Decides the scope of entries of one kind.
pub(crate) async fn judge(
    client: &mut Client,
    settings: &Settings,
    scope: &ScopeSets,
    kind: Kind,
    entries: Vec<Entry>,
) -> Result<JudgedEntries, LdapError> {
    let keys: Vec<SourceKey> = entries.iter().map(|entry| entry.key.clone()).collect();
    let passing = query::passing(client, settings, kind, &keys).await?;
    let judged = entries.into_iter().map(|entry| {
        let passes = passing.keys.contains(&entry.key);
        let is_known = !passing.unknown.contains(&entry.key);
        let verdict = settings.rules.verdict(scope, kind, &entry.dn, passes);
        (entry, verdict.filter(|_| is_known))
    });
    Ok(JudgedEntries {
        entries: judged.collect(),
        doubt: passing.doubt,
    })
}

/// The members of the scope groups as they are now, read over a connection of its own.
pub(crate) async fn scope_sets(settings: &Settings) -> Result<ScopeSets, SourceError> {
    let has_groups = |location: &LocationRule| !location.groups.is_empty();
    let locations = KINDS.map(|kind| settings.rules.location(kind));
    if !locations.into_iter().flatten().any(has_groups) {
        return Ok(ScopeSets::default());
    }
    let mut session = Session::open(settings).await?;
    let wide = session.wide_base(settings).to_owned();
    let client = session.take(settings).await;
    let mut client = client.map_err(|error| source_error(&error))?;
    let names = group_names(&mut client, settings, &wide).await;
    session.put(client);
    let index = GroupIndex {
        wanted: true,
        names: names.map_err(|error| source_error(&error))?,
    };
    let mut cache = ListCache::default();
    let mut lists = Lists {
        settings,
        session: &mut session,
        index: &index,
        cache: &mut cache,
        aside: false,
    };
    let sets = ScopeSets::read(&mut lists, &settings.rules).await;
    session.close().await;
    Ok(sets)
}
