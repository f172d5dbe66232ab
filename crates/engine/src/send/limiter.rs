//! The steady limit, the width and the pauses of one target, shared by everything that is sent to it.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

/// No wait is longer without a look at whether sending was stopped.
const SLICE: Duration = Duration::from_millis(200);

/// Lets requests through at a steady rate, and nobody while the target asked for a pause.
pub(super) struct Limiter {
    rate: Option<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>,
    slots: Semaphore,
    paused_until: Mutex<Option<Instant>>,
    closed: AtomicBool,
}

impl Limiter {
    /// `per_second` requests; 0 or less = no limit. At most `width` steps are sent at once.
    pub(super) fn new(per_second: f64, width: usize) -> Self {
        let rate = if per_second > 0.0 {
            Quota::with_period(Duration::from_secs_f64(1.0 / per_second)).map(|quota| {
                let burst = NonZeroU32::new(per_second.ceil() as u32).unwrap_or(NonZeroU32::MIN);
                RateLimiter::direct(quota.allow_burst(burst))
            })
        } else {
            None
        };
        Self {
            rate,
            slots: Semaphore::new(width),
            paused_until: Mutex::new(None),
            closed: AtomicBool::new(false),
        }
    }

    /// Nothing is sent for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        if let Ok(mut paused) = self.paused_until.lock()
            && paused.is_none_or(|before| before < until)
        {
            *paused = Some(until);
        }
    }

    /// Whether nothing is sent now.
    pub(super) fn is_paused(&self) -> bool {
        self.pause_left().is_some()
    }

    fn pause_left(&self) -> Option<Duration> {
        let paused = self.paused_until.lock().ok().and_then(|paused| *paused)?;
        paused.checked_duration_since(Instant::now())
    }

    /// Nobody gets a turn any more: a person, or the engine itself, stopped sending.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.slots.close();
    }

    /// Waits until fewer steps than the width are under way; `None` when nothing is sent any more.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }

    /// Waits for a turn; false when there will be none.
    pub(super) async fn turn(&self) -> bool {
        loop {
            if self.closed.load(Ordering::SeqCst) {
                return false;
            }
            if let Some(left) = self.pause_left() {
                tokio::time::sleep(left.min(SLICE)).await;
                continue;
            }
            let Some(rate) = &self.rate else { return true };
            match rate.check() {
                Ok(()) => return true,
                Err(busy) => {
                    let now = governor::clock::Clock::now(&DefaultClock::default());
                    tokio::time::sleep(busy.wait_time_from(now).min(SLICE)).await;
                }
            }
        }
    }
}
