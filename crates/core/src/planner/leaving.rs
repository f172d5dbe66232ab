//! A subject that left the scope or is gone: what was provisioned is taken back.

use usher_directory::Dn;

use crate::guard::name;
use crate::model::{
    GroupRemoval, Hold, Kind, Millis, Operation, Reason, RemoveAction, Resource, StandingHold,
    SubjectState, TargetId, Verdict,
};

use super::compare::believed_active;
use super::draft::{Draft, linked};
use super::groups::protected_pattern;
use super::subject::removal;
use super::{Ownership, Situation, SubjectInput, SubjectPlan};

const HOUR: Millis = 60 * 60 * 1000;
const DAY: Millis = 24 * HOUR;

/// How a subject left.
pub(super) struct Departure {
    reason: Reason,
    situation: Situation,
    /// Which guard counts it: absence and lost scope, or the source's own word.
    guard: &'static str,
    words: String,
}

impl Departure {
    pub(super) fn left_scope(clause: &str) -> Self {
        Self {
            reason: Reason::LeftScope {
                clause: clause.to_owned(),
            },
            situation: Situation::Unqualified,
            guard: name::REMOVAL_ABSENCE,
            words: format!("not in scope: {clause}"),
        }
    }

    pub(super) fn gone(proof: &str, explicit: bool) -> Self {
        Self {
            reason: Reason::Gone {
                proof: proof.to_owned(),
            },
            situation: Situation::SourceMissing,
            guard: if explicit {
                name::REMOVAL_EVIDENCE
            } else {
                name::REMOVAL_ABSENCE
            },
            words: format!("gone from the source: {proof}"),
        }
    }
}

/// Plans a subject that is not in scope any more, or never was.
pub(super) fn plan_leaving(
    mut draft: Draft<'_>,
    departure: &Departure,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    if draft.subject.state == SubjectState::Frozen {
        draft.subject.desired_hash = Some(input.source.hash());
        // What was protected when last seen is not touched because its entry vanished.
        let words = format!("{}; protected when last seen", departure.words);
        return draft.finish(Situation::Protected, Verdict::Protected, &words);
    }
    let left_before = draft.subject.left_at;
    draft.subject.in_scope = false;
    draft.subject.desired = None;
    draft.subject.desired_hash = Some(input.source.hash());
    draft.subject.synced_hash = None;
    draft.subject.parked_hash = None;
    draft.subject.next_at = None;
    let Some(target_id) = linked(&draft.subject) else {
        if matches!(
            draft.subject.state,
            SubjectState::Rekeying | SubjectState::Ambiguous
        ) {
            draft.become_state(SubjectState::Pending);
        }
        draft.subject.left_at = None;
        draft.subject.lift(StandingHold::ConfigurationChange);
        return draft.finish(Situation::Unrelated, Verdict::OutOfScope, &departure.words);
    };
    draft.subject.left_at = left_before.or(Some(draft.now));
    if let Ownership::MovesTo { channel } = &input.ownership {
        draft.notes.push(format!(
            "channel {channel} has it in scope: the link moves there and nothing is written"
        ));
        draft.step(
            Operation::Unlink { target_id },
            departure.reason.clone(),
            None,
            Vec::new(),
        );
        return draft.finish(
            Situation::OwnedElsewhere,
            Verdict::OutOfScope,
            &departure.words,
        );
    }
    if input.missing_at_target {
        draft.subject.lift(StandingHold::ConfigurationChange);
        draft
            .notes
            .push("the target does not have it any more".to_owned());
        return draft.finish(departure.situation, Verdict::OutOfScope, &departure.words);
    }
    let mut plan = match draft.subject.kind {
        Kind::User => plan_user(draft, departure, &target_id, left_before, input),
        Kind::Group => plan_group(draft, departure, &target_id, input),
    };
    // Also what needs no step: it may have to move to the other channel yet.
    plan.subject.dirty |= matches!(input.ownership, Ownership::Unclear { .. });
    plan
}

