//! The members of the groups in scope, one group after the other.

use std::collections::HashMap;

use usher_connector::scope::{Walk, dn_hash};
use usher_connector::{MemberDn, SourceEvent};
use usher_core::model::{Hash128, Kind};
use usher_directory::Filter;
use usher_ldap::{Client, PagedSearch, SearchItem, SearchRequest};

use super::lists::whole_list;
use super::{GroupToRead, Reading};
use crate::errors::Halt;

/// Fewer groups are asked for their members one by one.
const WORTH_A_SEARCH: usize = 20;

/// Members in one event.
const MEMBERS_AT_ONCE: usize = 1_000;

impl Reading<'_> {
    /// Reads the members of every group that was noted. One that fails never stops another.
    pub(super) async fn members(&mut self) -> Result<(), Halt> {
        let groups = std::mem::take(&mut self.groups);
        if groups.is_empty() {
            return Ok(());
        }
        self.certificate.asked.push(format!(
            "{} of {} groups, nested groups flattened",
            self.settings.rules.member_attribute,
            groups.len()
        ));
        self.index.wanted = true;
        self.ensure_index().await?;
        let groups = self.with_their_groups(groups).await?;
        for group in &groups {
            self.members_of(group).await?;
        }
        Ok(())
    }

    /// In a full read of many groups, the members of those whose lists come whole in one search for all of them.
    /// Returns the others.
    async fn with_their_groups(
        &mut self,
        groups: Vec<GroupToRead>,
    ) -> Result<Vec<GroupToRead>, Halt> {
        let rules = &self.settings.rules;
        let by_filter = rules
            .groups
            .as_ref()
            .filter(|location| location.groups.is_empty());
        let Some(location) = by_filter else {
            return Ok(groups);
        };
        if !self.full || self.settings.is_ad() || groups.len() < WORTH_A_SEARCH {
            return Ok(groups);
        }
        let mut parts = vec![rules.class(Kind::Group).clone()];
        parts.extend(location.filter.clone());
        let request = SearchRequest::new(rules.base_dn.as_str(), Filter::and(parts))
            .attributes([rules.member_attribute.as_str()]);
        let (mut waiting, mut others) = (HashMap::new(), Vec::new());
        for group in groups {
            match dn_hash(&group.dn) {
                Some(name) => others.extend(waiting.insert(name, group)),
                None => others.push(group),
            }
        }
        let client = self.session.take(self.settings).await?;
        let mut search = Client::into_search_paged(client, request, self.settings.page_size);
        self.aside = true;
        let result = self.lists_as_they_come(&mut search, &mut waiting).await;
        self.aside = false;
        self.session.put(search.into_client());
        result?;
        others.extend(waiting.into_values());
        Ok(others)
    }

    /// A search that ends early is no reason to stop: groups that it did not show are asked for their members
    /// alone, and that tells what is wrong.
    async fn lists_as_they_come(
        &mut self,
        search: &mut PagedSearch<Client>,
        waiting: &mut HashMap<Hash128, GroupToRead>,
    ) -> Result<(), Halt> {
        while let Ok(Some(item)) = search.next().await {
            let SearchItem::Entry(entry) = item else {
                continue;
            };
            let Some(name) = dn_hash(&entry.dn) else {
                continue;
            };
            if !waiting.contains_key(&name) {
                continue;
            }
            let Some(list) = whole_list(self.settings, entry) else {
                continue;
            };
            if let Some(group) = waiting.remove(&name) {
                self.cache.bring(name, list);
                self.members_of(&group).await?;
            }
        }
        Ok(())
    }

    async fn members_of(&mut self, group: &GroupToRead) -> Result<(), Halt> {
        let mut walk = Walk::new(&group.dn, true);
        let mut waiting: Vec<MemberDn> = Vec::new();
        while let Some(step) = walk.next(&mut self.lists()).await {
            for member in step.people {
                waiting.push(member);
                if waiting.len() >= MEMBERS_AT_ONCE {
                    self.send_members(group, &mut waiting).await?;
                }
            }
        }
        self.send_members(group, &mut waiting).await?;
        let incomplete = walk.incomplete().map(str::to_owned);
        if let Some(reason) = &incomplete {
            self.certificate
                .incomplete_groups
                .insert(group.dn.clone(), reason.clone());
        }
        self.send(SourceEvent::MembersEnd {
            group: group.key.clone(),
            incomplete,
        })
        .await
    }

    async fn send_members(
        &mut self,
        group: &GroupToRead,
        waiting: &mut Vec<MemberDn>,
    ) -> Result<(), Halt> {
        if waiting.is_empty() {
            return Ok(());
        }
        self.send(SourceEvent::Members {
            group: group.key.clone(),
            members: std::mem::take(waiting),
        })
        .await
    }
}
