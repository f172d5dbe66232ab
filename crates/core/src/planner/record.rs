//! What an outcome makes of a subject.

use crate::model::{
    FieldChange, FieldValue, Kind, Millis, Observed, Operation, Reason, RemoveAction,
    ReplacedGroup, Resource, Shadow, StandingHold, Step, Subject, SubjectState, TargetId, Verb,
    Verdict,
};

use super::ChannelRules;
use super::compare::{held_value, is_in_line, is_sealed, kept_by_target, same};
use super::draft::moved;
use super::leaving::grace_ends;

/// When a change of status that did not stick is tried again first, milliseconds; doubled each time.
const STATUS_RETRY: Millis = 15 * 60 * 1000;
/// The longest wait between two tries of it, milliseconds.
const STATUS_RETRY_MOST: Millis = 24 * 60 * 60 * 1000;

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

/// The subject after a step succeeded: its link, its state and its shadow. It is clean when the
/// target is as mapping wants it; otherwise it is planned again.
pub fn record_success(
    rules: &ChannelRules,
    mut subject: Subject,
    step: &Step,
    applied: Applied<'_>,
    now: Millis,
) -> Subject {
    match &step.planned.operation {
        Operation::Create { resource, active } => {
            let renamed = step.planned.reason == Reason::Renamed;
            let replaced = replaced_groups(rules, &subject, renamed, applied);
            record_create(rules, &mut subject, resource, *active, applied);
            subject.shadow.replaced_groups = replaced;
        }
        Operation::Update { changes, .. } => {
            record_changes(rules, &mut subject, changes, applied.observed);
        }
        Operation::Disable { .. } => {
            record_status(&mut subject, false, applied.observed);
            subject.lift(StandingHold::ConfigurationChange);
            if subject.left_at.is_some() {
                // The grace of a deletion runs from here.
                subject.left_at = Some(now);
            }
        }
        Operation::Enable { .. } => record_status(&mut subject, true, applied.observed),
        Operation::Delete { target_id } => {
            let replaced = &mut subject.shadow.replaced_groups;
            replaced.retain(|old| old.target_id != *target_id);
            if subject.target_id.as_ref() == Some(target_id) {
                subject.state = moved(subject.state, SubjectState::Removed);
                subject.standing_hold = None;
            }
        }
        Operation::Adopt {
            target_id, changes, ..
        } => {
            note_replaced(rules, &mut subject, changes);
            record_link(&mut subject, target_id.clone());
            record_changes(rules, &mut subject, changes, applied.observed);
            settle_state(&mut subject);
        }
        Operation::Rekey {
            target_id, changes, ..
        } => {
            record_link(&mut subject, target_id.clone());
            record_changes(rules, &mut subject, changes, applied.observed);
            settle_state(&mut subject);
        }
        Operation::Unlink { .. } => {
            subject.standing_hold = None;
            subject.state = moved(subject.state, SubjectState::Removed);
        }
        // Who is in a group is kept beside the subjects.
        Operation::AddMembers { .. } | Operation::RemoveMembers { .. } => return subject,
    }
    subject.attempts = 0;
    conclude(rules, &mut subject, step.verb(), now);
    subject
}

/// The subject after a step failed. A link is never dropped because something failed.
pub fn record_failure(mut subject: Subject, step: &Step, failed: &Failed, _now: Millis) -> Subject {
    match failed {
        Failed::RetryAt(until) => {
            subject.attempts = subject.attempts.saturating_add(1);
            if subject.next_at.is_none_or(|next| *until < next) {
                subject.next_at = Some(*until);
            }
        }
        Failed::Parked { reason } => {
            subject.attempts = subject.attempts.saturating_add(1);
            subject.verdict = Verdict::Parked;
            subject.reason.clone_from(reason);
            // A disable is never given up: it is planned again by the next cycle.
            if step.verb() == Verb::Disable {
                subject.dirty = true;
                // What was sent was approved, so its next try needs no second approval.
                subject.lift(StandingHold::ConfigurationChange);
            } else {
                subject.parked_hash = subject.desired_hash;
            }
        }
        Failed::Replan { reason } => {
            subject.reason.clone_from(reason);
            subject.dirty = true;
        }
    }
    subject
}

/// The old subject of a re-key that waits: it keeps its link, and that its key vanished is noted, so
/// that a return is noticed (see `PlannedStep::check_old`).
pub fn record_vanishing(mut old: Subject) -> Subject {
    old.desired_hash = None;
    old.synced_hash = None;
    old
}

