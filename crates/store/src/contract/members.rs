//! Memberships.

use usher_core::model::{CycleId, Kind, StepState, SubjectId, SubjectState, TargetId};

use super::Place;
use super::desk::{Desk, T0, add_members, outcome, update, write};
use crate::{GroupWrite, Membership, Presence, StagedMember, WantedMembers};

impl Desk {
    async fn stage(&self, cycle: CycleId, group: SubjectId, users: &[SubjectId]) {
        let members: Vec<StagedMember> = users
            .iter()
            .map(|user| StagedMember {
                user: *user,
                via: Vec::new(),
            })
            .collect();
        self.store
            .stage_members(&self.fence, cycle, group, &members)
            .await
            .unwrap();
    }

    async fn end(&self, cycle: CycleId, group: SubjectId, complete: bool) -> bool {
        self.store
            .end_members(&self.fence, cycle, group, complete)
            .await
            .unwrap()
    }

    /// A whole cycle that reads one group's members to the end.
    pub(super) async fn read_members(&self, group: SubjectId, users: &[SubjectId]) -> bool {
        let cycle = self.begin().await;
        self.stage(cycle, group, users).await;
        let changed = self.end(cycle, group, true).await;
        self.settle(cycle).await;
        changed
    }

    /// A whole cycle that plans nothing for a group, and so clears its mark.
    pub(super) async fn clean(&self, group: SubjectId) {
        let cycle = self.begin().await;
        self.plan_members(cycle, group).await;
        self.settle(cycle).await;
        assert_eq!(self.dirty().await, []);
    }

    async fn plan_members(&self, cycle: CycleId, group: SubjectId) {
        let plan = GroupWrite {
            group,
            steps: Vec::new(),
            settled: true,
        };
        self.store
            .write_members(&self.fence, cycle, &[plan])
            .await
            .unwrap();
    }

    pub(super) async fn dirty(&self) -> Vec<SubjectId> {
        self.store.dirty_groups(&self.channel).await.unwrap()
    }

    pub(super) async fn rows(&self, group: SubjectId) -> Vec<Membership> {
        let mut rows = self.store.members(group).await.unwrap();
        rows.sort_by_key(|row| row.user);
        rows
    }

    async fn desired(&self, group: SubjectId) -> Vec<SubjectId> {
        let rows = self.rows(group).await;
        rows.iter().filter(|r| r.desired).map(|r| r.user).collect()
    }

    pub(super) async fn present(&self, group: SubjectId) -> Vec<SubjectId> {
        let rows = self.rows(group).await;
        rows.iter().filter(|r| r.present).map(|r| r.user).collect()
    }

    /// Records members as present, as after adding them.
    pub(super) async fn add(&self, group: SubjectId, users: &[SubjectId]) {
        let carrier = self.subject(Kind::User, "carrier");
        let mut carrier = write(carrier, vec![update("carrier")]);
        carrier.subject.dirty = false;
        self.plan(&[carrier]).await;
        let step = self.claim(1).await.remove(0);
        let mut outcome = outcome(&step, StepState::Succeeded);
        outcome.presence = users
            .iter()
            .map(|user| Presence {
                group,
                user: *user,
                present: true,
                added_by_us: true,
            })
            .collect();
        self.finish(outcome).await;
    }
}

/// Read in parts, with the ways through nested groups.
pub async fn a_complete_list_replaces_the_desired_members(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let users = desk.linked(Kind::User, &["a", "b", "c"]).await;
    assert!(desk.read_members(group, &users[..2]).await);
    assert_eq!(desk.desired(group).await, users[..2]);
    assert_eq!(desk.dirty().await, [group]);
    assert!(desk.get(group).await.members_complete);
    desk.clean(group).await;
    let cycle = desk.begin().await;
    desk.stage(cycle, group, &[users[1]]).await;
    let nested = StagedMember {
        user: users[2],
        via: vec!["cn=inner".to_owned(), "cn=\"x\"".to_owned()],
    };
    desk.store
        .stage_members(&desk.fence, cycle, group, std::slice::from_ref(&nested))
        .await
        .unwrap();
    assert!(desk.end(cycle, group, true).await);
    desk.settle(cycle).await;
    let rows = desk.rows(group).await;
    assert_eq!(
        rows.len(),
        2,
        "who is neither desired nor present has no row"
    );
    let direct = StagedMember {
        user: users[1],
        via: Vec::new(),
    };
    let wanted = WantedMembers {
        group,
        members: vec![direct, nested.clone()],
        complete: true,
    };
    let asked = [SubjectId(i64::MAX), group];
    assert_eq!(desk.store.wanted(&asked).await.unwrap(), [wanted]);
    let expected = Membership {
        group,
        user: users[2],
        target_id: Some(TargetId::new("t-c")),
        frozen: false,
        desired: true,
        present: false,
        added_by_us: false,
        via: nested.via,
    };
    assert_eq!(rows[1], expected);
    assert_eq!(desk.dirty().await, [group]);
    let groups = desk.store.groups_of(users[2]).await.unwrap();
    assert_eq!(groups, [expected]);
    assert_eq!(desk.store.groups_of(users[0]).await.unwrap(), []);
}

