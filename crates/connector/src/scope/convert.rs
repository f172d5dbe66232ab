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

/// Most bytes of one value of an attribute that is asked for.
pub const MAX_VALUE_BYTES: usize = 64 << 10;

/// Most bytes of all values of one entry, members excepted.
pub const MAX_ENTRY_BYTES: usize = 1 << 20;

/// What a value costs beside its bytes.
const VALUE_COST: usize = 32;

/// Takes the attributes away that nobody can want whole: those with a value of more than
/// [`MAX_VALUE_BYTES`], and the largest ones of an entry of more than [`MAX_ENTRY_BYTES`]. Answers what
/// was taken, as [`model::Entry::too_long`] has it: so an entry costs a bounded amount of memory, and
/// what is not read is never taken for absent.
pub fn take_too_long(attributes: &mut Attributes) -> BTreeMap<String, u64> {
    let is_long = |values: &Vec<Vec<u8>>| values.iter().any(|one| one.len() > MAX_VALUE_BYTES);
    let cost =
        |values: &Vec<Vec<u8>>| -> usize { values.iter().map(|one| one.len() + VALUE_COST).sum() };
    let mut total: usize = attributes.values().map(cost).sum();
    // Hardly any entry is more: looked at without taking anything apart.
    if total <= MAX_VALUE_BYTES {
        return BTreeMap::new();
    }
    let mut taken: Vec<String> = Vec::new();
    let mut kept: Vec<(usize, String)> = Vec::new();
    for (name, values) in &*attributes {
        if is_long(values) {
            total -= cost(values);
            taken.push(name.clone());
        } else {
            kept.push((cost(values), name.clone()));
        }
    }
    kept.sort();
    while total > MAX_ENTRY_BYTES
        && let Some((bytes, name)) = kept.pop()
    {
        total -= bytes;
        taken.push(name);
    }
    let mut too_long = BTreeMap::new();
    for name in taken {
        let values = attributes.remove(&name).unwrap_or_default();
        let bytes = values.iter().map(|value| value.len() as u64).sum();
        too_long.insert(name, bytes);
    }
    too_long
}

/// An entry of the model, within [`take_too_long`]'s bounds.
///
/// # Errors
/// Why it has no usable key, in words.
pub fn entry_of(
    dn: &str,
    kind: Kind,
    mut attributes: Attributes,
    rule: &KeyRule,
) -> Result<model::Entry, String> {
    let values = attributes.get(&rule.attribute.to_ascii_lowercase());
    let key = rule.key(values.map_or(&[], Vec::as_slice))?;
    let too_long = take_too_long(&mut attributes);
    Ok(model::Entry {
        key,
        dn: dn.to_owned(),
        kind,
        attributes,
        too_long,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(list: &[(&str, usize, usize)]) -> Attributes {
        list.iter()
            .map(|(name, count, length)| ((*name).to_owned(), vec![vec![b'x'; *length]; *count]))
            .collect()
    }

    #[test]
    fn one_value_that_is_too_long_takes_its_attribute_and_no_other() {
        let mut some = attributes(&[("cn", 1, MAX_VALUE_BYTES), ("sn", 1, MAX_VALUE_BYTES + 1)]);
        let too_long = take_too_long(&mut some);
        assert_eq!(some.keys().collect::<Vec<_>>(), ["cn"]);
        assert_eq!(too_long, BTreeMap::from([("sn".to_owned(), 65_537)]));
    }

    #[test]
    fn of_an_entry_that_is_too_large_the_largest_attributes_go_first() {
        let mut some = attributes(&[("a", 20_000, 40), ("b", 20_000, 30), ("c", 1, 10)]);
        let too_long = take_too_long(&mut some);
        assert_eq!(some.keys().collect::<Vec<_>>(), ["c"]);
        assert_eq!(too_long.keys().collect::<Vec<_>>(), ["a", "b"]);
        let mut many_empty = attributes(&[("a", 100_000, 0), ("c", 1, 10)]);
        assert_eq!(take_too_long(&mut many_empty).len(), 1);
    }
}
