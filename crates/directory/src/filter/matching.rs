//! How one value matches one assertion.

use std::cmp::Ordering;
use std::str::from_utf8;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{RULE_BIT_AND, RULE_BIT_OR, Tri};
use crate::Dn;
use crate::attribute::{self, Syntax};
use crate::compare::{fold, fold_inner, generalized_time_to_unix_ms};

/// An assertion prepared once, tested against many values.
pub(super) enum Equality {
    Bytes(Vec<u8>),
    Text {
        folded: String,
        time: Option<i64>,
    },
    Telephone(String),
    Name(Dn),
    Category(String),
    /// The assertion is not of the attribute's kind.
    Never,
}

impl Equality {
    pub(super) fn new(description: &str, assertion: &[u8]) -> Self {
        let syntax = attribute::syntax(description);
        let Ok(text) = from_utf8(assertion) else {
            return Self::Bytes(assertion.to_vec());
        };
        match syntax {
            Syntax::Octets => Self::Bytes(assertion.to_vec()),
            Syntax::Text => Self::text(text),
            Syntax::Telephone => Self::Telephone(telephone(text)),
            Syntax::Dn => match name(text) {
                Some(dn) => Self::Name(dn),
                None if attribute::canonical_type(description) == "objectcategory" => {
                    Self::Category(category(text))
                }
                None => Self::Never,
            },
        }
    }

    fn text(text: &str) -> Self {
        Self::Text {
            folded: fold(text),
            time: generalized_time_to_unix_ms(text).ok(),
        }
    }

    pub(super) fn test(&self, value: &[u8]) -> Tri {
        match (self, from_utf8(value)) {
            (Self::Bytes(wanted), _) => Tri::from(wanted == value),
            (Self::Never, _) => Tri::Undefined,
            (_, Err(_)) => Tri::False,
            (Self::Text { folded, time }, Ok(text)) => {
                let same_time =
                    || time.is_some() && *time == generalized_time_to_unix_ms(text).ok();
                Tri::from(fold(text) == *folded || same_time())
            }
            (Self::Telephone(wanted), Ok(text)) => Tri::from(telephone(text) == *wanted),
            (Self::Name(wanted), Ok(text)) => {
                Tri::from(name(text).is_some_and(|dn| dn.is_equal(wanted)))
            }
            (Self::Category(wanted), Ok(text)) => {
                let dn = name(text);
                let class = dn
                    .as_ref()
                    .and_then(Dn::rdn)
                    .and_then(|rdn| rdn.first_value_text());
                Tri::from(class.is_some_and(|class| fold(class) == *wanted))
            }
        }
    }
}

/// A name, also one with the optional unique identifier of `uniqueMember` (RFC 4517 §3.3.21).
fn name(text: &str) -> Option<Dn> {
    if let Ok(dn) = Dn::parse(text) {
        let bits = dn
            .rdns()
            .last()
            .and_then(|rdn| rdn.first_value_text())
            .unwrap_or_default();
        if !bits.ends_with("'B") {
            return Some(dn).filter(|dn| !dn.is_root() || text.trim().is_empty());
        }
    }
    let (plain, bits) = text.rsplit_once('#')?;
    let bits = bits.strip_prefix('\'')?.strip_suffix("'B")?;
    bits.bytes()
        .all(|b| matches!(b, b'0' | b'1'))
        .then(|| Dn::parse(plain).ok())?
}

/// The class whose category Active Directory takes for a short name.
fn category(text: &str) -> String {
    match fold(text).as_str() {
        "user" | "contact" | "inetorgperson" | "organizationalperson" => "person".to_owned(),
        other => other.to_owned(),
    }
}

fn telephone(text: &str) -> String {
    fold(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .collect()
}

/// The pieces of a substring assertion, prepared once.
pub(super) struct Substrings {
    bytes: bool,
    undefined: bool,
    initial: Vec<u8>,
    any: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl Substrings {
    pub(super) fn new(
        description: &str,
        initial: Option<&[u8]>,
        any: &[Vec<u8>],
        last: Option<&[u8]>,
    ) -> Self {
        let (initial, last) = (initial.unwrap_or_default(), last.unwrap_or_default());
        let syntax = attribute::syntax(description);
        let all_text = [initial, last]
            .into_iter()
            .chain(any.iter().map(Vec::as_slice))
            .all(|piece| from_utf8(piece).is_ok());
        let bytes = syntax == Syntax::Octets || !all_text;
        let prepare = |piece: &[u8]| if bytes { piece.to_vec() } else { folded(piece) };
        let mut this = Self {
            bytes,
            // Names have no substring rule (RFC 4519): no server finds anything with one.
            undefined: syntax == Syntax::Dn,
            initial: prepare(initial),
            any: any.iter().map(|piece| prepare(piece)).collect(),
            last: prepare(last),
        };
        if !bytes {
            this.initial = this.initial.trim_ascii_start().to_vec();
            this.last = this.last.trim_ascii_end().to_vec();
        }
        this
    }

    pub(super) fn test(&self, value: &[u8]) -> Tri {
        if self.undefined {
            return Tri::Undefined;
        }
        let whole = match from_utf8(value) {
            _ if self.bytes => value.to_vec(),
            Ok(text) => fold(text).into_bytes(),
            Err(_) => return Tri::False,
        };
        Tri::from(self.is_in(&whole))
    }

    fn is_in(&self, whole: &[u8]) -> bool {
        let rest = whole.strip_prefix(self.initial.as_slice());
        let Some(mut rest) = rest.and_then(|r| r.strip_suffix(self.last.as_slice())) else {
            return false;
        };
        for piece in &self.any {
            let Some(after) = after_first(rest, piece) else {
                return false;
            };
            rest = after;
        }
        true
    }
}

fn folded(piece: &[u8]) -> Vec<u8> {
    from_utf8(piece)
        .map(|text| fold_inner(text).into_bytes())
        .unwrap_or_default()
}

/// What follows the first occurrence of `piece`.
fn after_first<'a>(rest: &'a [u8], piece: &[u8]) -> Option<&'a [u8]> {
    if piece.is_empty() {
        return Some(rest);
    }
    let at = rest
        .windows(piece.len())
        .position(|window| window == piece)?;
    rest.get(at + piece.len()..)
}

