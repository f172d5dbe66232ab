//! When a field is in order: desired against what was sent and what was observed.

use std::collections::BTreeSet;

use usher_directory::compare::fold;

use crate::model::{
    Desired, FieldChange, FieldValue, Kind, Observed, Resource, Shadow, ShadowField, Subject,
};

use super::ChannelRules;

/// A value that says something: an empty text or list is the same as none.
fn present(value: Option<&FieldValue>) -> Option<&FieldValue> {
    value.filter(|value| match value {
        FieldValue::Text(text) => !text.is_empty(),
        FieldValue::List(values) => !values.is_empty(),
        FieldValue::Bool(_) | FieldValue::Sealed { .. } => true,
    })
}

/// Whether the target would take two values of a field for the same one.
pub(super) fn same(
    rules: &ChannelRules,
    field: &str,
    a: Option<&FieldValue>,
    b: Option<&FieldValue>,
) -> bool {
    match (present(a), present(b)) {
        (None, None) => true,
        (None, Some(_)) | (Some(_), None) => false,
        (Some(a), Some(b)) => a.same(b) || (!rules.case_exact.contains(field) && alike(a, b)),
    }
}

fn alike(a: &FieldValue, b: &FieldValue) -> bool {
    match (a, b) {
        (FieldValue::Text(a), FieldValue::Text(b)) => fold(a) == fold(b),
        (FieldValue::List(a), FieldValue::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fold(a) == fold(b))
        }
        (
            FieldValue::Text(_)
            | FieldValue::Bool(_)
            | FieldValue::List(_)
            | FieldValue::Sealed { .. },
            _,
        ) => false,
    }
}

/// Whether a field needs no request (behaviour §13): equal to what the target returned, or equal to
/// what was sent. A value that did not stick is tried a second time, never a third.
pub(super) fn in_order(
    rules: &ChannelRules,
    field: &str,
    shadow: Option<&ShadowField>,
    wanted: Option<&FieldValue>,
) -> bool {
    let Some(shadow) = shadow else {
        return present(wanted).is_none();
    };
    let as_sent = same(rules, field, wanted, shadow.sent.as_ref());
    if is_sealed(wanted) || is_sealed(shadow.sent.as_ref()) {
        // The target never returns a masked value in a form that could be compared.
        return as_sent;
    }
    if same(rules, field, wanted, shadow.observed.as_ref()) {
        return true;
    }
    match (present(wanted).is_some(), shadow.refused) {
        // Never sent, and cleared successfully, look alike; what is there then decides.
        (false, 0) | (_, 1) => false,
        (true | false, _) => as_sent,
    }
}

/// Whether a value is masked.
pub(super) fn is_sealed(value: Option<&FieldValue>) -> bool {
    matches!(value, Some(FieldValue::Sealed { .. }))
}

/// What we believe the target holds.
pub(super) fn believed(shadow: &ShadowField) -> Option<&FieldValue> {
    if shadow.refused > 0 {
        shadow.observed.as_ref()
    } else {
        shadow.observed.as_ref().or(shadow.sent.as_ref())
    }
}

/// What we believe the target holds in one field of a subject.
pub(super) fn held_value<'a>(shadow: &'a Shadow, field: &str) -> Option<&'a FieldValue> {
    shadow.fields.get(field).and_then(believed)
}

/// Fields that the target refused twice and that differ from what mapping says, in words.
pub(super) fn kept_by_target(
    rules: &ChannelRules,
    shadow: &Shadow,
    desired: &Resource,
) -> Vec<String> {
    shadow
        .fields
        .iter()
        .filter(|(field, shadow)| {
            shadow.refused >= 2
                && !same(
                    rules,
                    field,
                    desired.fields.get(*field),
                    shadow.observed.as_ref(),
                )
        })
        .map(|(field, shadow)| {
            let kept = shadow.observed.as_ref().map_or_else(
                || "nothing".to_owned(),
                |value| format!("\"{}\"", value.shown()),
            );
            match &shadow.refusal {
                Some(why) => format!(
                    "the target refuses {field} and keeps {kept}: {why}; `usher retry`, or a change in the source, sends it again"
                ),
                None => format!("the target keeps {kept} in {field}"),
            }
        })
        .collect()
}

