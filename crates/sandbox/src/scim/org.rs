//! The organisation behind the directories: accounts, groups, and what reaches them when (row 43).

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::config::{AccountKind, OrgGroupKind};
use super::model::{Account, Attributes, OrgGroup, fold};

/// Lines of the propagation log that are kept.
const LOG_LINES: usize = 10_000;

/// The profile attributes that reach an account (C.9).
pub(crate) const PROFILE: [&str; 5] = [
    "displayName",
    "nickName",
    "title",
    "timezone",
    "preferredLanguage",
];

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) admin_key: String,
    pub(crate) domains: HashSet<String>,
    accounts: HashMap<String, Account>,
    account_by_email: HashMap<String, String>,
    groups: HashMap<String, OrgGroup>,
    queue: VecDeque<Due>,
    log: VecDeque<PropagationLine>,
}

/// Something on its way to the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Due {
    at: Timestamp,
    change: Change,
}

/// One change that travels to the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Profile {
        account: String,
        profile: Attributes,
        active: Option<bool>,
    },
    GroupMade {
        group: Uuid,
        name: String,
        members: Vec<Uuid>,
    },
    GroupGone {
        group: Uuid,
        name: String,
    },
    Members {
        name: String,
        added: Vec<Uuid>,
        removed: Vec<Uuid>,
    },
}

/// A line of the propagation log, as an administrator would see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PropagationLine {
    /// When it was written.
    pub at: Timestamp,
    /// Whether something was not done.
    pub failed: bool,
    /// The text.
    pub text: String,
}

impl Org {
    pub(crate) fn verified(&self, email: &str) -> bool {
        email
            .rsplit_once('@')
            .is_some_and(|(_, domain)| self.domains.contains(&fold(domain)))
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    pub(crate) fn account_with_email(&self, email: &str) -> Option<&Account> {
        self.account_by_email
            .get(&fold(email))
            .and_then(|id| self.accounts.get(id))
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    pub(crate) fn add_account(&mut self, id: String, email: &str, kind: AccountKind) {
        self.account_by_email.insert(fold(email), id.clone());
        let (email, profile) = (email.to_owned(), Attributes::new());
        self.accounts.insert(
            id.clone(),
            Account {
                id,
                email,
                kind,
                active: true,
                profile,
            },
        );
    }

    /// Changes the email at once: it is what the account is found by.
    pub(crate) fn move_account(&mut self, id: &str, email: &str) {
        if let Some(account) = self.accounts.get_mut(id) {
            self.account_by_email.remove(&fold(&account.email));
            email.clone_into(&mut account.email);
            self.account_by_email.insert(fold(email), id.to_owned());
        }
    }

    pub(crate) fn group(&self, name: &str) -> Option<&OrgGroup> {
        self.groups.get(&fold(name))
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &OrgGroup> {
        self.groups.values()
    }

    pub(crate) fn add_group(&mut self, name: &str, kind: OrgGroupKind) {
        let group = OrgGroup {
            name: name.to_owned(),
            kind,
            fed_by: None,
            members: HashSet::new(),
        };
        self.groups.insert(fold(name), group);
    }

    /// Lets a SCIM group take over the group of that name (row 29: the administrator's "sync").
    pub(crate) fn hand_over(&mut self, name: &str, to: Uuid, members: HashSet<Uuid>) {
        if let Some(group) = self.groups.get_mut(&fold(name)) {
            group.fed_by = Some(to);
            group.members = members;
        }
    }

    pub(crate) fn note(&mut self, at: Timestamp, failed: bool, text: String) {
        while self.log.len() >= LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(PropagationLine { at, failed, text });
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = &PropagationLine> {
        self.log.iter()
    }

    /// Changes that have not arrived yet.
    pub(crate) fn pending(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn send(&mut self, at: Timestamp, change: Change) {
        self.queue.push_back(Due { at, change });
    }

    /// Carries out what is due, in order.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        while self.queue.front().is_some_and(|due| due.at <= now) {
            if let Some(due) = self.queue.pop_front() {
                self.arrive(now, due.change);
            }
        }
    }

    fn arrive(&mut self, now: Timestamp, change: Change) {
        match change {
            Change::Profile {
                account,
                profile,
                active,
            } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.profile = profile;
                    account.active = active.unwrap_or(account.active);
                }
            }
            Change::GroupMade {
                group,
                name,
                members,
            } => {
                self.note(
                    now,
                    false,
                    format!("Created group of name {name} for OrgId {}", self.id),
                );
                let kind = OrgGroupKind::Ordinary;
                let members = members.into_iter().collect();
                let made = OrgGroup {
                    name: name.clone(),
                    kind,
                    fed_by: Some(group),
                    members,
                };
                self.groups.insert(fold(&name), made);
            }
            Change::GroupGone { group, name } => {
                if self.group(&name).is_some_and(|g| g.fed_by == Some(group)) {
                    self.groups.remove(&fold(&name));
                    self.note(now, false, format!("Deleted group of name {name}"));
                }
            }
            Change::Members {
                name,
                added,
                removed,
            } => {
                if let Some(group) = self.groups.get_mut(&fold(&name)) {
                    group.members.extend(added);
                    for id in removed {
                        group.members.remove(&id);
                    }
                }
            }
        }
    }
}
