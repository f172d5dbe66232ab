//! Distinguished names (RFC 4514).

mod parse;
mod plain;
mod print;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::attribute;
use crate::compare::fold;

/// Longest text that [`Dn::parse`] accepts, in bytes.
pub const MAX_DN_BYTES: usize = 64 * 1024;

/// A text that is not a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("distinguished name, position {position}: expected {expected}, found {found}")]
pub struct DnError {
    /// Byte offset in the text, from 0.
    pub position: usize,
    /// What would have been right there, and how to write it.
    pub expected: &'static str,
    /// What stood there.
    pub found: String,
}

/// A distinguished name: relative names from the entry up to the root. Values are bytes.
///
/// `==` compares what is written, letter case and order included, after escapes are resolved. Use
/// [`Dn::is_equal`] or [`Dn::canonical`] to ask whether two names mean the same entry. A clone, and
/// [`Dn::parent`], share the parts of the original.
#[derive(Clone)]
pub struct Dn {
    parts: Arc<[Rdn]>,
    // Number of leading parts that a parent leaves out.
    skip: usize,
}

/// A relative distinguished name: one attribute value or, rarely, several joined by `+`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rdn {
    avas: Vec<Ava>,
}

/// One `type=value` of a relative distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ava {
    attribute: String,
    value: AvaValue,
}

/// The value of an [`Ava`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AvaValue {
    /// The bytes of the value, usually UTF-8, with escapes resolved.
    Plain(Vec<u8>),
    /// The BER encoding of the value, written as `#` and hexadecimal digits.
    Ber(Vec<u8>),
}

impl Dn {
    /// Reads a distinguished name as RFC 4514 has it; the empty text is the empty name (the root).
    ///
    /// Accepted beyond that, because it is found in the field: spaces around separators, `;` as
    /// separator, values in double quotes and the prefix `OID.` (all of RFC 1779), and `\/`.
    ///
    /// # Errors
    /// The first place that does not fit, and every text of more than [`MAX_DN_BYTES`].
    pub fn parse(text: &str) -> Result<Self, DnError> {
        parse::parse(text).map(Self::from_rdns)
    }

    /// The empty name: the root of the tree.
    pub fn root() -> Self {
        Self::from_rdns(Vec::new())
    }

    /// A name from its parts, the entry's own first.
    pub fn from_rdns(rdns: Vec<Rdn>) -> Self {
        Self {
            parts: rdns.into(),
            skip: 0,
        }
    }

    /// The parts, the entry's own first.
    pub fn rdns(&self) -> &[Rdn] {
        self.parts.get(self.skip..).unwrap_or_default()
    }

    /// The entry's own part; `None` for the empty name.
    pub fn rdn(&self) -> Option<&Rdn> {
        self.rdns().first()
    }

    /// Whether this is the empty name.
    pub fn is_root(&self) -> bool {
        self.rdns().is_empty()
    }

    /// The name above; `None` for the empty name. The parent of a name of one part is the empty name.
    pub fn parent(&self) -> Option<Self> {
        (!self.is_root()).then(|| Self {
            parts: Arc::clone(&self.parts),
            skip: self.skip + 1,
        })
    }

    /// The name of a child of this entry.
    pub fn child(&self, rdn: Rdn) -> Self {
        let mut parts = vec![rdn];
        parts.extend_from_slice(self.rdns());
        Self::from_rdns(parts)
    }

    /// Whether both name the same entry, by the rules of [`Dn::canonical`].
    pub fn is_equal(&self, other: &Self) -> bool {
        self.rdns().len() == other.rdns().len() && self.is_under(other)
    }

    /// Whether this is `base` itself or lies anywhere below it (the subtree of `base`). Everything is
    /// under the empty name.
    pub fn is_under(&self, base: &Self) -> bool {
        let (own, base) = (self.rdns(), base.rdns());
        let Some(extra) = own.len().checked_sub(base.len()) else {
            return false;
        };
        own.iter()
            .skip(extra)
            .zip(base)
            .rev()
            .all(|(a, b)| a == b || a.canonical() == b.canonical())
    }

    /// The comparison key: equal for two names exactly if they mean the same entry. Readable, printable,
    /// itself a valid name, and meant to be stored: its form does not change.
    ///
    /// Types are lower-cased with [`attribute::canonical_type`], values folded with [`fold`], the parts of
    /// a multi-valued name sorted. A value that is not UTF-8 is compared byte for byte. A `#` value
    /// that holds a plain string (RFC 4514 §2.4) equals that string.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        for (index, rdn) in self.rdns().iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&rdn.canonical());
        }
        out
    }

    /// The comparison key of a name given as text: [`Dn::parse`], then [`Dn::canonical`], but fast for names without
    /// anything special in them.
    ///
    /// # Errors
    /// As [`Dn::parse`].
    pub fn canonical_of(text: &str) -> Result<String, DnError> {
        match plain::canonical(text) {
            Some(canonical) => Ok(canonical),
            None => Ok(Self::parse(text)?.canonical()),
        }
    }

    /// The text of the first value of `attribute` from the entry upwards: `cn` of
    /// `CN=Sales,OU=Groups,DC=example` is `Sales`. `None` without such a part, or if it is not UTF-8.
    pub fn value_text(&self, attribute: &str) -> Option<&str> {
        self.rdns()
            .iter()
            .find_map(|rdn| rdn.value_of(attribute))?
            .text()
    }
}

