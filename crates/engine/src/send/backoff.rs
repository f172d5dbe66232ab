//! When to try again.

use std::future::Future;
use std::time::Duration;

use usher_connector::{Failure, TargetError};

/// The first wait; doubled with every attempt.
const FIRST_MS: u64 = 1_000;
/// No wait of our own is longer.
const LONGEST_MS: u64 = 300_000;
/// A target's own word is believed up to here: a day.
pub(super) const LONGEST_TOLD_MS: u64 = 24 * 3_600_000;
/// A whole target that said nothing is left alone for no longer.
const LONGEST_OWN_PAUSE_MS: u64 = 30_000;
/// Tries of an idempotent read.
const READ_TRIES: u32 = 5;
/// A read waits so long for a target that wants to be left alone, and fails if that is not enough.
pub(super) const READ_PATIENCE_MS: u64 = 60_000;

/// Milliseconds to wait before the next attempt: exponential, with up to half of it random, or
/// what the target said.
pub(super) fn wait_ms(attempt: u32, told: Option<u64>, random: u64) -> u64 {
    match told {
        Some(ms) => ms.min(LONGEST_TOLD_MS),
        None => {
            let full = FIRST_MS
                .saturating_mul(1 << attempt.min(16))
                .min(LONGEST_MS);
            full / 2 + random % (full / 2 + 1)
        }
    }
}

/// Milliseconds for which a whole target is left alone that did not say for how long: more with
/// every pause in a row.
pub(super) fn own_pause_ms(pauses: u32) -> u64 {
    wait_ms(pauses, None, 0).min(LONGEST_OWN_PAUSE_MS)
}

/// A duration in words, rounded up: "45 s", "12 min", "3 h 5 min".
pub(super) fn words(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1_000);
    let minutes = seconds.div_ceil(60);
    match (seconds, minutes) {
        (..120, _) => format!("{seconds} s"),
        (_, ..120) => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Repeats an idempotent read of the target while it fails in a passing way. What the target says
/// is waited for as a whole; if that is too long, the read fails and says so.
pub(crate) async fn retry_read<T, F, Fut>(read: F) -> Result<T, TargetError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, TargetError>>,
{
    retry_within(Duration::from_millis(READ_PATIENCE_MS), read).await
}

/// As [`retry_read`], with so much patience for what the target says.
pub(super) async fn retry_within<T, F, Fut>(
    patience: Duration,
    mut read: F,
) -> Result<T, TargetError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, TargetError>>,
{
    let mut attempt = 0;
    loop {
        let error = match read().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let told = match &error.failure {
            Failure::Retry { after_ms } | Failure::Throttled { after_ms } => *after_ms,
            Failure::Unknown => None,
            Failure::AlreadyDone
            | Failure::Refused { .. }
            | Failure::Replan { .. }
            | Failure::StopTarget => return Err(error),
        };
        attempt += 1;
        let told = told.filter(|ms| *ms > 0).map(Duration::from_millis);
        if attempt >= READ_TRIES || told.is_some_and(|told| told > patience) {
            return Err(error);
        }
        let own = Duration::from_millis(wait_ms(attempt - 1, None, 0) / 2);
        tokio::time::sleep(told.unwrap_or(own)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<u64> = (0..12).map(|attempt| wait_ms(attempt, None, 0)).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert_eq!(waits[0], FIRST_MS / 2);
        assert_eq!(waits[11], LONGEST_MS / 2);
        assert!((0..1000).all(|random| wait_ms(3, None, random * 7919) <= 8_000));
    }

    #[test]
    fn the_targets_word_goes_before_our_own_but_not_for_ever() {
        assert_eq!(wait_ms(9, Some(5 * 3_600_000), 5), 5 * 3_600_000);
        assert_eq!(wait_ms(0, Some(u64::MAX), 5), LONGEST_TOLD_MS);
    }

    #[test]
    fn a_wait_is_told_in_words() {
        let said =
            [1, 90_000, 600_000, 7_200_000, 11_100_001].map(|ms| words(Duration::from_millis(ms)));
        assert_eq!(said, ["1 s", "90 s", "10 min", "2 h", "3 h 6 min"]);
    }

    #[tokio::test]
    async fn a_read_does_not_wait_for_hours() {
        let mut tries = 0;
        let read = || {
            tries += 1;
            let after_ms = Some(7_200_000);
            let error = TargetError::new(Failure::Throttled { after_ms }, "429");
            std::future::ready(Err::<(), _>(error))
        };
        assert!(retry_read(read).await.is_err());
        assert_eq!(tries, 1);
    }
}
