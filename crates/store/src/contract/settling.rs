//! The end of a cycle.

use usher_core::model::{Hold, Kind, StepId, StepState, Verdict, Watermark};

use super::Place;
use super::desk::{Desk, T0, add_members, breach, create, disable, outcome, update, write};
use crate::{GroupWrite, SubjectWrite};

/// With the counts that settling returns.
pub async fn planned_steps_become_pending(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let writes = [
        write(desk.subject(Kind::User, "a"), vec![create("a")]),
        write(
            desk.subject(Kind::User, "b"),
            vec![create("b"), update("b")],
        ),
        write(desk.subject(Kind::User, "c"), Vec::new()),
    ];
    let ids = desk.write(cycle, &writes).await;
    let settled = desk.settle(cycle).await;
    assert_eq!(settled.pending, 3);
    assert_eq!(settled.held, 0);
    assert_eq!(settled.superseded, 0);
    let steps = desk.steps().await;
    assert!(steps.iter().all(|step| step.state == StepState::Pending));
    let planned: Vec<_> = steps.iter().map(|step| step.planned.clone()).collect();
    assert_eq!(planned, [create("a"), create("b"), update("b")]);
    assert_eq!(steps[0].subject, ids[0]);
    assert_eq!(steps[0].cycle, cycle);
    assert_eq!(steps[0].channel, desk.channel);
    assert_eq!(steps[0].kind, Kind::User);
    assert_eq!(steps[0].attempts, 0);
}

/// A plan is judged as a whole before its first write.
pub async fn nothing_planned_is_sent_before_settling(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let writes = [write(desk.subject(Kind::User, "a"), vec![create("a")])];
    desk.write(cycle, &writes).await;
    assert_eq!(desk.claim(10).await, []);
    desk.settle(cycle).await;
    assert_eq!(desk.claim(10).await.len(), 1);
}

/// In the same transaction: what fails leaves both.
pub async fn the_watermark_moves_with_the_settling(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let writes = [write(desk.subject(Kind::User, "a"), vec![create("a")])];
    desk.write(cycle, &writes).await;
    let mark = Some(Watermark("42".to_owned()));
    let mut settle = desk.ending(cycle, T0);
    settle.record.watermark.clone_from(&mark);
    settle.cycle.channel = usher_core::model::ChannelId::new("wrong");
    assert!(desk.store.settle(&desk.fence, &settle).await.is_err());
    let record = desk.store.channel(&desk.channel).await.unwrap();
    assert_eq!(record.watermark, None);
    assert_eq!(desk.steps().await[0].state, StepState::Planned);
    settle.cycle.channel = desk.channel.clone();
    desk.store.settle(&desk.fence, &settle).await.unwrap();
    let record = desk.store.channel(&desk.channel).await.unwrap();
    assert_eq!(record.watermark, mark);
    assert_eq!(desk.steps().await[0].state, StepState::Pending);
    let cycles = desk.store.cycles(None, None, 1).await.unwrap();
    assert_eq!(cycles, [settle.cycle]);
}

/// Pending, waiting, held and parked ones.
pub async fn a_newer_plan_supersedes_what_is_not_in_flight(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut held = update("held");
    held.hold = Some(Hold::Adoption);
    let names = ["waiting", "parked", "held", "pending"];
    let writes = |steps: [Vec<_>; 4]| -> Vec<SubjectWrite> {
        names
            .iter()
            .zip(steps)
            .map(|(name, steps)| write(desk.linked_subject(Kind::User, name), steps))
            .collect()
    };
    let older = [
        vec![update("waiting")],
        vec![update("parked")],
        vec![held],
        vec![update("pending")],
    ];
    let ids = desk.plan(&writes(older)).await;
    let claimed = desk.claim(2).await;
    let reason = "later".to_owned();
    let waiting = StepState::Waiting {
        until: T0 + 9,
        attempt: 1,
        reason: reason.clone(),
    };
    desk.finish(outcome(&claimed[0], waiting)).await;
    desk.finish(outcome(&claimed[1], StepState::Parked { reason }))
        .await;
    let cycle = desk.begin().await;
    let newer = names.map(|name| vec![disable(name)]);
    desk.write(cycle, &writes(newer)).await;
    let settled = desk.settle(cycle).await;
    assert_eq!(settled.superseded, 4);
    assert_eq!(settled.pending, 4);
    for id in ids {
        assert_eq!(desk.states(id).await, ["superseded", "pending"]);
    }
}