impl Rdn {
    /// A part of one value, such as `cn` and `Sales`. The value needs no escapes.
    ///
    /// # Errors
    /// If `attribute` is not an attribute type.
    pub fn new(attribute: &str, value: impl Into<Vec<u8>>) -> Result<Self, DnError> {
        Ok(Self {
            avas: vec![Ava::new(attribute, value)?],
        })
    }

    /// A part of several values; `None` without any.
    pub fn from_avas(avas: Vec<Ava>) -> Option<Self> {
        (!avas.is_empty()).then_some(Self { avas })
    }

    /// Reads one part, such as the new name in an LDIF change record.
    ///
    /// # Errors
    /// As [`Dn::parse`], and if there is not exactly one part.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let mut parts = parse::parse(text)?.into_iter();
        match (parts.next(), parts.next()) {
            (Some(only), None) => Ok(only),
            (_, more) => Err(DnError {
                position: 0,
                expected: "exactly one part, such as cn=Sales",
                found: if more.is_some() {
                    "several parts"
                } else {
                    "an empty name"
                }
                .to_owned(),
            }),
        }
    }

    /// The values, at least one.
    pub fn avas(&self) -> &[Ava] {
        &self.avas
    }

    /// The first value as text: `Sales` of `CN=Sales`. `None` if it is not UTF-8.
    pub fn first_value_text(&self) -> Option<&str> {
        self.avas.first()?.text()
    }

    /// The value of the given type, aliases and letter case aside.
    pub fn value_of(&self, attribute: &str) -> Option<&Ava> {
        let wanted = attribute::canonical_type(attribute);
        self.avas
            .iter()
            .find(|ava| attribute::canonical_type(&ava.attribute) == wanted)
    }

    /// The comparison key of this part; see [`Dn::canonical`].
    pub fn canonical(&self) -> String {
        let mut avas: Vec<String> = self.avas.iter().map(Ava::canonical).collect();
        avas.sort();
        avas.dedup();
        avas.join("+")
    }
}

impl Ava {
    /// A type and its value. The value needs no escapes.
    ///
    /// # Errors
    /// If `attribute` is not an attribute type.
    pub fn new(attribute: &str, value: impl Into<Vec<u8>>) -> Result<Self, DnError> {
        if !attribute::is_type(attribute) {
            return Err(DnError {
                position: 0,
                expected: parse::TYPE,
                found: crate::escape::quote(attribute),
            });
        }
        Ok(Self {
            attribute: attribute.to_owned(),
            value: AvaValue::Plain(value.into()),
        })
    }

    /// The attribute type as written.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The value as written.
    pub fn value(&self) -> &AvaValue {
        &self.value
    }

    /// The bytes of the value; of a `#` value its content if it is a plain string, else the encoding.
    pub fn bytes(&self) -> &[u8] {
        match &self.value {
            AvaValue::Plain(bytes) => bytes,
            AvaValue::Ber(ber) => ber_string(ber).unwrap_or(ber),
        }
    }

    /// The value as text; `None` if it is not UTF-8, or a `#` value that is not a plain string.
    pub fn text(&self) -> Option<&str> {
        let bytes = match &self.value {
            AvaValue::Plain(bytes) => bytes,
            AvaValue::Ber(ber) => ber_string(ber)?,
        };
        std::str::from_utf8(bytes).ok()
    }

    fn canonical(&self) -> String {
        let mut out = attribute::canonical_type(&self.attribute);
        out.push('=');
        match (&self.value, self.text()) {
            (_, Some(text)) => print::push_plain(&mut out, fold(text).as_bytes()),
            (AvaValue::Ber(ber), None) if ber_string(ber).is_none() => {
                print::push_ber(&mut out, ber);
            }
            (_, None) => print::push_plain(&mut out, self.bytes()),
        }
        out
    }
}

/// The content of a BER-encoded string of one byte per character or UTF-8: OCTET STRING, UTF8String,
/// NumericString, PrintableString, IA5String or VisibleString.
fn ber_string(ber: &[u8]) -> Option<&[u8]> {
    let [0x04 | 0x0c | 0x12 | 0x13 | 0x16 | 0x1a, length, rest @ ..] = ber else {
        return None;
    };
    let (size, content) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(length & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, content) = rest.split_at_checked(count)?;
        (
            digits
                .iter()
                .fold(0_usize, |n, d| (n << 8) | usize::from(*d)),
            content,
        )
    };
    (content.len() == size).then_some(content)
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.rdns() == other.rdns()
    }
}

impl Eq for Dn {}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rdns().hash(state);
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

impl std::str::FromStr for Dn {
    type Err = DnError;
    fn from_str(text: &str) -> Result<Self, DnError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
