//! The verbs of a plan, as data.

use serde::{Deserialize, Serialize};

use super::{FieldName, FieldValue, Kind, Resource, SourceKey, SubjectId, TargetId};

/// One field that an update changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: FieldName,
    /// What we believe the target holds; `None` = unset.
    pub from: Option<FieldValue>,
    /// What it is to hold; `None` = cleared.
    pub to: Option<FieldValue>,
}

/// One member in a membership step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// The member's subject.
    pub subject: SubjectId,
    /// The member's id at the target.
    pub target_id: TargetId,
}

/// What a step does. The sender decides nothing about the effect: everything is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Operation {
    /// Create the account or group.
    Create {
        /// The fields to create it with; `externalId` carries the source key.
        resource: Resource,
        /// Whether it is created active.
        active: bool,
    },
    /// Change fields of a linked resource; never its `active`.
    Update {
        /// The linked resource.
        target_id: TargetId,
        /// The changes, in field order; never empty.
        changes: Vec<FieldChange>,
    },
    /// Set `active` to false, and nothing else.
    Disable {
        /// The linked account.
        target_id: TargetId,
    },
    /// Set `active` to true, and nothing else.
    Enable {
        /// The linked account.
        target_id: TargetId,
    },
    /// Delete the resource at the target.
    Delete {
        /// The linked resource.
        target_id: TargetId,
    },
    /// Link a resource that was there before us and write our `externalId` (and the changes).
    Adopt {
        /// The found resource.
        target_id: TargetId,
        /// What adopting changes at the target; may be empty.
        changes: Vec<FieldChange>,
        /// Why it was found, in words: `externalId`, `userName`.
        found_by: String,
    },
    /// Move a link to a new source key and keep the account.
    Rekey {
        /// The linked account.
        target_id: TargetId,
        /// The vanishing key whose link it was.
        old_key: SourceKey,
        /// The subject that loses the link.
        old_subject: SubjectId,
        /// What changes at the target (at least `externalId`).
        changes: Vec<FieldChange>,
    },
    /// Forget the link; nothing is sent.
    Unlink {
        /// The resource that is left alone.
        target_id: TargetId,
    },
    /// Add members to a linked group.
    AddMembers {
        /// The linked group.
        target_id: TargetId,
        /// The members, in target id order; at most one batch.
        members: Vec<Member>,
    },
    /// Remove members from a linked group.
    RemoveMembers {
        /// The linked group.
        target_id: TargetId,
        /// The members, in target id order; at most one batch.
        members: Vec<Member>,
    },
}

impl Operation {
    /// The verb without its data.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Create { .. } => Verb::Create,
            Self::Update { .. } => Verb::Update,
            Self::Disable { .. } => Verb::Disable,
            Self::Enable { .. } => Verb::Enable,
            Self::Delete { .. } => Verb::Delete,
            Self::Adopt { .. } => Verb::Adopt,
            Self::Rekey { .. } => Verb::Rekey,
            Self::Unlink { .. } => Verb::Unlink,
            Self::AddMembers { .. } => Verb::AddMembers,
            Self::RemoveMembers { .. } => Verb::RemoveMembers,
        }
    }

    /// The resource that it acts on, once it has an id.
    pub fn target_id(&self) -> Option<&TargetId> {
        match self {
            Self::Create { .. } => None,
            Self::Update { target_id, .. }
            | Self::Disable { target_id }
            | Self::Enable { target_id }
            | Self::Delete { target_id }
            | Self::Adopt { target_id, .. }
            | Self::Rekey { target_id, .. }
            | Self::Unlink { target_id }
            | Self::AddMembers { target_id, .. }
            | Self::RemoveMembers { target_id, .. } => Some(target_id),
        }
    }
}

/// The verb of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Create.
    Create,
    /// Update.
    Update,
    /// Add members.
    AddMembers,
    /// Remove members.
    RemoveMembers,
    /// Disable.
    Disable,
    /// Enable.
    Enable,
    /// Delete.
    Delete,
    /// Adopt.
    Adopt,
    /// Rekey.
    Rekey,
    /// Unlink.
    Unlink,
}

impl Verb {
    /// Every verb, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::AddMembers,
        Self::RemoveMembers,
        Self::Disable,
        Self::Enable,
        Self::Delete,
        Self::Adopt,
        Self::Rekey,
        Self::Unlink,
    ];

    /// Its name in storage, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::AddMembers => "add_members",
            Self::RemoveMembers => "remove_members",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Rekey => "rekey",
            Self::Unlink => "unlink",
        }
    }

    /// Reads [`Verb::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }

    /// The order in which steps leave the outbox, smaller first: disables, removals from groups,
    /// updates, creates, the rest (behaviour: "Order, priority, and what never waits").
    pub fn priority(self, kind: Kind) -> u8 {
        match (self, kind) {
            (Self::Disable, _) => 0,
            (Self::RemoveMembers, _) => 1,
            (Self::Delete, Kind::User) => 2,
            (Self::Rekey | Self::Adopt | Self::Unlink, Kind::User) => 3,
            (Self::Enable, _) => 4,
            (Self::Update, Kind::User) => 5,
            (Self::Create, Kind::User) => 6,
            (Self::Rekey | Self::Adopt | Self::Unlink, Kind::Group) => 7,
            (Self::Create | Self::Update, Kind::Group) => 8,
            (Self::AddMembers, _) => 9,
            (Self::Delete, Kind::Group) => 10,
        }
    }
}
