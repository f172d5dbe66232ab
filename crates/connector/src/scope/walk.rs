//! The closure of nested groups, one group at a time.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use usher_core::model::Hash128;

use super::dn_hash;
use crate::MemberDn;

/// How deep groups may be nested, and the square root of how many one closure may hold.
pub const MAX_NESTING: usize = 100;

/// The direct members of one group as read.
#[derive(Clone, Debug, Default)]
pub struct MemberList {
    /// DNs as the directory wrote them.
    pub members: Arc<[String]>,
    /// Why there may be more.
    pub incomplete: Option<String>,
}

/// Reads member lists.
#[async_trait]
pub trait GroupLists: Send {
    /// The direct members of a group.
    async fn direct_members(&mut self, dn: &str) -> MemberList;

    /// Whether this name is known to be a group's.
    fn is_group(&self, dn: Hash128) -> bool;
}

/// What one group of the closure holds directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Members that are no groups.
    pub people: Vec<MemberDn>,
    /// Member groups.
    pub groups: Vec<MemberDn>,
}

/// Walks a group and, if asked, the groups nested in it; each group once, however they contain each
/// other.
#[derive(Debug)]
pub struct Walk {
    open: VecDeque<(String, Vec<String>)>,
    seen: HashSet<Hash128>,
    nested: bool,
    incomplete: Option<String>,
}

impl Walk {
    /// A walk that starts at a group.
    pub fn new(root: &str, nested: bool) -> Self {
        Self {
            open: VecDeque::from([(root.to_owned(), Vec::new())]),
            seen: dn_hash(root).into_iter().collect(),
            nested,
            incomplete: None,
        }
    }

    /// Reads the next group; `None` at the end.
    pub async fn next(&mut self, lists: &mut dyn GroupLists) -> Option<Step> {
        let (dn, via) = self.open.pop_front()?;
        let list = lists.direct_members(&dn).await;
        if let Some(reason) = list.incomplete {
            let reason = if via.is_empty() {
                reason
            } else {
                format!("nested group {dn}: {reason}")
            };
            self.incomplete.get_or_insert(reason);
        }
        let mut step = Step::default();
        for member in list.members.iter() {
            let member = MemberDn {
                dn: member.clone(),
                via: via.clone(),
            };
            match dn_hash(&member.dn) {
                Some(hash) if lists.is_group(hash) => {
                    self.enter(hash, &member);
                    step.groups.push(member);
                }
                Some(_) => step.people.push(member),
                None => {
                    self.incomplete.get_or_insert(format!(
                        "expected DNs as members, found `{}` in {dn}",
                        shortened(&member.dn)
                    ));
                }
            }
        }
        Some(step)
    }

    fn enter(&mut self, hash: Hash128, group: &MemberDn) {
        if !self.nested || self.seen.contains(&hash) {
            return;
        }
        if group.via.len() >= MAX_NESTING || self.seen.len() >= MAX_NESTING * MAX_NESTING {
            self.incomplete.get_or_insert(format!(
                "more than {MAX_NESTING} levels or {} groups are nested below it",
                MAX_NESTING * MAX_NESTING
            ));
            return;
        }
        self.seen.insert(hash);
        let mut via = group.via.clone();
        via.push(group.dn.clone());
        self.open.push_back((group.dn.clone(), via));
    }

    /// Why the walk did not see everything, as far as it went.
    pub fn incomplete(&self) -> Option<&str> {
        self.incomplete.as_deref()
    }

    /// Every group that was entered, the root included.
    pub fn groups(&self) -> &HashSet<Hash128> {
        &self.seen
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Lists(BTreeMap<String, Vec<&'static str>>);

    #[async_trait]
    impl GroupLists for Lists {
        async fn direct_members(&mut self, dn: &str) -> MemberList {
            match self.0.get(dn) {
                Some(members) => MemberList {
                    members: members.iter().map(|m| (*m).to_owned()).collect(),
                    incomplete: None,
                },
                None => MemberList {
                    incomplete: Some("gone".into()),
                    ..MemberList::default()
                },
            }
        }

        fn is_group(&self, dn: Hash128) -> bool {
            ["cn=a", "cn=b", "cn=c", "cn=lost"]
                .iter()
                .any(|name| dn_hash(name) == Some(dn))
        }
    }

    async fn walk(
        nested: bool,
        lists: &[(&str, &[&'static str])],
    ) -> (Vec<(String, usize)>, Option<String>) {
        let lists = lists.iter().map(|(dn, m)| ((*dn).to_owned(), m.to_vec()));
        let mut lists = Lists(lists.collect());
        let mut walk = Walk::new("cn=a", nested);
        let mut people = Vec::new();
        while let Some(step) = walk.next(&mut lists).await {
            people.extend(step.people.into_iter().map(|m| (m.dn, m.via.len())));
        }
        (people, walk.incomplete().map(str::to_owned))
    }

    fn block<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).expect("ready at once")
    }

    #[test]
    fn groups_that_contain_each_other_are_read_once() {
        let lists: &[(&str, &[&str])] = &[
            ("cn=a", &["uid=1", "CN=B"]),
            ("CN=B", &["uid=2", "cn=c", "cn=a"]),
            ("cn=c", &["uid=3", "cn=b"]),
        ];
        let (people, incomplete) = block(walk(true, lists));
        assert_eq!(
            people,
            [
                ("uid=1".into(), 0),
                ("uid=2".into(), 1),
                ("uid=3".into(), 2)
            ]
        );
        assert_eq!(incomplete, None);
        assert_eq!(block(walk(false, lists)).0, [("uid=1".into(), 0)]);
    }

    #[test]
    fn a_nested_group_that_cannot_be_read_or_a_member_that_is_no_name_is_told() {
        let (_, incomplete) = block(walk(true, &[("cn=a", &["cn=lost"])]));
        assert_eq!(incomplete.as_deref(), Some("nested group cn=lost: gone"));
        let (people, incomplete) = block(walk(true, &[("cn=a", &["jdoe", "uid=1"])]));
        assert_eq!(people.len(), 1);
        assert!(incomplete.is_some_and(|why| why.contains("`jdoe`")));
    }
}