/// What cannot be resolved is unknown, never absent.
pub async fn an_incomplete_list_drops_nobody(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let users = desk.linked(Kind::User, &["a", "b"]).await;
    desk.read_members(group, &users[..1]).await;
    desk.clean(group).await;
    let cycle = desk.begin().await;
    desk.stage(cycle, group, &users[1..]).await;
    assert!(desk.end(cycle, group, false).await);
    desk.settle(cycle).await;
    assert_eq!(desk.desired(group).await, users);
    let wanted = desk.store.wanted(&[group]).await.unwrap().remove(0);
    assert_eq!((wanted.members.len(), wanted.complete), (2, false));
    assert!(!desk.get(group).await.members_complete);
    assert_eq!(desk.dirty().await, [group]);
}

/// But a change of completeness does not.
pub async fn an_unchanged_list_leaves_the_group_clean(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let users = desk.linked(Kind::User, &["a", "b"]).await;
    desk.read_members(group, &users).await;
    desk.clean(group).await;
    assert!(!desk.read_members(group, &users).await);
    assert_eq!(desk.dirty().await, []);
    let cycle = desk.begin().await;
    assert!(desk.end(cycle, group, false).await);
    desk.settle(cycle).await;
    assert_eq!(desk.dirty().await, [group]);
    let settled = desk.get(group).await.members_settled;
    assert!(settled, "the plan said so");
}

/// The others keep their mark for later.
pub async fn only_linked_dirty_groups_are_planned(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = |name: &str, state, in_scope, dirty| {
        let mut subject = desk.linked_subject(Kind::Group, name);
        subject.state = state;
        subject.in_scope = in_scope;
        subject.members_dirty = dirty;
        write(subject, Vec::new())
    };
    let linked = SubjectState::Linked;
    let ids = desk
        .plan(&[
            group("a", linked, true, true),
            group("b", linked, true, false),
            group("c", linked, false, true),
            group("d", SubjectState::Pending, true, true),
            group("e", linked, true, true),
        ])
        .await;
    assert_eq!(desk.dirty().await, [ids[0], ids[2], ids[4]]);
    // Writing a subject never clears the mark: only a membership plan does.
    desk.plan(&[group("a", linked, true, false)]).await;
    assert_eq!(desk.dirty().await, [ids[0], ids[2], ids[4]]);
}

/// Added and removed.
pub async fn presence_is_recorded_with_outcomes(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let users = desk.linked(Kind::User, &["a", "b"]).await;
    desk.read_members(group, &users[..1]).await;
    let cycle = desk.begin().await;
    let members = [(users[0], "a"), (users[1], "b")];
    let plan = GroupWrite {
        group,
        steps: vec![
            add_members("group", &members),
            add_members("group", &members),
        ],
        settled: true,
    };
    desk.store
        .write_members(&desk.fence, cycle, &[plan])
        .await
        .unwrap();
    desk.settle(cycle).await;
    for present in [true, false] {
        let step = desk.claim(1).await.remove(0);
        let mut outcome = outcome(&step, StepState::Succeeded);
        outcome.presence = users
            .iter()
            .map(|user| Presence {
                group,
                user: *user,
                present,
                added_by_us: true,
            })
            .collect();
        desk.finish(outcome).await;
        let rows = desk.rows(group).await;
        if present {
            assert_eq!(desk.present(group).await, users);
            assert!(rows.iter().all(|row| row.added_by_us));
        } else {
            assert_eq!(rows.len(), 1, "an unwanted and absent member has no row");
            assert_eq!(rows[0].user, users[0]);
            assert!(rows[0].desired && !rows[0].present);
        }
    }
}

