//! The steady limit and the pauses of one target, shared by everything that is asked of it: every
//! send and every read, for as long as the engine lives.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use usher_connector::{Failure, TargetError};
use usher_core::descriptor::Capabilities;
use usher_core::model::{ConnectionId, Millis, SpConnection};
use usher_store::TargetPause;

use super::backoff::{LONGEST_TOLD_MS, own_pause_ms, words};
use crate::clock::Clock;

/// A pause is looked at again after so long: it may have been lifted, or made longer.
const SLICE: Duration = Duration::from_millis(200);

/// The slowest steady rate, requests per second.
const SLOWEST: f64 = 0.01;

/// The limiters of all targets that this engine works with.
#[derive(Default)]
pub struct Limiters(Mutex<HashMap<ConnectionId, Arc<Limiter>>>);

impl Limiters {
    /// The limiter of an SP connection. Its rate is the strictest of its channels; another rate than
    /// before takes effect at once, and pauses outlast the change.
    pub(crate) fn of(
        &self,
        sp: &SpConnection,
        capabilities: &Capabilities,
        clock: &Arc<dyn Clock>,
    ) -> Arc<Limiter> {
        let per_second = rate(sp, capabilities);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = all
            .entry(sp.id.clone())
            .or_insert_with(|| Arc::new(Limiter::new(per_second, clock.clone())));
        limiter.set_rate(per_second);
        limiter.clone()
    }
}

/// Requests per second to an SP connection's target; 0 = no limit.
fn rate(sp: &SpConnection, capabilities: &Capabilities) -> f64 {
    let of_channels = sp.channels.iter().map(|channel| {
        let wanted = channel.policy.load.requests_per_second;
        wanted.unwrap_or(capabilities.requests_per_second)
    });
    let strictest = of_channels.filter(|rate| *rate > 0.0).reduce(f64::min);
    strictest.unwrap_or(0.0)
}

/// Why nothing is asked of the target now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// For how long.
    pub(crate) left: Duration,
    /// The target asked for it; otherwise it only fails.
    pub(crate) told: bool,
}

impl Pause {
    /// In words.
    pub(crate) fn reason(self) -> String {
        let left = words(self.left);
        if self.told {
            format!("the target asked to be left alone for another {left}")
        } else {
            format!("the target fails or does not answer; it is left alone for another {left}")
        }
    }
}

impl From<Pause> for TargetError {
    fn from(pause: Pause) -> Self {
        let after_ms = Some(pause.left.as_millis() as u64);
        Self::new(Failure::Throttled { after_ms }, pause.reason())
    }
}

/// The end of a pause, by both clocks: it is over when either says so. One that was set back must not
/// hold a target for hours, and one does not go on while the machine sleeps.
#[derive(Clone, Copy)]
struct Until {
    at: Millis,
    instant: Instant,
}

impl Until {
    fn left(self, now: Millis) -> Option<Duration> {
        let by_clock = u64::try_from(self.at - now).ok().filter(|ms| *ms > 0)?;
        let by_instant = self.instant.checked_duration_since(Instant::now())?;
        Some(by_instant.min(Duration::from_millis(by_clock)))
    }
}

#[derive(Default)]
struct Pauses {
    /// Asked for by the target.
    told: Option<Until>,
    /// Made by ourselves, because the target fails.
    own: Option<Until>,
    /// Pauses of our own in a row, without a success between them.
    in_a_row: u32,
    /// The store was asked for a pause from before.
    is_recalled: bool,
    /// What the store has.
    kept: Option<TargetPause>,
}

struct Rate {
    per_second: f64,
    limit: Option<Arc<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>>,
}

impl Rate {
    fn of(per_second: f64) -> Self {
        // A state may hold numbers that nobody could save now: the target is asked slowly then, and the sender lives.
        let seconds = 1.0 / per_second.max(SLOWEST);
        let quota = (per_second > 0.0)
            .then(|| Quota::with_period(Duration::from_secs_f64(seconds)))
            .flatten();
        let limit = quota.map(|quota| {
            let burst = NonZeroU32::new(per_second.ceil() as u32).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(quota.allow_burst(burst)))
        });
        Self { per_second, limit }
    }
}

/// Lets requests through at a steady rate, and nobody while the target is left alone.
pub(crate) struct Limiter {
    clock: Arc<dyn Clock>,
    rate: Mutex<Rate>,
    pauses: Mutex<Pauses>,
}

