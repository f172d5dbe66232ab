//! Leases and fencing.

use usher_core::model::{
    ChannelId, Configuration, ConnectionId, Kind, StepId, StepState, SubjectId,
};

use super::Place;
use super::desk::{Desk, T0, TTL, create, outcome, write};
use crate::{
    Approval, AuditEvent, Fence, GroupWrite, NewCycle, Result, StagedMember, Store, StoreError,
    SubjectFilter, TargetPause,
};

async fn take(store: &dyn Store, target: &str, owner: &str, now: i64) -> Option<Fence> {
    store
        .take_lease(&ConnectionId::new(target), owner, now, 1000)
        .await
        .unwrap()
}

/// The second one is told so, and gets it afterwards.
pub async fn a_lease_has_one_owner_until_it_expires(place: &dyn Place) {
    let store = place.open().await;
    assert!(take(&*store, "target", "a", T0).await.is_some());
    assert_eq!(take(&*store, "target", "b", T0 + 999).await, None);
    assert!(take(&*store, "target", "b", T0 + 1001).await.is_some());
    assert_eq!(take(&*store, "target", "a", T0 + 1002).await, None);
}

/// Renewing keeps it, also after it expired while nobody else came.
pub async fn the_epoch_grows_only_with_a_new_owner(place: &dyn Place) {
    let store = place.open().await;
    let first = take(&*store, "target", "a", T0).await.unwrap();
    let renewed = take(&*store, "target", "a", T0 + 500).await.unwrap();
    assert_eq!(first, renewed);
    assert_eq!(take(&*store, "target", "b", T0 + 1400).await, None);
    let late = take(&*store, "target", "a", T0 + 9000).await.unwrap();
    assert_eq!(first, late);
    let other = take(&*store, "target", "b", T0 + 20_000).await.unwrap();
    assert!(other.epoch > first.epoch);
}

/// And what its former holder still tries is refused.
pub async fn a_released_lease_is_free_at_once(place: &dyn Place) {
    let store = place.open().await;
    let first = take(&*store, "target", "a", T0).await.unwrap();
    store.release_lease(&first).await.unwrap();
    let second = take(&*store, "target", "b", T0 + 1).await.unwrap();
    assert!(second.epoch > first.epoch);
    let error = store.release_lease(&first).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    assert_eq!(take(&*store, "target", "c", T0 + 2).await, None);
}

/// For an owner that is known to be dead.
pub async fn a_broken_lease_is_free_at_once(place: &dyn Place) {
    let store = place.open().await;
    let target = ConnectionId::new("target");
    store.break_lease(&target).await.unwrap();
    let first = take(&*store, "target", "a", T0).await.unwrap();
    store.break_lease(&target).await.unwrap();
    let second = take(&*store, "target", "b", T0 + 1).await.unwrap();
    assert!(second.epoch > first.epoch);
}

/// One owner may hold several.
pub async fn targets_have_leases_of_their_own(place: &dyn Place) {
    let store = place.open().await;
    assert!(take(&*store, "one", "a", T0).await.is_some());
    assert!(take(&*store, "two", "b", T0).await.is_some());
    assert_eq!(take(&*store, "one", "b", T0).await, None);
}

