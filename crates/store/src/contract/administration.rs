//! Configuration, channels, audit.

use usher_core::model::{ChannelId, Configuration, ConnectionId, Watermark};

use super::Place;
use super::desk::{Desk, T0};
use crate::{AuditEvent, Change, ChannelState, StoreError, TargetPause};

fn event(name: &str) -> AuditEvent {
    AuditEvent {
        at: T0,
        actor: "ada".to_owned(),
        event: name.to_owned(),
        channel: Some("channel".to_owned()),
        cycle: Some(3),
        source_id: Some("key".to_owned()),
        target_id: None,
        success: true,
        detail: "detail \"quoted\" é".to_owned(),
        changes: vec![Change {
            path: "channels[staff].name".to_owned(),
            before: None,
            after: Some("\"staff é\"".to_owned()),
        }],
    }
}

fn revision(revision: u64) -> Configuration {
    Configuration {
        revision,
        ..Configuration::default()
    }
}

/// Nothing was saved yet.
pub async fn an_empty_store_has_an_empty_configuration(place: &dyn Place) {
    let store = place.open().await;
    let found = store.configuration().await.unwrap();
    assert_eq!(found, Configuration::default());
    assert_eq!(found.revision, 0);
}

/// Both in one transaction.
pub async fn a_configuration_is_saved_with_its_audit_event(place: &dyn Place) {
    let store = place.open().await;
    store
        .save_configuration(&revision(1), &[], &[event("CONFIG")])
        .await
        .unwrap();
    assert_eq!(store.configuration().await.unwrap(), revision(1));
    let log = store.audit_log(None, 10).await.unwrap();
    let events: Vec<&AuditEvent> = log.iter().map(|(_, event)| event).collect();
    assert_eq!(events, [&event("CONFIG")]);
}

/// Two editors cannot overwrite each other, and nothing is logged for the one who came late.
pub async fn an_older_or_skipped_revision_is_a_conflict(place: &dyn Place) {
    let store = place.open().await;
    store
        .save_configuration(&revision(1), &[], &[event("CONFIG")])
        .await
        .unwrap();
    for wrong in [0, 1, 3] {
        let error = store
            .save_configuration(&revision(wrong), &[], &[event("CONFIG")])
            .await
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Conflict { found: 1, .. }),
            "revision {wrong}: {error}"
        );
    }
    assert_eq!(store.audit_log(None, 10).await.unwrap().len(), 1);
}

/// Not found is no error.
pub async fn a_channel_that_never_ran_has_a_fresh_record(place: &dyn Place) {
    let store = place.open().await;
    let channel = ChannelId::new("never");
    let record = store.channel(&channel).await.unwrap();
    assert_eq!(record.channel, channel);
    assert_eq!(record.connection, ConnectionId::new(""));
    assert_eq!(record.state, ChannelState::Draft);
    assert_eq!(record.watermark, None);
}

/// Every field.
pub async fn what_is_kept_of_a_channel_comes_back(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut record = desk.record();
    record.watermark = Some(Watermark("usn=42".to_owned()));
    record.target_identity = Some("directory-1".to_owned());
    record.first_sync_done = true;
    record.adoption_approved = true;
    record.planned_revision = Some(7);
    record.last_complete_at = Some(T0);
    record.last_complete_users = 12;
    record.last_complete_groups = 3;
    record.warnings = vec!["a warning".to_owned()];
    desk.store.save_channel(&desk.fence, &record).await.unwrap();
    assert_eq!(desk.store.channel(&desk.channel).await.unwrap(), record);
}

/// A running process that saves its record does not undo what an operator decided beside it.
pub async fn the_state_of_a_channel_changes_by_an_operator_only(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut record = desk.record();
    let paused = event("PAUSE");
    desk.store
        .set_state(
            &desk.channel,
            &desk.connection,
            &ChannelState::Paused,
            &paused,
        )
        .await
        .unwrap();
    record.state = ChannelState::Active;
    record.last_complete_users = 5;
    desk.store.save_channel(&desk.fence, &record).await.unwrap();
    let cycle = desk.begin().await;
    let mut settle = desk.ending(cycle, T0);
    settle.record = record;
    desk.store.settle(&desk.fence, &settle).await.unwrap();
    let found = desk.store.channel(&desk.channel).await.unwrap();
    assert_eq!(found.state, ChannelState::Paused);
    assert_eq!(found.last_complete_users, 5);
    assert_eq!(found.connection, desk.connection);
    let log = desk.store.audit_log(None, 10).await.unwrap();
    assert_eq!(log.len(), 1);

    // A channel that has no record yet gets one.
    let other = ChannelId::new("other");
    let why = ChannelState::Quarantined {
        why: "because".to_owned(),
    };
    let target = ConnectionId::new("another-target");
    desk.store
        .set_state(&other, &target, &why, &paused)
        .await
        .unwrap();
    let found = desk.store.channel(&other).await.unwrap();
    assert_eq!((found.state, found.connection), (why, target));
}

/// Pages by id, without gaps or repeats.
pub async fn the_audit_log_is_read_newest_first_in_pages(place: &dyn Place) {
    let store = place.open().await;
    let events: Vec<AuditEvent> = (0..25).map(|n| event(&format!("E{n}"))).collect();
    store.audit(&events).await.unwrap();
    let mut names = Vec::new();
    let mut before = None;
    loop {
        let page = store.audit_log(before, 10).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        names.extend(page.into_iter().map(|(_, event)| event.event));
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("E{n}")).collect();
    assert_eq!(names, expected);
}

/// Each target has its own, which outlasts its lease; the last one counts.
pub async fn a_pause_is_kept_per_target(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let other = Desk::of(place.open().await, "other", "second").await;
    assert_eq!(desk.store.pause(&desk.connection).await.unwrap(), None);
    let unknown = ConnectionId::new("unknown");
    assert_eq!(desk.store.pause(&unknown).await.unwrap(), None);
    for (until, told) in [(T0 + 9, true), (T0 + 5, false)] {
        let pause = TargetPause { until, told };
        desk.store.keep_pause(&desk.fence, pause).await.unwrap();
        let found = desk.store.pause(&desk.connection).await.unwrap();
        assert_eq!(found, Some(pause));
    }
    assert_eq!(desk.store.pause(&other.connection).await.unwrap(), None);
    desk.store.release_lease(&desk.fence).await.unwrap();
    let taken = desk.store.take_lease(&desk.connection, "next", T0, 9);
    assert!(taken.await.unwrap().is_some());
    let found = place.open().await.pause(&desk.connection).await.unwrap();
    assert_eq!(found.map(|pause| pause.until), Some(T0 + 5));
}
