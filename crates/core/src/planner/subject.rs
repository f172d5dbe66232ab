//! Planning one subject: which situation it is, and who plans it.

use crate::guard::name;
use crate::model::{
    Desired, DisabledReason, Hold, Kind, Operation, Problem, Reason, RemoveAction, StandingHold,
    SubjectState, TargetId, Verdict,
};

use super::compare::believed_active;
use super::draft::Draft;
use super::leaving::{Departure, plan_leaving};
use super::linked::plan_linked;
use super::unlinked::plan_unlinked;
use super::{Situation, SourceState, SubjectInput, SubjectPlan};

/// Classifies one subject and plans the steps that bring the target in line. Pure, total and
/// deterministic: the same input gives the same plan.
///
/// Guarantees:
/// - a resource is changed or removed only through a standing link, or beside an `Adopt` step that
///   makes one;
/// - a `Disable` is a step of its own and comes before any other step;
/// - a protected subject gets no step;
/// - the subject is returned clean (`dirty` is false), since its steps say everything that is left
///   to do; except where a hold may be lifted by another subject's change or another channel's read.
pub fn plan_subject(input: &SubjectInput<'_>) -> SubjectPlan {
    let mut draft = Draft::new(input.rules, &input.subject, input.now);
    if draft.subject.state == SubjectState::Archived {
        let words = "its channel was deleted; it is kept for the record only";
        return draft.finish(Situation::Unrelated, Verdict::OutOfScope, words);
    }
    match &input.source {
        SourceState::Protected { rule } => plan_protected(draft, rule, input),
        SourceState::Invalid { problems, disabled } => {
            plan_invalid(draft, problems, disabled.as_ref(), input)
        }
        SourceState::OutOfScope { clause } => {
            thaw(&mut draft);
            plan_leaving(draft, &Departure::left_scope(clause), input)
        }
        SourceState::Gone { proof, explicit } => {
            plan_leaving(draft, &Departure::gone(proof, *explicit), input)
        }
        SourceState::InScope(desired) => {
            thaw(&mut draft);
            note_desired(&mut draft, desired);
            if draft.subject.linked_id().is_some() {
                plan_linked(draft, desired, input)
            } else {
                plan_unlinked(draft, desired, input)
            }
        }
    }
}

/// No write of any kind; a link is kept and frozen.
fn plan_protected(mut draft: Draft<'_>, rule: &str, input: &SubjectInput<'_>) -> SubjectPlan {
    draft.subject.in_scope = false;
    draft.subject.desired = None;
    draft.subject.desired_hash = Some(input.source.hash());
    draft.subject.next_at = None;
    draft.subject.left_at = None;
    draft.become_state(SubjectState::Frozen);
    let words = format!("protected by {rule}: no write of any kind");
    draft.finish(Situation::Protected, Verdict::Protected, &words)
}

/// A subject that is no longer protected is planned afresh.
fn thaw(draft: &mut Draft<'_>) {
    if draft.subject.state == SubjectState::Frozen {
        draft.become_state(if draft.subject.shadow.active == Some(false) {
            SubjectState::Disabled
        } else {
            SubjectState::Linked
        });
    }
}

/// Mapping failed: nothing is written, but a leaver leaves all the same.
fn plan_invalid(
    mut draft: Draft<'_>,
    problems: &[Problem],
    disabled: Option<&DisabledReason>,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    thaw(&mut draft);
    draft.subject.in_scope = true;
    draft.subject.left_at = None;
    draft.subject.desired = None;
    draft.subject.desired_hash = Some(input.source.hash());
    draft.subject.synced_hash = None;
    let messages: Vec<String> = problems
        .iter()
        .map(|problem| match &problem.field {
            Some(field) => format!("{field}: {}", problem.message),
            None => problem.message.clone(),
        })
        .collect();
    let words = format!("mapping cannot make it: {}", messages.join("; "));
    let situation = if draft.subject.linked_id().is_some() {
        Situation::Confirmed
    } else {
        Situation::Absent
    };
    if let (Kind::User, Some(reason), Some(target_id)) = (
        draft.subject.kind,
        disabled,
        super::draft::linked(&draft.subject),
    ) && believed_active(&draft.subject)
    {
        plan_disable(&mut draft, target_id, disabled_reason(reason));
    }
    draft.finish(situation, Verdict::Invalid, &words)
}

