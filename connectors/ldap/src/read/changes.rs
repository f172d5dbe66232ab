//! A delta: what changed since, and whose members may have changed by that.

use std::collections::HashSet;

use usher_connector::ReadEntry;
use usher_connector::scope::dn_hash;
use usher_core::model::{Entry, Hash128, Kind, ScopeVerdict};
use usher_directory::Filter;
use usher_ldap::SearchRequest;

use super::Reading;
use crate::attributes;
use crate::errors::Halt;
use crate::query::{self, KEYS_AT_ONCE};

/// Most groups that are looked at because a group below them changed.
const MAX_ANCESTORS: usize = 10_000;

impl Reading<'_> {
    /// Reads changed people, then changed groups and those that contain them.
    pub(super) async fn changes(&mut self, since: &Filter) -> Result<(), Halt> {
        let changed = |class: &Filter| Filter::and(vec![class.clone(), since.clone()]);
        let rules = &self.settings.rules;
        let result = self.paged(Kind::User, changed(&rules.user_class)).await;
        self.go_on(result)?;
        if rules.groups.is_none() {
            return Ok(());
        }
        let result = self.paged(Kind::Group, changed(&rules.group_class)).await;
        self.go_on(result)?;
        self.asked_groups().await?;
        let result = self.containing(&changed(&rules.group_class)).await;
        self.go_on(result)
    }

    /// Groups whose members the caller wants although they did not change.
    async fn asked_groups(&mut self) -> Result<(), Halt> {
        let known = self.noted();
        let wanted = self.request.member_groups.iter();
        let dns: Vec<String> = wanted
            .filter(|dn| dn_hash(dn).is_some_and(|name| !known.contains(&name)))
            .cloned()
            .collect();
        let found = self.named(Kind::Group, &dns).await?;
        self.send_groups(found).await
    }

    /// A changed group changes the members of every group above it, and none of those is stamped.
    async fn containing(&mut self, changed: &Filter) -> Result<(), Halt> {
        let mut names = self.changed_names(changed).await?;
        let mut seen: HashSet<Hash128> = names.iter().filter_map(|dn| dn_hash(dn)).collect();
        while !names.is_empty() {
            let mut above = Vec::new();
            for some in names.chunks(KEYS_AT_ONCE) {
                above.extend(self.directly_above(some).await?);
            }
            above.retain(|entry| dn_hash(&entry.dn).is_some_and(|name| seen.insert(name)));
            if seen.len() > MAX_ANCESTORS {
                self.note(Some(format!(
                    "more than {MAX_ANCESTORS} groups contain groups that changed: a full read is needed"
                )));
                return Ok(());
            }
            names = above.iter().map(|entry| entry.dn.clone()).collect();
            let known = self.noted();
            above.retain(|entry| dn_hash(&entry.dn).is_some_and(|name| !known.contains(&name)));
            self.send_groups(above).await?;
        }
        Ok(())
    }

    /// Names of all changed groups, those outside of the base DN included.
    async fn changed_names(&mut self, changed: &Filter) -> Result<Vec<String>, Halt> {
        let base = self.session.wide_base(self.settings).to_owned();
        let request = SearchRequest::new(base, changed.clone()).attributes(["1.1"]);
        let mut client = self.session.take(self.settings).await?;
        let mut names = Vec::new();
        let mut search = client.search_paged(request, self.settings.page_size);
        let result = loop {
            match search.next().await {
                Ok(Some(usher_ldap::SearchItem::Entry(entry))) => names.push(entry.dn),
                Ok(Some(_)) => {}
                Ok(None) => break Ok(names),
                Err(error) => break Err(error),
            }
        };
        self.session.put(client);
        Ok(result?)
    }

    async fn directly_above(&mut self, dns: &[String]) -> Result<Vec<Entry>, Halt> {
        let rules = &self.settings.rules;
        let member = rules.member_attribute.as_str();
        let contains: Vec<Filter> = dns
            .iter()
            .map(|dn| Filter::eq(member, dn.as_str()))
            .collect();
        let filter = Filter::and(vec![rules.group_class.clone(), Filter::or(contains)]);
        let base = self.session.wide_base(self.settings).to_owned();
        let request =
            SearchRequest::new(base, filter).attributes(self.asked.iter().map(String::as_str));
        let client = self.session.side(self.settings).await?;
        let found = query::search(client, self.settings, &request).await?;
        self.note(found.incomplete);
        let entries = found.entries.into_iter();
        // One without a key cannot be told about, and was bad in the read that saw it change.
        Ok(entries
            .filter_map(|raw| attributes::entry(self.settings, Kind::Group, raw).ok())
            .collect())
    }

    async fn send_groups(&mut self, entries: Vec<Entry>) -> Result<(), Halt> {
        if entries.is_empty() {
            return Ok(());
        }
        let page = self.judged(Kind::Group, entries).await?;
        let page: Vec<ReadEntry> = page
            .into_iter()
            .filter(|read| read.scope == ScopeVerdict::In)
            .collect();
        self.note_groups(&page);
        self.send_page(Kind::Group, page).await
    }

    /// The groups in scope that were noted so far.
    fn noted(&self) -> HashSet<Hash128> {
        self.groups
            .iter()
            .filter_map(|group| dn_hash(&group.dn))
            .collect()
    }
}
