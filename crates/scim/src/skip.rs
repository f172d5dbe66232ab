//! Dropping `members` from a reply while it streams in.
//!
//! Some services put every member into every group reply, whatever one asks for: 290,000 members are tens of megabytes. A caller that
//! only wants the groups passes the bytes through here and keeps the rest, a few hundred bytes a group. A caller that has just changed
//! members watches for their ids on the way: a success is not yet a change.

use std::collections::BTreeSet;

/// A streaming filter over JSON text that replaces the content of every list named `members` by nothing and counts its elements.
///
/// It looks only at strings and brackets: JSON that is broken stays broken, so the reader after it still refuses a truncated reply.
#[derive(Debug, Clone, Default)]
pub struct MemberSkipper {
    /// Inside a string; the flag says that the last byte was a backslash.
    string: Option<bool>,
    /// The string being read, while it may still be the name looked for.
    name: Vec<u8>,
    /// What the last complete token was.
    last: Last,
    /// Depth inside a list that is being dropped; 0 outside.
    depth: u32,
    /// Whether something stood in the list since the last comma at its top level.
    element: bool,
    dropped: u64,
    lists: u64,
    /// Ids to look for, and those found.
    watched: BTreeSet<String>,
    seen: BTreeSet<String>,
    longest: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// The string `members`.
    Name,
    /// That string and a colon.
    NameColon,
}

const NAME: &[u8] = b"members";

impl MemberSkipper {
    /// A filter at the start of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// A filter that also looks for these ids among what it drops.
    pub fn watching(ids: impl IntoIterator<Item = String>) -> Self {
        let watched: BTreeSet<String> = ids.into_iter().collect();
        // An id may be written with escapes, each at most six bytes for one.
        let longest = watched
            .iter()
            .map(String::len)
            .max()
            .unwrap_or(0)
            .saturating_mul(6);
        Self {
            watched,
            longest,
            ..Self::default()
        }
    }

    /// The watched ids that were found.
    pub fn seen(&self) -> &BTreeSet<String> {
        &self.seen
    }

    /// How many lists named `members` there were, empty ones included.
    pub fn lists(&self) -> u64 {
        self.lists
    }

    /// Takes the next bytes of the reply and appends what is kept to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if self.depth == 0 {
                self.outside(byte, out);
            } else {
                self.inside(byte, out);
            }
        }
    }

    /// How many elements were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn outside(&mut self, byte: u8, out: &mut Vec<u8>) {
        out.push(byte);
        if self.in_string(byte) {
            if self.string.is_none() {
                let hit = self.name.eq_ignore_ascii_case(NAME);
                self.last = if hit { Last::Name } else { Last::Other };
            } else if self.name.len() <= NAME.len() {
                self.name.push(byte);
            }
            return;
        }
        match byte {
            b'"' => {
                self.string = Some(false);
                self.name.clear();
            }
            b':' if self.last == Last::Name => self.last = Last::NameColon,
            b'[' if self.last == Last::NameColon => {
                self.last = Last::Other;
                self.depth = 1;
                self.lists += 1;
                self.element = false;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.last = Last::Other,
        }
    }

    fn inside(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.in_string(byte) {
            if self.string.is_none() {
                self.watch();
            } else if self.longest > 0 && self.name.len() <= self.longest {
                self.name.push(byte);
            }
            return;
        }
        match byte {
            b'"' => {
                self.string = Some(false);
                self.name.clear();
                self.element = true;
            }
            b'[' | b'{' => {
                self.element = true;
                self.depth = self.depth.saturating_add(1);
            }
            b']' | b'}' => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.dropped += u64::from(self.element);
                    out.push(byte);
                }
            }
            b',' if self.depth == 1 => {
                self.dropped += u64::from(self.element);
                self.element = false;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.element = true,
        }
    }

    /// Looks at the string that ended just now.
    fn watch(&mut self) {
        if self.watched.is_empty() || self.name.len() > self.longest {
            return;
        }
        let text = std::str::from_utf8(&self.name).unwrap_or_default();
        if self.watched.contains(text) {
            self.seen.insert(text.to_owned());
        } else if text.contains('\\')
            && let Ok(plain) = serde_json::from_str::<String>(&format!("\"{text}\""))
            && self.watched.contains(&plain)
        {
            self.seen.insert(plain);
        }
    }

    /// True when the byte belongs to a string that was open before it (its closing quote included).
    fn in_string(&mut self, byte: u8) -> bool {
        let Some(escaped) = self.string else {
            return false;
        };
        self.string = match byte {
            b'"' if !escaped => None,
            b'\\' => Some(!escaped),
            _ => Some(false),
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn run(text: &[u8], chunk: usize) -> (Vec<u8>, u64) {
        let (mut skipper, mut out) = (MemberSkipper::new(), Vec::new());
        for part in text.chunks(chunk.max(1)) {
            skipper.push(part, &mut out);
        }
        (out, skipper.dropped())
    }

    #[test]
    fn members_go_and_everything_else_stays() {
        let text = r#"{"a":"members","members" : [ {"value":"1]\"}"}, null, [2,3], "x" ],"b":["members",{"members":{}}]}"#;
        let (out, dropped) = run(text.as_bytes(), 1);
        assert_eq!(
            out,
            br#"{"a":"members","members" : [],"b":["members",{"members":{}}]}"#
        );
        assert_eq!(dropped, 4);
    }

    #[test]
    fn a_reply_cut_inside_the_members_stays_broken() {
        let (out, _) = run(br#"{"Resources":[{"members":[{"value":"1"},{"va"#, 7);
        assert!(serde_json::from_slice::<Value>(&out).is_err());
    }

    #[test]
    fn watched_ids_are_found_however_they_are_written() {
        let ids = ["a/1", "b", "c"].map(str::to_owned);
        let mut skipper = MemberSkipper::watching(ids);
        let text = br#"{"id":"c","members":[{"value":"a\/1","display":"x"},{"value":"bb"},{"value":"\u0062"}]}"#;
        for byte in text {
            skipper.push(&[*byte], &mut Vec::new());
        }
        assert_eq!(skipper.seen().iter().collect::<Vec<_>>(), ["a/1", "b"]);
        assert_eq!(skipper.lists(), 1);
    }

    fn strip(value: &mut Value, count: &mut u64) {
        match value {
            Value::Object(map) => {
                for (name, inner) in map.iter_mut() {
                    match inner {
                        Value::Array(list) if name.eq_ignore_ascii_case("members") => {
                            *count += list.len() as u64;
                            list.clear();
                        }
                        other => strip(other, count),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|item| strip(item, count)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn the_filter_agrees_with_a_full_parse(
            groups in prop::collection::vec((any::<String>(), prop::collection::vec(any::<String>(), 0..5)), 0..5),
            odd in prop_oneof![Just(json!("members")), Just(json!({"members": null})), Just(json!([[],{}]))],
            chunk in 1_usize..40,
            pretty in any::<bool>(),
        ) {
            let groups: Vec<Value> = groups
                .into_iter()
                .map(|(name, ids)| {
                    let members: Vec<Value> = ids.iter().map(|id| json!({"value": id, "members": [1]})).collect();
                    json!({"displayName": name, "Members": members, "odd": odd})
                })
                .collect();
            let mut value = json!({"totalResults": 1, "Resources": groups});
            let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
            let (out, dropped) = run(&text.unwrap(), chunk);
            let mut count = 0;
            strip(&mut value, &mut count);
            prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), value);
            prop_assert_eq!(dropped, count);
        }
    }
}
