//! LDIF (RFC 2849): entries and changes as text.
//!
//! [`LdifReader`] is an iterator over records. One bad record is reported with its line and the reader goes
//! on at the next blank line, so whoever needs a complete read must see no error at all. [`LdifWriter`]
//! writes what the reader reads.

mod lines;
mod reader;
mod record;
mod writer;

use std::borrow::Cow;

use crate::{AttributeLookup, Dn, Rdn, attribute};

pub use lines::LdifLimits;
pub use reader::LdifReader;
pub use writer::LdifWriter;

/// A record that cannot be read, or an input that cannot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("LDIF, line {line}: expected {expected}, found {found}")]
pub struct LdifError {
    /// Line of the input, from 1.
    pub line: u64,
    /// What would have been right there.
    pub expected: String,
    /// What stood there. Values are not repeated in it.
    pub found: String,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdifRecord {
    /// An entry with its attributes.
    Content(LdifEntry),
    /// A change to an entry.
    Change(LdifChange),
}

impl LdifRecord {
    /// The name of the entry that the record is about.
    pub fn dn(&self) -> &Dn {
        match self {
            Self::Content(entry) => &entry.dn,
            Self::Change(change) => &change.dn,
        }
    }
}

/// An entry with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifEntry {
    /// Line of its `dn:`, from 1.
    pub line: u64,
    /// Name of the entry.
    pub dn: Dn,
    /// Every value in the order of the input.
    pub attributes: Vec<LdifValue>,
}

/// One value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifValue {
    /// Attribute description as written, options included: `cn;lang-en`.
    pub attribute: String,
    /// The value, decoded.
    pub value: Vec<u8>,
}

/// A change to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifChange {
    /// Line of its `dn:`, from 1.
    pub line: u64,
    /// Name of the entry, before the change.
    pub dn: Dn,
    /// Controls to send with the change.
    pub controls: Vec<LdifControl>,
    /// What happens to the entry.
    pub operation: LdifOperation,
}

/// A control of a change record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifControl {
    /// Numeric OID of the control.
    pub oid: String,
    /// Whether a server that does not know the control must refuse the change.
    pub critical: bool,
    /// Value of the control.
    pub value: Option<Vec<u8>>,
}

/// What a change record does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdifOperation {
    /// `changetype: add`, with every value of the new entry.
    Add(Vec<LdifValue>),
    /// `changetype: delete`.
    Delete,
    /// `changetype: modify`, in the order of the input.
    Modify(Vec<LdifModification>),
    /// `changetype: moddn` or `modrdn`.
    ModifyDn {
        /// New own part of the name.
        new_rdn: Rdn,
        /// Whether the values of the old part leave the entry.
        delete_old_rdn: bool,
        /// New parent, if the entry moves.
        new_superior: Option<Dn>,
    },
}

/// One modification of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdifModification {
    /// Kind of the modification.
    pub kind: LdifModificationKind,
    /// Attribute description.
    pub attribute: String,
    /// Its values; none with `delete` and `replace` means every value goes.
    pub values: Vec<Vec<u8>>,
}

/// Kind of a modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdifModificationKind {
    /// Adds values.
    Add,
    /// Removes values.
    Delete,
    /// Replaces all values.
    Replace,
    /// Adds a number to a number (RFC 4525).
    Increment,
}

impl LdifModificationKind {
    const ALL: [Self; 4] = [Self::Add, Self::Delete, Self::Replace, Self::Increment];

    fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Increment => "increment",
        }
    }
}

impl AttributeLookup for LdifEntry {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        self.attributes
            .iter()
            .filter(|v| attribute::covers(description, &v.attribute))
            .map(|v| Cow::Borrowed(v.value.as_slice()))
            .collect()
    }

    fn dn(&self) -> Option<&Dn> {
        Some(&self.dn)
    }
}

#[cfg(test)]
mod tests;
