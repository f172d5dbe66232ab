//! Which attributes are asked for, and what is made of an answer.

use std::collections::BTreeSet;

use usher_connector::scope::{Attributes, entry_of, lower_attributes};
use usher_core::model::{Entry, Kind};
use usher_directory::attribute::{canonical_description, canonical_type, is_description};
use usher_ldap::LdapEntry;

use crate::settings::Settings;

/// What a group's name may be made of.
const GROUP_NAMES: [&str; 2] = ["cn", "sAMAccountName"];

/// The attributes of a search: what the caller wants and what we need, each once; never members.
pub(crate) fn asked(settings: &Settings, wanted: &[String]) -> Vec<String> {
    let mut names: Vec<String> = wanted.to_vec();
    names.extend(settings.rules.attributes());
    names.push(settings.source.timestamp_attribute.clone());
    if settings.rules.groups.is_some() {
        names.extend(GROUP_NAMES.map(str::to_owned));
    }
    let members = canonical_type(&settings.rules.member_attribute);
    let mut seen = BTreeSet::new();
    names.retain(|name| {
        is_description(name)
            && canonical_type(name) != members
            && seen.insert(canonical_description(name))
    });
    names
}

/// An entry's attributes by lower-case name.
pub(crate) fn of(entry: LdapEntry) -> (String, Attributes) {
    (entry.dn, lower_attributes(entry.attributes))
}

/// An entry of the model, or its DN and what is wrong with it.
pub(crate) fn entry(
    settings: &Settings,
    kind: Kind,
    raw: LdapEntry,
) -> Result<Entry, (String, String)> {
    let (dn, attributes) = of(raw);
    entry_of(&dn, kind, attributes, &settings.rules.key).map_err(|problem| (dn, problem))
}
