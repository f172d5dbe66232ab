//! Claiming, and what is known of steps.

use usher_core::model::{
    ChannelId, CycleId, Hold, Kind, Operation, Step, StepId, StepState, TargetId, Verb,
};

use super::Place;
use super::desk::{Desk, T0, add_members, create, disable, outcome, planned, update, write};
use crate::{GroupWrite, StepFilter, WaitingSteps};

fn verbs(steps: &[Step]) -> Vec<&'static str> {
    steps.iter().map(|step| step.verb().as_str()).collect()
}

/// A disable overtakes everything; equals go by age.
pub async fn steps_are_claimed_by_priority_and_then_by_age(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let cycle = desk.begin().await;
    let subject = |name| desk.linked_subject(Kind::User, name);
    let rekey = Operation::Unlink {
        target_id: TargetId::new("t"),
    };
    let writes = [
        write(subject("c1"), vec![create("c1")]),
        write(subject("u"), vec![update("u")]),
        write(subject("l"), vec![planned(rekey, &[])]),
        write(subject("c2"), vec![create("c2")]),
        write(subject("d"), vec![disable("d")]),
    ];
    let ids = desk.write(cycle, &writes).await;
    let plan = GroupWrite {
        group,
        steps: vec![add_members("group", &[(ids[0], "c1")])],
        settled: true,
    };
    desk.store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    desk.settle(cycle).await;
    let first = desk.claim(3).await;
    assert_eq!(verbs(&first), ["disable", "unlink", "update"]);
    assert!(first.iter().all(|step| step.state == StepState::Claimed));
    let second = desk.claim(10).await;
    assert_eq!(verbs(&second), ["create", "create", "add_members"]);
    assert_eq!(second[0].subject, ids[0]);
    assert_eq!(desk.claim(10).await, []);
}

/// Not even by another claim.
pub async fn one_step_per_subject_is_in_flight(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let steps = vec![update("a"), update("b"), disable("c")];
    desk.plan(&[write(desk.linked_subject(Kind::User, "ana"), steps)])
        .await;
    for target in ["t-a", "t-b", "t-c"] {
        let claimed = desk.claim(10).await;
        assert_eq!(claimed.len(), 1);
        let found = claimed[0].planned.operation.target_id().unwrap();
        assert_eq!(found.as_str(), target);
        assert_eq!(desk.claim(10).await, []);
        desk.finish(outcome(&claimed[0], StepState::Succeeded))
            .await;
    }
    assert_eq!(desk.claim(10).await, []);
}

/// While it waits for its next attempt, too.
pub async fn a_later_step_waits_for_an_earlier_one(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let steps = vec![update("a"), disable("b")];
    desk.plan(&[write(desk.linked_subject(Kind::User, "ana"), steps)])
        .await;
    let claimed = desk.claim(1).await;
    let waiting = StepState::Waiting {
        until: T0 + 60,
        attempt: 1,
        reason: "busy".to_owned(),
    };
    desk.finish(outcome(&claimed[0], waiting)).await;
    assert_eq!(desk.claim(10).await, []);
    let again = desk.claim_at(T0 + 60, 10).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].id, claimed[0].id);
    assert_eq!(again[0].attempts, 1);
    let reason = "given up".to_owned();
    desk.finish(outcome(&again[0], StepState::Parked { reason }))
        .await;
    assert_eq!(verbs(&desk.claim(10).await), ["disable"]);
}

