//! What a reconcile finds changed at the target without us.

use crate::model::{FieldName, FieldValue, Observed, Subject};

use super::ChannelRules;
use super::compare::{believed, is_sealed, same};

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

/// Compares a linked subject's shadow with what the target returned. It reports only: only fields
/// that we sent or that mapping covers, in field order, the status last. What the target is known
/// to keep is no drift.
pub fn drift(rules: &ChannelRules, subject: &Subject, observed: &Observed) -> Vec<Drift> {
    let fields = subject.shadow.fields.iter().filter_map(|(field, shadow)| {
        let managed = shadow.sent.is_some() || rules.mapped_fields.contains(field);
        if !managed || is_sealed(shadow.sent.as_ref()) {
            return None;
        }
        let known = believed(shadow);
        let now = observed.resource.fields.get(field);
        (!same(rules, field, known, now)).then(|| Drift {
            field: field.clone(),
            believed: known.cloned(),
            observed: now.cloned(),
        })
    });
    let mut drifts: Vec<Drift> = fields.collect();
    if let (Some(believed), Some(now)) = (subject.shadow.active, observed.active)
        && believed != now
    {
        drifts.push(Drift {
            field: "active".to_owned(),
            believed: Some(FieldValue::Bool(believed)),
            observed: Some(FieldValue::Bool(now)),
        });
    }
    drifts
}