/// What every subject in scope carries along.
pub(super) fn note_desired(draft: &mut Draft<'_>, desired: &Desired) {
    let rules = draft.rules;
    let name_field = match draft.subject.kind {
        Kind::User => &rules.username_field,
        Kind::Group => &rules.group_name_field,
    };
    let hash = desired.hash();
    let subject = &mut draft.subject;
    if subject.state == SubjectState::Removed {
        // The person came back: the dead id means nothing any more, correlation begins afresh.
        subject.target_id = None;
        subject.shadow = crate::model::Shadow::default();
    }
    subject.in_scope = true;
    subject.left_at = None;
    if desired.active() {
        subject.lift(StandingHold::ConfigurationChange);
    }
    if let Some(name) = desired.resource.text(name_field) {
        name.clone_into(&mut subject.display);
    }
    if subject.desired_hash != Some(hash) {
        subject.attempts = 0;
    }
    subject.desired_hash = Some(hash);
    if subject.parked_hash != Some(hash) {
        subject.parked_hash = None;
    }
    subject.next_at = desired.changes_at;
    subject.desired = Some(desired.clone());
    match subject.state {
        SubjectState::Removed | SubjectState::Rekeying | SubjectState::Ambiguous => {
            draft.become_state(SubjectState::Pending);
        }
        SubjectState::Pending
        | SubjectState::Linked
        | SubjectState::Disabled
        | SubjectState::Frozen
        | SubjectState::Archived => {}
    }
}

/// Marks the subject as being what mapping says.
pub(super) fn note_in_line(draft: &mut Draft<'_>) {
    draft.subject.synced_hash = draft.subject.desired_hash;
    draft.subject.desired = None;
    draft.subject.parked_hash = None;
    draft.subject.attempts = 0;
}

/// Why the source has it disabled.
pub(super) fn disabled_reason(disabled: &DisabledReason) -> Reason {
    match disabled {
        DisabledReason::Status { .. } => Reason::SourceDisabled,
        DisabledReason::Expired { .. } => Reason::SourceExpired,
    }
}

/// Plans a disable by the source's own word, if the option allows it. It is a step of its own and
/// stands first.
pub(super) fn plan_disable(draft: &mut Draft<'_>, target_id: TargetId, reason: Reason) {
    if !draft.rules.options.user_disable {
        draft.skip(
            "User Disable/Delete",
            "the account stays active although the source has it disabled",
        );
        return;
    }
    let (hold, guard) = removal(draft, name::REMOVAL_EVIDENCE);
    draft.step(
        Operation::Disable { target_id },
        reason,
        hold,
        vec![guard.to_owned()],
    );
}

/// The hold and the guard of a removal: caused by a change of configuration it is always held, by
/// this cycle and by those after it.
pub(super) fn removal(draft: &mut Draft<'_>, guard: &'static str) -> (Option<Hold>, &'static str) {
    let standing = Some(StandingHold::ConfigurationChange);
    if draft.rules.configuration_changed {
        // Later cycles plan an unchanged configuration; what this one caused still waits.
        draft.subject.standing_hold = standing;
    }
    if draft.subject.standing_hold == standing {
        (Some(Hold::ConfigurationChange), name::REMOVAL_CONFIGURATION)
    } else {
        (None, guard)
    }
}

/// Whether people who are disabled in the source are deleted at the target (behaviour §11).
pub(super) fn deletes_disabled(draft: &Draft<'_>) -> bool {
    let options = &draft.rules.options;
    options.user_disable
        && !options.provision_disabled
        && options.remove_action == RemoveAction::Delete
}