/// How a value stands to an assertion; `None` if they cannot be compared.
pub(super) fn order(description: &str, value: &[u8], assertion: &[u8]) -> Option<Ordering> {
    match attribute::syntax(description) {
        Syntax::Dn => return None,
        Syntax::Octets => return Some(value.cmp(assertion)),
        Syntax::Text | Syntax::Telephone => {}
    }
    let (Ok(value_text), Ok(text)) = (from_utf8(value), from_utf8(assertion)) else {
        return Some(value.cmp(assertion));
    };
    if let (Some(a), Some(b)) = (integer(value_text), integer(text)) {
        return Some(a.cmp(&b));
    }
    let time = generalized_time_to_unix_ms;
    if let (Ok(a), Ok(b)) = (time(value_text), time(text)) {
        return Some(a.cmp(&b));
    }
    Some(fold(value_text).cmp(&fold(text)))
}

fn integer(text: &str) -> Option<i128> {
    text.trim().parse().ok()
}

/// Equal but for letter case, accents, spaces and punctuation.
pub(super) fn approximately(value: &[u8], assertion: &[u8]) -> bool {
    match (from_utf8(value), from_utf8(assertion)) {
        (Ok(a), Ok(b)) => bare(a) == bare(b),
        _ => value == assertion,
    }
}

fn bare(text: &str) -> String {
    fold(text)
        .nfd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric())
        .collect()
}

/// A matching rule with its assertion.
pub(super) enum Rule {
    Equality(Equality),
    Exact(Vec<u8>),
    Number(i128),
    AllBits(i64),
    AnyBit(i64),
}

impl Rule {
    /// `None` if the rule is not known or the assertion is not of its kind.
    pub(super) fn new(description: &str, rule: Option<&str>, assertion: &[u8]) -> Option<Self> {
        let Some(rule) = rule else {
            return Some(Self::Equality(Equality::new(description, assertion)));
        };
        let text = from_utf8(assertion);
        Some(match kind(rule)? {
            Kind::Text => Self::Equality(Equality::text(text.ok()?)),
            Kind::Name => Self::Equality(Equality::Name(name(text.ok()?)?)),
            Kind::Exact => Self::Exact(assertion.to_vec()),
            Kind::Number => Self::Number(integer(text.ok()?)?),
            Kind::AllBits => Self::AllBits(bits(assertion)?),
            Kind::AnyBit => Self::AnyBit(bits(assertion)?),
        })
    }

    pub(super) fn test(&self, value: &[u8]) -> Tri {
        let on_bits = |test: &dyn Fn(i64) -> bool| {
            bits(value).map_or(Tri::Undefined, |value| Tri::from(test(value)))
        };
        match self {
            Self::Equality(equality) => equality.test(value),
            Self::Exact(wanted) => Tri::from(wanted == value),
            Self::Number(wanted) => {
                let number = from_utf8(value).ok().and_then(integer);
                number.map_or(Tri::Undefined, |n| Tri::from(n == *wanted))
            }
            Self::AllBits(mask) => on_bits(&|value| value & mask == *mask),
            Self::AnyBit(mask) => on_bits(&|value| value & mask != 0),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Name,
    Exact,
    Number,
    AllBits,
    AnyBit,
}

fn kind(rule: &str) -> Option<Kind> {
    Some(match rule.to_ascii_lowercase().as_str() {
        RULE_BIT_AND => Kind::AllBits,
        RULE_BIT_OR => Kind::AnyBit,
        "2.5.13.2" | "caseignorematch" => Kind::Text,
        "1.3.6.1.4.1.1466.109.114.2" | "caseignoreia5match" => Kind::Text,
        "2.5.13.13" | "booleanmatch" | "2.5.13.0" | "objectidentifiermatch" => Kind::Text,
        "2.5.13.1" | "distinguishednamematch" => Kind::Name,
        "2.5.13.5" | "caseexactmatch" | "2.5.13.17" | "octetstringmatch" => Kind::Exact,
        "1.3.6.1.4.1.1466.109.114.1" | "caseexactia5match" => Kind::Exact,
        "2.5.13.14" | "integermatch" => Kind::Number,
        _ => return None,
    })
}

pub(super) fn is_known_rule(rule: &str) -> bool {
    kind(rule).is_some()
}

/// A whole number as its bits. `groupType` is a signed 32-bit number, yet its highest bit is often written
/// as the positive 2147483648: sign extension makes both mean the same bit.
fn bits(value: &[u8]) -> Option<i64> {
    from_utf8(value).ok()?.trim().parse().ok()
}