fn plan_user(
    mut draft: Draft<'_>,
    departure: &Departure,
    target_id: &TargetId,
    left_before: Option<Millis>,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    if !draft.rules.options.user_disable {
        if believed_active(&draft.subject) {
            draft.skip("User Disable/Delete", "the account stays as it is");
            return draft.finish(
                departure.situation,
                Verdict::SkippedByOption,
                &departure.words,
            );
        }
        return draft.finish(departure.situation, Verdict::OutOfScope, &departure.words);
    }
    let situation = situation(departure, input);
    let (hold, guard) = removal(&mut draft, departure.guard);
    let hold = ownership_hold(&mut draft, input)
        .or(hold)
        .or_else(|| input.absence_doubt.clone());
    let mut guards = vec![guard.to_owned()];
    if departure.guard == name::REMOVAL_ABSENCE {
        guards.extend(container_guard(&draft.subject.dn));
        let group = input.scope_group.as_ref();
        guards.extend(group.map(|group| format!("{}:{group}", name::SCOPE_GROUP)));
    }
    if believed_active(&draft.subject) {
        let operation = Operation::Disable {
            target_id: target_id.clone(),
        };
        draft.step(operation, departure.reason.clone(), hold, guards);
    } else if draft.rules.options.remove_action == RemoveAction::Delete {
        plan_delete(&mut draft, target_id, left_before, (hold, guard), input);
    } else {
        draft.subject.lift(StandingHold::ConfigurationChange);
    }
    draft.finish(situation, Verdict::OutOfScope, &departure.words)
}

/// Deletes what is inactive after the grace, and only when an earlier look already found that it
/// left. The grace runs from the disable: nobody is deleted whose disable was held.
fn plan_delete(
    draft: &mut Draft<'_>,
    target_id: &TargetId,
    left_before: Option<Millis>,
    (hold, guard): (Option<Hold>, &str),
    input: &SubjectInput<'_>,
) {
    let since = left_before.unwrap_or(draft.now);
    let due = grace_ends(since, draft.rules.policy.delete_grace_days);
    let early = left_before.is_none() || draft.now < due || draft.now == since;
    if early || !input.proven_again {
        // Its time has come, but not its proof: the complete reads that bring it have hours between.
        let again = if early {
            due
        } else {
            draft.now.saturating_add(HOUR)
        };
        draft.subject.next_at = Some(again);
        draft.notes.push(format!(
            "the account is deleted after {} days, if a complete read finds it so again",
            draft.rules.policy.delete_grace_days
        ));
        return;
    }
    let guards = vec![name::USER_DELETE.to_owned(), guard.to_owned()];
    let operation = Operation::Delete {
        target_id: target_id.clone(),
    };
    draft.step(operation, Reason::GraceOver, hold, guards);
}

/// When a deletion's grace ends.
pub(super) fn grace_ends(left_at: Millis, days: u32) -> Millis {
    left_at.saturating_add(Millis::from(days).saturating_mul(DAY))
}

fn plan_group(
    mut draft: Draft<'_>,
    departure: &Departure,
    target_id: &TargetId,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    let situation = situation(departure, input);
    let shadow = &draft.subject.shadow;
    if let Some(pattern) = protected_pattern(draft.rules, &Resource::default(), shadow) {
        draft.notes.push(format!(
            "its name matches the protected pattern {pattern}: it is never written"
        ));
        return draft.finish(departure.situation, Verdict::OutOfScope, &departure.words);
    }
    match draft.rules.policy.group_removal {
        GroupRemoval::Keep => {
            draft
                .notes
                .push("the group stays as it is at the target".to_owned());
            draft.finish(departure.situation, Verdict::OutOfScope, &departure.words)
        }
        GroupRemoval::Empty => {
            draft.subject.members_dirty = true;
            draft.notes.push(
                "the policy is to empty it; the removal of its members waits for approval"
                    .to_owned(),
            );
            draft.finish(situation, Verdict::OutOfScope, &departure.words)
        }
        GroupRemoval::Delete => {
            let hold = ownership_hold(&mut draft, input).unwrap_or(Hold::GroupRemoval);
            let operation = Operation::Delete {
                target_id: target_id.clone(),
            };
            let guards = vec![name::GROUP_REMOVAL.to_owned()];
            draft.step(operation, departure.reason.clone(), Some(hold), guards);
            draft.finish(situation, Verdict::Held, &departure.words)
        }
    }
}

fn situation(departure: &Departure, input: &SubjectInput<'_>) -> Situation {
    match &input.ownership {
        Ownership::Ours => departure.situation,
        Ownership::MovesTo { .. } | Ownership::Unclear { .. } => Situation::OwnedElsewhere,
    }
}

fn ownership_hold(draft: &mut Draft<'_>, input: &SubjectInput<'_>) -> Option<Hold> {
    match &input.ownership {
        Ownership::Ours | Ownership::MovesTo { .. } => None,
        Ownership::Unclear { channel } => {
            draft.notes.push(format!(
                "channel {channel} may have it in scope but was not read as a whole since it left: it waits for that read"
            ));
            Some(Hold::OwnedElsewhere {
                channel: channel.clone(),
            })
        }
    }
}

/// People of one container that vanish are counted together. A DN that cannot be read belongs to no
/// container.
fn container_guard(dn: &str) -> Option<String> {
    let parent = Dn::parse(dn).ok()?.parent()?;
    Some(format!("{}:{}", name::CONTAINER, parent.canonical()))
}
