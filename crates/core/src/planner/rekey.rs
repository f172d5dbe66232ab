//! A new key of the same person (behaviour §8).

use crate::guard::name;
use crate::model::{FieldChange, FieldValue, Hold, Kind, Operation, Reason, SubjectState, Verdict};

use super::compare::{Scope, believed_active, complete, differences, keeps_attributes};
use super::draft::Draft;
use super::holds::domain_hold;
use super::subject::{disabled_reason, note_desired};
use super::{
    Ownership, RekeyInput, Situation, SourceState, SubjectInput, SubjectPlan, plan_subject,
};

/// Plans one held step that moves the link of a vanishing key to the newcomer and keeps the
/// account: never remove plus create. The old subject gets no step of its own; after the step
/// succeeded it is stored as [`super::record::record_rekeyed`] says.
///
/// A newcomer that the source has disabled does not wait for the approval to be disabled. When the
/// old subject is not linked there is nothing to keep, and the newcomer is planned like any other.
pub fn plan_rekey(input: &RekeyInput<'_>) -> SubjectPlan {
    let rules = input.rules;
    let (Some(target_id), Some(old_subject)) = (input.old.linked_id().cloned(), input.old.id)
    else {
        return plan_subject(&SubjectInput {
            rules,
            subject: input.newcomer.clone(),
            source: SourceState::InScope(input.desired.clone()),
            candidates: Vec::new(),
            conflicts: Vec::new(),
            ownership: Ownership::Ours,
            scope_group: None,
            absence_doubt: None,
            copied: None,
            missing_at_target: false,
            proven_again: false,
            now: input.now,
        });
    };
    let mut draft = Draft::new(rules, &input.newcomer, input.now);
    if input.old.state == SubjectState::Frozen {
        let words = format!(
            "it has the name of {}, whose account is protected: no write of any kind",
            input.old.dn
        );
        return draft.finish(Situation::Protected, Verdict::Protected, &words);
    }
    note_desired(&mut draft, &input.desired);
    draft.subject.shadow = input.old.shadow.clone();
    draft.become_state(SubjectState::Rekeying);
    if let (Kind::User, Some(disabled), true) = (
        draft.subject.kind,
        &input.desired.disabled,
        believed_active(input.old) && rules.options.user_disable,
    ) {
        let operation = Operation::Disable {
            target_id: target_id.clone(),
        };
        let guards = vec![name::REMOVAL_EVIDENCE.to_owned()];
        draft.step(operation, disabled_reason(disabled), None, guards);
    }
    let changes = changes(&draft, input);
    let guards = draft.update_guards(&changes);
    let operation = Operation::Rekey {
        target_id,
        old_key: input.old.key.clone(),
        old_subject,
        changes,
    };
    let hold = Hold::Rekey {
        old_key: input.old.key.as_str().to_owned(),
    };
    draft.step(operation, Reason::KeyChanged, Some(hold), guards);
    let words = format!(
        "a new key ({}) of the person whose old key ({}) vanished: approve to keep the account",
        input.newcomer.key, input.old.key
    );
    draft.finish(Situation::Rekey, Verdict::Held, &words)
}

/// What changes at the target: the key in any case, and what mapping wants unless an option or a
/// domain keeps it back (that is planned once the link stands).
fn changes(draft: &Draft<'_>, input: &RekeyInput<'_>) -> Vec<FieldChange> {
    let rules = input.rules;
    let wanted = complete(rules, &draft.subject, &input.desired);
    let kind = draft.subject.kind;
    let only_key = kind == Kind::User
        && (!rules.options.user_update || !keeps_attributes(rules, kind, &input.desired));
    let mut changes = differences(rules, kind, &input.old.shadow, &wanted, Scope::Linking);
    changes.retain(|change| {
        change.field == rules.external_id_field
            || (!only_key
                && domain_hold(
                    rules,
                    &change.field,
                    change.from.as_ref(),
                    change.to.as_ref(),
                )
                .is_none())
    });
    let has_key = changes
        .iter()
        .any(|change| change.field == rules.external_id_field);
    if !has_key && kind == Kind::User && !rules.external_id_field.is_empty() {
        changes.push(FieldChange {
            field: rules.external_id_field.clone(),
            from: input
                .old
                .shadow
                .fields
                .get(&rules.external_id_field)
                .and_then(super::compare::believed)
                .cloned(),
            to: wanted
                .fields
                .get(&rules.external_id_field)
                .cloned()
                .or_else(|| Some(FieldValue::Text(input.newcomer.key.as_str().to_owned()))),
        });
        changes.sort_by(|a, b| a.field.cmp(&b.field));
    }
    changes
}
