//! Direct members of groups, as a walk through nested groups asks for them.

use std::collections::HashMap;

use async_trait::async_trait;
use usher_connector::scope::{GroupLists, MemberList, dn_hash};
use usher_core::model::{DirectoryKind, Hash128};
use usher_ldap::LdapError;

use super::GroupIndex;
use crate::session::Session;
use crate::settings::Settings;

/// Most members that one group may have.
const MAX_MEMBERS: usize = 2_000_000;

/// Most members of all lists that are kept for when a group is met again.
const MAX_KEPT: usize = 200_000;

/// Member lists that were read already.
#[derive(Debug, Default)]
pub(crate) struct ListCache {
    lists: HashMap<Hash128, MemberList>,
    kept: usize,
}

/// Reads member lists over the main connection.
pub(crate) struct Lists<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) session: &'a mut Session,
    pub(crate) index: &'a GroupIndex,
    pub(crate) cache: &'a mut ListCache,
}

#[async_trait]
impl GroupLists for Lists<'_> {
    async fn direct_members(&mut self, dn: &str) -> MemberList {
        let hash = dn_hash(dn);
        if let Some(list) = hash.and_then(|hash| self.cache.lists.get(&hash)) {
            return list.clone();
        }
        let list = match self.read(dn).await {
            Ok(list) => list,
            Err(error) => MemberList {
                incomplete: Some(error.to_string()),
                ..MemberList::default()
            },
        };
        let size = list.members.len() + 1;
        if let Some(hash) = hash.filter(|_| self.cache.kept + size <= MAX_KEPT) {
            self.cache.kept += size;
            self.cache.lists.insert(hash, list.clone());
        }
        list
    }

    fn is_group(&self, dn: Hash128) -> bool {
        self.index.names.contains(&dn)
    }
}

impl Lists<'_> {
    async fn read(&mut self, dn: &str) -> Result<MemberList, LdapError> {
        let mut client = self.session.take(self.settings).await?;
        let attribute = &self.settings.rules.member_attribute;
        let result = client.read_all_values(dn, attribute, MAX_MEMBERS).await;
        self.session.put(client);
        let mut all = result?;
        let count = all.values.len();
        let texts = all.values.into_iter().map(String::from_utf8);
        let members: Vec<String> = texts.filter_map(Result::ok).collect();
        if members.len() < count {
            let why = format!(
                "{} values of `{attribute}` are no text",
                count - members.len()
            );
            all.incomplete.get_or_insert(why);
        }
        if count == 0 && all.incomplete.is_none() && must_have_members(self.settings) {
            all.incomplete = Some(format!(
                "it shows no `{attribute}` although its object class demands one: check the rights of the bind account"
            ));
        }
        Ok(MemberList {
            members: members.into(),
            incomplete: all.incomplete,
        })
    }
}

/// Whether an empty group can only be one whose members may not be read (RFC 4519 §3.5; other servers
/// than OpenLDAP relax it).
fn must_have_members(settings: &Settings) -> bool {
    let class = &settings.source.group_object_class;
    let strict = ["groupOfNames", "groupOfUniqueNames"];
    settings.directory == DirectoryKind::OpenLdap
        && strict.iter().any(|name| class.eq_ignore_ascii_case(name))
}
