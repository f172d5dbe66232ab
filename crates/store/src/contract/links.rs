//! What follows when a subject gains, changes or loses its resource.

use usher_core::model::{Kind, StepState, Subject, SubjectId, SubjectState, TargetId};

use super::Place;
use super::desk::{Desk, outcome, update, write};

/// A group in order with two members present, and one group that they are not in.
async fn team(place: &dyn Place) -> (Desk, SubjectId, Vec<SubjectId>) {
    let desk = Desk::at(place).await;
    let groups = desk.linked(Kind::Group, &["group", "empty"]).await;
    let users = desk.linked(Kind::User, &["a", "b"]).await;
    desk.read_members(groups[0], &users).await;
    desk.add(groups[0], &users).await;
    desk.clean(groups[0]).await;
    assert_eq!(desk.present(groups[0]).await, users);
    (desk, groups[0], users)
}

impl Desk {
    /// Stores a subject as the outcome of some step.
    async fn record_subject(&self, subject: Subject) {
        let name = format!("step-of-{}", subject.key);
        let mut carrier = write(self.subject(Kind::User, &name), vec![update(&name)]);
        carrier.subject.dirty = false;
        self.plan(&[carrier]).await;
        let step = self.claim(1).await.remove(0);
        let mut outcome = outcome(&step, StepState::Succeeded);
        outcome.subjects = vec![subject];
        self.finish(outcome).await;
    }
}

/// Only those it is in.
pub async fn a_gained_id_makes_the_groups_dirty(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let groups = desk.linked(Kind::Group, &["group", "empty"]).await;
    let subject = desk.subject(Kind::User, "ana");
    let user = desk.plan(&[write(subject, Vec::new())]).await[0];
    desk.read_members(groups[0], &[user]).await;
    desk.clean(groups[0]).await;
    let row = desk.rows(groups[0]).await.remove(0);
    assert_eq!(row.target_id, None);
    let mut linked = desk.linked_subject(Kind::User, "ana");
    linked.id = Some(user);
    desk.record_subject(linked).await;
    assert_eq!(desk.dirty().await, [groups[0]]);
    let row = desk.rows(groups[0]).await.remove(0);
    assert_eq!(row.target_id, Some(TargetId::new("t-ana")));
    assert!(row.desired && !row.present);
}

/// The membership stays desired.
pub async fn a_lost_link_clears_presence(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    let mut subject = desk.get(users[0]).await;
    subject.state = SubjectState::Pending;
    desk.record_subject(subject).await;
    assert_eq!(desk.dirty().await, [group]);
    assert_eq!(desk.present(group).await, users[1..]);
    let row = desk.rows(group).await.remove(0);
    assert_eq!(row.user, users[0]);
    assert!(row.desired && !row.added_by_us);
    assert_eq!(row.target_id, None);
}

/// It was created again.
pub async fn a_new_resource_of_a_member_is_not_believed_present(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    let mut subject = desk.get(users[0]).await;
    subject.target_id = Some(TargetId::new("t-new"));
    desk.record_subject(subject).await;
    assert_eq!(desk.dirty().await, [group]);
    assert_eq!(desk.present(group).await, users[1..]);
    let row = desk.rows(group).await.remove(0);
    assert_eq!(row.target_id, Some(TargetId::new("t-new")));
}

/// Nothing is left to undo.
pub async fn a_removed_member_leaves_all_its_rows(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    let mut subject = desk.get(users[0]).await;
    subject.state = SubjectState::Removed;
    desk.record_subject(subject).await;
    assert_eq!(desk.dirty().await, [group]);
    let rows = desk.rows(group).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].user, users[1]);
    assert_eq!(desk.store.groups_of(users[0]).await.unwrap(), []);
}

/// By a cycle's write as by an outcome.
pub async fn an_unlinked_member_out_of_scope_is_not_desired(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    let mut subject = desk.get(users[0]).await;
    subject.state = SubjectState::Pending;
    subject.in_scope = false;
    desk.plan(&[write(subject, Vec::new())]).await;
    assert_eq!(desk.dirty().await, [group]);
    assert_eq!(desk.rows(group).await.len(), 1);
}

/// It begins anew when it is linked again.
pub async fn a_group_that_loses_its_link_believes_nothing_present(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    assert!(desk.get(group).await.members_settled);
    let mut subject = desk.get(group).await;
    subject.state = SubjectState::Pending;
    subject.target_id = None;
    desk.record_subject(subject.clone()).await;
    assert_eq!(desk.present(group).await, []);
    assert_eq!(desk.rows(group).await.len(), users.len());
    let stored = desk.get(group).await;
    assert!(stored.members_dirty && !stored.members_settled);
    assert_eq!(desk.dirty().await, [], "it is not linked");
    subject.state = SubjectState::Linked;
    subject.target_id = Some(TargetId::new("t-again"));
    desk.record_subject(subject).await;
    assert_eq!(desk.dirty().await, [group]);
}

/// Nothing follows from another reason.
pub async fn an_unchanged_link_leaves_the_groups_clean(place: &dyn Place) {
    let (desk, group, users) = team(place).await;
    let mut subject = desk.get(users[0]).await;
    subject.reason = "another reason".to_owned();
    desk.record_subject(subject).await;
    assert_eq!(desk.dirty().await, []);
    assert_eq!(desk.present(group).await, users);
}

/// A policy may take disabled people out of their groups; the link and the presence stay.
pub async fn a_change_of_status_makes_the_groups_dirty_and_keeps_presence(place: &dyn Place) {
    for state in [SubjectState::Disabled, SubjectState::Frozen] {
        let (desk, group, users) = team(place).await;
        let mut subject = desk.get(users[0]).await;
        subject.state = state;
        desk.record_subject(subject).await;
        assert_eq!(desk.dirty().await, [group]);
        assert_eq!(desk.present(group).await, users);
    }
}
