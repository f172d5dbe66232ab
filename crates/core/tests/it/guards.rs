//! The numbers of the guard.

use usher_core::guard::{Breach, PlanTotals, guard, name, source_shrunk};
use usher_core::model::{
    Expectation, GuardLimits, Hold, Member, Operation, PlannedStep, Reason, SubjectId, TargetId,
};

fn totals(links: u64, guard: &str, count: u64) -> PlanTotals {
    let mut totals = PlanTotals {
        active_links: links,
        ..PlanTotals::default()
    };
    totals.counts.insert(guard.to_owned(), count);
    totals
}

fn judge(totals: &PlanTotals) -> Vec<Breach> {
    guard(totals, &GuardLimits::default())
}

/// The largest count that passes.
fn most(links: u64, guard_name: &str, size: u64) -> u64 {
    let passes = |count: u64| {
        let mut totals = totals(links, guard_name, count);
        totals.sizes.insert(guard_name.to_owned(), size);
        judge(&totals).is_empty()
    };
    let mut most = 0;
    while passes(most + 1) {
        most += 1;
        assert!(most < 10_000, "{guard_name} has no limit");
    }
    // Whatever is above stays above.
    assert!((most + 1..most + 50).all(|count| !passes(count)));
    most
}

#[test]
fn every_limit_has_the_number_of_the_table() {
    for (guard_name, links, expected) in [
        (name::REMOVAL_ABSENCE, 200, 10),
        (name::REMOVAL_ABSENCE, 5_000, 50),
        (name::REMOVAL_ABSENCE, 50_000, 100),
        (name::MEMBERS_LAST, 200, 10),
        (name::MEMBERS_LAST, 5_000, 50),
        (name::MEMBERS_LAST, 50_000, 100),
        (name::REMOVAL_EVIDENCE, 200, 25),
        (name::REMOVAL_EVIDENCE, 5_000, 100),
        (name::REMOVAL_EVIDENCE, 50_000, 300),
        (name::REMOVAL_CONFIGURATION, 50_000, 0),
        (name::GROUP_REMOVAL, 50_000, 0),
        (name::USER_DELETE, 50_000, 5),
        (name::CREATE, 200, 50),
        (name::CREATE, 2_000, 100),
        (name::CREATE, 50_000, 500),
        ("attribute.changed:title", 200, 50),
        ("attribute.changed:title", 5_000, 500),
        ("attribute.cleared:title", 200, 20),
        ("attribute.cleared:title", 5_000, 100),
        (name::IDENTITY_CHANGED, 200, 20),
        (name::IDENTITY_CHANGED, 5_000, 50),
        (name::IDENTITY_CHANGED, 50_000, 100),
    ] {
        assert_eq!(
            most(links, guard_name, 0),
            expected,
            "{guard_name} of {links}"
        );
    }
}

#[test]
fn membership_limits_depend_on_the_groups_size() {
    assert_eq!(most(9, "members.lost:7", 30), 10);
    assert_eq!(most(9, "members.lost:7", 100), 20);
    assert_eq!(most(9, "members.gained:7", 100), 200);
    assert_eq!(most(9, "members.gained:7", 2_000), 500);
}

#[test]
fn a_group_of_five_is_never_emptied_unseen_but_one_of_four_may_be() {
    assert_eq!(most(9, "members.lost:7", 5), 4);
    assert_eq!(most(9, "members.lost:7", 4), 10);
    let mut swapped = totals(9, "members.lost:7", 5);
    swapped.sizes.insert("members.lost:7".to_owned(), 5);
    let held = judge(&swapped);
    assert!(held[0].reason.contains("all of its 5 members"), "{held:?}");
    // Its members are exchanged, it is not emptied.
    swapped.counts.insert("members.gained:7".to_owned(), 2);
    assert!(judge(&swapped).is_empty());
}

#[test]
fn a_container_is_held_when_both_its_numbers_are_exceeded() {
    let container = "container:ou=berlin,dc=example,dc=com";
    // 10 people pass whatever the share; 11 of 22 are exactly half.
    assert_eq!(most(10_000, container, 10), 10);
    assert_eq!(most(10_000, container, 22), 11);
    assert_eq!(most(10_000, container, 200), 100);
}

#[test]
fn the_last_24_hours_count() {
    let mut plan = totals(200, name::REMOVAL_ABSENCE, 3);
    plan.window.insert(name::REMOVAL_ABSENCE.to_owned(), 7);
    assert!(judge(&plan).is_empty());
    plan.window.insert(name::REMOVAL_ABSENCE.to_owned(), 8);
    let held = judge(&plan);
    assert_eq!(held.len(), 1);
    assert!(
        held[0]
            .reason
            .contains("3 (and 8 more in the last 24 hours)"),
        "{held:?}"
    );
    // Nothing of the kind planned: nothing to hold, whatever happened before.
    plan.counts.insert(name::REMOVAL_ABSENCE.to_owned(), 0);
    assert!(judge(&plan).is_empty());
}

