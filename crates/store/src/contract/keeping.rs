//! Retention, copies, crashes, archives.

use usher_core::model::{
    Configuration, Hash128, Kind, Millis, SourceKey, StepId, StepState, SubjectId, SubjectState,
};

use super::Place;
use super::desk::{Desk, T0, create, disable, outcome, unique, update, write};
use crate::{AuditEvent, Fence, Result, Retention, StepFilter, Store, StoreError, SubjectFilter};

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Each by its own age; what lives is kept.
pub async fn old_rows_are_pruned_and_tombstones_stay(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut leaver = write(
        desk.linked_subject(Kind::User, "gone"),
        vec![disable("gone")],
    );
    leaver.unique = Some(vec![unique("mail", "gone")]);
    let stays = write(
        desk.linked_subject(Kind::User, "stays"),
        vec![update("stays")],
    );
    let ids = desk.plan(&[leaver, stays]).await;
    let step = desk.claim(1).await.remove(0);
    let mut outcome = outcome(&step, StepState::Succeeded);
    let mut removed = desk.get(ids[0]).await;
    removed.state = SubjectState::Removed;
    outcome.subjects = vec![removed.clone()];
    outcome.exchanges = vec![serde_json::json!({})];
    outcome.audit = vec![AuditEvent {
        at: T0,
        ..AuditEvent::default()
    }];
    desk.finish(outcome).await;
    let store = &desk.store;
    let retention = Retention::default();
    let prune = async |days: i64| store.prune(&retention, T0 + days * DAY).await.unwrap();
    assert_eq!(prune(29).await, 0);
    assert_eq!(store.exchanges(ids[0], 9).await.unwrap().len(), 1);
    assert_eq!(prune(31).await, 1);
    assert_eq!(store.exchanges(ids[0], 9).await.unwrap(), []);
    assert_eq!(desk.get(ids[0]).await, removed);
    assert_eq!(desk.steps().await.len(), 2);
    assert_eq!(prune(91).await, 1);
    let left: Vec<StepId> = desk.steps().await.iter().map(|step| step.id).collect();
    assert_eq!(left.len(), 1, "a step that is not final stays");
    assert_ne!(left[0], step.id);
    let tombstone = desk.get(ids[0]).await;
    assert_eq!(tombstone.key, removed.key);
    assert_eq!(tombstone.target_id, removed.target_id);
    assert_eq!(tombstone.state, SubjectState::Removed);
    assert_eq!(tombstone.display, "");
    assert_eq!(tombstone.desired, None);
    let holders = store
        .unique_holders(&desk.channel, &[unique("mail", "gone")])
        .await;
    assert_eq!(holders.unwrap(), []);
    assert_ne!(desk.get(ids[1]).await.display, "");
    assert_eq!(store.audit_log(None, 9).await.unwrap().len(), 1);
    assert_eq!(prune(401).await, 1);
    assert_eq!(store.audit_log(None, 9).await.unwrap(), []);
    assert_eq!(store.cycles(None, None, 9).await.unwrap().len(), 1);
}

/// Everything that a store says about itself.
async fn content(store: &dyn Store, desk: &Desk) -> String {
    let filter = SubjectFilter::default();
    let subjects = store.list(&filter, SubjectId(0), 1000).await.unwrap();
    let steps = StepFilter::default();
    let steps = store.steps(&steps, StepId(0), 1000).await.unwrap();
    let cycles = store.cycles(None, None, 1000).await.unwrap();
    let record = store.channel(&desk.channel).await.unwrap();
    let audit = store.audit_log(None, 1000).await.unwrap();
    let configuration = store.configuration().await.unwrap();
    format!("{subjects:#?}{steps:#?}{cycles:#?}{record:#?}{audit:#?}{configuration:#?}")
}

async fn filled(place: &dyn Place) -> Desk {
    let desk = Desk::at(place).await;
    let names: Vec<String> = (0..50).map(|n| format!("u{n}")).collect();
    let writes: Vec<_> = names
        .iter()
        .map(|name| write(desk.subject(Kind::User, name), vec![create(name)]))
        .collect();
    desk.plan(&writes).await;
    desk.claim(3).await;
    desk.store.audit(&[AuditEvent::default()]).await.unwrap();
    desk
}

/// Taken while in use; what is there already is never overwritten.
pub async fn a_backup_has_equal_content(place: &dyn Place) {
    let desk = filled(place).await;
    let path = place.backup_path();
    desk.store.backup(&path).await.unwrap();
    let before = content(&*desk.store, &desk).await;
    assert!(desk.store.backup(&path).await.is_err());
    desk.linked(Kind::User, &["later"]).await;
    let copy = place.open_backup(&path).await;
    assert_eq!(content(&*copy, &desk).await, before);
    assert_ne!(content(&*desk.store, &desk).await, before);
}