/// The old subject of a re-key, after the step succeeded: the account is another subject's now.
pub fn record_rekeyed(mut old: Subject, now: Millis) -> Subject {
    old.state = moved(old.state, SubjectState::Removed);
    old.target_id = None;
    old.desired = None;
    // Whatever its key says when it comes back is news.
    old.desired_hash = None;
    old.synced_hash = None;
    old.in_scope = false;
    old.dirty = false;
    old.next_at = None;
    old.standing_hold = None;
    old.left_at = old.left_at.or(Some(now));
    old
}

/// The groups that are to be deleted once the members are in the group that was just created: those
/// of before, and the one that this took the place of.
fn replaced_groups(
    rules: &ChannelRules,
    subject: &Subject,
    renamed: bool,
    applied: Applied<'_>,
) -> Vec<ReplacedGroup> {
    let mut replaced = subject.shadow.replaced_groups.clone();
    let created = created_id(applied);
    let old = subject.linked_id().filter(|_| renamed && created.is_some());
    if let Some(old) = old.filter(|old| created != Some(*old)) {
        let name = held_value(&subject.shadow, &rules.group_name_field);
        replaced.push(ReplacedGroup {
            target_id: old.clone(),
            name: name.map_or_else(String::new, FieldValue::shown),
        });
    }
    replaced.retain(|old| created != Some(&old.target_id));
    replaced
}

fn created_id(applied: Applied<'_>) -> Option<&TargetId> {
    let observed = applied.observed.map(|observed| &observed.target_id);
    applied.target_id.or(observed)
}

fn record_create(
    rules: &ChannelRules,
    subject: &mut Subject,
    resource: &Resource,
    active: bool,
    applied: Applied<'_>,
) {
    let Some(target_id) = created_id(applied) else {
        // Created, but nobody said under which id: correlation finds it by its externalId.
        subject.dirty = true;
        return;
    };
    subject.shadow = Shadow::default();
    subject.members_settled = false;
    subject.members_dirty = subject.kind == Kind::Group;
    let changes: Vec<FieldChange> = resource
        .fields
        .iter()
        .map(|(field, value)| FieldChange {
            field: field.clone(),
            from: None,
            to: Some(value.clone()),
        })
        .collect();
    record_link(subject, target_id.clone());
    record_changes(rules, subject, &changes, applied.observed);
    if subject.kind == Kind::User {
        let observed = applied.observed.and_then(|observed| observed.active);
        subject.shadow.active = observed.or(Some(active));
    }
    settle_state(subject);
}

fn record_link(subject: &mut Subject, target_id: TargetId) {
    subject.target_id = Some(target_id);
    subject.left_at = None;
    subject.standing_hold = None;
    if !subject.state.is_linked() {
        subject.state = moved(subject.state, SubjectState::Linked);
    }
}

/// A link that was just made, or whose resource was created anew: disabled when the account is
/// inactive and that is what mapping wants. An account that somebody else suspended stays `Linked`.
fn settle_state(subject: &mut Subject) {
    let wanted_inactive = subject
        .desired
        .as_ref()
        .is_some_and(|desired| !desired.active());
    let to = if subject.shadow.active == Some(false) && wanted_inactive {
        SubjectState::Disabled
    } else {
        SubjectState::Linked
    };
    subject.state = moved(subject.state, to);
}

fn record_status(subject: &mut Subject, sent: bool, observed: Option<&Observed>) {
    let active = observed
        .and_then(|observed| observed.active)
        .unwrap_or(sent);
    subject.shadow.active = Some(active);
    subject.shadow.active_refused = if active == sent {
        0
    } else {
        subject.shadow.active_refused.saturating_add(1)
    };
    if active == sent {
        let to = if active {
            SubjectState::Linked
        } else {
            SubjectState::Disabled
        };
        if subject.state.is_linked() {
            subject.state = moved(subject.state, to);
        }
    }
}

/// What was sent, and what came back: kept apart.
fn record_changes(
    rules: &ChannelRules,
    subject: &mut Subject,
    changes: &[FieldChange],
    observed: Option<&Observed>,
) {
    let shadow = &mut subject.shadow;
    if let Some(observed) = observed {
        for (field, value) in &observed.resource.fields {
            shadow.fields.entry(field.clone()).or_default().observed = Some(value.clone());
        }
        if observed.active.is_some() {
            shadow.active = observed.active;
        }
    }
    for change in changes {
        let field = shadow.fields.entry(change.field.clone()).or_default();
        let returned = match observed {
            Some(observed) => observed.resource.fields.get(&change.field).cloned(),
            // No body: what was sent is what we believe.
            None => change.to.clone(),
        };
        let stuck = is_sealed(change.to.as_ref())
            || same(rules, &change.field, returned.as_ref(), change.to.as_ref());
        let again = same(
            rules,
            &change.field,
            field.sent.as_ref(),
            change.to.as_ref(),
        );
        field.refused = match (stuck, again) {
            (true, _) => 0,
            (false, true) => field.refused.saturating_add(1),
            (false, false) => 1,
        };
        field.refusal = None;
        field.sent.clone_from(&change.to);
        field.observed = returned;
    }
}

