//! What an outcome makes of a subject.

use crate::model::{Millis, Observed, Step, Subject, TargetId};

use super::ChannelRules;

/// What the target answered to a step that succeeded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Applied<'a> {
    /// The resource, if the target returned it.
    pub observed: Option<&'a Observed>,
    /// The id of what was created, if the target named it.
    pub target_id: Option<&'a TargetId>,
}

/// A failed attempt, as the sender judged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Tried again at this time; the step waits.
    RetryAt(Millis),
    /// Given up until the source or the mapping changes, or a person retries it.
    Parked {
        /// Why, in words with the remedy.
        reason: String,
    },
    /// Its premise was wrong: the subject is planned again.
    Replan {
        /// Why, in words.
        reason: String,
    },
}

/// The subject after a step succeeded: its link, its state and its shadow.
pub fn record_success(
    _rules: &ChannelRules,
    subject: Subject,
    _step: &Step,
    _applied: Applied<'_>,
    _now: Millis,
) -> Subject {
    subject
}

/// The subject after a step failed. A link is never dropped because something failed.
pub fn record_failure(subject: Subject, _step: &Step, _failed: &Failed, _now: Millis) -> Subject {
    subject
}

/// The old subject of a re-key, after the step succeeded: its link has moved.
pub fn record_rekeyed(old: Subject, _now: Millis) -> Subject {
    old
}
