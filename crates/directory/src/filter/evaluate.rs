//! Three-valued evaluation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Filter, MAX_FILTER_DEPTH, matching};
use crate::{Dn, attribute};

/// The result of a filter: RFC 4511 knows three. A server returns only entries for which it is `True`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    /// The entry matches.
    True,
    /// It does not match.
    False,
    /// It cannot be said; the negation cannot be said either.
    Undefined,
}

impl Tri {
    /// Whether it is `True`; `Undefined` is not.
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// The contrary; `Undefined` stays.
    #[allow(
        clippy::should_implement_trait,
        reason = "three values, not the two of a boolean"
    )]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }

    /// `False` if one of them is, else `Undefined` if one of them is, else `True`.
    pub fn all(items: impl IntoIterator<Item = Self>) -> Self {
        Self::any(items.into_iter().map(Self::not)).not()
    }

    /// `True` if one of them is, else `Undefined` if one of them is, else `False`.
    pub fn any(items: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for item in items {
            match item {
                Self::True => return Self::True,
                Self::Undefined => result = Self::Undefined,
                Self::False => {}
            }
        }
        result
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What a filter needs to know about an entry.
pub trait AttributeLookup {
    /// All values of an attribute; none if the entry has none.
    ///
    /// `description` is in the form of [`attribute::canonical_description`]: lower case, `cn` for `2.5.4.3`,
    /// options sorted. Use [`attribute::covers`] if the entry keeps descriptions in another form or with
    /// options.
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>>;

    /// Whether the attribute was read at all. If not, what the filter says about it is undefined rather than
    /// false. By default everything was.
    fn is_known(&self, _description: &str) -> bool {
        true
    }

    /// The name of the entry, for `:dn:` matches; without it they look at the attributes only.
    fn dn(&self) -> Option<&Dn> {
        None
    }
}

/// Attribute descriptions in any letter case and with any options, each with its values.
impl AttributeLookup for BTreeMap<String, Vec<Vec<u8>>> {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        self.iter()
            .filter(|(name, _)| attribute::covers(description, name))
            .flat_map(|(_, values)| values.iter().map(|v| Cow::Borrowed(v.as_slice())))
            .collect()
    }
}

impl Filter {
    /// Evaluates the filter on one entry.
    ///
    /// - Text compares without regard to letter case and white space, names as names, the attributes of
    ///   [`attribute::Syntax::Octets`] and values that are not UTF-8 byte for byte.
    /// - `>=` and `<=` compare whole numbers as numbers and times as times, else folded text.
    /// - `~=` also ignores accents and everything that is neither letter nor digit.
    /// - An attribute that the entry does not have makes a comparison `False`. It is `Undefined` if the
    ///   attribute was not read, the matching rule is not known ([`Filter::is_decidable`]), the value is not
    ///   of the kind the comparison needs, or the filter is deeper than [`super::MAX_FILTER_DEPTH`].
    /// - `objectCategory=person` means what Active Directory makes of it: the class by its short name.
    pub fn evaluate(&self, entry: &dyn AttributeLookup) -> Tri {
        self.evaluate_at(entry, 1)
    }

    fn evaluate_at(&self, entry: &dyn AttributeLookup, depth: usize) -> Tri {
        if depth > MAX_FILTER_DEPTH {
            return Tri::Undefined;
        }
        let each = |inner: &Filter| inner.evaluate_at(entry, depth + 1);
        match self {
            Self::And(inner) => Tri::all(inner.iter().map(each)),
            Self::Or(inner) => Tri::any(inner.iter().map(each)),
            Self::Not(inner) => each(inner).not(),
            Self::Present(name) => on_values(entry, name, |_| Tri::True),
            Self::Equality { attribute, value } => {
                let matcher = matching::Equality::new(attribute, value);
                on_values(entry, attribute, |v| matcher.test(v))
            }
            Self::Substrings {
                attribute,
                initial,
                any,
                last,
            } => {
                let matcher =
                    matching::Substrings::new(attribute, initial.as_deref(), any, last.as_deref());
                on_values(entry, attribute, |v| matcher.test(v))
            }
            Self::GreaterOrEqual { attribute, value } => on_values(entry, attribute, |v| {
                matching::order(attribute, v, value).map_or(Tri::Undefined, |o| o.is_ge().into())
            }),
            Self::LessOrEqual { attribute, value } => on_values(entry, attribute, |v| {
                matching::order(attribute, v, value).map_or(Tri::Undefined, |o| o.is_le().into())
            }),
            Self::Approx { attribute, value } => on_values(entry, attribute, |v| {
                matching::approximately(v, value).into()
            }),
            Self::Extensible {
                attribute,
                rule,
                dn,
                value,
            } => match attribute {
                Some(attribute) => extensible(entry, attribute, rule.as_deref(), *dn, value),
                None => Tri::Undefined,
            },
        }
    }
}

fn on_values(entry: &dyn AttributeLookup, name: &str, test: impl Fn(&[u8]) -> Tri) -> Tri {
    let description = attribute::canonical_description(name);
    if !entry.is_known(&description) {
        return Tri::Undefined;
    }
    Tri::any(entry.values_of(&description).iter().map(|v| test(v)))
}

fn extensible(
    entry: &dyn AttributeLookup,
    attribute: &str,
    rule: Option<&str>,
    dn: bool,
    value: &[u8],
) -> Tri {
    let Some(matcher) = matching::Rule::new(attribute, rule, value) else {
        return Tri::Undefined;
    };
    let in_attributes = on_values(entry, attribute, |v| matcher.test(v));
    if !dn || in_attributes.is_true() {
        return in_attributes;
    }
    let wanted = attribute::canonical_type(attribute);
    let in_name = entry
        .dn()
        .map_or(&[][..], Dn::rdns)
        .iter()
        .flat_map(|rdn| rdn.avas());
    let in_name = in_name
        .filter(|ava| attribute::canonical_type(ava.attribute()) == wanted)
        .map(|ava| matcher.test(ava.bytes()));
    Tri::any(std::iter::once(in_attributes).chain(in_name))
}
