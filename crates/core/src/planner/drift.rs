//! What a reconcile finds changed at the target without us.

use crate::model::{FieldName, FieldValue, Observed, Subject};

use super::ChannelRules;

/// One difference between what we believe and what the target returned. `None` = unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The field; `active` for the status.
    pub field: FieldName,
    /// What we believed.
    pub believed: Option<FieldValue>,
    /// What is there.
    pub observed: Option<FieldValue>,
}

/// Compares a linked subject's shadow with what the target returned; reports only.
pub fn drift(_rules: &ChannelRules, _subject: &Subject, _observed: &Observed) -> Vec<Drift> {
    Vec::new()
}
