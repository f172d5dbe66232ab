//! Whether trouble is a step's or the whole target's (429, 5xx, failed connections).
//!
//! A failure beside something that succeeds is the step's own. One that stands alone says nothing
//! yet: it waits until something else succeeds, until so many others fail too, or until nothing is
//! under way any more. Then one cheap look at the target decides.

use usher_core::model::StepState;

use super::attempt::{Blame, Ended};
use super::backoff::wait_ms;
use super::fly::Finish;
use super::limiter::Limiter;

/// What is known of the target's health while sending.
#[derive(Default)]
pub(super) struct Health {
    /// Something succeeded, and nothing has failed since.
    well: bool,
    /// Failures that are the target's unless something succeeds beside them.
    suspects: Vec<Finish>,
}

/// So many failures without a success between them are the target's.
const MOST_SUSPECTS: usize = 20;
/// With more failing steps than these a look says less: the target may refuse every change while it can
/// be read.
const FEW: u64 = 3;

/// What a look at the target found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It does not answer as it should.
    Unwell,
    /// It answers, and so many steps wait beside those that failed.
    Well {
        /// Steps to be sent now or later.
        waiting: u64,
    },
}

impl Health {
    /// Takes note of an end. After a failure that may be the target's, it is left alone for a while.
    pub(super) fn note(&mut self, one: &mut Finish, limiter: &Limiter, random: u64) {
        if matches!(one.ended, Ended::Done(_) | Ended::Partly { .. }) {
            self.well = true;
            limiter.well();
        }
        let Ended::Again {
            after_ms, blame, ..
        } = &mut one.ended
        else {
            return;
        };
        if *blame == Blame::Target && self.well {
            self.well = false;
            *blame = Blame::Step;
        }
        if one.step.state == StepState::Unknown {
            return;
        }
        match blame {
            Blame::Step | Blame::Alone | Blame::Many => {}
            Blame::Target => {
                self.well = false;
                limiter.pause();
            }
            Blame::Pause => {
                self.well = false;
                *after_ms = Some(wait(*after_ms, limiter, random));
            }
        }
    }

    /// What can be recorded now: failures wait until it is known whose they are.
    pub(super) fn judged(
        &mut self,
        ready: Vec<Finish>,
        limiter: &Limiter,
        random: u64,
    ) -> Vec<Finish> {
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
            judged.extend(self.settle(Blame::Step, limiter, random));
        } else if self.suspects.len() >= MOST_SUSPECTS {
            judged.extend(self.settle(Blame::Target, limiter, random));
        }
        judged
    }

    /// Whether failures wait to be judged.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Nothing else is under way: what failed is charged to the target, or to the steps when a look
    /// found the target well. Where more than a few are in trouble it is still left alone for a while.
    pub(super) fn rest(&mut self, look: Look, limiter: &Limiter, random: u64) -> Vec<Finish> {
        let whose = match look {
            Look::Unwell => Blame::Target,
            Look::Well { waiting } if waiting + self.suspects.len() as u64 > FEW => Blame::Many,
            Look::Well { .. } => {
                limiter.lift();
                Blame::Alone
            }
        };
        self.settle(whose, limiter, random)
    }

    fn settle(&mut self, whose: Blame, limiter: &Limiter, random: u64) -> Vec<Finish> {
        let mut settled = std::mem::take(&mut self.suspects);
        for one in &mut settled {
            if let Ended::Again {
                after_ms, blame, ..
            } = &mut one.ended
            {
                *blame = whose;
                if whose == Blame::Target {
                    *after_ms = Some(wait(*after_ms, limiter, random));
                }
            }
        }
        settled
    }
}

/// What was told is waited for; what was not told grows with every pause.
fn wait(told: Option<u64>, limiter: &Limiter, random: u64) -> u64 {
    let told = told.filter(|ms| *ms > 0);
    told.unwrap_or_else(|| wait_ms(limiter.in_a_row(), None, random))
}
