//! The steady limit and the pauses of one target, shared by everything that is sent to it.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// Lets requests through at a steady rate, and nobody while the target asked for a pause.
pub(super) struct Limiter {
    rate: Option<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>,
    paused_until: Mutex<Option<Instant>>,
}

impl Limiter {
    /// `per_second` requests; 0 or less = no limit.
    pub(super) fn new(per_second: f64) -> Self {
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
            paused_until: Mutex::new(None),
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

    fn pause_left(&self) -> Option<Duration> {
        let paused = self.paused_until.lock().ok().and_then(|paused| *paused)?;
        paused.checked_duration_since(Instant::now())
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        loop {
            while let Some(left) = self.pause_left() {
                tokio::time::sleep(left).await;
            }
            let Some(rate) = &self.rate else { return };
            match rate.check() {
                Ok(()) => return,
                Err(busy) => {
                    let now = governor::clock::Clock::now(&DefaultClock::default());
                    tokio::time::sleep(busy.wait_time_from(now)).await;
                }
            }
        }
    }
}
