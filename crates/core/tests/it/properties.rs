//! What holds for every input. `PROPTEST_CASES=10000 cargo test` looks harder.

use std::collections::BTreeMap;

use proptest::prelude::*;
use usher_core::guard::{PlanTotals, guard, name};
use usher_core::model::{
    Desired, GuardLimits, Kind, Operation, Resource, SubjectId, SubjectState, TargetId, Verb,
    Verdict,
};
use usher_core::planner::record::{Applied, record_success};
use usher_core::planner::{
    GroupMembers, PresentMember, SourceState, SubjectPlan, plan_members, plan_subject,
};

use crate::cases::{any_case, any_rules};
use crate::world::{self, NOW, apply, step_of};

fn has(plan: &SubjectPlan, verb: Verb) -> bool {
    plan.steps.iter().any(|step| step.operation.verb() == verb)
}

proptest! {
    #[test]
    fn same_input_same_bytes(case in any_case()) {
        let bytes = |plan: SubjectPlan| {
            serde_json::to_string(&(plan.subject, plan.steps, plan.verdict, plan.reason)).unwrap()
        };
        prop_assert_eq!(bytes(case.plan()), bytes(case.plan()));
    }

    #[test]
    fn nothing_unlinked_is_touched(case in any_case()) {
        let plan = case.plan();
        let linked = case.subject.linked_id();
        for step in &plan.steps {
            let Some(id) = step.operation.target_id() else { continue };
            let adopted = plan.steps.iter().any(|other| {
                matches!(&other.operation, Operation::Adopt { target_id, .. } if target_id == id)
            });
            match step.operation.verb() {
                Verb::Adopt => prop_assert!(linked.is_none()),
                // Beside its held adoption, and held with it.
                Verb::Disable if linked.is_none() => prop_assert!(adopted && step.hold.is_some()),
                _ => prop_assert_eq!(Some(id), linked),
            }
        }
    }

    #[test]
    fn nothing_out_of_scope_is_created_adopted_updated_or_enabled(case in any_case()) {
        if case.desired().is_none() {
            let plan = case.plan();
            for verb in [Verb::Create, Verb::Adopt, Verb::Update, Verb::Enable, Verb::Rekey] {
                prop_assert!(!has(&plan, verb), "{:?}", plan.steps);
            }
        }
    }

    #[test]
    fn nothing_in_scope_and_enabled_is_removed(case in any_case()) {
        if case.desired().is_some_and(Desired::active) && case.subject.kind == Kind::User {
            let plan = case.plan();
            for verb in [Verb::Disable, Verb::Delete, Verb::Unlink] {
                prop_assert!(!has(&plan, verb), "{:?}", plan.steps);
            }
        }
    }

    #[test]
    fn a_disable_stands_before_everything_else_of_its_resource(case in any_case()) {
        let plan = case.plan();
        for (index, step) in plan.steps.iter().enumerate() {
            if step.operation.verb() == Verb::Disable {
                let id = step.operation.target_id();
                let before = plan.steps.iter().take(index).any(|s| s.operation.target_id() == id);
                prop_assert!(!before, "{:?}", plan.steps);
            }
        }
    }

    #[test]
    fn a_protected_subject_never_gets_a_step(case in any_case()) {
        let protected = matches!(case.source, SourceState::Protected { .. });
        let plan = case.plan();
        if protected {
            prop_assert!(plan.steps.is_empty());
            prop_assert_eq!(plan.verdict, Verdict::Protected);
            if case.subject.state.is_linked() {
                prop_assert_eq!(plan.subject.state, SubjectState::Frozen);
            }
        }
        if case.subject.state == SubjectState::Frozen && matches!(case.source, SourceState::Gone { .. }) {
            prop_assert!(plan.steps.is_empty(), "{:?}", plan.steps);
        }
    }

    #[test]
    fn a_leaver_never_waits_for_parking_mapping_or_a_conflict(case in any_case()) {
        let off = match &case.source {
            SourceState::InScope(desired) => !desired.active(),
            SourceState::Invalid { disabled, .. } => disabled.is_some(),
            SourceState::OutOfScope { .. } | SourceState::Gone { .. } | SourceState::Protected { .. } => false,
        };
        let active = case.subject.linked_id().is_some()
            && case.subject.kind == Kind::User
            && case.subject.shadow.active == Some(true);
        let may = case.rules.options.user_disable && !case.rules.configuration_changed;
        if off && active && may && !(case.missing && case.desired().is_some()) {
            let plan = case.plan();
            let first = plan.steps.first().expect("a step");
            prop_assert_eq!(first.operation.verb(), Verb::Disable);
            prop_assert!(first.hold.is_none());
        }
    }

    #[test]
    fn planning_twice_plans_nothing(case in any_case(), approved in any::<bool>()) {
        let mut case = case;
        case.candidates.truncate(1);
        // Held by somebody else's value: approving it does not end the conflict.
        case.conflict = false;
        let mut target = case.target.clone();
        if case.missing {
            target.id = None;
        }
        // An adoption's target is the candidate.
        if let [candidate] = case.candidates.as_slice()
            && case.subject.linked_id().is_none()
        {
            target.id = Some(candidate.observed.target_id.clone());
            target.resource = candidate.observed.resource.clone();
            target.active = candidate.observed.active;
        }
        let mut now = NOW;
        let mut plan = case.plan();
        let mut rounds = 0;
        loop {
            let sent = plan.steps.iter().any(|step| step.hold.is_none() || approved);
            if !sent {
                break;
            }
            rounds += 1;
            prop_assert!(rounds <= 4, "does not come to rest: {:?}", plan.steps);
            let subject = apply(&case.rules, &plan, &mut target, approved, now);
            now += 1;
            let mut again = case.input();
            again.subject = subject;
            again.missing_at_target = false;
            again.candidates.clear();
            again.now = now;
            plan = plan_subject(&again);
        }
        prop_assert_eq!(target.created <= case.target.created + 1, true, "created once at most");
    }

    #[test]
    fn every_step_passes_its_own_check_when_it_is_planned(case in any_case()) {
        let plan = case.plan();
        for step in &plan.steps {
            prop_assert_eq!(step.check(&plan.subject), Ok(()));
        }
    }

    #[test]
    fn the_verdict_fits_the_steps_and_says_why(case in any_case()) {
        let plan = case.plan();
        prop_assert_eq!(plan.verdict, plan.subject.verdict);
        prop_assert!(!plan.reason.is_empty(), "{:?}", plan);
        let free = plan.steps.iter().any(|step| step.hold.is_none());
        prop_assert_eq!(plan.verdict == Verdict::Stepped, free);
        if !plan.steps.is_empty() && !free {
            prop_assert_eq!(plan.verdict, Verdict::Held);
        }
    }

    #[test]
    fn a_deletion_of_a_group_and_every_removal_by_configuration_is_held(case in any_case()) {
        for step in &case.plan().steps {
            let removes = matches!(step.operation.verb(), Verb::Disable | Verb::Delete);
            if removes && (case.rules.configuration_changed || case.subject.kind == Kind::Group) {
                prop_assert!(step.hold.is_some(), "{:?}", step);
            }
            if removes && step.operation.verb() == Verb::Delete {
                prop_assert!(step.guards.iter().any(|g| g == name::USER_DELETE || g == name::GROUP_REMOVAL));
            }
        }
    }

    #[test]
    fn no_outcome_drops_a_link_but_delete_and_unlink(case in any_case()) {
        let plan = case.plan();
        let mut target = case.target.clone();
        for step in &plan.steps {
            let verb = step.operation.verb();
            target.carry_out(&step.operation);
            let observed = target.observed(plan.subject.kind);
            let applied = Applied {
                observed: observed.as_ref(),
                target_id: target.id.as_ref(),
            };
            let step = step_of(&plan.subject, step.clone());
            let after = record_success(&case.rules, plan.subject.clone(), &step, applied, NOW);
            if plan.subject.linked_id().is_some() && !matches!(verb, Verb::Delete | Verb::Unlink) {
                prop_assert!(after.linked_id().is_some(), "{:?}", verb);
            }
        }
    }

    #[test]
    fn an_incomplete_group_never_loses_a_member_and_batches_keep_their_size(
        rules in any_rules(),
        wanted in proptest::collection::btree_set(0..20i64, 0..10),
        there in proptest::collection::btree_map(0..20i64, any::<bool>(), 0..10),
        in_scope in any::<bool>(),
        complete in any::<bool>(),
    ) {
        let calm = world::rules();
        let name = Resource::default().with("displayName", "staff");
        let (mut group, _) = world::linked(&calm, world::group("staff"), name);
        group.in_scope = in_scope;
        let id = |id: &i64| (SubjectId(*id), TargetId::new(format!("T{id}")));
        let present: BTreeMap<SubjectId, PresentMember> = there.iter().map(|(subject, ours)| {
            let (subject, target_id) = id(subject);
            (subject, PresentMember { target_id, added_by_us: *ours })
        }).collect();
        let steps = plan_members(&GroupMembers {
            rules: &rules,
            group: &group,
            desired: wanted.iter().map(id).collect(),
            present: present.clone(),
            complete,
            kept_back: Default::default(),
            last: Default::default(),
        });
        let mut after: BTreeMap<SubjectId, bool> = present.iter().map(|(s, p)| (*s, p.added_by_us)).collect();
        for step in &steps {
            match &step.operation {
                Operation::AddMembers { members, .. } => {
                    prop_assert!(in_scope);
                    prop_assert!(!members.is_empty() && members.len() <= rules.member_batch);
                    for member in members {
                        prop_assert!(after.insert(member.subject, true).is_none());
                    }
                }
                Operation::RemoveMembers { members, .. } => {
                    prop_assert!(complete);
                    prop_assert!(in_scope || step.hold.is_some());
                    prop_assert!(!members.is_empty() && members.len() <= rules.member_batch);
                    for member in members {
                        let ours = after.remove(&member.subject);
                        prop_assert!(ours == Some(true) || rules.policy.authoritative_members);
                    }
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        if in_scope {
            prop_assert!(wanted.iter().all(|id| after.contains_key(&SubjectId(*id))));
        }
    }

    #[test]
    fn the_guard_is_monotonic(
        links in 0..100_000u64,
        counts in proptest::collection::btree_map(0..12usize, 0..2_000u64, 1..8),
        more in proptest::collection::btree_map(0..12usize, 0..2_000u64, 0..8),
        window in proptest::collection::btree_map(0..12usize, 0..200u64, 0..8),
        size in 0..3_000u64,
        first_sync in any::<bool>(),
    ) {
        const NAMES: [&str; 12] = [
            name::REMOVAL_ABSENCE, name::REMOVAL_EVIDENCE, name::REMOVAL_CONFIGURATION,
            name::GROUP_REMOVAL, name::USER_DELETE, name::CREATE, name::IDENTITY_CHANGED,
            "attribute.changed:title", "attribute.cleared:title", "members.lost:1",
            "members.gained:2", "container:dc=x",
        ];
        let named = |numbers: &BTreeMap<usize, u64>| -> BTreeMap<String, u64> {
            numbers.iter().map(|(index, count)| (NAMES[*index].to_owned(), *count)).collect()
        };
        let sizes = NAMES.iter().map(|guard| ((*guard).to_owned(), size)).collect();
        let small = PlanTotals { active_links: links, counts: named(&counts), window: named(&window), sizes, first_sync, labels: BTreeMap::new() };
        let mut large = small.clone();
        for (guard, count) in named(&more) {
            *large.counts.entry(guard).or_default() += count;
        }
        let limits = GuardLimits::default();
        let held: Vec<String> = guard(&large, &limits).into_iter().map(|b| b.guard).collect();
        for breach in guard(&small, &limits) {
            prop_assert!(held.contains(&breach.guard), "{:?}", breach);
            prop_assert!(breach.reason.contains("usher approve"));
        }
    }
}
