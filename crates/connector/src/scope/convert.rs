//! From what a directory returns to an entry of the model.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use usher_core::model::{self, Kind};

use super::KeyRule;

/// Attribute values by lower-case description.
pub type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

/// Lower-cases descriptions; values of descriptions that differ in case only are put together.
pub fn lower_attributes(raw: impl IntoIterator<Item = (String, Vec<Vec<u8>>)>) -> Attributes {
    let mut out = Attributes::new();
    for (mut name, values) in raw {
        name.make_ascii_lowercase();
        match out.entry(name) {
            Entry::Vacant(place) => {
                place.insert(values);
            }
            Entry::Occupied(mut place) => place.get_mut().extend(values),
        }
    }
    out
}

/// An entry of the model.
///
/// # Errors
/// Why it has no usable key, in words.
pub fn entry_of(
    dn: &str,
    kind: Kind,
    attributes: Attributes,
    rule: &KeyRule,
) -> Result<model::Entry, String> {
    let values = attributes.get(&rule.attribute.to_ascii_lowercase());
    let key = rule.key(values.map_or(&[], Vec::as_slice))?;
    Ok(model::Entry {
        key,
        dn: dn.to_owned(),
        kind,
        attributes,
    })
}
