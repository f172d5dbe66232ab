//! From the filter on the wire to the one that can be evaluated.

use ldap3_proto::LdapFilter;
use usher_directory::Filter;

/// Takes a filter over. Its depth is bounded by the decoder.
pub(crate) fn convert(filter: LdapFilter) -> Filter {
    match filter {
        LdapFilter::And(parts) => Filter::And(parts.into_iter().map(convert).collect()),
        LdapFilter::Or(parts) => Filter::Or(parts.into_iter().map(convert).collect()),
        LdapFilter::Not(inner) => Filter::not(convert(*inner)),
        LdapFilter::Equality(attribute, value) => Filter::eq(attribute, value),
        LdapFilter::GreaterOrEqual(attribute, value) => Filter::at_least(attribute, value),
        LdapFilter::LessOrEqual(attribute, value) => Filter::LessOrEqual {
            attribute,
            value: value.into_bytes(),
        },
        LdapFilter::Approx(attribute, value) => Filter::Approx {
            attribute,
            value: value.into_bytes(),
        },
        LdapFilter::Present(attribute) => Filter::present(attribute),
        LdapFilter::Substring(attribute, pieces) => Filter::Substrings {
            attribute,
            initial: pieces.initial.map(String::into_bytes),
            any: pieces.any.into_iter().map(String::into_bytes).collect(),
            last: pieces.final_.map(String::into_bytes),
        },
        LdapFilter::Extensible(rule) => Filter::Extensible {
            attribute: rule.type_,
            rule: rule.matching_rule,
            dn: rule.dn_attributes,
            value: rule.match_value.into_bytes(),
        },
    }
}
