//! JSON objects that have a key twice: which of the two counts differs from reader to reader, and whoever
//! reviewed the document may have read the other one.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The first key that an object has twice, as a JSON pointer (RFC 6901). Nothing for what is no JSON: whoever
/// parses it says so.
pub(crate) fn twice(bytes: &[u8]) -> Option<String> {
    let mut found = Search::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // An error without a place is one of syntax.
    let _ = Look(&mut found).deserialize(&mut reader);
    found.twice
}

/// What is wrong with it, in words.
pub(crate) fn words(pointer: &str) -> String {
    format!(
        "the key at `{pointer}` stands in its object twice: readers would not agree on which of the two counts; leave one out"
    )
}

#[derive(Default)]
struct Search {
    /// The way to where we are.
    way: Vec<String>,
    twice: Option<String>,
}

impl Search {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.way {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

struct Look<'a>(&'a mut Search);

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            self.0.way.push(key.clone());
            if !known.insert(key) {
                self.0.twice = Some(self.0.pointer());
                return Err(A::Error::custom("twice"));
            }
            map.next_value_seed(Look(self.0))?;
            self.0.way.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            self.0.way.push(index.to_string());
            let more = list.next_element_seed(Look(self.0))?;
            self.0.way.pop();
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::twice;

    #[test]
    fn a_key_that_stands_twice_is_found_with_its_place() {
        let found = |text: &str| twice(text.as_bytes());
        for good in [
            r#"{"a": 1, "b": {"a": [1.5, null, true, -2, "a"]}}"#,
            r#"[{"a": 1}, {"a": 2}]"#,
            r#"{"a": 1, "A": 2}"#,
            "",
            "[1,",
        ] {
            assert_eq!(found(good), None, "{good}");
        }
        let place = |pointer: &str| Some(pointer.to_owned());
        assert_eq!(found(r#"{"a": 1, "a": 1}"#), place("/a"));
        assert_eq!(found(r#"{"a": 1, "\u0061": 1}"#), place("/a"));
        assert_eq!(
            found(r#"[0, {"x/y": {"n": 1, "n": 2}}]"#),
            place("/1/x~1y/n")
        );
    }
}