/// What stays is what settling does not supersede, in pages.
pub async fn steps_that_a_cycle_leaves_are_listed_before_it_settles(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let names = ["flying", "again", "held", "pending"];
    let mut held = update("held");
    held.hold = Some(Hold::Adoption);
    let steps = [update("flying"), update("again"), held, update("pending")];
    let writes: Vec<SubjectWrite> = names
        .iter()
        .zip(steps)
        .map(|(name, step)| write(desk.linked_subject(Kind::User, name), vec![step]))
        .collect();
    let ids = desk.plan(&writes).await;
    desk.claim(1).await;
    let cycle = desk.begin().await;
    let newer = ["flying", "again"]
        .map(|name| write(desk.linked_subject(Kind::User, name), vec![disable(name)]));
    desk.write(cycle, &newer).await;
    let standing = desk.store.standing_steps(cycle, StepId(0), 10).await;
    let standing = standing.unwrap();
    let subjects: Vec<_> = standing.iter().map(|step| step.subject).collect();
    assert_eq!(
        subjects,
        [ids[0], ids[2], ids[3]],
        "in flight, and not planned anew"
    );
    let page = desk.store.standing_steps(cycle, standing[0].id, 1).await;
    assert_eq!(page.unwrap(), standing[1..2]);
    desk.settle(cycle).await;
    for (id, states) in ids.into_iter().zip([
        vec!["claimed", "pending"],
        vec!["superseded", "pending"],
        vec!["held"],
        vec!["pending"],
    ]) {
        assert_eq!(desk.states(id).await, states);
    }
}

/// Its request may be under way.
pub async fn a_step_in_flight_is_never_superseded(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = || desk.linked_subject(Kind::User, "ana");
    let id = desk.plan(&[write(subject(), vec![update("ana")])]).await[0];
    desk.claim(1).await;
    desk.plan(&[write(subject(), vec![disable("ana")])]).await;
    assert_eq!(desk.states(id).await, ["claimed", "pending"]);
    desk.store.recover(&desk.fence, T0).await.unwrap();
    desk.plan(&[write(subject(), vec![disable("ana")])]).await;
    assert_eq!(desk.states(id).await, ["unknown", "superseded", "pending"]);
}

/// Written without `replanned`, or not at all.
pub async fn a_subject_that_was_not_planned_keeps_its_steps(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name| desk.linked_subject(Kind::User, name);
    let writes = ["ana", "ben"].map(|name| write(subject(name), vec![update(name)]));
    let ids = desk.plan(&writes).await;
    let mut seen = write(subject("ana"), Vec::new());
    seen.replanned = false;
    let cycle = desk.begin().await;
    desk.write(cycle, &[seen]).await;
    assert_eq!(desk.settle(cycle).await.superseded, 0);
    assert_eq!(desk.states(ids[0]).await, ["pending"]);
    assert_eq!(desk.states(ids[1]).await, ["pending"]);
}

/// A group's name and its members are planned apart.
pub async fn account_and_membership_plans_do_not_supersede_each_other(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let subject = || desk.linked_subject(Kind::Group, "group");
    let members = GroupWrite {
        group,
        steps: vec![add_members("group", &[(group, "x")])],
        settled: false,
    };
    let store = &desk.store;
    let cycle = desk.begin().await;
    desk.write(cycle, &[write(subject(), vec![update("group")])])
        .await;
    let plans = [members];
    store
        .write_members(&desk.fence, cycle, &plans)
        .await
        .unwrap();
    desk.settle(cycle).await;
    let cycle = desk.begin().await;
    store
        .write_members(&desk.fence, cycle, &plans)
        .await
        .unwrap();
    assert_eq!(desk.settle(cycle).await.superseded, 1);
    assert_eq!(
        desk.states(group).await,
        ["pending", "superseded", "pending"]
    );
    let cycle = desk.begin().await;
    desk.write(cycle, &[write(subject(), Vec::new())]).await;
    assert_eq!(desk.settle(cycle).await.superseded, 1);
    assert_eq!(
        desk.states(group).await,
        ["superseded", "superseded", "pending"]
    );
}