/// What was refused for what the subject was to be then is no reason against what it is to be now.
pub(super) fn forget_refusals(subject: &mut Subject) {
    if subject.parked_hash == subject.desired_hash {
        return;
    }
    for field in subject.shadow.fields.values_mut() {
        if field.refusal.take().is_some() {
            (field.sent, field.refused) = (None, 0);
        }
    }
}

/// A shadow that holds exactly what the target returned.
pub(super) fn shadow_of(observed: &Observed) -> Shadow {
    let fields = observed.resource.fields.iter().map(|(field, value)| {
        let seen = ShadowField {
            observed: Some(value.clone()),
            ..ShadowField::default()
        };
        (field.clone(), seen)
    });
    Shadow {
        fields: fields.collect(),
        active: observed.active,
        active_refused: 0,
        replaced_external_id: None,
        replaced_groups: Vec::new(),
    }
}

/// Which fields take part in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// An update: no create-only fields, no name that the target cannot change.
    Update,
    /// Linking: as an update, and `externalId` in any case.
    Linking,
}

/// The changes that bring a resource in line, in field order. Clearing is among them, but only of
/// fields that we once sent or that mapping covers.
pub(super) fn differences(
    rules: &ChannelRules,
    kind: Kind,
    shadow: &Shadow,
    wanted: &Resource,
    scope: Scope,
) -> Vec<FieldChange> {
    let fields: BTreeSet<&String> = shadow.fields.keys().chain(wanted.fields.keys()).collect();
    fields
        .into_iter()
        .filter(|field| takes_part(rules, kind, field, scope))
        .filter_map(|field| {
            let known = shadow.fields.get(field);
            let to = wanted.fields.get(field);
            let clears = present(to).is_none();
            if in_order(rules, field, known, to) || (clears && !may_clear(rules, field, known)) {
                return None;
            }
            Some(FieldChange {
                field: field.clone(),
                from: known.and_then(believed).cloned(),
                to: present(to).cloned(),
            })
        })
        .collect()
}

fn takes_part(rules: &ChannelRules, kind: Kind, field: &str, scope: Scope) -> bool {
    if kind == Kind::Group && field == rules.group_name_field && !rules.group_rename {
        return false;
    }
    match scope {
        Scope::Update => !rules.create_only.contains(field),
        Scope::Linking => field == rules.external_id_field || !rules.create_only.contains(field),
    }
}

fn may_clear(rules: &ChannelRules, field: &str, known: Option<&ShadowField>) -> bool {
    let identifies = [
        &rules.username_field,
        &rules.external_id_field,
        &rules.group_name_field,
    ];
    !identifies.into_iter().any(|name| name == field)
        && (rules.mapped_fields.contains(field) || known.is_some_and(|known| known.sent.is_some()))
}

/// The resource that mapping wants, completed by what makes a created account recognisable: the
/// source key in `externalId` (invariant: every create can be recognised afterwards).
pub(super) fn complete(rules: &ChannelRules, subject: &Subject, desired: &Desired) -> Resource {
    let mut resource = desired.resource.clone();
    if subject.kind == Kind::User && !rules.external_id_field.is_empty() {
        resource
            .fields
            .entry(rules.external_id_field.clone())
            .or_insert_with(|| FieldValue::Text(subject.key.as_str().to_owned()));
    }
    resource
}

/// Whether the account is believed active at the target.
pub(super) fn believed_active(subject: &Subject) -> bool {
    match subject.shadow.active {
        Some(active) => active,
        None => subject.state != crate::model::SubjectState::Disabled,
    }
}

/// Whether attributes of the account are kept in line: of active people always, of disabled ones
/// only when disabled people are provisioned.
pub(super) fn keeps_attributes(rules: &ChannelRules, kind: Kind, desired: &Desired) -> bool {
    kind == Kind::Group || desired.active() || rules.options.provision_disabled
}

/// Whether the linked resource is as mapping wants it.
pub(super) fn is_in_line(rules: &ChannelRules, subject: &Subject, desired: &Desired) -> bool {
    let status = subject.kind == Kind::Group || believed_active(subject) == desired.active();
    let deletes = subject.kind == Kind::User
        && !desired.active()
        && rules.options.user_disable
        && !rules.options.provision_disabled
        && rules.options.remove_action == crate::model::RemoveAction::Delete;
    status
        && !deletes
        && (!keeps_attributes(rules, subject.kind, desired)
            || differences(
                rules,
                subject.kind,
                &subject.shadow,
                &complete(rules, subject, desired),
                Scope::Update,
            )
            .is_empty())
}