impl Limiter {
    /// `per_second` requests; 0 or less = no limit.
    fn new(per_second: f64, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            rate: Mutex::new(Rate::of(per_second)),
            pauses: Mutex::default(),
        }
    }

    fn set_rate(&self, per_second: f64) {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        if rate.per_second.to_bits() != per_second.to_bits() {
            *rate = Rate::of(per_second);
        }
    }

    /// Requests per second; 0 = no limit.
    pub(super) fn per_second(&self) -> f64 {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.per_second.max(0.0)
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, ms: u64) -> Until {
        Until {
            at: self.clock.now().saturating_add_unsigned(ms),
            instant: Instant::now() + Duration::from_millis(ms),
        }
    }

    /// The pause that a reply asks for, if it does. Told is believed as a whole, and goes before
    /// whatever we made up.
    pub(crate) fn note(&self, error: &TargetError) {
        match error.failure {
            Failure::Throttled { after_ms: Some(ms) } | Failure::Retry { after_ms: Some(ms) }
                if ms > 0 =>
            {
                let until = self.until(ms.min(LONGEST_TOLD_MS));
                let mut pauses = self.pauses();
                if pauses.told.is_none_or(|before| before.at < until.at) {
                    pauses.told = Some(until);
                }
            }
            Failure::Throttled { .. } => self.pause(),
            Failure::Retry { .. }
            | Failure::AlreadyDone
            | Failure::Refused { .. }
            | Failure::Replan { .. }
            | Failure::Unknown
            | Failure::StopTarget => {}
        }
    }

    /// Leaves the target alone for a while of our own; longer with every time in a row.
    pub(super) fn pause(&self) {
        if self.paused().is_some() {
            return;
        }
        let mut pauses = self.pauses();
        pauses.own = Some(self.until(own_pause_ms(pauses.in_a_row)));
        pauses.in_a_row = pauses.in_a_row.saturating_add(1);
    }

    /// Something was carried out.
    pub(super) fn well(&self) {
        self.pauses().in_a_row = 0;
    }

    /// It was not the target's fault: what we made up is over.
    pub(super) fn lift(&self) {
        let mut pauses = self.pauses();
        pauses.own = None;
        pauses.in_a_row = 0;
    }

    /// Pauses of our own in a row.
    pub(super) fn in_a_row(&self) -> u32 {
        self.pauses().in_a_row
    }

    /// The pause that holds now.
    pub(crate) fn paused(&self) -> Option<Pause> {
        let now = self.clock.now();
        let pauses = self.pauses();
        let left = |until: Option<Until>| until.and_then(|until| until.left(now));
        match (left(pauses.told), left(pauses.own)) {
            (None, None) => None,
            (told, own) if told >= own => told.map(|left| Pause { left, told: true }),
            (_, own) => own.map(|left| Pause { left, told: false }),
        }
    }

    /// Whether the pause that was kept before this process began was taken up.
    pub(super) fn has_recalled(&self) -> bool {
        self.pauses().is_recalled
    }

    /// Takes up the pause that was kept before this process began, unless a longer one holds.
    pub(super) fn recall(&self, kept: Option<TargetPause>) {
        let until = kept.and_then(|pause| {
            let left = u64::try_from(pause.until - self.clock.now()).ok()?;
            Some(self.until(left.min(LONGEST_TOLD_MS)))
        });
        let mut pauses = self.pauses();
        pauses.is_recalled = true;
        pauses.kept = kept;
        let Some((until, kept)) = until.zip(kept) else {
            return;
        };
        let place = if kept.told {
            &mut pauses.told
        } else {
            &mut pauses.own
        };
        if place.is_none_or(|before| before.at < until.at) {
            *place = Some(until);
        }
    }

    /// The pause that holds now, where the store has another one.
    pub(super) fn to_keep(&self) -> Option<TargetPause> {
        let pause = self.paused()?;
        let pauses = self.pauses();
        let until = if pause.told { pauses.told } else { pauses.own };
        let pause = TargetPause {
            until: until?.at,
            told: pause.told,
        };
        (pauses.kept != Some(pause)).then_some(pause)
    }

    /// The store has this pause now.
    pub(super) fn kept(&self, pause: TargetPause) {
        self.pauses().kept = Some(pause);
    }

    /// Waits for a turn; an error when the target is to be left alone for longer than the patience.
    pub(crate) async fn turn(&self, patience: Duration) -> Result<(), Pause> {
        let deadline = Instant::now() + patience;
        loop {
            let Some(pause) = self.paused() else {
                match self.rate_wait() {
                    None => return Ok(()),
                    Some(wait) => tokio::time::sleep(wait.min(SLICE)).await,
                }
                continue;
            };
            if pause.left > deadline.saturating_duration_since(Instant::now()) {
                return Err(pause);
            }
            tokio::time::sleep(pause.left.min(SLICE)).await;
        }
    }

    /// A turn for a look at whether the target is well: only what the target itself asked for holds it
    /// back. False when there is none.
    pub(super) async fn turn_to_look(&self) -> bool {
        loop {
            let told = self.pauses().told;
            if told.is_some_and(|until| until.left(self.clock.now()).is_some()) {
                return false;
            }
            match self.rate_wait() {
                None => return true,
                Some(wait) => tokio::time::sleep(wait.min(SLICE)).await,
            }
        }
    }

    /// Takes a turn of the steady rate, or says how long to wait for one.
    fn rate_wait(&self) -> Option<Duration> {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = rate.limit.clone();
        drop(rate);
        let busy = limit?.check().err()?;
        let now = governor::clock::Clock::now(&DefaultClock::default());
        Some(busy.wait_time_from(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn told(ms: u64) -> TargetError {
        let failure = Failure::Throttled { after_ms: Some(ms) };
        TargetError::new(failure, "429")
    }

    fn limiter() -> (Limiter, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(1_790_000_000_000));
        (Limiter::new(0.0, clock.clone()), clock)
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_patience_for_what_the_target_asked() {
        let (limiter, clock) = limiter();
        limiter.note(&told(3 * 3_600_000));
        let pause = limiter.turn(Duration::from_secs(15)).await.unwrap_err();
        assert!(pause.told && pause.left > Duration::from_mins(179));
        assert!(pause.reason().contains("3 h"), "{}", pause.reason());
        assert!(!limiter.turn_to_look().await);
        clock.advance(3 * 3_600_000);
        limiter.turn(Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn what_the_target_asked_goes_before_a_pause_of_our_own() {
        let (limiter, _) = limiter();
        limiter.pause();
        assert!(limiter.paused().is_some_and(|pause| !pause.told));
        assert!(limiter.turn_to_look().await);
        limiter.note(&told(60_000));
        limiter.lift();
        assert!(limiter.paused().is_some_and(|pause| pause.told));
    }

    #[test]
    fn a_pause_is_kept_once_and_taken_up_by_the_next_process() {
        for told in [true, false] {
            let (before, clock) = limiter();
            before.recall(None);
            assert_eq!(before.to_keep(), None);
            if told {
                before.note(&self::told(3_600_000));
            } else {
                before.pause();
            }
            let kept = before.to_keep().expect("a pause");
            before.kept(kept);
            assert_eq!(before.to_keep(), None, "it is kept already");
            let after = Limiter::new(0.0, clock.clone());
            after.recall(Some(kept));
            assert!(after.paused().is_some_and(|pause| pause.told == told));
            assert_eq!(after.to_keep(), None);
            clock.advance(3_600_000);
            let late = Limiter::new(0.0, clock);
            late.recall(Some(kept));
            assert_eq!(late.paused(), None, "it is over");
        }
    }

    #[test]
    fn a_rate_that_cannot_be_meant_is_slow_and_nothing_worse() {
        let (limiter, _) = limiter();
        for rate in [1e-300, f64::MIN_POSITIVE] {
            limiter.set_rate(0.0);
            limiter.set_rate(rate);
            assert_eq!(limiter.rate_wait(), None);
            let wait = limiter.rate_wait().expect("one in a hundred seconds");
            assert!(wait <= Duration::from_secs(100), "{wait:?}");
        }
    }

    #[test]
    fn another_rate_takes_effect_and_pauses_outlast_it() {
        let (limiter, _) = limiter();
        limiter.note(&told(60_000));
        limiter.set_rate(1.0);
        assert!(limiter.paused().is_some());
        assert_eq!(limiter.rate_wait(), None);
        assert!(limiter.rate_wait().is_some(), "one per second");
        limiter.set_rate(1.0);
        assert!(limiter.rate_wait().is_some(), "the same rate goes on");
        limiter.set_rate(0.0);
        assert_eq!(limiter.rate_wait(), None);
    }
}
