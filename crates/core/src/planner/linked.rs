//! A subject in scope with a standing link.

use usher_directory::compare::fold;

use crate::guard::name;
use crate::model::{
    Desired, FieldChange, Hold, Kind, Operation, Reason, Resource, StandingHold, Subject,
    SubjectState, TargetId, Verdict,
};

use super::compare::{
    Scope, believed_active, complete, differences, forget_refusals, held_value, is_in_line,
    keeps_attributes, kept_by_target, same,
};
use super::draft::{Draft, linked, parked_words};
use super::groups::{Rename, matching_pattern, plan_rename, protected_pattern};
use super::holds::{conflict_hold, domain_hold};
use super::subject::{deletes_disabled, disabled_reason, note_in_line, plan_disable, removal};
use super::{Conflict, Copied, Situation, SubjectInput, SubjectPlan};

/// Plans a linked subject that is in scope.
pub(super) fn plan_linked(
    mut draft: Draft<'_>,
    desired: &Desired,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    let Some(target_id) = linked(&draft.subject) else {
        return draft.finish(Situation::Absent, Verdict::Unchanged, "not linked");
    };
    forget_refusals(&mut draft.subject);
    let wanted = complete(draft.rules, &draft.subject, desired);
    if input.missing_at_target {
        return plan_missing(draft, desired, wanted, input);
    }
    if draft.subject.kind == Kind::Group {
        return plan_linked_group(draft, &target_id, &wanted, input);
    }
    plan_status(&mut draft, &target_id, desired);
    let deletes = draft
        .steps
        .iter()
        .any(|step| matches!(step.operation, Operation::Delete { .. }));
    let parked = is_parked(&draft.subject);
    if parked && !is_in_line(draft.rules, &draft.subject, desired) {
        // A disable is never suppressed by parking; everything else is.
        draft
            .steps
            .retain(|step| matches!(step.operation, Operation::Disable { .. }));
        let words = parked_words(&input.subject);
        return draft.finish(Situation::Confirmed, Verdict::Parked, &words);
    }
    if !deletes && keeps_attributes(draft.rules, Kind::User, desired) {
        plan_attributes(&mut draft, &target_id, &wanted, &input.conflicts);
    }
    finish_linked(draft, &wanted)
}

fn finish_linked(mut draft: Draft<'_>, wanted: &Resource) -> SubjectPlan {
    if !draft.steps.is_empty() {
        return draft.finish(Situation::Confirmed, Verdict::Stepped, "");
    }
    if draft.skipped {
        draft.subject.desired = None;
        return draft.finish(Situation::Confirmed, Verdict::SkippedByOption, "");
    }
    let refused = draft.subject.shadow.has_refusals();
    if refused {
        draft.subject.synced_hash = draft.subject.desired_hash;
    } else {
        note_in_line(&mut draft);
    }
    let kept = kept_by_target(draft.rules, &draft.subject.shadow, wanted);
    draft.notes.extend(kept);
    let words = if draft.notes.is_empty() {
        "the target is as mapping wants it"
    } else {
        ""
    };
    let verdict = if refused {
        Verdict::Parked
    } else {
        Verdict::Unchanged
    };
    draft.finish(Situation::Confirmed, verdict, words)
}

/// Whether the subject as a whole was given up for what it is to be. Where single fields were refused, the rest of
/// it goes on.
fn is_parked(subject: &Subject) -> bool {
    subject.parked_hash == subject.desired_hash && !subject.shadow.has_refusals()
}

/// Active or not: disables, deletes what is inactive, or enables.
fn plan_status(draft: &mut Draft<'_>, target_id: &TargetId, desired: &Desired) {
    let active = believed_active(&draft.subject);
    match (&desired.disabled, active) {
        (Some(disabled), active) => {
            let reason = disabled_reason(disabled);
            if active {
                plan_disable(draft, target_id.clone(), reason);
            } else if deletes_disabled(draft) {
                plan_delete_disabled(draft, target_id, reason);
            } else {
                draft.subject.lift(StandingHold::ConfigurationChange);
            }
        }
        (None, false) => plan_enable(draft, target_id),
        (None, true) => {}
    }
}