/// A process that lost its lease without noticing does no harm.
pub async fn every_mutation_refuses_a_stale_fence_and_changes_nothing(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let group = desk.linked(Kind::Group, &["group"]).await[0];
    let subject = write(desk.subject(Kind::User, "ana"), vec![create("ana")]);
    let user = desk.plan(&[subject]).await[0];
    let open = desk.begin().await;
    let step = desk.claim(1).await.remove(0);
    let stale = desk.fence.clone();
    let taken = desk
        .store
        .take_lease(&desk.connection, "another", T0 + TTL + 1, TTL)
        .await
        .unwrap();
    assert!(taken.is_some());
    let before = picture(&desk, user, group).await;

    let late = desk.store.subjects(&[user]).await.unwrap().remove(0);
    let writes = [write(late, vec![create("late")])];
    let approval = Approval {
        steps: vec![step.id],
        event: AuditEvent::default(),
    };
    let new = NewCycle {
        channel: desk.channel.clone(),
        mode: usher_core::model::CycleMode::Full,
        now: T0,
        revision: 1,
    };
    let staged = [StagedMember {
        user,
        via: Vec::new(),
    }];
    let planned = [GroupWrite {
        group,
        steps: Vec::new(),
        settled: true,
    }];
    let store = &desk.store;
    let settle = desk.ending(open, T0);
    let done = [outcome(&step, StepState::Succeeded)];
    refused(
        "save_channel",
        store.save_channel(&stale, &desk.record()).await,
    );
    refused("archive", drop_channel(&desk, &stale, &desk.channel).await);
    let pause = TargetPause {
        until: T0,
        told: true,
    };
    refused("keep_pause", store.keep_pause(&stale, pause).await);
    refused("release_lease", store.release_lease(&stale).await);
    refused(
        "stage",
        store.stage_members(&stale, open, group, &staged).await,
    );
    refused("end", store.end_members(&stale, open, group, true).await);
    refused("observe", store.observe_members(&stale, group, &[]).await);
    refused("begin", store.begin_cycle(&stale, &new).await);
    refused("write", store.write(&stale, open, &writes).await);
    refused("members", store.write_members(&stale, open, &planned).await);
    refused("settle", store.settle(&stale, &settle).await);
    refused("update", store.update_cycle(&stale, &settle.cycle).await);
    refused("abort", store.abort_cycle(&stale, open, "late", T0).await);
    let channels = [desk.channel.clone()];
    refused("claim", store.claim(&stale, &channels, T0, 10).await);
    refused("recover", store.recover(&stale, T0).await);
    refused("record", store.record(&stale, &done, T0).await);
    refused("approve", store.approve(&stale, &approval).await);
    refused("reject", store.reject(&stale, &approval).await);
    refused("retry", store.retry_parked(&stale, &approval).await);
    refused("expire", store.expire_held(&stale, T0 + 1, T0 + 1).await);
    refused("put", store.index_put(&stale, 1, &[]).await);
    refused(
        "finish",
        store.index_finish(&stale, Kind::User, 1, T0).await,
    );
    assert_eq!(picture(&desk, user, group).await, before);
}

async fn drop_channel(desk: &Desk, fence: &Fence, channel: &ChannelId) -> Result<()> {
    let configuration = Configuration {
        revision: 1,
        ..Configuration::default()
    };
    let archive = [(fence.clone(), channel.clone())];
    let store = &desk.store;
    store
        .save_configuration(&configuration, &archive, &[])
        .await
}

fn refused<T>(what: &str, result: Result<T>) {
    match result {
        Err(StoreError::Fenced { .. }) => {}
        Err(error) => panic!("{what}: {error}"),
        Ok(_) => panic!("{what} was not refused"),
    }
}

async fn picture(desk: &Desk, user: SubjectId, group: SubjectId) -> String {
    let store = &desk.store;
    let filter = SubjectFilter::default();
    let all = store.list(&filter, SubjectId(0), 100).await.unwrap();
    let cycles = store.cycles(None, None, 100).await.unwrap();
    let record = store.channel(&desk.channel).await.unwrap();
    let members = store.members(group).await.unwrap();
    let exchanges = store.exchanges(user, 10).await.unwrap();
    let age = store.index_age(&desk.connection, Kind::User).await.unwrap();
    let steps = desk.steps().await;
    format!("{all:#?}{steps:#?}{cycles:#?}{record:#?}{members:#?}{exchanges:#?}{age:#?}")
}

/// A valid lease is one for its own target only.
pub async fn a_lease_of_another_target_does_not_write(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = write(desk.subject(Kind::User, "ana"), vec![create("ana")]);
    desk.plan(&[subject]).await;
    let open = desk.begin().await;
    let other = Desk::of(place.open().await, "other", "other-channel").await;
    let step = desk.steps().await.remove(0);
    let claimed = other
        .store
        .claim(&other.fence, std::slice::from_ref(&desk.channel), T0, 10)
        .await
        .unwrap();
    assert!(claimed.is_empty());
    let approval = Approval {
        steps: vec![step.id],
        event: AuditEvent::default(),
    };
    let approved = other.store.approve(&other.fence, &approval).await.unwrap();
    assert_eq!(approved.done, Vec::<StepId>::new());
    assert_eq!(approved.stale.len(), 1);
    let done = [outcome(&step, StepState::Succeeded)];
    assert!(other.store.record(&other.fence, &done, T0).await.is_err());
    let foreign = write(desk.subject(Kind::User, "ben"), Vec::new());
    let wrote = other.store.write(&other.fence, open, &[foreign]).await;
    assert!(wrote.is_err());
    let archived = drop_channel(&other, &other.fence, &ChannelId::new("channel")).await;
    assert!(archived.is_err());
    assert_eq!(desk.steps().await, [step]);
}
