//! Why the engine could not do what it was asked.

use usher_connector::{SourceError, TargetError};
use usher_store::StoreError;

/// An error of the engine. Each says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source could not be read.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// The target refused or could not be reached.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// The configuration does not allow it.
    #[error("{0}")]
    Configuration(String),
    /// Another process works on the target.
    #[error(
        "another process is working on the SP connection `{target}`; wait for it, or stop it, and try again"
    )]
    Busy {
        /// The SP connection.
        target: String,
    },
    /// The operator may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// What was asked does not fit the present state.
    #[error("{0}")]
    Refused(String),
    /// The plan is not the one that was reviewed.
    #[error(
        "the plan changed: reviewed {reviewed}, now {found}. Nothing was sent. Look at the new plan with `usher plan`"
    )]
    PlanChanged {
        /// The hash that was given.
        reviewed: String,
        /// The hash of the plan as it is now.
        found: String,
    },
}
