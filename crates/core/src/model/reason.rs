//! Why a step exists, and why it waits.

use serde::{Deserialize, Serialize};

/// Why a step exists, in a form that a person and a program can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// The entry is in scope and nothing at the target corresponds to it.
    Absent,
    /// An existing resource corresponds to it.
    Found {
        /// By which field.
        by: String,
    },
    /// Mapped values differ from what the target holds.
    Changed,
    /// The source disabled the account.
    SourceDisabled,
    /// The account's expiry has passed.
    SourceExpired,
    /// Found active at the target on the first activation while the source has it disabled.
    FoundDisabledInSource,
    /// The source enabled the account again.
    SourceEnabled,
    /// The entry left the scope; the clause that no longer holds.
    LeftScope {
        /// The clause, in words.
        clause: String,
    },
    /// The entry is gone, proven by a complete read or by the source's own word.
    Gone {
        /// What proves it, in words.
        proof: String,
    },
    /// The source key changed while the person stayed.
    KeyChanged,
    /// A deletion follows a disable after its grace.
    GraceOver,
    /// The target no longer has the linked resource, confirmed by a read by id.
    MissingAtTarget,
    /// Desired members that are not in the group.
    MembersMissing,
    /// Members that Usher added and that are no longer desired.
    MembersExtra,
    /// The group's name changed and the policy is to create, copy and delete.
    Renamed,
}

impl Reason {
    /// The reason's name in storage and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Found { .. } => "found",
            Self::Changed => "changed",
            Self::SourceDisabled => "source_disabled",
            Self::SourceExpired => "source_expired",
            Self::FoundDisabledInSource => "found_disabled_in_source",
            Self::SourceEnabled => "source_enabled",
            Self::LeftScope { .. } => "left_scope",
            Self::Gone { .. } => "gone",
            Self::KeyChanged => "key_changed",
            Self::GraceOver => "grace_over",
            Self::MissingAtTarget => "missing_at_target",
            Self::MembersMissing => "members_missing",
            Self::MembersExtra => "members_extra",
            Self::Renamed => "renamed",
        }
    }
}

/// Why a step waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hold", rename_all = "snake_case")]
pub enum Hold {
    /// A guard's limit was exceeded.
    Guard {
        /// The limit that was exceeded, in words with its numbers.
        reason: String,
    },
    /// Any adoption on first activation waits for approval; and any adoption of a group.
    Adoption,
    /// The found resource carries a foreign `externalId`.
    ForeignExternalId {
        /// The value that is there.
        value: String,
    },
    /// Several resources correspond, or the only one is linked already.
    Ambiguous {
        /// The candidates, in words.
        candidates: Vec<String>,
    },
    /// The account is inactive at the target while the source has it enabled.
    InactiveAtTarget,
    /// Another subject has, or wants, the same unique value.
    Conflict {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// The other subject, in words (DN).
        other: String,
        /// What else would tell them apart, in words: another source of group names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<String>,
    },
    /// A new key of the same person; approve to keep the account.
    Rekey {
        /// The vanishing key.
        old_key: String,
    },
    /// The e-mail's domain is not among those that may be sent.
    Domain {
        /// The domain.
        domain: String,
        /// What would be lost, in words.
        loss: String,
    },
    /// Another channel owns the resource.
    OwnedElsewhere {
        /// The owning channel.
        channel: String,
    },
    /// The group's name is protected at the target.
    ProtectedName {
        /// The pattern it matches.
        pattern: String,
    },
    /// A change of configuration would remove; always held.
    ConfigurationChange,
    /// Removing or emptying a group is always held.
    GroupRemoval,
    /// A linked resource is missing at the target.
    Missing,
    /// Somebody is missing together with the container that the entry was in: deleted with it, or not to
    /// be read any more.
    ContainerMissing {
        /// The container's canonical DN.
        container: String,
    },
    /// Somebody is missing, and an entry that was not known before has no key that can be read: it may be
    /// the same person under another name.
    KeyUnreadable {
        /// That entry's DN.
        entry: String,
    },
    /// Changes would exchange a unique value, or pass it round in a ring: whichever is sent first finds
    /// its value taken.
    Swap {
        /// The field.
        field: String,
        /// Who has the value now, in words (DN).
        #[serde(default)]
        other: String,
    },
    /// The target refused some members of the group that takes the place of the one to be deleted: they
    /// would lose what they have through it.
    MembersNotCopied {
        /// Who, and why, in words.
        reason: String,
    },
}

