//! Which names are groups: read once, kept as hashes.

use std::collections::HashSet;

use usher_connector::scope::dn_hash;
use usher_core::model::Hash128;
use usher_ldap::{Client, LdapError, SearchItem, SearchRequest};

use super::Reading;
use crate::errors::Halt;
use crate::settings::Settings;

/// The names of all groups, as far as they were needed.
#[derive(Debug, Default)]
pub(crate) struct GroupIndex {
    /// Whether anybody will ask.
    pub(crate) wanted: bool,
    pub(crate) names: HashSet<Hash128>,
}

impl Reading<'_> {
    pub(super) async fn ensure_index(&mut self) -> Result<(), Halt> {
        if !self.index.wanted || !self.index.names.is_empty() {
            return Ok(());
        }
        let wide = self.session.wide_base(self.settings).to_owned();
        let mut client = self.session.take(self.settings).await?;
        let result = group_names(&mut client, self.settings, &wide).await;
        self.session.put(client);
        self.index.names = result?;
        Ok(())
    }
}

/// The names of all groups below `wide` (groups in scope may contain groups outside of the base DN), or
/// below the base DN where the account may not search more.
pub(crate) async fn group_names(
    client: &mut Client,
    settings: &Settings,
    wide: &str,
) -> Result<HashSet<Hash128>, LdapError> {
    match names_below(client, settings, wide).await {
        Err(LdapError::Result { .. }) if wide != settings.rules.base_dn => {
            names_below(client, settings, &settings.rules.base_dn).await
        }
        other => other,
    }
}

async fn names_below(
    client: &mut Client,
    settings: &Settings,
    base: &str,
) -> Result<HashSet<Hash128>, LdapError> {
    let request = SearchRequest::new(base, settings.rules.group_class.clone()).attributes(["1.1"]);
    let mut names = HashSet::new();
    let mut search = client.search_paged(request, settings.page_size);
    while let Some(item) = search.next().await? {
        if let SearchItem::Entry(entry) = item {
            names.extend(dn_hash(&entry.dn));
        }
    }
    Ok(names)
}