/// One refused member does not hold the group up. But only batches pass, only what waits is passed,
/// and never two of a group are in flight.
pub async fn a_batch_of_members_passes_one_that_waits(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let people = desk.linked(Kind::User, &["a", "b", "c"]).await;
    let batch = |n: usize| add_members("group", &[(people[n], ["a", "b", "c"][n])]);
    let cycle = desk.begin().await;
    let plan = GroupWrite {
        group,
        steps: vec![batch(0), batch(1), batch(2)],
        settled: true,
    };
    desk.store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    desk.settle(cycle).await;
    let waiting = |until| StepState::Waiting {
        until,
        attempt: 1,
        reason: "refused".to_owned(),
    };
    let first = desk.claim(10).await;
    assert_eq!(first.len(), 1, "one of a group at a time");
    desk.finish(outcome(&first[0], waiting(T0 + 60))).await;
    let second = desk.claim(10).await;
    assert_eq!(second.len(), 1, "it passes the first, which waits");
    assert!(second[0].id > first[0].id);
    assert_eq!(
        desk.claim_at(T0 + 60, 10).await,
        [],
        "the second is in flight"
    );
    desk.finish(outcome(&second[0], StepState::Succeeded)).await;

    // An account's step waits for batches that wait, and they for it.
    let again = desk.claim_at(T0 + 60, 1).await;
    assert_eq!(again[0].id, first[0].id);
    desk.finish(outcome(&again[0], waiting(T0 + 120))).await;
    let third = desk.claim(10).await;
    desk.finish(outcome(&third[0], waiting(T0 + 90))).await;
    let mut subject = desk.linked_subject(Kind::Group, "group");
    subject.id = Some(group);
    desk.plan(&[write(subject, vec![update("group")])]).await;
    assert_eq!(desk.claim_at(T0 + 60, 10).await, [], "it waits for both");
    let due = desk.claim_at(T0 + 90, 10).await;
    assert_eq!(verbs(&due), ["add_members"], "older than the update");
    assert_eq!(due[0].id, third[0].id);
    desk.finish(outcome(&due[0], StepState::Succeeded)).await;
    let last = desk.claim_at(T0 + 120, 10).await;
    assert_eq!(last[0].id, first[0].id);
    desk.finish(outcome(&last[0], StepState::Succeeded)).await;
    let update = desk.claim(10).await;
    assert_eq!(verbs(&update), ["update"]);
    desk.finish(outcome(&update[0], waiting(T0 + 200))).await;
    let cycle = desk.begin().await;
    let plan = GroupWrite {
        group,
        steps: vec![batch(0)],
        settled: true,
    };
    desk.store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    desk.settle(cycle).await;
    assert_eq!(
        desk.claim(10).await,
        [],
        "a batch waits for the account's step"
    );
    assert_eq!(verbs(&desk.claim_at(T0 + 200, 10).await), ["update"]);
}

/// Neither its own subject's other steps nor other people.
pub async fn a_held_step_blocks_nobody(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut held = update("a");
    held.hold = Some(Hold::Missing);
    let writes = [
        write(
            desk.linked_subject(Kind::User, "a"),
            vec![held, disable("a")],
        ),
        write(desk.linked_subject(Kind::User, "b"), vec![update("b")]),
    ];
    desk.plan(&writes).await;
    assert_eq!(verbs(&desk.claim(10).await), ["disable", "update"]);
}

/// Not a millisecond before; by priority among the others.
pub async fn a_waiting_step_is_claimed_when_its_time_has_come(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes = [
        write(desk.linked_subject(Kind::User, "a"), vec![disable("a")]),
        write(desk.linked_subject(Kind::User, "b"), vec![update("b")]),
    ];
    desk.plan(&writes).await;
    let claimed = desk.claim(1).await;
    let state = StepState::Waiting {
        until: T0 + 60,
        attempt: 1,
        reason: "busy".to_owned(),
    };
    desk.finish(outcome(&claimed[0], state.clone())).await;
    assert_eq!(desk.step(claimed[0].id).await.state, state);
    let later = desk.claim_at(T0 + 60, 10).await;
    assert_eq!(verbs(&later), ["disable", "update"]);
}

/// A paused channel sends nothing.
pub async fn only_the_named_channels_are_claimed(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let other = Desk::of(place.open().await, "target", "second").await;
    for desk in [&desk, &other] {
        let subject = desk.linked_subject(Kind::User, "a");
        desk.plan(&[write(subject, vec![update("a")])]).await;
    }
    let none = desk.store.claim(&desk.fence, &[], T0, 10).await.unwrap();
    assert_eq!(none, []);
    let second = [other.channel.clone()];
    let claimed = desk.store.claim(&desk.fence, &second, T0, 10).await;
    let claimed = claimed.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].channel, other.channel);
    let both = [desk.channel.clone(), other.channel.clone()];
    let claimed = desk.store.claim(&desk.fence, &both, T0, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].channel, desk.channel);
}