/// Remove User Action is Delete and disabled people are not provisioned: the account is deleted
/// once it is inactive, so that the disable never waits for the delete's guard, and nobody is
/// deleted whose disable was held.
fn plan_delete_disabled(draft: &mut Draft<'_>, target_id: &TargetId, reason: Reason) {
    let (hold, guard) = removal(draft, name::REMOVAL_EVIDENCE);
    let guards = vec![name::USER_DELETE.to_owned(), guard.to_owned()];
    let operation = Operation::Delete {
        target_id: target_id.clone(),
    };
    draft.step(operation, reason, hold, guards);
}

fn plan_enable(draft: &mut Draft<'_>, target_id: &TargetId) {
    if !draft.rules.options.user_update {
        draft.skip(
            "User Update",
            "the account stays inactive although the source has it enabled",
        );
        return;
    }
    // Whom we disabled we enable; whom somebody else suspended is for a person to decide.
    let hold = (draft.subject.state != SubjectState::Disabled).then_some(Hold::InactiveAtTarget);
    let operation = Operation::Enable {
        target_id: target_id.clone(),
    };
    let guards = vec![name::ENABLE.to_owned()];
    draft.step(operation, Reason::SourceEnabled, hold, guards);
}

/// Attributes in up to three updates: what may go on, and what a hold keeps back. One attribute
/// never holds another.
fn plan_attributes(
    draft: &mut Draft<'_>,
    target_id: &TargetId,
    wanted: &Resource,
    conflicts: &[Conflict],
) {
    let rules = draft.rules;
    let kind = draft.subject.kind;
    let changes = differences(rules, kind, &draft.subject.shadow, wanted, Scope::Update);
    if changes.is_empty() {
        return;
    }
    if kind == Kind::User && !rules.options.user_update {
        let fields: Vec<&str> = changes.iter().map(|c| c.field.as_str()).collect();
        draft.skip("User Update", &format!("{} not sent", fields.join(", ")));
        return;
    }
    let mut free = Vec::new();
    let mut held: Vec<(Hold, FieldChange)> = Vec::new();
    for change in changes {
        let hold = conflicts
            .iter()
            .filter(|conflict| conflict.field == change.field)
            .find(|conflict| !is_incumbent(draft, conflict))
            .map(|conflict| conflict_hold(rules, conflict))
            .or_else(|| {
                domain_hold(
                    rules,
                    &change.field,
                    change.from.as_ref(),
                    change.to.as_ref(),
                )
            });
        match hold {
            Some(hold) => held.push((hold, change)),
            None => free.push(change),
        }
    }
    if !free.is_empty() {
        plan_update(draft, target_id, free, None);
    }
    for (hold, change) in held {
        plan_update(draft, target_id, vec![change], Some(hold));
    }
}

fn plan_update(
    draft: &mut Draft<'_>,
    target_id: &TargetId,
    changes: Vec<FieldChange>,
    hold: Option<Hold>,
) {
    let guards = draft.update_guards(&changes);
    let operation = Operation::Update {
        target_id: target_id.clone(),
        changes,
    };
    draft.step(operation, Reason::Changed, hold, guards);
}

/// Whether the subject itself holds the value already: the incumbent goes on.
fn is_incumbent(draft: &Draft<'_>, conflict: &Conflict) -> bool {
    let value = crate::model::FieldValue::Text(conflict.value.clone());
    same(
        draft.rules,
        &conflict.field,
        held_value(&draft.subject.shadow, &conflict.field),
        Some(&value),
    )
}

fn plan_linked_group(
    mut draft: Draft<'_>,
    target_id: &TargetId,
    wanted: &Resource,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    let rules = draft.rules;
    let changes = differences(
        rules,
        Kind::Group,
        &draft.subject.shadow,
        wanted,
        Scope::Update,
    );
    if let Some(pattern) = protected_pattern(rules, wanted, &draft.subject.shadow) {
        let words =
            format!("its name matches the protected pattern {pattern}: it is never written");
        if !changes.is_empty() {
            plan_update(
                &mut draft,
                target_id,
                changes,
                Some(Hold::ProtectedName { pattern }),
            );
        }
        return draft.finish(Situation::Confirmed, Verdict::Held, &words);
    }
    match plan_rename(rules, &draft.subject, wanted) {
        Rename::None => {}
        Rename::Refused(words) => {
            return park(draft, &words);
        }
        Rename::Kept(words) => draft.notes.push(words),
        Rename::Anew => {
            plan_anew(&mut draft, wanted);
            return draft.finish(Situation::Confirmed, Verdict::Held, "");
        }
    }
    let replaced = !draft.subject.shadow.replaced_groups.is_empty();
    let parked = is_parked(&draft.subject);
    if parked && (!changes.is_empty() || replaced) {
        let words = parked_words(&draft.subject);
        return draft.finish(Situation::Confirmed, Verdict::Parked, &words);
    }
    plan_attributes(&mut draft, target_id, wanted, &[]);
    let waits = replaced && plan_replaced(&mut draft, wanted, input.copied.as_ref());
    let mut plan = finish_linked(draft, wanted);
    plan.subject.dirty |= waits;
    plan
}

