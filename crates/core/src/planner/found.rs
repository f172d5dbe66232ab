//! What the target really holds, where what is stored of it may be older (behaviour §19).

use std::collections::BTreeSet;

use crate::model::{FieldName, Observed, Shadow, ShadowField, Subject, SubjectState};

use super::ChannelRules;
use super::compare::{believed, is_sealed, same};

/// Replaces what a linked subject is believed to hold by what a read just returned, so that only true
/// differences are planned. For a restored state: what was sent after its backup is there already, and
/// what was believed may have been replaced since.
///
/// Masked values are never returned in a form that could be compared, and a field that the target never
/// returned says nothing: both stay. An account that is inactive, as the source wants it (`wants_active`
/// is false), was disabled by us.
pub fn take_as_found(
    rules: &ChannelRules,
    mut subject: Subject,
    observed: &Observed,
    wants_active: bool,
) -> Subject {
    let mut fields: BTreeSet<FieldName> = subject.shadow.fields.keys().cloned().collect();
    fields.extend(rules.mapped_fields.iter().cloned());
    for field in fields {
        take_field(rules, &mut subject.shadow, field, observed);
    }
    let Some(active) = observed.active else {
        return subject;
    };
    subject.shadow.active = Some(active);
    subject.state = match (subject.state, active) {
        (SubjectState::Linked, false) if !wants_active => SubjectState::Disabled,
        (SubjectState::Disabled, true) => SubjectState::Linked,
        (state, _) => state,
    };
    subject
}

fn take_field(rules: &ChannelRules, shadow: &mut Shadow, field: FieldName, observed: &Observed) {
    let now = observed.resource.fields.get(&field);
    let known = shadow.fields.get(&field);
    let is_masked = known.is_some_and(|known| is_sealed(known.sent.as_ref()));
    let was_told = known.is_some_and(|known| known.observed.is_some());
    if is_masked || (now.is_none() && !was_told) {
        return;
    }
    let was_sent = known.is_some_and(|known| known.refused == 0);
    let as_believed = same(rules, &field, known.and_then(believed), now);
    let known = shadow.fields.entry(field).or_insert_with(|| ShadowField {
        sent: None,
        observed: None,
        refused: 0,
        refusal: None,
    });
    known.observed = now.cloned();
    // What the target is known to keep is not sent again.
    if was_sent && !as_believed {
        known.sent = now.cloned();
    }
}
