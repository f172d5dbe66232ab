//! What a change to the configuration changes, for the audit log.

use usher_store::Change;

/// Most values that are kept of one change.
const MOST: usize = 1000;
/// Most characters that are kept of one value.
const LONGEST: usize = 2000;

/// What a change changes, without secrets: in words, and value by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// In words.
    pub text: String,
    /// Value by value; at most a thousand, and of each value 2,000 characters.
    pub changes: Vec<Change>,
}

impl From<&str> for Differences {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            changes: Vec::new(),
        }
    }
}

impl From<&String> for Differences {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl FromIterator<Change> for Differences {
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        let mut count = 0_usize;
        let mut kept = Vec::new();
        for change in changes {
            count += 1;
            if kept.len() < MOST {
                kept.push(Change {
                    path: change.path,
                    before: change.before.map(short),
                    after: change.after.map(short),
                });
            }
        }
        let mut text = match count {
            1 => "1 value".to_owned(),
            more => format!("{more} values"),
        };
        if count > MOST {
            text.push_str(&format!(", the first {MOST} are listed"));
        }
        Self {
            text,
            changes: kept,
        }
    }
}

fn short(value: String) -> String {
    match value.char_indices().nth(LONGEST) {
        None => value,
        Some((end, _)) => {
            let kept = value.get(..end).unwrap_or_default();
            format!("{kept}... ({} characters)", value.chars().count())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(n: usize) -> Change {
        Change {
            path: format!("p{n}"),
            before: None,
            after: Some("é".repeat(n)),
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_says_so() {
        let all: Differences = (0..3000).map(change).collect();
        assert_eq!(all.changes.len(), 1000);
        assert_eq!(all.text, "3000 values, the first 1000 are listed");
        let one: Differences = [change(2001)].into_iter().collect();
        let after = one.changes[0].after.clone().unwrap();
        assert!(after.ends_with("é... (2001 characters)"), "{after}");
        assert_eq!(one.text, "1 value");
    }
}