/// Whatever the mode of the channel.
pub async fn a_pilot_claims_the_named_subjects_only(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes =
        ["a", "b"].map(|name| write(desk.linked_subject(Kind::User, name), vec![update(name)]));
    let ids = desk.plan(&writes).await;
    let claimed = desk
        .store
        .claim_of(&desk.fence, &ids[1..], T0, 10)
        .await
        .unwrap();
    assert_eq!(
        claimed.iter().map(|step| step.subject).collect::<Vec<_>>(),
        ids[1..]
    );
    assert_eq!(
        desk.store
            .claim_of(&desk.fence, &ids[1..], T0, 10)
            .await
            .unwrap(),
        []
    );
}

/// Of a subject with several steps the named ones go alone, in order, one at a time.
pub async fn an_approval_claims_the_named_steps_only(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let steps = ["a", "b", "c"].map(update).to_vec();
    desk.plan(&[write(desk.linked_subject(Kind::User, "a"), steps)])
        .await;
    let all = StepFilter::default();
    let all = desk.store.steps(&all, StepId(0), 10).await.unwrap();
    let ids: Vec<StepId> = all.iter().map(|step| step.id).collect();
    let claim = async || {
        let claimed = desk.store.claim_steps(&desk.fence, &ids[1..], T0, 10).await;
        claimed.unwrap()
    };
    let second = claim().await;
    assert_eq!(
        second.iter().map(|step| step.id).collect::<Vec<_>>(),
        [ids[1]]
    );
    assert_eq!(claim().await, [], "one of a subject at a time");
    desk.finish(outcome(&second[0], StepState::Succeeded)).await;
    assert_eq!(claim().await[0].id, ids[2]);
    assert_eq!(
        desk.claim(10).await,
        [],
        "the first waits for what is in flight"
    );
}

/// So that the sender can sleep until then, and never spins.
pub async fn the_next_send_is_known(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let channels = [desk.channel.clone()];
    let next = async || {
        let next = desk.store.next_send(&desk.connection, &channels).await;
        next.unwrap()
    };
    assert_eq!(next().await, None);
    let steps = vec![update("a"), update("b")];
    desk.plan(&[write(desk.linked_subject(Kind::User, "a"), steps)])
        .await;
    assert!(next().await.is_some_and(|at| at <= T0));
    let elsewhere = [ChannelId::new("elsewhere")];
    let none = desk.store.next_send(&desk.connection, &elsewhere).await;
    assert_eq!(none.unwrap(), None);
    let claimed = desk.claim(1).await;
    assert_eq!(next().await, None, "the second waits for the first");
    let waiting = StepState::Waiting {
        until: T0 + 60,
        attempt: 1,
        reason: "busy".to_owned(),
    };
    desk.finish(outcome(&claimed[0], waiting)).await;
    assert_eq!(next().await, Some(T0 + 60));
}

/// What was put back is no failure, and the first to be tried again is found wherever it stands.
pub async fn what_waits_is_counted_however_much_it_is(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let now = T0 + 1_000;
    let waiting = async || {
        let found = desk.store.waiting(&desk.channel, now, 3, 500).await;
        found.unwrap()
    };
    assert_eq!(waiting().await, WaitingSteps::default());
    let names: Vec<String> = (0..90).map(|n| format!("p{n}")).collect();
    let writes: Vec<_> = names
        .iter()
        .map(|name| {
            let subject = desk.linked_subject(Kind::User, name);
            write(subject, vec![update(name)])
        })
        .collect();
    desk.plan(&writes).await;
    for (n, step) in (0_i64..).zip(desk.claim(90).await) {
        // Forty were put back; of the others the last is due first.
        let attempts = match n {
            0..40 => 0,
            40..50 => 3,
            _ => 1,
        };
        let state = StepState::Waiting {
            until: if n == 60 { T0 } else { now + 200 - n },
            attempt: attempts,
            reason: format!("busy {n}"),
        };
        let mut outcome = outcome(&step, state);
        outcome.attempts = attempts;
        desk.finish(outcome).await;
    }
    let found = WaitingSteps {
        put_back: 40,
        failed: 50,
        lasting: 11,
        next: Some((T0, "busy 60".to_owned())),
    };
    assert_eq!(waiting().await, found);
    let elsewhere = ChannelId::new("elsewhere");
    let none = desk.store.waiting(&elsewhere, now, 3, 500).await;
    assert_eq!(none.unwrap(), WaitingSteps::default());
}

