use usher_core::model::CycleMode::{FollowUp, Full, Incremental, Reconcile};

use super::*;

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Monday, 2026-11-23 12:00 UTC.
const NOON: i64 = 1_795_435_200_000;

fn table() -> Timetable {
    Timetable {
        incremental_ms: MINUTE,
        full_ms: 6 * HOUR,
        reports_deletions: false,
        offset_ms: 0,
        jitter: 0,
    }
}

fn nightly() -> Timetable {
    Timetable {
        reports_deletions: true,
        ..table()
    }
}

/// In good order at noon.
fn good() -> Times {
    Times {
        since: NOON - 90 * DAY,
        last_look: Some(NOON),
        last_full: Some(NOON),
        last_complete: Some(NOON),
        last_reconcile: Some(NOON - DAY),
        ..Times::default()
    }
}

fn at(table: &Timetable, times: &Times, now: Millis) -> (CycleMode, i64) {
    let due = next(table, times, now, 0);
    (due.mode, due.at - NOON)
}

#[test]
fn a_new_channel_is_read_whole_at_once() {
    let times = Times {
        since: NOON,
        ..Times::default()
    };
    assert_eq!(at(&table(), &times, NOON), (Full, 0));
    assert_eq!(at(&nightly(), &times, NOON), (Full, 0));
}

#[test]
fn changes_are_looked_for_every_minute_and_everything_is_read_every_six_hours() {
    assert_eq!(at(&table(), &good(), NOON), (Incremental, MINUTE));
    let times = Times {
        last_look: Some(NOON + 6 * HOUR),
        ..good()
    };
    assert_eq!(at(&table(), &times, NOON + 6 * HOUR), (Full, 6 * HOUR));
}

#[test]
fn where_deletions_are_reported_everything_is_read_at_night() {
    let times = |last: i64| Times {
        last_look: Some(last),
        ..good()
    };
    let night = 14 * HOUR;
    assert_eq!(
        at(&nightly(), &times(NOON + night), NOON + night - 1),
        (Full, night)
    );
    let late = Timetable {
        jitter: (29 * MINUTE) as u64,
        ..nightly()
    };
    let spread = night + 29 * MINUTE;
    assert_eq!(
        at(&late, &times(NOON + spread), NOON + spread),
        (Full, spread)
    );
    let berlin = Timetable {
        offset_ms: HOUR,
        ..nightly()
    };
    assert_eq!(
        at(&berlin, &times(NOON + night), NOON + night),
        (Full, 13 * HOUR)
    );
}

#[test]
fn jitter_never_exceeds_half_an_hour() {
    for jitter in [0, 1, 1_799_999, 1_800_000, u64::MAX] {
        let table = Timetable {
            jitter,
            ..nightly()
        };
        let slot = table.next_night(NOON) - NOON;
        assert!(
            (14 * HOUR..14 * HOUR + 30 * MINUTE).contains(&slot),
            "{slot}"
        );
    }
}

#[test]
fn on_sundays_the_target_is_read_too() {
    // Six days after Monday noon, 14 hours earlier.
    let sunday = 6 * DAY - 10 * HOUR;
    let times = Times {
        last_look: Some(NOON + sunday),
        last_complete: Some(NOON + sunday - HOUR),
        ..good()
    };
    assert_eq!(at(&table(), &times, NOON + sunday), (Reconcile, sunday));
    let done = Times {
        last_reconcile: Some(NOON + sunday),
        last_look: Some(NOON + sunday + 7 * DAY),
        last_complete: Some(NOON + sunday + 7 * DAY),
        ..times
    };
    assert_eq!(
        at(&table(), &done, NOON + sunday + 7 * DAY),
        (Reconcile, sunday + 7 * DAY)
    );
}

#[test]
fn a_sunday_on_which_nobody_was_here_is_not_made_up_for() {
    let times = Times {
        since: NOON,
        last_reconcile: Some(NOON - 30 * DAY),
        ..good()
    };
    assert_eq!(at(&table(), &times, NOON + MINUTE), (Incremental, MINUTE));
}

#[test]
fn of_several_that_are_due_the_one_that_reads_most_runs() {
    let times = Times {
        follow_up: true,
        ..good()
    };
    assert_eq!(at(&table(), &times, NOON).0, FollowUp);
    assert_eq!(at(&table(), &times, NOON + MINUTE).0, Incremental);
    assert_eq!(at(&table(), &times, NOON + 6 * HOUR).0, Full);
    assert_eq!(at(&table(), &times, NOON + 7 * DAY).0, Reconcile);
}

#[test]
fn the_clock_itself_asks_for_a_look_at_an_expiry_but_not_without_pause() {
    let expiry = |next_due, last_follow_up| Times {
        next_due: Some(next_due),
        last_follow_up,
        ..good()
    };
    let soon = NOON + 30 * SECOND;
    assert_eq!(
        at(&table(), &expiry(soon, None), NOON),
        (FollowUp, 30 * SECOND)
    );
    let past = NOON - HOUR;
    assert_eq!(
        at(&table(), &expiry(past, Some(NOON + SECOND)), NOON + SECOND),
        (FollowUp, 11 * SECOND)
    );
}

#[test]
fn what_fails_is_left_alone_longer_each_time_up_to_a_quarter_of_an_hour() {
    let failed = |failures| Times {
        failures,
        failed_at: Some(NOON + HOUR),
        ..good()
    };
    let waits = [1, 2, 3, 4, 8, 9, 30].map(|failures| {
        let due = next(&table(), &failed(failures), NOON + HOUR, 0);
        (due.at - NOON - HOUR) / SECOND
    });
    assert_eq!(waits, [5, 10, 20, 40, 640, 900, 900]);
    for random in [0, 1, 77_777, u64::MAX] {
        let wait = wait_after(9, random);
        assert!((MOST_WAIT * 4 / 5..=MOST_WAIT).contains(&wait), "{wait}");
    }
}

#[test]
fn an_incomplete_full_read_is_tried_again_by_and_by_while_changes_are_looked_for() {
    let times = Times {
        last_complete: Some(NOON - 7 * HOUR),
        last_full: Some(NOON),
        incomplete_fulls: 6,
        ..good()
    };
    assert_eq!(at(&table(), &times, NOON), (Incremental, MINUTE));
    let later = Times {
        last_look: Some(NOON + 150 * SECOND),
        ..times
    };
    assert_eq!(
        at(&table(), &later, NOON + 160 * SECOND),
        (Full, 160 * SECOND)
    );
}

#[test]
fn full_reads_that_are_overdue_by_a_whole_period_are_missed() {
    let missed = |table: &Timetable, hours| missed_full_reads(table, &good(), NOON + hours * HOUR);
    assert_eq!(missed(&table(), 6), 0, "it is due");
    assert_eq!(missed(&table(), 11), 0);
    assert_eq!(missed(&table(), 12), 1);
    assert_eq!(missed(&table(), 18), 2);
    assert_eq!(missed(&nightly(), 15), 0);
    assert_eq!(missed(&nightly(), 24 + 14), 1);
    assert_eq!(missed(&nightly(), 48 + 14), 2);
    let never = Times {
        since: NOON,
        ..Times::default()
    };
    assert_eq!(missed_full_reads(&table(), &never, NOON + HOUR), 0);
    assert_eq!(missed_full_reads(&table(), &never, NOON + 12 * HOUR), 2);
}
