//! What the service stores.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::config::{AccountKind, OrgGroupKind};

/// Attributes of a resource by their canonical names; values are normalised by `attributes`.
pub(crate) type Attributes = Map<String, Value>;

/// Comparison form of names, emails and user names.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) attributes: Attributes,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    /// The linked account of the organisation.
    pub(crate) account: Option<String>,
    /// Deleted records are remembered for rows 24 and 26; no request by id sees them.
    #[serde(default)]
    pub(crate) deleted: bool,
    /// Groups that list this user.
    #[serde(skip)]
    pub(crate) groups: BTreeSet<Uuid>,
}

impl User {
    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_str)
    }

    pub(crate) fn user_name(&self) -> &str {
        self.text("userName").unwrap_or_default()
    }

    pub(crate) fn email(&self) -> &str {
        primary_email(&self.attributes).unwrap_or_default()
    }
}

/// The primary email, or else the first.
pub(crate) fn primary_email(attributes: &Attributes) -> Option<&str> {
    let emails = attributes.get("emails")?.as_array()?;
    let is_primary = |e: &&Value| e.get("primary").and_then(Value::as_bool) == Some(true);
    let email = emails.iter().find(is_primary).or_else(|| emails.first())?;
    email.get("value")?.as_str()
}

/// How far a SCIM group got in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// It is (or will be, after the delay) a group of the organisation.
    Propagated,
    /// An administrator must synchronise it first (row 29).
    PendingReview,
    /// Never (row 30).
    Never,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) reach: Reach,
    pub(crate) members: Members,
}

/// Member ids in the order in which they came, with fast lookup.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Uuid>", into = "Vec<Uuid>")]
pub(crate) struct Members {
    next: u64,
    position: HashMap<Uuid, u64>,
    order: BTreeMap<u64, Uuid>,
}

impl Members {
    pub(crate) fn contains(&self, id: &Uuid) -> bool {
        self.position.contains_key(id)
    }

    /// Whether it was new.
    pub(crate) fn insert(&mut self, id: Uuid) -> bool {
        if self.position.contains_key(&id) {
            return false;
        }
        self.position.insert(id, self.next);
        self.order.insert(self.next, id);
        self.next += 1;
        true
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, id: &Uuid) -> bool {
        match self.position.remove(id) {
            Some(at) => self.order.remove(&at).is_some(),
            None => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Uuid> {
        self.order.values()
    }
}

impl From<Vec<Uuid>> for Members {
    fn from(ids: Vec<Uuid>) -> Self {
        let mut members = Self::default();
        for id in ids {
            members.insert(id);
        }
        members
    }
}

impl From<Members> for Vec<Uuid> {
    fn from(members: Members) -> Self {
        members.order.into_values().collect()
    }
}

/// An account of the organisation, or one that it knows of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) kind: AccountKind,
    pub(crate) active: bool,
    /// The fields that reach the account (C.9), after the propagation delay.
    pub(crate) profile: Attributes,
}

impl Account {
    pub(crate) fn managed(&self) -> bool {
        self.kind == AccountKind::Managed
    }
}

/// A group of the organisation, synchronised from a SCIM group or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OrgGroup {
    pub(crate) name: String,
    pub(crate) kind: OrgGroupKind,
    /// The SCIM group that feeds it.
    pub(crate) fed_by: Option<Uuid>,
    /// Users by SCIM id.
    pub(crate) members: HashSet<Uuid>,
}
