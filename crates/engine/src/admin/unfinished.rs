//! What has not arrived at the target although nobody decided so.

use usher_core::model::{ChannelId, ConnectionId, Millis};
use usher_store::{ChannelCounts, WaitingSteps};

use super::Admin;
use crate::error::EngineError;

/// Shorter pauses are how a limit of the target is kept, and shorter waits how a passing fault is borne,
/// milliseconds.
const LONG_PAUSE_MS: i64 = 60_000;

/// A step that failed so often does not wait for a moment only.
const MANY_ATTEMPTS: u32 = 3;

/// Which of the steps that wait are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// All: nobody sends any more.
    All,
    /// Those that do not wait for a moment only: somebody may be sending.
    Lasting,
}

/// One person whose entry is odd is no news; so many are, when they are a tenth of the scope.
const MANY: u64 = 3;
const SHARE: u64 = 10;

impl Admin {
    /// Why not everything arrived, in words for a person and for monitoring: steps that failed and wait,
    /// a target that is left alone, people who cannot be mapped.
    pub(super) async fn unfinished(
        &self,
        target: &ConnectionId,
        channel: &ChannelId,
        told: Told,
        counts: &ChannelCounts,
    ) -> Result<Vec<String>, EngineError> {
        let now = self.engine.clock.now();
        let store = &self.engine.store;
        let waiting = store.waiting(channel, now, MANY_ATTEMPTS, LONG_PAUSE_MS);
        let waiting = waiting.await?;
        let mut remarks = Vec::new();
        let pause = store.pause(target).await?;
        let pause = pause.filter(|pause| pause.until - now > LONG_PAUSE_MS);
        if let Some(pause) = pause {
            let why = if pause.told {
                "the target asked to be left alone"
            } else {
                "the target fails, so it is left alone"
            };
            let beside = match waiting.put_back {
                0 => String::new(),
                put_back => format!("; {} for it", wait(put_back)),
            };
            remarks.push(format!("{why} for {}{beside}", distance(pause.until - now)));
        } else if told == Told::All && waiting.put_back > 0 {
            remarks.push(format!(
                "{} for the target, which was left alone for a moment",
                wait(waiting.put_back)
            ));
        }
        let failed = told == Told::All || waiting.lasting > 0;
        if failed && waiting.failed > 0 {
            remarks.push(failed_words(&waiting, now));
        }
        remarks.extend(unmapped(counts));
        Ok(remarks)
    }
}

fn wait(steps: u64) -> String {
    match steps {
        1 => "1 step waits".to_owned(),
        _ => format!("{steps} steps wait"),
    }
}

/// Steps that failed and are tried again, with the one that is next as an example.
fn failed_words(waiting: &WaitingSteps, now: Millis) -> String {
    let (next, example) = match &waiting.next {
        Some((at, reason)) if *at > now => (format!("in {}", distance(at - now)), reason.as_str()),
        Some((_, reason)) => ("now".to_owned(), reason.as_str()),
        None => ("soon".to_owned(), ""),
    };
    let such_as = if example.is_empty() {
        String::new()
    } else {
        format!("; such as: {example}")
    };
    let failed = waiting.failed;
    let steps = if failed == 1 { "step" } else { "steps" };
    format!("{failed} {steps} failed and will be tried again, the next {next}{such_as}")
}

/// Many people whose entries cannot be mapped are no oddities.
fn unmapped(counts: &ChannelCounts) -> Option<String> {
    let people = counts
        .verdicts
        .iter()
        .filter(|(name, _)| name.starts_with("user."));
    let people: u64 = people.map(|(_, count)| count).sum();
    let invalid = counts.verdicts.get("user.invalid").copied().unwrap_or(0);
    (invalid >= MANY && invalid * SHARE >= people).then(|| {
        format!(
            "{invalid} of {people} people in scope cannot be mapped: `usher links --verdict invalid` says why"
        )
    })
}

/// A length of time in whole units, rounded up.
fn distance(ms: i64) -> String {
    let seconds = (ms.max(0) + 999) / 1000;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!(
            "{} min",
            seconds.div_euclid(60) + i64::from(seconds % 60 > 0)
        ),
        _ => format!(
            "{} h",
            seconds.div_euclid(3_600) + i64::from(seconds % 3_600 > 0)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(invalid: u64, good: u64) -> ChannelCounts {
        ChannelCounts {
            verdicts: [
                ("user.invalid".to_owned(), invalid),
                ("user.unchanged".to_owned(), good),
                ("group.unchanged".to_owned(), 1_000),
            ]
            .into(),
            ..ChannelCounts::default()
        }
    }

    #[test]
    fn a_few_odd_entries_are_no_alarm_and_a_tenth_of_the_scope_is() {
        assert_eq!(unmapped(&counts(2, 1)), None);
        assert_eq!(unmapped(&counts(9, 91)), None);
        assert!(unmapped(&counts(10, 90)).is_some());
        let all = unmapped(&counts(60, 0)).unwrap_or_default();
        assert!(all.contains("60 of 60"), "{all}");
    }

    #[test]
    fn distances_are_whole_and_never_too_short() {
        let cases = [
            (1, "1 s"),
            (119_000, "119 s"),
            (120_001, "3 min"),
            (3_600_000, "60 min"),
        ];
        for (ms, words) in cases {
            assert_eq!(distance(ms), words);
        }
        assert_eq!(distance(7_200_000), "2 h");
        assert_eq!(distance(-5), "0 s");
    }
}