/// Nothing is closed or flushed on the way out, and an open cycle is half written.
pub async fn what_was_committed_is_there_after_a_crash(place: &dyn Place) {
    let desk = filled(place).await;
    let cycle = desk.begin().await;
    let subject = desk.subject(Kind::User, "half");
    desk.write(cycle, &[write(subject, vec![create("half")])])
        .await;
    let before = content(&*desk.store, &desk).await;
    let Desk {
        store,
        fence,
        channel,
        connection,
    } = desk;
    drop(store);
    let desk = Desk {
        store: place.open().await,
        fence,
        channel,
        connection,
    };
    assert_eq!(content(&*desk.store, &desk).await, before);
    let unknown = desk.store.recover(&desk.fence, T0).await.unwrap();
    assert_eq!(unknown.len(), 3);
    assert!(unknown.iter().all(|step| step.state == StepState::Unknown));
    let next = desk.begin().await;
    desk.settle(next).await;
    let key = [SourceKey::new("k-half")];
    let heads = desk.store.heads(&desk.channel, &key).await.unwrap();
    assert!(heads[0].dirty);
}

/// Two processes may have it open.
pub async fn two_openings_see_the_same_state(place: &dyn Place) {
    let desk = filled(place).await;
    let second = place.open().await;
    let other = usher_core::model::ConnectionId::new("other");
    let fence = second.take_lease(&other, "second", T0, 1000).await.unwrap();
    assert!(fence.is_some());
    let before = content(&*second, &desk).await;
    assert_eq!(before, content(&*desk.store, &desk).await);
    desk.linked(Kind::User, &["later"]).await;
    let after = content(&*second, &desk).await;
    assert_ne!(after, before);
    assert_eq!(after, content(&*desk.store, &desk).await);
}

/// It grows with its content.
pub async fn a_sound_state_checks_and_has_a_size(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let empty = desk.store.check().await.unwrap();
    assert!(empty > 0);
    let names: Vec<String> = (0..3000).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    desk.linked(Kind::User, &names).await;
    desk.store.touch().await.unwrap();
    assert!(desk.store.check().await.unwrap() > empty);
}

/// Saves the configuration of this revision, which drops these channels.
async fn drop_channels(desk: &Desk, revision: u64, fences: &[&Fence]) -> Result<()> {
    let configuration = Configuration {
        revision,
        ..Configuration::default()
    };
    let archive: Vec<_> = fences
        .iter()
        .map(|fence| ((*fence).clone(), desk.channel.clone()))
        .collect();
    let audit = [AuditEvent::default(), AuditEvent::default()];
    let store = &desk.store;
    store
        .save_configuration(&configuration, &archive, &audit)
        .await
}

/// One decision: neither somebody else's change nor a fence that is stale leaves half of it.
pub async fn a_configuration_that_is_not_saved_archives_nothing(place: &dyn Place) {
    let desk = filled(place).await;
    let stale = Fence {
        epoch: desk.fence.epoch - 1,
        ..desk.fence.clone()
    };
    let before = content(&*desk.store, &desk).await;
    let conflict = drop_channels(&desk, 2, &[&desk.fence]).await;
    assert!(
        matches!(conflict, Err(StoreError::Conflict { found: 0, .. })),
        "{conflict:?}"
    );
    assert_eq!(content(&*desk.store, &desk).await, before);
    let fenced = drop_channels(&desk, 1, &[&desk.fence, &stale]).await;
    assert!(
        matches!(fenced, Err(StoreError::Fenced { .. })),
        "{fenced:?}"
    );
    assert_eq!(content(&*desk.store, &desk).await, before);
    drop_channels(&desk, 1, &[&desk.fence]).await.unwrap();
    let log = desk.store.audit_log(None, 10).await.unwrap();
    assert_eq!(
        log.len(),
        3,
        "one was there, two came with the configuration"
    );
    assert_eq!(desk.claim(10).await, []);
}

/// Nothing more is sent, planned or resolved; what is in flight gets its outcome.
pub async fn an_archived_channel_is_at_rest(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let mut soon = write(desk.linked_subject(Kind::User, "a"), vec![update("a")]);
    soon.subject.next_at = Some(T0);
    soon.subject.dirty = true;
    soon.unique = Some(vec![unique("mail", "a")]);
    let late = write(desk.linked_subject(Kind::User, "b"), vec![update("b")]);
    let ids = desk.plan(&[soon, late]).await;
    desk.read_members(group, &ids).await;
    let other = Desk::of(place.open().await, "target", "second").await;
    let stays = other.linked(Kind::User, &["a"]).await[0];
    desk.claim(1).await;
    let store = &desk.store;
    drop_channels(&desk, 1, &[&desk.fence]).await.unwrap();
    assert_eq!(desk.get(group).await.state, SubjectState::Archived);
    let subject = desk.get(ids[0]).await;
    assert_eq!(subject.state, SubjectState::Archived);
    assert!(subject.target_id.is_some());
    assert_eq!(desk.states(ids[0]).await, ["claimed"]);
    assert_eq!(desk.states(ids[1]).await, ["superseded"]);
    assert_eq!(desk.claim(10).await, []);
    let due = store.due(&desk.channel, T0 + 1, SubjectId(0), 10).await;
    assert_eq!(due.unwrap(), []);
    assert_eq!(store.next_due(&desk.channel).await.unwrap(), None);
    assert_eq!(desk.dirty().await, []);
    assert_eq!(store.members(group).await.unwrap(), []);
    let hash = Hash128::of(b"cn=a,ou=people,dc=example");
    let found = store.by_dn(&desk.channel, &[hash]).await.unwrap();
    assert_eq!(found, []);
    drop_channels(&desk, 2, &[&desk.fence]).await.unwrap();
    assert_eq!(desk.states(ids[0]).await, ["claimed"]);
    assert_eq!(other.get(stays).await.state, SubjectState::Linked);
}