/// Nobody knows what became of their requests.
pub async fn claimed_steps_are_unknown_after_a_crash(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes = ["a", "b", "c"]
        .map(|name| write(desk.linked_subject(Kind::User, name), vec![update(name)]));
    desk.plan(&writes).await;
    let claimed = desk.claim(2).await;
    let found = desk.store.recover(&desk.fence, T0 + 1).await.unwrap();
    let ids: Vec<StepId> = found.iter().map(|step| step.id).collect();
    assert_eq!(ids, [claimed[0].id, claimed[1].id]);
    assert!(found.iter().all(|step| step.state == StepState::Unknown));
    let again = desk.store.recover(&desk.fence, T0 + 2).await.unwrap();
    assert_eq!(again.len(), 2, "unknown ones are returned until looked up");
    desk.finish(outcome(&found[0], StepState::Succeeded)).await;
    assert_eq!(desk.claim(10).await.len(), 1);
}

/// Each condition alone and together, in pages; counts agree with lists.
pub async fn steps_are_listed_and_counted_by_filter(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let other = Desk::of(place.open().await, "other", "second").await;
    let subject = other.linked_subject(Kind::User, "x");
    other.plan(&[write(subject, vec![update("x")])]).await;
    let names = ["a", "b", "c"];
    let writes = names.map(|name| {
        let steps = vec![update(name), disable(name)];
        write(desk.linked_subject(Kind::User, name), steps)
    });
    let cycle = desk.begin().await;
    let subjects = desk.write(cycle, &writes).await;
    desk.settle(cycle).await;
    let claimed = desk.claim(1).await;
    let any = StepFilter::default;
    let check = async |filter: StepFilter, expected: usize| {
        let found = desk.store.steps(&filter, StepId(0), 100).await.unwrap();
        assert_eq!(found.len(), expected, "{filter:?}");
        assert!(found.is_sorted_by_key(|step| step.id));
        let counts = desk.store.step_counts(&filter).await.unwrap();
        let sum: u64 = counts.iter().map(|count| count.count).sum();
        assert_eq!(sum, expected as u64, "{filter:?}");
    };
    check(any(), 7).await;
    let mut filter = any();
    filter.connection = Some(desk.connection.clone());
    check(filter.clone(), 6).await;
    filter.channel = Some(other.channel.clone());
    check(filter, 0).await;
    let mut filter = any();
    filter.channel = Some(desk.channel.clone());
    check(filter.clone(), 6).await;
    filter.states = vec!["pending".to_owned(), "claimed".to_owned()];
    check(filter.clone(), 6).await;
    filter.states = vec!["claimed".to_owned()];
    check(filter.clone(), 1).await;
    filter.verbs = vec![Verb::Disable];
    check(filter, 0).await;
    let mut filter = any();
    filter.states = vec!["pending".to_owned()];
    check(filter, 6).await;
    let mut filter = any();
    filter.cycle = Some(cycle);
    filter.verbs = vec![Verb::Disable];
    check(filter.clone(), 3).await;
    filter.cycle = Some(CycleId(cycle.0 + 1));
    check(filter, 0).await;
    let mut filter = any();
    filter.subjects = vec![subjects[1]];
    check(filter.clone(), 2).await;
    filter.ids = vec![claimed[0].id, StepId(99_999)];
    check(filter.clone(), 0).await;
    filter.subjects = Vec::new();
    check(filter, 1).await;

    let page = desk.store.steps(&any(), StepId(0), 2).await.unwrap();
    let rest = desk.store.steps(&any(), page[1].id, 100).await.unwrap();
    assert_eq!((page.len(), rest.len()), (2, 5));
}