fn park(mut draft: Draft<'_>, words: &str) -> SubjectPlan {
    draft.subject.parked_hash = draft.subject.desired_hash;
    draft.finish(Situation::Confirmed, Verdict::Parked, words)
}

/// Create under the new name; the members follow by themselves once the new group is linked, and the
/// old one is planned to be deleted when they are in it: see [`plan_replaced`].
fn plan_anew(draft: &mut Draft<'_>, wanted: &Resource) {
    let create = Operation::Create {
        resource: wanted.clone(),
        active: true,
    };
    let guards = vec![name::GROUP_REMOVAL.to_owned()];
    draft.step(create, Reason::Renamed, Some(Hold::GroupRemoval), guards);
    draft.notes.push(
        "the members are copied to the new group; the deletion of the old one is planned, and held, when they are in it"
            .to_owned(),
    );
}

/// Plans the deletion of the groups that this one was created in place of: held, and only when the
/// members are in it. Returns whether that is still to come.
fn plan_replaced(draft: &mut Draft<'_>, wanted: &Resource, copied: Option<&Copied>) -> bool {
    let hold = match copied {
        Some(Copied::Whole) => Hold::GroupRemoval,
        Some(Copied::Refused { reason }) => Hold::MembersNotCopied {
            reason: reason.clone(),
        },
        Some(Copied::NotYet { reason }) => {
            draft.notes.push(format!(
                "the group under its old name stays until the members are in the new one: {reason}"
            ));
            return true;
        }
        None => return true,
    };
    let wanted = wanted.text(&draft.rules.group_name_field).map(fold);
    for old in draft.subject.shadow.replaced_groups.clone() {
        if let Some(pattern) = matching_pattern(draft.rules, &old.name) {
            draft.notes.push(format!(
                "the group under its old name `{}` stays: the name matches the protected pattern {pattern}",
                old.name
            ));
        } else if wanted == Some(fold(&old.name)) {
            draft.notes.push(format!(
                "the group has its old name `{}` again, and the group that had it is still at the target: delete one of the two there",
                old.name
            ));
        } else {
            let operation = Operation::Delete {
                target_id: old.target_id,
            };
            let guards = vec![name::GROUP_REMOVAL.to_owned()];
            draft.step(operation, Reason::Renamed, Some(hold.clone()), guards);
        }
    }
    false
}

/// The target lost the linked resource: re-created, or held for a person to decide.
fn plan_missing(
    mut draft: Draft<'_>,
    desired: &Desired,
    wanted: Resource,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    let rules = draft.rules;
    let words = "the target no longer has the linked resource";
    let is_user = draft.subject.kind == Kind::User;
    let active = !is_user || desired.active();
    if is_parked(&draft.subject) {
        return draft.finish(Situation::Missing, Verdict::Parked, words);
    }
    if is_user && !active && !rules.options.provision_disabled {
        draft.skip(
            "Provision Disabled Users",
            "not re-created, since the source has it disabled",
        );
        return draft.finish(Situation::Missing, Verdict::SkippedByOption, words);
    }
    if is_user && !rules.options.user_create {
        draft.skip("User Create", "not re-created");
        return draft.finish(Situation::Missing, Verdict::SkippedByOption, words);
    }
    let hold = protected_pattern(rules, &wanted, &draft.subject.shadow)
        .filter(|_| !is_user)
        .map(|pattern| Hold::ProtectedName { pattern })
        .or_else(|| {
            input
                .conflicts
                .first()
                .map(|conflict| conflict_hold(rules, conflict))
        })
        .or_else(|| (!rules.policy.recreate_missing).then_some(Hold::Missing))
        .or_else(|| super::holds::domain_hold_of(rules, &wanted));
    let guards = draft.create_guards();
    let operation = Operation::Create {
        resource: wanted,
        active,
    };
    draft.step(operation, Reason::MissingAtTarget, hold, guards);
    draft.finish(Situation::Missing, Verdict::Held, words)
}
