//! When to try again.

use std::future::Future;
use std::time::Duration;

use usher_connector::{Failure, TargetError};

/// The first wait; doubled with every attempt.
const FIRST_MS: u64 = 1_000;
/// No wait is longer.
const LONGEST_MS: u64 = 300_000;
/// A target's own word is believed up to here.
const LONGEST_TOLD_MS: u64 = 3_600_000;
/// A whole target is left alone for no longer, if it said so.
const LONGEST_PAUSE_MS: u64 = 600_000;
/// A whole target that said nothing is left alone for no longer.
const LONGEST_OWN_PAUSE_MS: u64 = 30_000;
/// Tries of an idempotent read.
const READ_TRIES: u32 = 5;

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

/// Milliseconds for which the whole target is left alone: what it said, or more with every pause.
pub(super) fn pause_ms(told: Option<u64>, pauses: u32) -> u64 {
    match told {
        Some(ms) => ms.min(LONGEST_PAUSE_MS),
        None => wait_ms(pauses, None, 0).min(LONGEST_OWN_PAUSE_MS),
    }
}

/// Repeats an idempotent read of the target while it fails in a passing way.
pub(crate) async fn retry_read<T, F, Fut>(mut read: F) -> Result<T, TargetError>
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
        if attempt >= READ_TRIES {
            return Err(error);
        }
        let wait = wait_ms(attempt - 1, told.map(|ms| ms.min(30_000)), 0).max(50);
        tokio::time::sleep(Duration::from_millis(wait / 2)).await;
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
        assert_eq!(wait_ms(9, Some(7_000), 5), 7_000);
        assert_eq!(wait_ms(0, Some(u64::MAX), 5), LONGEST_TOLD_MS);
    }
}
