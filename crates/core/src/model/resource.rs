//! What an account or group should be, or is, as flat target fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DisabledReason, Hash128, Millis};

/// The name of a target field as its connector's descriptor gives it, such as `workEmail`.
pub type FieldName = String;

/// The value of one target field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// A single text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// Several texts, in the order the mapping gave them.
    List(Vec<String>),
    /// A masked value: sealed, compared by its keyed digest, opened only when a request is encoded.
    Sealed {
        /// The sealed text (see `Opener`).
        token: String,
        /// A keyed digest of the plain value: equal values have equal digests.
        digest: String,
    },
}

impl FieldValue {
    /// The single text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::List(_) | Self::Sealed { .. } => None,
        }
    }

    /// Whether two values are the same value. Sealed values compare by digest, since sealing the
    /// same value twice gives different tokens.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sealed { digest: a, .. }, Self::Sealed { digest: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }

    /// The value as an administrator may see it: sealed values are dots.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::List(values) => values.join(", "),
            Self::Sealed { .. } => "********".to_owned(),
        }
    }
}

/// Field values by name. A field that is absent is unset (cleared).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource {
    /// The fields that have a value.
    pub fields: BTreeMap<FieldName, FieldValue>,
}

impl Resource {
    /// The text of a field, if it has one.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(FieldValue::as_text)
    }

    /// The same resource with another text field; for building examples.
    #[must_use]
    pub fn with(mut self, field: &str, text: &str) -> Self {
        self.fields
            .insert(field.to_owned(), FieldValue::Text(text.to_owned()));
        self
    }
}

/// What mapping says that an account or group should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The fields.
    pub resource: Resource,
    /// `None` when the account is to be active.
    pub disabled: Option<DisabledReason>,
    /// When the clock alone changes the status.
    pub changes_at: Option<Millis>,
    /// Defaults that were used because an expression failed, in words; visible, never fatal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Desired {
    /// The hash that decides whether anything changed: fields and status, no notes, no times. A
    /// sealed value counts by its digest, not by its token.
    pub fn hash(&self) -> Hash128 {
        let fields: BTreeMap<&str, &FieldValue> = self
            .resource
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        let digests: Vec<(&str, String)> = fields
            .iter()
            .map(|(name, value)| {
                let text = match value {
                    FieldValue::Sealed { digest, .. } => format!("s:{digest}"),
                    FieldValue::Text(text) => format!("t:{text}"),
                    FieldValue::Bool(value) => format!("b:{value}"),
                    FieldValue::List(values) => {
                        format!("l:{}", serde_json::to_string(values).unwrap_or_default())
                    }
                };
                (*name, text)
            })
            .collect();
        Hash128::of_json(&(digests, self.disabled.is_none()))
    }

    /// Whether the account is to be active.
    pub fn active(&self) -> bool {
        self.disabled.is_none()
    }
}

/// Something that keeps an entry from being provisioned, in words for an administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field it is about, if one.
    pub field: Option<FieldName>,
    /// What was expected, what was found, what to do.
    pub message: String,
}

/// What we last knew the target to hold for one field: what was sent and what was observed are
/// kept apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowField {
    /// What we last sent successfully; `None` = sent as cleared, or never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<FieldValue>,
    /// What the target last returned; `None` = returned as unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<FieldValue>,
    /// How many times `sent` was sent and the target kept something else.
    #[serde(default)]
    pub refused: u8,
    /// Why the target refused it with an error, in words. It is not sent again until the source or the mapping
    /// changes, or somebody asks for it: until the subject is no longer parked for what it is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// What we last knew the target to hold for one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// Per field.
    #[serde(default)]
    pub fields: BTreeMap<FieldName, ShadowField>,
    /// Whether the account was active; `None` when the target does not say.
    #[serde(default)]
    pub active: Option<bool>,
    /// How many times in a row the target took a change of `active` and kept what it was.
    #[serde(default)]
    pub active_refused: u32,
    /// The foreign `externalId` that an adoption replaced, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_external_id: Option<String>,
    /// Groups under earlier names that this one was created in place of, and that are still to be
    /// deleted; oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_groups: Vec<ReplacedGroup>,
}

impl Shadow {
    /// Whether the target refused a field with an error.
    pub fn has_refusals(&self) -> bool {
        self.fields.values().any(|field| field.refusal.is_some())
    }
}

/// A group at the target that another one took the place of: it was renamed where renaming is not
/// possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedGroup {
    /// Its id at the target.
    pub target_id: super::TargetId,
    /// Its name there.
    pub name: String,
}

/// A resource as the target just returned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Its id at the target.
    pub target_id: super::TargetId,
    /// What it stands for.
    pub kind: super::Kind,
    /// Its fields, as flat target fields (`userName`, `workEmail`, `externalId`, `displayName`, ...).
    pub resource: Resource,
    /// Whether it is active; `None` when the target does not say. Always `None` for groups.
    pub active: Option<bool>,
    /// When it was last modified, if the target says.
    pub modified_at: Option<Millis>,
    /// For a group: the ids of its members, if the reply held them.
    pub members: Option<Vec<super::TargetId>>,
}
