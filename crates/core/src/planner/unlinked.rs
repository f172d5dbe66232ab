//! A subject in scope without a link: created, or linked to what is there already.

use crate::guard::name;
use crate::model::{
    Desired, FieldChange, Hold, Kind, Operation, Reason, Resource, StandingHold, SubjectState,
    Verdict,
};

use super::compare::{Scope, complete, differences, keeps_attributes, shadow_of};
use super::correlate::{Match, correlate, in_words};
use super::draft::{Draft, parked_words};
use super::groups::protected_pattern;
use super::holds::{conflict_hold, domain_hold, domain_hold_of};
use super::{Candidate, FoundBy, Situation, SubjectInput, SubjectPlan};

/// Plans a subject that is in scope and not linked.
pub(super) fn plan_unlinked(
    mut draft: Draft<'_>,
    desired: &Desired,
    input: &SubjectInput<'_>,
) -> SubjectPlan {
    let found = correlate(&input.candidates);
    let situation = match &found {
        Match::Nothing => Situation::Absent,
        Match::One(_) => Situation::Found,
        Match::Elsewhere(_, _) => Situation::OwnedElsewhere,
        Match::Linked(_) => Situation::FoundButLinked,
        Match::Several(_) => Situation::Ambiguous,
    };
    match &found {
        Match::Nothing => draft.subject.lift(StandingHold::Adoption),
        // What another subject or channel of ours has is no stranger's account.
        Match::Elsewhere(_, _) | Match::Linked(_) => {}
        Match::One(_) | Match::Several(_) => {
            if draft.rules.first_sync {
                draft.subject.standing_hold = Some(StandingHold::Adoption);
            }
        }
    }
    if draft.subject.parked_hash == draft.subject.desired_hash {
        let words = parked_words(&draft.subject);
        return draft.finish(situation, Verdict::Parked, &words);
    }
    let wanted = complete(draft.rules, &draft.subject, desired);
    let mut plan = Unlinked {
        draft,
        desired,
        wanted,
        input,
    };
    match found {
        Match::Nothing => plan.create(None),
        Match::One(candidate) => plan.adopt(&candidate, None),
        Match::Elsewhere(candidate, channel) => {
            plan.adopt(&candidate, Some(Hold::OwnedElsewhere { channel }));
        }
        Match::Linked(candidates) => {
            plan.draft.become_state(SubjectState::Ambiguous);
            plan.create(Some(Hold::Ambiguous {
                candidates: in_words(&candidates),
            }));
        }
        Match::Several(candidates) => {
            plan.draft.become_state(SubjectState::Ambiguous);
            let hold = Hold::Ambiguous {
                candidates: in_words(&candidates),
            };
            // One held step for each: approving one of them is the decision.
            for candidate in &candidates {
                plan.adopt_one(candidate, Some(hold.clone()));
            }
        }
    }
    let mut draft = plan.draft;
    if draft.steps.is_empty() {
        draft.subject.desired = None;
    }
    let otherwise = if draft.skipped {
        Verdict::SkippedByOption
    } else {
        Verdict::Unchanged
    };
    let words = if situation == Situation::FoundButLinked {
        "what corresponds to it at the target is taken already"
    } else {
        ""
    };
    draft.finish(situation, otherwise, words)
}

struct Unlinked<'a> {
    draft: Draft<'a>,
    desired: &'a Desired,
    wanted: Resource,
    input: &'a SubjectInput<'a>,
}

