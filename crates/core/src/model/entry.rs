//! What a source read returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Millis, SourceKey};

/// One directory entry as read, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its immutable id.
    pub key: SourceKey,
    /// Its DN as the server wrote it. Compare DNs only in their canonical form.
    pub dn: String,
    /// What it stands for.
    pub kind: Kind,
    /// Attribute values by lower-case attribute description (options included, `cn;lang-de`).
    /// Values are bytes: text is not always valid UTF-8.
    pub attributes: BTreeMap<String, Vec<Vec<u8>>>,
    /// Attributes that have values, but too long ones to be read: their descriptions, lower-case, and
    /// the bytes of all values. None of their values is in `attributes`, and they are never absent.
    pub too_long: BTreeMap<String, u64>,
}

impl Entry {
    /// All values of an attribute, by its name in any case.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .get(&name.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// What to say of the first of these attributes (in any case) whose values are too long to be read.
    pub fn too_long_of<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.too_long.is_empty() {
            return None;
        }
        let mut names = names.into_iter();
        names.find_map(|name| {
            let bytes = self.too_long.get(&name.to_ascii_lowercase())?;
            Some(format!(
                "`{name}` has {bytes} bytes, more than is read (64 KiB in one value, 1 MiB in one entry): shorten it in the directory, or map another attribute"
            ))
        })
    }

    /// The first value of an attribute as text; `None` when absent or not valid UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .first()
            .and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Why the source says an account is not enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// The account-status attribute says so; its name and value.
    Status {
        /// The attribute that said it.
        attribute: String,
        /// The value that said it.
        value: String,
    },
    /// The account's expiry has passed.
    Expired {
        /// When it expired.
        at: Millis,
    },
}

/// Whether an entry's account is enabled in the source, and when that will change by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    /// `None` when enabled.
    pub disabled: Option<DisabledReason>,
    /// The next moment at which the clock alone changes the status (account expiry).
    pub changes_at: Option<Millis>,
}

/// Whether an entry is in the channel's scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeVerdict {
    /// Every clause holds.
    In,
    /// A clause does not hold; its words, such as `filter (department=Sales)`.
    Out {
        /// The clause that does not hold, in words for an administrator.
        clause: String,
    },
}
