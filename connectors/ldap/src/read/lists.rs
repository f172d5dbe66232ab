//! Direct members of groups, as a walk through nested groups asks for them.

use std::collections::HashMap;

use async_trait::async_trait;
use usher_connector::scope::{GroupLists, MemberList, dn_hash};
use usher_core::model::{DirectoryKind, Hash128};
use usher_ldap::{AllValues, LdapEntry, LdapError, Range};

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
    /// The list of the group that is walked next, whether or not there is room to keep it.
    next: Option<(Hash128, MemberList)>,
}

impl ListCache {
    /// Takes a list that came with its group, to be asked for at once.
    pub(crate) fn bring(&mut self, group: Hash128, list: MemberList) {
        self.next = Some((group, list));
    }

    fn find(&mut self, group: Hash128) -> Option<MemberList> {
        match self.next.take() {
            Some((brought, list)) if brought == group => {
                self.keep(group, &list);
                Some(list)
            }
            _ => self.lists.get(&group).cloned(),
        }
    }

    fn keep(&mut self, group: Hash128, list: &MemberList) {
        let size = list.members.len() + 1;
        if self.kept + size <= MAX_KEPT {
            self.kept += size;
            self.lists.insert(group, list.clone());
        }
    }
}

/// Reads member lists over the main connection, or over the second one while the main one is in the middle of a page.
pub(crate) struct Lists<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) session: &'a mut Session,
    pub(crate) index: &'a GroupIndex,
    pub(crate) cache: &'a mut ListCache,
    pub(crate) aside: bool,
}

#[async_trait]
impl GroupLists for Lists<'_> {
    async fn direct_members(&mut self, dn: &str) -> MemberList {
        let hash = dn_hash(dn);
        if let Some(list) = hash.and_then(|hash| self.cache.find(hash)) {
            return list;
        }
        let list = match self.read(dn).await {
            Ok(list) => list,
            Err(error) => MemberList {
                incomplete: Some(error.to_string()),
                ..MemberList::default()
            },
        };
        if let Some(hash) = hash {
            self.cache.keep(hash, &list);
        }
        list
    }

    fn is_group(&self, dn: Hash128) -> bool {
        self.index.names.contains(&dn)
    }
}

impl Lists<'_> {
    async fn read(&mut self, dn: &str) -> Result<MemberList, LdapError> {
        let attribute = &self.settings.rules.member_attribute;
        let all = if self.aside {
            let client = self.session.side(self.settings).await?;
            client.read_all_values(dn, attribute, MAX_MEMBERS).await?
        } else {
            let mut client = self.session.take(self.settings).await?;
            let result = client.read_all_values(dn, attribute, MAX_MEMBERS).await;
            self.session.put(client);
            result?
        };
        Ok(self.list_of(all))
    }

    fn list_of(&self, mut all: AllValues) -> MemberList {
        let attribute = &self.settings.rules.member_attribute;
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
        MemberList {
            members: members.into(),
            incomplete: all.incomplete,
        }
    }
}

/// The members that came with a group's entry. `None` if there are none, or if the server keeps some back: then
/// the group is asked for them alone.
pub(crate) fn whole_list(settings: &Settings, entry: LdapEntry) -> Option<MemberList> {
    let attribute = &settings.rules.member_attribute;
    let is_kept_back = |name: &str| {
        Range::parse(name).is_some_and(|range| range.attribute.eq_ignore_ascii_case(attribute))
    };
    if entry.attributes.iter().any(|(name, _)| is_kept_back(name)) {
        return None;
    }
    let found = entry
        .attributes
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(attribute));
    let texts: Result<Vec<String>, _> = found?.1.into_iter().map(String::from_utf8).collect();
    let members = texts.ok().filter(|members| !members.is_empty())?;
    Some(MemberList {
        members: members.into(),
        incomplete: None,
    })
}

/// Whether an empty group can only be one whose members may not be read (RFC 4519 §3.5; other servers
/// than OpenLDAP relax it).
fn must_have_members(settings: &Settings) -> bool {
    let class = &settings.source.group_object_class;
    let strict = ["groupOfNames", "groupOfUniqueNames"];
    settings.directory == DirectoryKind::OpenLdap
        && strict.iter().any(|name| class.eq_ignore_ascii_case(name))
}
