//! What is particular to groups: protected names and renaming.

use usher_directory::compare::fold;

use crate::model::{GroupRename, Resource, Shadow, Subject};

use super::ChannelRules;
use super::compare::{held_value, same};

/// The protected pattern that a group's name matches: the name it is to have, or the one it has.
pub(super) fn protected_pattern(
    rules: &ChannelRules,
    wanted: &Resource,
    shadow: &Shadow,
) -> Option<String> {
    let wanted = wanted.text(&rules.group_name_field);
    let held = held_value(shadow, &rules.group_name_field).and_then(|value| value.as_text());
    let mut names = wanted.into_iter().chain(held);
    names.find_map(|name| matching_pattern(rules, name))
}

/// The protected pattern that this name matches.
pub(super) fn matching_pattern(rules: &ChannelRules, name: &str) -> Option<String> {
    let mut patterns = rules.protected_groups.iter();
    let found = patterns.find(|pattern| is_protected_by(pattern, name));
    found.cloned()
}

/// Whether a group's name is one that a protected pattern means. Letter case does not matter; `*` stands for
/// any text, none included.
pub fn is_protected_by(pattern: &str, name: &str) -> bool {
    matches(&fold(pattern), &fold(name))
}

/// Whether a text matches a pattern in which `*` stands for any text. Linear in memory, at most
/// pattern times text in time; nothing recurses.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut rest = rest;
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// What a changed group name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rename {
    /// The name is the same, or the target can change it like any field.
    None,
    /// The old name stays, in words.
    Kept(String),
    /// Create, copy, delete.
    Anew,
    /// The group is parked, in words.
    Refused(String),
}

/// What becomes of a linked group whose name changed.
pub(super) fn plan_rename(rules: &ChannelRules, subject: &Subject, wanted: &Resource) -> Rename {
    let field = &rules.group_name_field;
    let held = held_value(&subject.shadow, field);
    let name = wanted.fields.get(field);
    if rules.group_rename || held.is_none() || same(rules, field, held, name) {
        return Rename::None;
    }
    let shown = |value: Option<&crate::model::FieldValue>| {
        value.map_or_else(String::new, |value| value.shown())
    };
    let change = format!(
        "the target cannot rename a group, so it keeps the name \"{}\" although the source says \"{}\"",
        shown(held),
        shown(name)
    );
    match rules.policy.group_rename {
        GroupRename::Keep => Rename::Kept(change),
        GroupRename::CreateCopyDelete => Rename::Anew,
        GroupRename::Fail => Rename::Refused(format!(
            "{change}; the policy is to stop here: rename it back, or choose to keep or to re-create it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_with_stars_anywhere() {
        for (pattern, text, expected) in [
            ("org-admins", "org-admins", true),
            ("org-admins", "org-admins-2", false),
            ("tenant-admins-*", "tenant-admins-acme", true),
            ("tenant-admins-*", "tenant-admin", false),
            ("*-users-*", "tenant-users-acme", true),
            ("*-users-*", "users-acme", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
