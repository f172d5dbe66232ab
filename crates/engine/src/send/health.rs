//! Whether trouble is a step's or the whole target's (429, 5xx, failed connections).

use std::time::Duration;

use usher_core::model::StepState;

use super::attempt::{Blame, Ended};
use super::backoff::{pause_ms, wait_ms};
use super::limiter::Limiter;
use super::run::Finish;

/// What is known of the target's health while sending.
#[derive(Default)]
pub(super) struct Health {
    /// Something succeeded, and nothing has failed since.
    well: bool,
    /// Pauses in a row without a success between them.
    pauses: u32,
    /// Failures that are the target's unless something succeeds beside them.
    suspects: Vec<Finish>,
}

/// So many failures without a success between them are the target's.
const MOST_SUSPECTS: usize = 20;

impl Health {
    /// Takes note of an end. Where others fail too, the target is to blame and is left alone for a
    /// while: its steps wait and none of their attempts count. A failure beside successes is the
    /// step's own.
    pub(super) fn note(&mut self, one: &mut Finish, limiter: &Limiter, random: u64) {
        let Ended::Again {
            after_ms, blame, ..
        } = &mut one.ended
        else {
            if matches!(one.ended, Ended::Done(_) | Ended::Partly { .. }) {
                self.well = true;
                self.pauses = 0;
            }
            return;
        };
        if *blame == Blame::Target && self.well {
            self.well = false;
            *blame = Blame::Step;
        }
        if *blame == Blame::Step || one.step.state == StepState::Unknown {
            return;
        }
        self.well = false;
        // What was told is at least waited for; what was not told grows with every pause.
        let told = after_ms.filter(|ms| *ms > 0);
        if !limiter.is_paused() {
            limiter.pause(Duration::from_millis(pause_ms(told, self.pauses)));
            self.pauses = self.pauses.saturating_add(1);
        }
        *after_ms = Some(told.unwrap_or_else(|| wait_ms(self.pauses, None, random)));
    }

    /// What can be recorded now: failures wait until it is known whose they are.
    pub(super) fn judged(&mut self, ready: Vec<Finish>) -> Vec<Finish> {
        let is_open = |one: &Finish| {
            one.step.state != StepState::Unknown
                && matches!(
                    one.ended,
                    Ended::Again {
                        blame: Blame::Target,
                        ..
                    }
                )
        };
        let (open, mut judged): (Vec<Finish>, Vec<Finish>) = ready.into_iter().partition(is_open);
        self.suspects.extend(open);
        if self.well {
            for mut one in std::mem::take(&mut self.suspects) {
                if let Ended::Again { blame, .. } = &mut one.ended {
                    *blame = Blame::Step;
                }
                judged.push(one);
            }
        } else if self.suspects.len() >= MOST_SUSPECTS {
            judged.append(&mut self.suspects);
        }
        judged
    }

    /// Nothing else is under way: what failed alone is the target's.
    pub(super) fn rest(&mut self) -> Vec<Finish> {
        std::mem::take(&mut self.suspects)
    }
}
