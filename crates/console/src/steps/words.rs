//! What verbs, states and holds are called on pages.

use usher_core::model::{Kind, Verb};

/// A state: a word, and the class of its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) tone: &'static str,
    pub(crate) word: &'static str,
}

/// The state of a step, by the name that it has in the state and in the APIs.
pub(crate) fn state(name: &str) -> State {
    let (tone, word) = match name {
        "planned" => ("off", "Being planned"),
        "pending" => ("off", "To be sent"),
        "held" => ("warn", "Held"),
        "claimed" => ("off", "Being sent"),
        "waiting" => ("warn", "Waits for its next attempt"),
        "succeeded" => ("good", "Done"),
        "parked" => ("bad", "Parked"),
        "replan" => ("off", "Planned again"),
        "unknown" => ("warn", "Outcome not known yet"),
        "superseded" => ("off", "Replaced by a newer plan"),
        "rejected" => ("off", "Rejected"),
        "expired" => ("off", "Expired"),
        _ => ("off", "Other"),
    };
    State { tone, word }
}

/// What an operation is called.
pub(crate) fn verb_words(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "Create",
        Verb::Update => "Update",
        Verb::AddMembers => "Add members",
        Verb::RemoveMembers => "Remove members",
        Verb::Disable => "Disable",
        Verb::Enable => "Enable",
        Verb::Delete => "Delete",
        Verb::Adopt => "Adopt",
        Verb::Rekey => "Re-key",
        Verb::Unlink => "Unlink",
    }
}

/// What a kind is called.
pub(crate) fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "Person",
        Kind::Group => "Group",
    }
}

/// What a hold is called, by its name.
pub(crate) fn hold_words(name: &str) -> &'static str {
    match name {
        "guard" => "A guard's limit was exceeded",
        "adoption" => "An account or group that exists already is taken over",
        "foreign_external_id" => "The account belongs to something else already",
        "ambiguous" => "Several accounts correspond",
        "inactive_at_target" => "Inactive at the target while the directory has it enabled",
        "conflict" => "Somebody else has the same unique value",
        "rekey" => "The same person under a new key",
        "domain" => "The e-mail domain may not be sent",
        "owned_elsewhere" => "Another channel owns it",
        "protected_name" => "The name is protected",
        "configuration_change" => "A change of configuration would remove it",
        "group_removal" => "A group would be removed or emptied",
        "missing" => "A linked account is missing at the target",
        "container_missing" => "Gone together with its container",
        "key_unreadable" => "Missing while another entry has no readable key",
        "swap" => "Values would be exchanged",
        "members_not_copied" => "Members of the new group were refused",
        _ => "Held",
    }
}

#[cfg(test)]
mod tests {
    use usher_core::model::Hold;

    use super::hold_words;

    #[test]
    fn every_hold_has_words_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            Hold::NAMES.iter().map(|name| hold_words(name)).collect();
        assert_eq!(words.len(), Hold::NAMES.len());
        assert!(!words.contains("Held"));
    }
}