impl Hold {
    /// The name of every hold, as [`Hold::name`] gives them.
    pub const NAMES: [&str; 17] = [
        "guard",
        "adoption",
        "foreign_external_id",
        "ambiguous",
        "inactive_at_target",
        "conflict",
        "rekey",
        "domain",
        "owned_elsewhere",
        "protected_name",
        "configuration_change",
        "group_removal",
        "missing",
        "container_missing",
        "key_unreadable",
        "swap",
        "members_not_copied",
    ];

    /// The hold's name in storage and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Guard { .. } => "guard",
            Self::Adoption => "adoption",
            Self::ForeignExternalId { .. } => "foreign_external_id",
            Self::Ambiguous { .. } => "ambiguous",
            Self::InactiveAtTarget => "inactive_at_target",
            Self::Conflict { .. } => "conflict",
            Self::Rekey { .. } => "rekey",
            Self::Domain { .. } => "domain",
            Self::OwnedElsewhere { .. } => "owned_elsewhere",
            Self::ProtectedName { .. } => "protected_name",
            Self::ConfigurationChange => "configuration_change",
            Self::GroupRemoval => "group_removal",
            Self::Missing => "missing",
            Self::ContainerMissing { .. } => "container_missing",
            Self::KeyUnreadable { .. } => "key_unreadable",
            Self::Swap { .. } => "swap",
            Self::MembersNotCopied { .. } => "members_not_copied",
        }
    }

    /// The names of those that no person may release.
    pub const NOT_APPROVABLE: [&'static str; 2] = ["owned_elsewhere", "protected_name"];

    /// Whether a person may release it. What is not ours to write stays held whatever anybody
    /// approves: a protected name, a resource that another channel owns.
    pub fn is_approvable(&self) -> bool {
        match self {
            Self::ProtectedName { .. } | Self::OwnedElsewhere { .. } => false,
            Self::Guard { .. }
            | Self::Adoption
            | Self::ForeignExternalId { .. }
            | Self::Ambiguous { .. }
            | Self::InactiveAtTarget
            | Self::Conflict { .. }
            | Self::Rekey { .. }
            | Self::Domain { .. }
            | Self::ConfigurationChange
            | Self::GroupRemoval
            | Self::Missing
            | Self::ContainerMissing { .. }
            | Self::KeyUnreadable { .. }
            | Self::Swap { .. }
            | Self::MembersNotCopied { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;

    #[test]
    fn every_hold_can_be_named() {
        let t = String::new;
        let all = [
            Hold::Guard { reason: t() },
            Hold::Adoption,
            Hold::ForeignExternalId { value: t() },
            Hold::Ambiguous { candidates: vec![] },
            Hold::InactiveAtTarget,
            Hold::Conflict {
                field: t(),
                value: t(),
                other: t(),
                instead: None,
            },
            Hold::Rekey { old_key: t() },
            Hold::Domain {
                domain: t(),
                loss: t(),
            },
            Hold::OwnedElsewhere { channel: t() },
            Hold::ProtectedName { pattern: t() },
            Hold::ConfigurationChange,
            Hold::GroupRemoval,
            Hold::Missing,
            Hold::ContainerMissing { container: t() },
            Hold::KeyUnreadable { entry: t() },
            Hold::Swap {
                field: t(),
                other: t(),
            },
            Hold::MembersNotCopied { reason: t() },
        ];
        let stay: Vec<&str> = all
            .iter()
            .filter(|hold| !hold.is_approvable())
            .map(Hold::name)
            .collect();
        assert_eq!(stay, Hold::NOT_APPROVABLE);
        assert_eq!(all.map(|hold| hold.name()), Hold::NAMES);
    }
}
