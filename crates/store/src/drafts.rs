//! What operators have begun to configure and not saved yet.
//!
//! A draft is one sealed text: it can hold a secret that somebody just typed, so the store never sees what is in
//! it. None of this belongs to a target, so nothing here carries a fence.

use std::fmt;

use async_trait::async_trait;
use usher_core::model::{Millis, Sealed};

use crate::Result;

/// The id of a draft, chosen by whoever makes it: a UUID as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(
    /// The text.
    pub String,
);

impl fmt::Display for DraftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a draft without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftHead {
    /// Its id.
    pub id: DraftId,
    /// What it becomes when it is saved, in the words of whoever makes it, such as `sp_connection`.
    pub kind: String,
    /// The id of what it changes; `None` for something new.
    pub of: Option<String>,
    /// Its name, for lists.
    pub name: String,
    /// Who changed it last.
    pub by: String,
    /// When that was, UTC milliseconds.
    pub at: Millis,
    /// Grows with each change, from 1.
    pub version: u64,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is known without opening it.
    pub head: DraftHead,
    /// What it holds, sealed.
    pub body: Sealed,
}

/// Drafts.
#[async_trait]
pub trait Drafts: Send + Sync {
    /// Every draft without its body, the latest first.
    async fn drafts(&self) -> Result<Vec<DraftHead>>;

    /// One draft.
    async fn draft(&self, id: &DraftId) -> Result<Option<Draft>>;

    /// Writes a draft over the version before its own (`head.version - 1`; 0 = there is none). `false` when another
    /// version is there, or none where one was expected: then nothing is written.
    async fn save_draft(&self, draft: &Draft) -> Result<bool>;

    /// Removes a draft; no matter whether it is there.
    async fn remove_draft(&self, id: &DraftId) -> Result<()>;
}