impl Unlinked<'_> {
    fn is_user(&self) -> bool {
        self.draft.subject.kind == Kind::User
    }

    fn active(&self) -> bool {
        !self.is_user() || self.desired.active()
    }

    /// Holds that apply however the subject gets its link.
    fn common_hold(&self) -> Option<Hold> {
        let rules = self.draft.rules;
        let pattern = if self.is_user() {
            None
        } else {
            protected_pattern(rules, &self.wanted, &self.draft.subject.shadow)
        };
        pattern
            .map(|pattern| Hold::ProtectedName { pattern })
            .or_else(|| {
                self.input
                    .conflicts
                    .first()
                    .map(|conflict| conflict_hold(rules, conflict))
            })
    }

    fn create(&mut self, hold: Option<Hold>) {
        let options = &self.draft.rules.options;
        if self.is_user() && !self.active() && !options.provision_disabled {
            self.draft.skip(
                "Provision Disabled Users",
                "not created, since the source has it disabled",
            );
            return;
        }
        if self.is_user() && !options.user_create {
            self.draft.skip("User Create", "not created");
            return;
        }
        let hold = self
            .common_hold()
            .or(hold)
            .or_else(|| domain_hold_of(self.draft.rules, &self.wanted).filter(|_| self.is_user()));
        let guards = self.draft.create_guards();
        let operation = Operation::Create {
            resource: self.wanted.clone(),
            active: self.active(),
        };
        self.draft.step(operation, Reason::Absent, hold, guards);
    }

    fn adopt(&mut self, candidate: &Candidate, hold: Option<Hold>) {
        // What was found is what the target holds: later comparisons start from it.
        self.draft.subject.shadow = shadow_of(&candidate.observed);
        self.adopt_one(candidate, hold);
    }

    fn adopt_one(&mut self, candidate: &Candidate, hold: Option<Hold>) {
        let changes = self.adoption_changes(candidate);
        let hold = self
            .common_hold()
            .or(hold)
            .or_else(|| self.adoption_hold(candidate, &changes));
        let target_id = candidate.observed.target_id.clone();
        let found_active = candidate.observed.active != Some(false);
        if self.is_user() && !self.active() && found_active {
            self.disable_found(candidate, hold.as_ref());
        }
        let guards = self.draft.update_guards(&changes);
        let operation = Operation::Adopt {
            target_id,
            changes,
            found_by: candidate.found_by.as_str().to_owned(),
        };
        let reason = Reason::Found {
            by: candidate.found_by.as_str().to_owned(),
        };
        self.draft.step(operation, reason, hold, guards);
    }

    /// Found active while the source has it disabled: listed apart, held and released together with
    /// the adoption. An adoption that is not held comes alone, and the disable follows as soon as the
    /// link stands: nothing is changed that is not linked.
    fn disable_found(&mut self, candidate: &Candidate, hold: Option<&Hold>) {
        if !self.draft.rules.options.user_disable {
            self.draft.skip(
                "User Disable/Delete",
                "the account stays active although the source has it disabled",
            );
            return;
        }
        let Some(hold) = hold else {
            return;
        };
        let operation = Operation::Disable {
            target_id: candidate.observed.target_id.clone(),
        };
        self.draft.step(
            operation,
            Reason::FoundDisabledInSource,
            Some(hold.clone()),
            vec![name::REMOVAL_EVIDENCE.to_owned()],
        );
    }

    /// What adopting writes: the source key, and what mapping wants. Without User Update nothing;
    /// of disabled people only the key, unless disabled people are provisioned.
    fn adoption_changes(&self, candidate: &Candidate) -> Vec<FieldChange> {
        let rules = self.draft.rules;
        let kind = self.draft.subject.kind;
        if kind == Kind::User && !rules.options.user_update {
            return Vec::new();
        }
        let mut changes = differences(
            rules,
            kind,
            &shadow_of(&candidate.observed),
            &self.wanted,
            Scope::Linking,
        );
        if !keeps_attributes(rules, kind, self.desired) {
            changes.retain(|change| change.field == rules.external_id_field);
        }
        changes
    }

    fn adoption_hold(&self, candidate: &Candidate, changes: &[FieldChange]) -> Option<Hold> {
        let rules = self.draft.rules;
        let observed = &candidate.observed;
        let wanted = self.wanted.text(&rules.external_id_field);
        let foreign = observed
            .resource
            .text(&rules.external_id_field)
            .filter(|value| !value.is_empty())
            .filter(|value| Some(*value) != wanted && *value != self.draft.subject.key.as_str());
        if let Some(value) = foreign {
            return Some(Hold::ForeignExternalId {
                value: value.to_owned(),
            });
        }
        if self.is_user() && self.active() && observed.active == Some(false) {
            return Some(Hold::InactiveAtTarget);
        }
        let domain = changes.iter().find_map(|change| {
            domain_hold(
                rules,
                &change.field,
                change.from.as_ref(),
                change.to.as_ref(),
            )
        });
        // Only what carries our key is ours, as after a lost reply. Anything else was made by somebody
        // else: it is taken over when a person said so, never because a create met it.
        let ours = candidate.found_by == FoundBy::ExternalId;
        let waits = rules.first_sync
            || self.draft.subject.standing_hold == Some(StandingHold::Adoption)
            || !self.is_user()
            || !ours;
        domain.or_else(|| waits.then_some(Hold::Adoption))
    }
}
