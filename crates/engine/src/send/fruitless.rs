//! Answers that only put steps back, one after another.

use std::time::{Duration, Instant};

use super::attempt::{Blame, Ended};
use super::fly::Finish;

/// So few in a row are how a limit of the target is met.
const FEW: u32 = 5;

/// Attempts since the last one that came to something.
#[derive(Default)]
pub(super) struct Fruitless {
    since: Option<Instant>,
    attempts: u32,
}

impl Fruitless {
    /// Takes note of an end. Returns why sending ends, in words, when the target let nothing through for longer
    /// than the patience, although it asked for short pauses only: each of them alone is worth waiting for, and
    /// without end they are not.
    pub(super) fn note(&mut self, one: &Finish, patience: Duration) -> Option<String> {
        let Ended::Again {
            blame: Blame::Pause,
            reason,
            ..
        } = &one.ended
        else {
            *self = Self::default();
            return None;
        };
        self.attempts += 1;
        let since = self.since.get_or_insert_with(Instant::now);
        (self.attempts >= FEW && since.elapsed() >= patience).then(|| {
            format!(
                "the target put off the last {} attempts, and none came to anything; the last was `{}` for {} ({reason})",
                self.attempts,
                one.step.verb().as_str(),
                one.subject.dn
            )
        })
    }
}
