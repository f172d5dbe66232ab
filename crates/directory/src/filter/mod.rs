//! Search filters (RFC 4515) and their evaluation (RFC 4511 §4.5.1.7).

mod evaluate;
mod matching;
mod parse;
mod print;

pub use evaluate::{AttributeLookup, Tri};

use crate::attribute;

/// Longest text that [`Filter::parse`] accepts, in bytes.
pub const MAX_FILTER_BYTES: usize = 64 * 1024;

/// How deep filters may be nested. [`Filter::parse`] refuses more; evaluation of more is undefined.
pub const MAX_FILTER_DEPTH: usize = 64;

/// Active Directory's rule "all of these bits are set" (MS-ADTS, `LDAP_MATCHING_RULE_BIT_AND`).
pub const RULE_BIT_AND: &str = "1.2.840.113556.1.4.803";
/// Active Directory's rule "one of these bits is set" (`LDAP_MATCHING_RULE_BIT_OR`).
pub const RULE_BIT_OR: &str = "1.2.840.113556.1.4.804";
/// Active Directory's rule that follows links through nested groups (`LDAP_MATCHING_RULE_IN_CHAIN`). Only the
/// server can evaluate it.
pub const RULE_IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// A text that is not a search filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter, position {position}: expected {expected}, found {found}")]
pub struct FilterError {
    /// Byte offset in the text, from 0.
    pub position: usize,
    /// What would have been right there, and how to write it.
    pub expected: &'static str,
    /// What stood there.
    pub found: String,
}

/// A search filter. Attributes are descriptions as written (`cn`, `cn;lang-en`, `2.5.4.3`), values are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// `(&...)`: all of them; with none it is true (RFC 4526).
    And(Vec<Filter>),
    /// `(|...)`: at least one of them; with none it is false (RFC 4526).
    Or(Vec<Filter>),
    /// `(!...)`.
    Not(Box<Filter>),
    /// `(attribute=value)`.
    Equality {
        /// Attribute description.
        attribute: String,
        /// Value to compare with.
        value: Vec<u8>,
    },
    /// `(attribute=initial*any*final)`; at least one piece is there, and none is empty.
    Substrings {
        /// Attribute description.
        attribute: String,
        /// What the value begins with.
        initial: Option<Vec<u8>>,
        /// What it contains after that, in this order.
        any: Vec<Vec<u8>>,
        /// What it ends with.
        last: Option<Vec<u8>>,
    },
    /// `(attribute>=value)`.
    GreaterOrEqual {
        /// Attribute description.
        attribute: String,
        /// Least value that matches.
        value: Vec<u8>,
    },
    /// `(attribute<=value)`.
    LessOrEqual {
        /// Attribute description.
        attribute: String,
        /// Greatest value that matches.
        value: Vec<u8>,
    },
    /// `(attribute~=value)`.
    Approx {
        /// Attribute description.
        attribute: String,
        /// Value to compare with.
        value: Vec<u8>,
    },
    /// `(attribute=*)`.
    Present(String),
    /// `(attribute:dn:rule:=value)`; the attribute or the rule may be absent, not both.
    Extensible {
        /// Attribute description.
        attribute: Option<String>,
        /// Matching rule, by OID or name.
        rule: Option<String>,
        /// Whether the values in the entry's name count too.
        dn: bool,
        /// Value to compare with.
        value: Vec<u8>,
    },
}

impl Filter {
    /// Reads a filter as RFC 4515 has it.
    ///
    /// Accepted beyond that, because administrators write it: white space around filters and attributes,
    /// one comparison without its parentheses (`objectClass=*`), the LDAPv2 escapes `\*`, `\(`, `\)` and
    /// `\\`, and the escapes of a name inside a value (`(manager=CN=Doe\, Jane,DC=x)` means what it says).
    ///
    /// # Errors
    /// The first place that does not fit; every text of more than [`MAX_FILTER_BYTES`] or nested deeper
    /// than [`MAX_FILTER_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::parse(text)
    }

    /// All of these. One filter alone stays as it is.
    pub fn and(mut filters: Vec<Filter>) -> Self {
        match filters.pop() {
            Some(only) if filters.is_empty() => only,
            last => {
                filters.extend(last);
                Self::And(filters)
            }
        }
    }

    /// At least one of these. One filter alone stays as it is.
    pub fn or(mut filters: Vec<Filter>) -> Self {
        match filters.pop() {
            Some(only) if filters.is_empty() => only,
            last => {
                filters.extend(last);
                Self::Or(filters)
            }
        }
    }

    /// The contrary of this filter.
    #[allow(
        clippy::should_implement_trait,
        reason = "the word of RFC 4515; `!filter` would hide it"
    )]
    pub fn not(filter: Filter) -> Self {
        Self::Not(Box::new(filter))
    }

    /// `(attribute=value)`. The value needs no escapes.
    pub fn eq(attribute: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Equality {
            attribute: attribute.into(),
            value: value.into(),
        }
    }

    /// `(attribute>=value)`. The value needs no escapes.
    pub fn at_least(attribute: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::GreaterOrEqual {
            attribute: attribute.into(),
            value: value.into(),
        }
    }

    /// `(attribute=*)`.
    pub fn present(attribute: impl Into<String>) -> Self {
        Self::Present(attribute.into())
    }

    /// The attributes this filter looks at: types without options, as first written, each once, in order of
    /// appearance. To evaluate the filter, read these.
    pub fn attributes(&self) -> Vec<String> {
        let mut found: Vec<(String, String)> = Vec::new();
        self.visit(&mut |item| {
            let Some(description) = item.attribute() else {
                return;
            };
            let key = attribute::canonical_type(description);
            if !found.iter().any(|(known, _)| *known == key) {
                found.push((key, attribute::base(description).to_owned()));
            }
        });
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Whether [`Filter::evaluate`] knows every matching rule in it. If not (for example with
    /// [`RULE_IN_CHAIN`]), only the server can tell.
    pub fn is_decidable(&self) -> bool {
        let mut decidable = true;
        self.visit(&mut |item| {
            if let Self::Extensible {
                attribute, rule, ..
            } = item
            {
                let known = rule.as_deref().is_none_or(matching::is_known_rule);
                decidable &= known && attribute.is_some();
            }
        });
        decidable
    }

    fn attribute(&self) -> Option<&str> {
        match self {
            Self::And(_) | Self::Or(_) | Self::Not(_) => None,
            Self::Equality { attribute, .. }
            | Self::Substrings { attribute, .. }
            | Self::GreaterOrEqual { attribute, .. }
            | Self::LessOrEqual { attribute, .. }
            | Self::Approx { attribute, .. }
            | Self::Present(attribute) => Some(attribute),
            Self::Extensible { attribute, .. } => attribute.as_deref(),
        }
    }

    // A stack of its own instead of recursion: a filter built by code may be of any depth.
    fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Filter)) {
        let mut open = vec![self];
        while let Some(filter) = open.pop() {
            match filter {
                Self::And(inner) | Self::Or(inner) => open.extend(inner.iter().rev()),
                Self::Not(inner) => open.push(inner),
                item => see(item),
            }
        }
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
