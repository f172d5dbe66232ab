//! Attributes whose values are bytes, as the text that mapping sees (published key `binaryAttributes`).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Rules;
use crate::model::{DataStore, DataStoreKind, Entry};

/// The option of descriptions under which servers send some values (RFC 4522 §3).
const OPTION: &str = ";binary";

/// Which attributes of a channel's entries are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinaryAttributes {
    /// Lower-case descriptions without the option.
    named: Vec<String>,
    /// The attribute of the source key, where it is bytes: its text is the key.
    key: Option<String>,
}

impl BinaryAttributes {
    /// Those that the data store names; `key` is the attribute of the source key, if its value is bytes.
    pub fn of(store: Option<&DataStore>, key: Option<&str>) -> Self {
        let named = match store.map(|store| &store.kind) {
            Some(DataStoreKind::Ldap(ldap)) => ldap.binary_attributes.as_slice(),
            Some(DataStoreKind::Ldif { .. }) | None => &[],
        };
        Self {
            named: named.iter().map(|name| plain(name)).collect(),
            key: key.map(plain),
        }
    }

    fn is_named(&self, description: &str) -> bool {
        let description = plain(description);
        self.named.contains(&description)
    }

    fn is_key(&self, description: &str) -> bool {
        self.key.as_deref() == Some(plain(description).as_str())
    }
}

/// A description as it is compared.
fn plain(description: &str) -> String {
    let lower = description.to_ascii_lowercase();
    lower
        .strip_suffix(OPTION)
        .map_or(lower.clone(), str::to_owned)
}

impl Rules {
    /// The attributes that are mapped and are bytes, in order: what is made of the same entry depends on them.
    pub fn binary_attributes(&self) -> Vec<String> {
        let mapped = self.user_attributes().into_iter();
        let mut binary: Vec<String> = mapped
            .filter(|name| self.binary.is_named(name) || self.binary.is_key(name))
            .map(|name| plain(&name))
            .collect();
        binary.sort();
        binary
    }

    /// The entry as mapping sees it: bytes are base64 text (RFC 4648 §4, padded), the source key's are the
    /// key in its canonical form. A value that came as `x;binary` is there as `x`, too.
    pub(super) fn textual<'e>(&self, entry: &'e Entry) -> Cow<'e, Entry> {
        let binary = &self.binary;
        let concerns = |name: &String| binary.is_named(name) || binary.is_key(name);
        if !entry.attributes.keys().any(concerns) {
            return Cow::Borrowed(entry);
        }
        let mut textual = entry.clone();
        for (name, values) in &entry.attributes {
            let texts: Vec<Vec<u8>> = if binary.is_key(name) {
                vec![entry.key.as_str().as_bytes().to_vec()]
            } else if binary.is_named(name) {
                let texts = values.iter().map(|value| STANDARD.encode(value));
                texts.map(String::into_bytes).collect()
            } else {
                continue;
            };
            if let Some(short) = name.strip_suffix(OPTION)
                && !entry.attributes.contains_key(short)
            {
                textual.attributes.insert(short.to_owned(), texts.clone());
            }
            textual.attributes.insert(name.clone(), texts);
        }
        Cow::Owned(textual)
    }
}