#[test]
fn a_group_that_loses_a_few_members_again_and_again_is_noticed() {
    let mut plan = totals(900, "members.lost:7", 6);
    plan.sizes.insert("members.lost:7".to_owned(), 90);
    plan.window.insert("members.lost:7".to_owned(), 10);
    // 16 of the 100 that it had a day ago.
    assert!(judge(&plan).is_empty());
    plan.window.insert("members.lost:7".to_owned(), 30);
    assert!(!judge(&plan).is_empty());
}

#[test]
fn a_group_is_not_emptied_unseen_in_two_goes() {
    let mut plan = totals(9, "members.lost:7", 4);
    plan.sizes.insert("members.lost:7".to_owned(), 4);
    assert!(judge(&plan).is_empty());
    plan.window.insert("members.lost:7".to_owned(), 1);
    let held = judge(&plan);
    assert!(
        held[0].reason.contains("all of its 4 members") && held[0].reason.contains("1 more"),
        "{held:?}"
    );
    // One stays.
    plan.sizes.insert("members.lost:7".to_owned(), 5);
    assert!(judge(&plan).is_empty());
}

#[test]
fn creates_of_the_first_sync_are_not_limited() {
    let mut plan = totals(0, name::CREATE, 20_000);
    assert_eq!(judge(&plan).len(), 1);
    plan.first_sync = true;
    assert!(judge(&plan).is_empty());
}

#[test]
fn the_reason_says_the_numbers_and_what_to_do() {
    let held = judge(&totals(200, name::REMOVAL_ABSENCE, 180));
    assert_eq!(held[0].guard, name::REMOVAL_ABSENCE);
    for words in [
        "removals by absence",
        "180 of 200",
        "the limit is 10 (max(10, min(1 % of 200, 100)))",
        "look at the scope",
        "usher approve",
    ] {
        assert!(
            held[0].reason.contains(words),
            "{words}: {}",
            held[0].reason
        );
    }
}

#[test]
fn a_breach_holds_its_own_kind_only() {
    let mut plan = totals(200, name::REMOVAL_ABSENCE, 180);
    plan.counts.insert("attribute.changed:title".to_owned(), 3);
    plan.counts
        .insert("attribute.changed:phone".to_owned(), 190);
    let held: Vec<String> = judge(&plan)
        .into_iter()
        .map(|breach| breach.guard)
        .collect();
    assert_eq!(held, ["attribute.changed:phone", name::REMOVAL_ABSENCE]);
}

#[test]
fn a_step_under_an_unknown_guard_is_not_let_through() {
    assert_eq!(judge(&totals(200, "surprise", 1)).len(), 1);
}

#[test]
fn counting_adds_members_for_memberships_and_steps_for_the_rest() {
    let members = |count: i64| -> Vec<Member> {
        (0..count)
            .map(|id| Member {
                subject: SubjectId(id),
                target_id: TargetId::new(format!("T{id}")),
            })
            .collect()
    };
    let step = |operation, guards: &[&str], hold| PlannedStep {
        operation,
        part: 0,
        reason: Reason::Changed,
        expects: Expectation::default(),
        hold,
        guards: guards.iter().map(|guard| (*guard).to_owned()).collect(),
    };
    let target_id = TargetId::new("G");
    let remove = Operation::RemoveMembers {
        target_id: target_id.clone(),
        members: members(3),
    };
    let disable = Operation::Disable {
        target_id: target_id.clone(),
    };
    let mut totals = PlanTotals::default();
    totals.count(&step(remove.clone(), &["members.lost:7"], None));
    totals.count(&step(remove, &["members.lost:7"], None));
    totals.count(&step(
        disable.clone(),
        &["removal.absence", "container:x"],
        None,
    ));
    totals.count(&step(
        disable,
        &["removal.absence"],
        Some(Hold::ConfigurationChange),
    ));
    let counts: Vec<(&str, u64)> = totals
        .counts
        .iter()
        .map(|(guard, count)| (guard.as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [
            ("container:x", 1),
            ("members.lost:7", 6),
            ("removal.absence", 1)
        ],
        "what is held already counts for nobody"
    );
}

#[test]
fn an_empty_or_halved_source_proves_no_absence() {
    let limits = GuardLimits::default();
    assert!(source_shrunk(0, None, &limits).is_some());
    assert!(source_shrunk(0, Some(0), &limits).is_some());
    assert_eq!(source_shrunk(1, None, &limits), None);
    assert_eq!(source_shrunk(100, Some(200), &limits), None);
    let words = source_shrunk(99, Some(200), &limits).unwrap();
    assert!(words.contains("99") && words.contains("200"), "{words}");
    assert_eq!(source_shrunk(300, Some(200), &limits), None);
}

#[test]
fn people_who_lose_their_last_group_are_judged_together_wherever_they_stand() {
    let mut totals = totals(200, name::MEMBERS_LAST, 11);
    totals
        .counts
        .insert(name::MEMBERS_LAST_ELSEWHERE.to_owned(), 3);
    let held: Vec<String> = judge(&totals).into_iter().map(|b| b.guard).collect();
    assert_eq!(held, [name::MEMBERS_LAST, name::MEMBERS_LAST_ELSEWHERE]);
    totals.counts.insert(name::MEMBERS_LAST.to_owned(), 10);
    assert!(judge(&totals).is_empty());
}
