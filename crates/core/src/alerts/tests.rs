use std::collections::BTreeSet;

use super::*;
use crate::model::{Alert, AlertKind, ChannelId, ConnectionId};

const NOW: i64 = 1_795_507_200_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn channel() -> ChannelFacts {
    ChannelFacts {
        id: ChannelId::new("c1"),
        name: "Cloud/staff".to_owned(),
        connection: ConnectionId::new("cloud"),
        runs: true,
        quarantined: false,
        planning: false,
        held: 0,
        held_removals: 0,
        held_since: None,
        parked: 0,
        source_failing_since: None,
        source_refused_since: None,
        last_complete_at: Some(NOW - MINUTE),
        full_every_ms: 6 * 60 * MINUTE,
    }
}

fn facts(change: impl FnOnce(&mut ChannelFacts, &mut ConnectionFacts)) -> Facts {
    let mut one = channel();
    let mut connection = ConnectionFacts {
        id: ConnectionId::new("cloud"),
        name: "Cloud".to_owned(),
        refused_since: None,
        key_expires_at: None,
    };
    change(&mut one, &mut connection);
    Facts {
        channels: vec![one],
        connections: vec![connection],
        open: BTreeSet::new(),
        parked_threshold: 20,
    }
}

fn keys(facts: &Facts) -> Vec<String> {
    let alerts = evaluate(facts, NOW);
    alerts.into_iter().map(|alert| alert.key).collect()
}

fn only(facts: &Facts) -> Alert {
    let mut alerts = evaluate(facts, NOW);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.remove(0)
}

#[test]
fn nothing_needs_a_person_while_all_is_well() {
    assert_eq!(keys(&facts(|_, _| ())), [] as [String; 0]);
}

#[test]
fn held_removals_say_how_many_since_when_and_what_to_do() {
    let alert = only(&facts(|channel, _| {
        (channel.held, channel.held_removals) = (3, 2);
        channel.held_since = Some(NOW - DAY);
    }));
    assert_eq!(alert.key, "steps_held:c1");
    assert_eq!(
        alert.summary,
        "3 steps wait for a person in channel Cloud/staff, 2 of them take access away; the oldest since 2026-11-23 08:00 UTC"
    );
    assert!(alert.next.contains("usher status --held"));
    assert_eq!((alert.count, alert.since), (Some(3), NOW - DAY));
}

#[test]
fn what_was_held_stays_told_while_a_cycle_plans_it_anew() {
    let mut again = facts(|channel, _| channel.planning = true);
    assert_eq!(keys(&again), [] as [String; 0]);
    again.open.insert("steps_held:c1".to_owned());
    assert_eq!(keys(&again), ["steps_held:c1"]);
}

#[test]
fn a_number_near_the_limit_of_parked_steps_is_told_once() {
    let with = |parked: u64, is_open: bool| {
        let mut facts = facts(|channel, _| channel.parked = parked);
        facts
            .open
            .extend(is_open.then(|| "steps_parked:c1".to_owned()));
        keys(&facts).len()
    };
    assert_eq!((with(20, false), with(21, false)), (0, 1));
    assert_eq!((with(20, true), with(11, true), with(10, true)), (1, 1, 0));
}

#[test]
fn a_directory_may_be_unreadable_for_a_quarter_of_an_hour() {
    let since = |minutes: i64| {
        facts(|channel, _| channel.source_failing_since = Some(NOW - minutes * MINUTE))
    };
    assert_eq!(keys(&since(14)), [] as [String; 0]);
    assert_eq!(keys(&since(15)), ["source_unreadable:c1"]);
    let refused = facts(|channel, _| {
        channel.source_failing_since = Some(NOW - DAY);
        channel.source_refused_since = Some(NOW);
    });
    assert_eq!(keys(&refused), ["credentials_refused:source:c1"]);
    let paused = facts(|channel, _| {
        channel.runs = false;
        channel.source_failing_since = Some(NOW - DAY);
        channel.last_complete_at = Some(NOW - 9 * DAY);
    });
    assert_eq!(keys(&paused), [] as [String; 0]);
}

#[test]
fn two_full_reads_must_be_missing() {
    let last =
        |hours: i64| facts(|channel, _| channel.last_complete_at = Some(NOW - hours * 60 * MINUTE));
    assert_eq!(keys(&last(12)), [] as [String; 0]);
    assert_eq!(keys(&last(13)), ["full_read_missed:c1"]);
}

