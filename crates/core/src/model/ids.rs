//! Typed identifiers: a channel's id can never be passed where a step's id is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// A configured directory, `[A-Za-z0-9._-]+`; immutable.
    DataStoreId
);
text_id!(
    /// An SP connection, `[A-Za-z0-9._-]+`; immutable. It owns one target and one outbox.
    ConnectionId
);
text_id!(
    /// A channel; a time-sortable UUID given by Usher. Channels are matched by name within
    /// their SP connection when configuration is imported.
    ChannelId
);
text_id!(
    /// The immutable id of a source entry, in its canonical text form: a binary GUID or a UUID
    /// becomes lower-case dashed text; anything else is kept as it is. Never the DN.
    SourceKey
);
text_id!(
    /// The id that the target gave to a resource (SCIM `id`). Opaque.
    TargetId
);
number_id!(
    /// One subject: what Usher keeps about one source key in one channel. Given by the store,
    /// ascending in time.
    SubjectId
);
number_id!(
    /// One step of the outbox. Given by the store, ascending in time.
    StepId
);
number_id!(
    /// One cycle. Given by the store, ascending in time.
    CycleId
);
number_id!(
    /// One approval. Given by the store, ascending in time.
    ApprovalId
);

/// What a subject, an entry or a resource stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's account.
    User,
    /// A group of accounts.
    Group,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Group => "group",
        })
    }
}

/// UTC milliseconds since 1970-01-01; the only form of time in the model.
pub type Millis = i64;
