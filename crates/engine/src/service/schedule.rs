//! What is due when: pure functions of what is configured, what was done, and the time.

use serde::Serialize;
use usher_core::model::{ChangeDetection, Channel, CycleMode, Millis};

const SECOND: i64 = 1_000;
const DAY: i64 = 24 * 3_600 * SECOND;
/// Nightly reads begin at two o'clock.
const NIGHT: i64 = 2 * 3_600 * SECOND;
/// Nightly reads are spread over so long.
const SPREAD: i64 = 30 * 60 * SECOND;
/// Longest wait after failures.
const MOST_WAIT: i64 = 15 * 60 * SECOND;
/// Wait after the first failure.
const FIRST_WAIT: i64 = 5 * SECOND;
/// Cycles that only the clock asks for keep so far apart.
const BETWEEN_CLOCKED: i64 = 10 * SECOND;
/// 1970-01-01 was a Thursday: the first Sunday began three days later.
const FIRST_SUNDAY: i64 = 3;

/// When a channel is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// Between looks at what changed, milliseconds.
    pub incremental_ms: i64,
    /// Between full reads where the source cannot report deletions, milliseconds.
    pub full_ms: i64,
    /// The source reports deletions: a full read each night is enough.
    pub reports_deletions: bool,
    /// What local time is ahead of UTC, milliseconds.
    pub offset_ms: i64,
    /// Spreads nightly reads of several channels; any number.
    pub jitter: u64,
}

impl Timetable {
    /// Of a channel.
    pub fn of(channel: &Channel, offset_ms: i64) -> Self {
        let schedule = &channel.policy.schedule;
        Self {
            incremental_ms: i64::from(schedule.incremental_seconds.max(1)) * SECOND,
            full_ms: i64::from(schedule.full_seconds.max(1)) * SECOND,
            reports_deletions: reports_deletions(channel),
            offset_ms,
            jitter: hashed(channel.id.as_str()),
        }
    }

    /// The first night slot after that time.
    fn next_night(&self, after: Millis) -> Millis {
        let local = after + self.offset_ms;
        let slot = self.slot_in_day();
        let mut day = local.div_euclid(DAY);
        if day * DAY + slot <= local {
            day += 1;
        }
        day * DAY + slot - self.offset_ms
    }

    /// The first night slot of a Sunday after that time.
    fn next_sunday(&self, after: Millis) -> Millis {
        let first = self.next_night(after);
        let day = (first + self.offset_ms).div_euclid(DAY);
        let ahead = (FIRST_SUNDAY - day).rem_euclid(7);
        first + ahead * DAY
    }

    fn slot_in_day(&self) -> i64 {
        NIGHT + (self.jitter % SPREAD.unsigned_abs()) as i64
    }

    /// When the full read after one at that time is due.
    fn full_after(&self, at: Millis) -> Millis {
        if self.reports_deletions {
            self.next_night(at)
        } else {
            at + self.full_ms
        }
    }
}

/// What is known of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Since when somebody looks after it.
    pub since: Millis,
    /// When the last cycle that read anything began.
    pub last_look: Option<Millis>,
    /// When the last attempt at a full read began.
    pub last_full: Option<Millis>,
    /// Attempts at a full read since then that were not complete.
    pub incomplete_fulls: u32,
    /// When the last complete read ended.
    pub last_complete: Option<Millis>,
    /// When the last reconcile began.
    pub last_reconcile: Option<Millis>,
    /// When the last follow-up began.
    pub last_follow_up: Option<Millis>,
    /// When a subject must be planned although nothing is read of it.
    pub next_due: Option<Millis>,
    /// Sending made something possible.
    pub follow_up: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When the last one was.
    pub failed_at: Option<Millis>,
}

/// One cycle that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// When.
    pub at: Millis,
    /// What it reads.
    pub mode: CycleMode,
}

/// What is next for a channel. Of several that are due, the one that reads most: it does the work of the
/// others. `random` spreads tries after failures.
pub fn next(table: &Timetable, times: &Times, now: Millis, random: u64) -> Due {
    let mut all = [
        due(CycleMode::Reconcile, reconcile_at(table, times)),
        due(CycleMode::Full, full_at(table, times, random)),
        due(CycleMode::Incremental, incremental_at(table, times)),
        due(CycleMode::FollowUp, follow_up_at(times)),
    ];
    if let Some(failed_at) = times.failed_at.filter(|_| times.failures > 0) {
        let again = failed_at + wait_after(times.failures, random);
        for one in &mut all {
            one.at = one.at.max(again);
        }
    }
    let ready = all.iter().find(|one| one.at <= now);
    let earliest = all.iter().min_by_key(|one| one.at);
    ready
        .or(earliest)
        .copied()
        .unwrap_or(due(CycleMode::Incremental, now))
}

fn due(mode: CycleMode, at: Millis) -> Due {
    Due { at, mode }
}

fn reconcile_at(table: &Timetable, times: &Times) -> Millis {
    let last = times.last_reconcile.unwrap_or(times.since);
    // Before the first complete read there is nothing to compare.
    match times.last_complete {
        Some(_) => table.next_sunday(last.max(times.since)),
        None => Millis::MAX,
    }
}

fn full_at(table: &Timetable, times: &Times, random: u64) -> Millis {
    let wanted = times
        .last_complete
        .map_or(times.since, |at| table.full_after(at));
    match times.last_full {
        Some(at) if times.incomplete_fulls > 0 => {
            wanted.max(at + wait_after(times.incomplete_fulls, random))
        }
        Some(_) | None => wanted,
    }
}

fn incremental_at(table: &Timetable, times: &Times) -> Millis {
    times
        .last_look
        .map_or(times.since, |at| at + table.incremental_ms)
}

fn follow_up_at(times: &Times) -> Millis {
    if times.follow_up {
        return times.since;
    }
    let Some(at) = times.next_due else {
        return Millis::MAX;
    };
    let last = times.last_follow_up.max(times.last_look);
    last.map_or(at, |last| at.max(last + BETWEEN_CLOCKED))
}

/// How long to leave alone what failed so often in a row: longer each time, a little by chance.
pub fn wait_after(failures: u32, random: u64) -> i64 {
    let doublings = failures.saturating_sub(1).min(16);
    let wait = (FIRST_WAIT << doublings).min(MOST_WAIT);
    // Between four fifths of it and all of it.
    wait - (random % (wait.unsigned_abs() / 5 + 1)) as i64
}

/// Full reads that were due and did not come to a complete end before the next one was due.
pub fn missed_full_reads(table: &Timetable, times: &Times, now: Millis) -> u32 {
    let mut due = match times.last_complete {
        Some(at) => table.full_after(at),
        None => times.since,
    };
    if !table.reports_deletions {
        return (now.saturating_sub(due) / table.full_ms).clamp(0, i64::from(u32::MAX)) as u32;
    }
    due = table.full_after(due);
    let mut missed = 0;
    while due <= now && missed < 1_000 {
        missed += 1;
        due = table.full_after(due);
    }
    missed
}

/// Whether the source of a channel tells who was deleted. No change detection that there is does.
fn reports_deletions(channel: &Channel) -> bool {
    match channel.source.change_detection {
        ChangeDetection::ActiveDirectoryUsn
        | ChangeDetection::Timestamp
        | ChangeDetection::TimestampNoNegation => false,
    }
}

/// Spreads texts over all numbers (FNV-1a); the same at every start.
fn hashed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