/// And its subject, if the plan did not say so itself.
pub async fn a_hold_of_the_plan_holds_its_step(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut step = update("ana");
    step.hold = Some(Hold::Rekey {
        old_key: "old".to_owned(),
    });
    let mut said = desk.subject(Kind::User, "ben");
    said.verdict = Verdict::Held;
    said.reason = "the plan's own words".to_owned();
    let cycle = desk.begin().await;
    let writes = [
        write(desk.subject(Kind::User, "ana"), vec![step.clone()]),
        write(said, vec![step.clone()]),
    ];
    let ids = desk.write(cycle, &writes).await;
    let settled = desk.settle(cycle).await;
    assert_eq!((settled.held, settled.pending), (2, 0));
    assert_eq!(settled.subjects_held, [ids[0]]);
    let found = desk.steps().await.remove(0);
    let hold = Hold::Rekey {
        old_key: "old".to_owned(),
    };
    assert_eq!(found.state, StepState::Held { hold });
    assert_eq!(found.planned, step);
    let ana = desk.get(ids[0]).await;
    assert_eq!(ana.verdict, Verdict::Held);
    assert!(!ana.reason.is_empty());
    assert_eq!(desk.get(ids[1]).await.reason, "the plan's own words");
    assert_eq!(desk.claim(10).await, []);
}

/// The rest runs.
pub async fn a_breach_holds_only_the_steps_it_counts(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let writes = [
        write(desk.subject(Kind::User, "a"), vec![create("a")]),
        write(desk.subject(Kind::User, "b"), vec![disable("b")]),
        write(
            desk.subject(Kind::User, "c"),
            vec![update("c"), disable("c")],
        ),
    ];
    let ids = desk.write(cycle, &writes).await;
    let settled = desk
        .settle_holding(cycle, &["removal.evidence", "user.delete"])
        .await;
    assert_eq!((settled.held, settled.pending), (2, 2));
    assert_eq!(settled.subjects_held, [ids[1], ids[2]]);
    assert_eq!(desk.states(ids[0]).await, ["pending"]);
    assert_eq!(desk.states(ids[1]).await, ["held"]);
    assert_eq!(desk.states(ids[2]).await, ["pending", "held"]);
    let held = desk.steps().await.remove(1);
    let hold = breach("removal.evidence");
    assert_eq!(held.state, StepState::Held { hold });
    assert_eq!(held.planned.hold, None);
    assert_eq!(desk.get(ids[0]).await.verdict, Verdict::Stepped);
    let subject = desk.get(ids[1]).await;
    assert_eq!(subject.verdict, Verdict::Held);
    assert_eq!(subject.reason, "removal.evidence exceeds its limit");

    // A later cycle is judged by its own breaches.
    let writes = [write(desk.subject(Kind::User, "d"), vec![disable("d")])];
    let id = desk.plan(&writes).await[0];
    assert_eq!(desk.states(id).await, ["pending"]);
}

/// Once it is known what was held.
pub async fn the_counts_of_a_settled_cycle_can_be_corrected(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let mut row = desk.ending(cycle, T0).cycle;
    row.verdicts.insert("held".to_owned(), 3);
    let early = desk.store.update_cycle(&desk.fence, &row).await;
    assert!(early.is_err(), "it has not settled");
    desk.settle(cycle).await;
    desk.store.update_cycle(&desk.fence, &row).await.unwrap();
    assert_eq!(desk.store.cycles(None, None, 1).await.unwrap(), [row]);
}