/// Members that we do not know stay unknown; who added a member is remembered.
pub async fn a_listing_replaces_what_is_believed_present(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let users = desk.linked(Kind::User, &["a", "b", "c"]).await;
    desk.read_members(group, &users[..2]).await;
    desk.add(group, &users[..2]).await;
    let listed: Vec<TargetId> = ["t-a", "t-c", "t-stranger"].map(TargetId::new).to_vec();
    desk.store
        .observe_members(&desk.fence, group, &listed)
        .await
        .unwrap();
    assert_eq!(desk.present(group).await, [users[0], users[2]]);
    let rows = desk.rows(group).await;
    let ours: Vec<bool> = rows.iter().map(|row| row.added_by_us).collect();
    assert_eq!(ours, [true, false, false]);
    let wanted: Vec<bool> = rows.iter().map(|row| row.desired).collect();
    assert_eq!(wanted, [true, true, false]);
    desk.store
        .observe_members(&desk.fence, group, &[])
        .await
        .unwrap();
    assert_eq!(desk.present(group).await, []);
    assert_eq!(desk.rows(group).await.len(), 2);
}

/// A plan that was made without it does not clear the mark.
pub async fn an_outcome_during_a_cycle_keeps_the_group_dirty(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let subject = desk.subject(Kind::User, "ana");
    let user = desk.plan(&[write(subject, vec![update("ana")])]).await[0];
    desk.read_members(group, &[user]).await;
    desk.clean(group).await;
    let cycle = desk.begin().await;
    let step = desk.claim(1).await.remove(0);
    let mut outcome = outcome(&step, StepState::Succeeded);
    let mut linked = desk.linked_subject(Kind::User, "ana");
    linked.id = Some(user);
    outcome.subjects = vec![linked];
    desk.finish(outcome).await;
    desk.plan_members(cycle, group).await;
    desk.settle(cycle).await;
    assert_eq!(desk.dirty().await, [group]);
    desk.clean(group).await;
}

/// A cycle that planned the group while the step was in flight knew nothing of it.
pub async fn a_member_who_came_too_late_or_left_too_early_is_planned_again(place: &dyn Place) {
    for (wanted, present) in [(false, true), (true, false), (true, true)] {
        let desk = Desk::of(place.open().await, "target", &format!("{wanted}{present}")).await;
        let group = desk.linked(Kind::Group, &["group"]).await[0];
        let users = desk.linked(Kind::User, &["a"]).await;
        let cycle = desk.begin().await;
        let plan = GroupWrite {
            group,
            steps: vec![add_members("group", &[(users[0], "a")])],
            settled: true,
        };
        let plan = [plan];
        let planned = desk.store.write_members(&desk.fence, cycle, &plan);
        planned.await.unwrap();
        desk.settle(cycle).await;
        let step = desk.claim(1).await.remove(0);
        desk.read_members(group, if wanted { &users } else { &[] })
            .await;
        let cycle = desk.begin().await;
        desk.plan_members(cycle, group).await;
        let mut outcome = outcome(&step, StepState::Succeeded);
        outcome.presence = vec![Presence {
            group,
            user: users[0],
            present,
            added_by_us: present,
        }];
        desk.finish(outcome).await;
        desk.plan_members(cycle, group).await;
        desk.settle(cycle).await;
        let dirty = desk.dirty().await;
        assert_eq!(dirty.is_empty(), wanted == present, "{wanted} {present}");
    }
}

/// It is planned again.
pub async fn an_aborted_membership_plan_leaves_the_group_dirty(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    assert_eq!(desk.dirty().await, []);
    let cycle = desk.begin().await;
    desk.plan_members(cycle, group).await;
    desk.store
        .abort_cycle(&desk.fence, cycle, "why", T0)
        .await
        .unwrap();
    assert_eq!(desk.dirty().await, [group]);
    assert!(!desk.get(group).await.dirty);
}

/// As a large group comes.
pub async fn a_group_with_ten_thousand_members_is_read_in_batches(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let names: Vec<String> = (0..10_000).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let users = desk.linked(Kind::User, &names).await;
    let cycle = desk.begin().await;
    for batch in users.chunks(1500) {
        desk.stage(cycle, group, batch).await;
    }
    assert!(desk.end(cycle, group, true).await);
    desk.settle(cycle).await;
    assert_eq!(desk.desired(group).await, users);
    let listed: Vec<TargetId> = names
        .iter()
        .skip(1)
        .map(|name| TargetId::new(format!("t-{name}")))
        .collect();
    desk.store
        .observe_members(&desk.fence, group, &listed)
        .await
        .unwrap();
    assert_eq!(desk.present(group).await, users[1..]);
}
