//! From what a directory returns to an entry of the model.

use std::collections::BTreeMap;

use usher_core::model::{Entry, Kind};

use super::KeyRule;

/// Attribute values by lower-case description.
pub type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

/// Lower-cases descriptions; values of descriptions that differ in case only are put together.
pub fn lower_attributes(raw: impl IntoIterator<Item = (String, Vec<Vec<u8>>)>) -> Attributes {
    let mut out = Attributes::new();
    for (name, values) in raw {
        out.entry(name.to_ascii_lowercase())
            .or_default()
            .extend(values);
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
) -> Result<Entry, String> {
    let values = attributes.get(&rule.attribute.to_ascii_lowercase());
    let key = rule.key(values.map_or(&[], Vec::as_slice))?;
    Ok(Entry {
        key,
        dn: dn.to_owned(),
        kind,
        attributes,
    })
}