/// The subject after the target refused these changes with an error, for good, and took the rest of the step, if
/// there was any: it is parked for them, and only for them. `observed` is what the target returned.
pub fn record_refused(
    rules: &ChannelRules,
    mut subject: Subject,
    changes: &[FieldChange],
    why: &str,
) -> Subject {
    let wanted = subject.desired.clone();
    for change in changes {
        let field = subject
            .shadow
            .fields
            .entry(change.field.clone())
            .or_default();
        field.sent.clone_from(&change.to);
        field.refused = 2;
        field.refusal = Some(why.to_owned());
    }
    let wanted = wanted.map(|desired| desired.resource).unwrap_or_default();
    subject.parked_hash = subject.desired_hash;
    subject.verdict = Verdict::Parked;
    subject.reason = kept_by_target(rules, &subject.shadow, &wanted).join("; ");
    subject
}

/// "Take over" records the foreign value that it replaced.
fn note_replaced(rules: &ChannelRules, subject: &mut Subject, changes: &[FieldChange]) {
    let replaced = changes
        .iter()
        .find(|change| change.field == rules.external_id_field)
        .and_then(|change| change.from.as_ref())
        .and_then(FieldValue::as_text)
        .filter(|value| !value.is_empty());
    if let Some(value) = replaced {
        subject.shadow.replaced_external_id = Some(value.to_owned());
    }
}

/// Whether the subject is done, and when it is looked at again.
fn conclude(rules: &ChannelRules, subject: &mut Subject, verb: Verb, now: Millis) {
    let Some(desired) = subject.desired.clone() else {
        // It leaves: nothing is wanted but what the step did. A disable that did not stick is
        // planned again, later.
        let still_active = subject.state.is_linked()
            && (!subject.in_scope || verb == Verb::Disable)
            && subject.kind == Kind::User
            && subject.shadow.active == Some(true);
        subject.next_at = None;
        subject.dirty = still_active && !refuses_status(subject, now);
        if !still_active {
            subject.synced_hash = subject.desired_hash;
            if !subject.in_scope {
                subject.verdict = Verdict::OutOfScope;
            } else if verb == Verb::Disable && subject.verdict == Verdict::Stepped {
                // Only a leaver whom mapping cannot make has a step without a wish.
                subject.verdict = Verdict::Invalid;
            }
        }
        if still_active {
            return;
        }
        let deletes = rules.options.remove_action == RemoveAction::Delete
            && subject.kind == Kind::User
            && subject.state.is_linked();
        subject.next_at = subject
            .left_at
            .filter(|_| deletes)
            .map(|left| grace_ends(left, rules.policy.delete_grace_days));
        return;
    };
    subject.next_at = desired.changes_at.filter(|at| *at > now);
    if !subject.state.is_linked() {
        return;
    }
    if is_in_line(rules, subject, &desired) {
        subject.synced_hash = subject.desired_hash;
        let refused = subject.shadow.has_refusals();
        if !refused {
            subject.desired = None;
            subject.parked_hash = None;
        }
        // The deletion of a group under its old name is planned when the members are in this one.
        subject.dirty = !subject.shadow.replaced_groups.is_empty();
        subject.verdict = if refused {
            Verdict::Parked
        } else {
            Verdict::Unchanged
        };
        subject.reason = kept_by_target(rules, &subject.shadow, &desired.resource).join("; ");
        return;
    }
    let mut status_aside = subject.clone();
    status_aside.shadow.active = Some(desired.active());
    subject.dirty = !is_in_line(rules, &status_aside, &desired) || !refuses_status(subject, now);
}

/// Whether the target answered a change of status with success and kept the status: the subject is
/// looked at again later and later, and says so.
fn refuses_status(subject: &mut Subject, now: Millis) -> bool {
    let times = subject.shadow.active_refused;
    if times == 0 {
        return false;
    }
    let wait = STATUS_RETRY
        .saturating_mul(1 << times.saturating_sub(1).min(16))
        .min(STATUS_RETRY_MOST);
    let again = now.saturating_add(wait);
    subject.next_at = Some(subject.next_at.map_or(again, |next| next.min(again)));
    let kept = if subject.shadow.active == Some(true) {
        "active"
    } else {
        "inactive"
    };
    subject.reason = format!(
        "the target answered a change of status with success {times} times in a row and kept the account {kept}; it is tried again in {} minutes. Look at the account at the target",
        wait / 60_000
    );
    true
}