#[test]
fn a_target_that_refuses_is_told_of_once_and_not_again_for_each_channel_that_it_stops() {
    let refused = facts(|channel, connection| {
        channel.quarantined = true;
        connection.refused_since = Some(NOW);
    });
    assert_eq!(keys(&refused), ["credentials_refused:target:cloud"]);
    let stopped = facts(|channel, _| channel.quarantined = true);
    assert_eq!(keys(&stopped), ["channel_stopped:c1"]);
}

#[test]
fn a_key_is_told_of_at_each_stage_under_a_name_of_its_own() {
    let stage = |left: i64| {
        let facts = facts(|_, connection| connection.key_expires_at = Some(NOW + left));
        let found = evaluate(&facts, NOW);
        let matters: BTreeSet<String> = found.iter().map(|alert| alert.matter.clone()).collect();
        assert!(matters.len() <= 1);
        found.into_iter().next().and_then(|alert| alert.stage)
    };
    let expected = [
        (60 * DAY + 1, None),
        (60 * DAY, Some("60 days")),
        (30 * DAY + 1, Some("60 days")),
        (30 * DAY, Some("30 days")),
        (14 * DAY, Some("14 days")),
        (7 * DAY, Some("7 days")),
        (DAY, Some("1 day")),
        (1, Some("1 day")),
        (0, Some("expired")),
        (-DAY, Some("expired")),
    ];
    for (left, wanted) in expected {
        assert_eq!(stage(left).as_deref(), wanted, "{left}");
    }
}

#[test]
fn a_message_says_what_happened_in_its_subject_its_text_and_its_body() {
    let alert = only(&facts(|channel, _| channel.quarantined = true));
    let message = |happening| Message {
        id: "7-raised".to_owned(),
        happening,
        at: NOW,
        alert: Some(alert.clone()),
    };
    let raised = message(Happening::Raised);
    assert_eq!(
        raised.subject(),
        "[Usher] channel Cloud/staff stopped itself: nothing is read or sent"
    );
    assert!(raised.text().contains("What to do: `usher status`"));
    assert_eq!(raised.json()["alert"]["kind"], "channel_stopped");
    assert_eq!(raised.json()["event"], "raised");
    let cleared = message(Happening::Cleared);
    assert!(cleared.subject().starts_with("[Usher] over: "));
    assert!(cleared.text().contains("over since 2026-11-24 08:00 UTC"));
    assert_eq!(AlertKind::ALL.len(), 7);
}

#[test]
fn a_line_break_in_a_name_does_not_break_the_subject() {
    let facts = facts(|channel, _| {
        channel.name = "a\r\nBcc: x".to_owned();
        channel.quarantined = true;
    });
    let alert = Some(only(&facts));
    let message = Message {
        id: String::new(),
        happening: Happening::Raised,
        at: NOW,
        alert,
    };
    assert!(!message.subject().contains(['\r', '\n']));
}

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(utc(0), "1970-01-01 00:00 UTC");
    assert_eq!(utc(951_782_400_000), "2000-02-29 00:00 UTC");
    assert_eq!(utc(-60_000), "1969-12-31 23:59 UTC");
    assert_eq!(utc(4_102_444_799_000), "2099-12-31 23:59 UTC");
}

#[test]
fn a_new_key_is_not_held_to_the_date_of_the_old_one() {
    let mut sp: crate::model::SpConnection = serde_json::from_value(serde_json::json!({
        "id": "cloud", "name": "Cloud", "entity_id": "x", "active": true, "base_url": null,
        "connector": "c", "settings": {}, "secrets": {"KEY": "usher1.x"},
        "secret_entered_at": {"KEY": NOW, "GONE": 1}, "options": {
            "user_create": true, "user_update": true, "user_disable": true,
            "remove_action": "disable", "provision_disabled": false,
            "group_name_source": "common_name",
        },
        "protected_accounts": [], "general": {}, "channels": [],
    }))
    .unwrap();
    let mut settings = crate::model::AlertSettings::default();
    assert_eq!(settings.key_expires_at(&sp), Some(NOW + 365 * DAY));
    let told = crate::model::KeyExpiry {
        expires_at: NOW + 90 * DAY,
        key_entered_at: NOW,
    };
    settings.keys.insert(sp.id.clone(), told);
    assert_eq!(settings.key_expires_at(&sp), Some(NOW + 90 * DAY));
    sp.secret_entered_at
        .insert("KEY".to_owned(), NOW + 80 * DAY);
    assert_eq!(settings.key_expires_at(&sp), Some(NOW + 445 * DAY));
    sp.secrets.clear();
    assert_eq!(settings.key_expires_at(&sp), None);
}
