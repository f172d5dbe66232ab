//! Attributes with more values than a server returns at once (Active Directory's `member;range=0-1499`,
//! MS-ADTS §3.1.1.3.1.3.3).

use crate::client::Client;
use crate::error::LdapError;
use crate::message::LdapEntry;

/// A piece of the values of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range<'a> {
    /// The attribute description without the range option.
    pub attribute: &'a str,
    /// Index of the first value.
    pub first: u64,
    /// Index of the last value; `None` for `*`: there are no more.
    pub last: Option<u64>,
}

impl<'a> Range<'a> {
    /// Reads a description such as `member;range=0-1499` or `member;range=1500-*`; `None` for one without a range.
    pub fn parse(description: &'a str) -> Option<Self> {
        let (attribute, option) = description.rsplit_once(';')?;
        let (name, bounds) = option.split_once('=')?;
        let (first, last) = bounds.split_once('-')?;
        if !name.eq_ignore_ascii_case("range") {
            return None;
        }
        let last = if last == "*" {
            None
        } else {
            Some(last.parse().ok()?)
        };
        Some(Self {
            attribute,
            first: first.parse().ok()?,
            last,
        })
    }
}

/// All values of one attribute of one entry, or a part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllValues {
    /// What was read.
    pub values: Vec<Vec<u8>>,
    /// Why there may be more; `None` when these are all.
    pub incomplete: Option<String>,
}

impl Client {
    /// Reads all values of `attribute` of the entry `dn`, piece by piece where the server wants that.
    ///
    /// At most about `max_values` values are kept; more give an incomplete answer. An entry without the attribute
    /// has no values, and that is complete; an entry that is not returned is incomplete.
    ///
    /// # Errors
    /// As [`Client::read_entry`].
    pub async fn read_all_values(
        &mut self,
        dn: &str,
        attribute: &str,
        max_values: usize,
    ) -> Result<AllValues, LdapError> {
        let mut all = AllValues {
            values: Vec::new(),
            incomplete: None,
        };
        let mut ask = attribute.to_owned();
        loop {
            let Some(entry) = self.read_entry(dn, &[&ask]).await? else {
                all.incomplete = Some(format!("the server does not return \"{dn}\""));
                return Ok(all);
            };
            match add(&mut all.values, &entry, attribute) {
                Added::Last => return Ok(all),
                Added::Broken(why) => {
                    all.incomplete = Some(why);
                    return Ok(all);
                }
                Added::More if all.values.len() >= max_values => {
                    all.incomplete = Some(format!(
                        "it has more than {max_values} values of {attribute}"
                    ));
                    return Ok(all);
                }
                Added::More => ask = format!("{attribute};range={}-*", all.values.len()),
            }
        }
    }
}

enum Added {
    Last,
    More,
    Broken(String),
}

/// Adds what `entry` has of `attribute` behind `values`.
fn add(values: &mut Vec<Vec<u8>>, entry: &LdapEntry, attribute: &str) -> Added {
    let start = values.len() as u64;
    let ranged = entry.attributes.iter().find_map(|(name, found)| {
        let range = Range::parse(name)?;
        range
            .attribute
            .eq_ignore_ascii_case(attribute)
            .then_some((range, found))
    });
    let Some((range, found)) = ranged else {
        if start > 0 {
            // Fewer values than a moment ago: somebody took some away between two pieces.
            return Added::Broken(format!(
                "the server stopped sending {attribute} after {start} values"
            ));
        }
        values.extend_from_slice(entry.values(attribute));
        return Added::Last;
    };
    let last = range.last;
    let expected = last.map_or(found.len() as u64, |last| {
        last.saturating_sub(range.first).saturating_add(1)
    });
    if range.first != start || expected != found.len() as u64 {
        return Added::Broken(format!(
            "expected values from {start}, found {} values as \"range={}-{}\"",
            found.len(),
            range.first,
            last.map_or("*".to_owned(), |last| last.to_string())
        ));
    }
    values.extend_from_slice(found);
    match last {
        None => Added::Last,
        // A range is never empty, so every piece is a step forward.
        Some(_) => Added::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, values: std::ops::Range<u32>) -> LdapEntry {
        let values = values.map(|value| value.to_string().into_bytes()).collect();
        LdapEntry {
            dn: "cn=g".into(),
            attributes: vec![("member".into(), Vec::new()), (name.into(), values)],
        }
    }

    #[test]
    fn ranges_are_read_with_and_without_an_end() {
        let range = Range::parse("member;range=0-1499").expect("a range");
        assert_eq!(
            (range.attribute, range.first, range.last),
            ("member", 0, Some(1499))
        );
        let range = Range::parse("Member;binary;Range=1500-*").expect("a range");
        assert_eq!(
            (range.attribute, range.first, range.last),
            ("Member;binary", 1500, None)
        );
        for text in [
            "member",
            "member;lang-en",
            "member;range=",
            "member;range=a-b",
            "member;range=1",
        ] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn pieces_are_put_together_until_the_star() {
        let mut values = Vec::new();
        assert!(matches!(
            add(&mut values, &entry("member;range=0-2", 0..3), "member"),
            Added::More
        ));
        assert!(matches!(
            add(&mut values, &entry("member;range=3-*", 3..5), "member"),
            Added::Last
        ));
        assert_eq!(values.len(), 5);
    }

    #[test]
    fn a_gap_a_repeat_or_a_missing_piece_is_not_complete() {
        for (name, count) in [
            ("member;range=4-5", 2),
            ("member;range=0-2", 3),
            ("member;range=3-9", 2),
            ("sn", 2),
        ] {
            let mut values = vec![Vec::new(); 3];
            let added = add(&mut values, &entry(name, 0..count), "member");
            assert!(matches!(added, Added::Broken(_)), "{name}");
        }
    }

    #[test]
    fn an_attribute_that_is_not_there_has_no_values() {
        let mut values = Vec::new();
        assert!(matches!(
            add(&mut values, &entry("sn", 0..1), "member"),
            Added::Last
        ));
        assert!(values.is_empty());
    }
}
