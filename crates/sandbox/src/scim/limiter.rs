//! The rate limit (row 40): a token bucket on the sandbox's clock.

use jiff::Timestamp;

use super::knobs::RateLimit;

#[derive(Debug, Default)]
pub(crate) struct Limiter {
    tokens: f64,
    last: Option<Timestamp>,
}

impl Limiter {
    /// Takes a token. `Some(seconds)` means refused: that long until one is there.
    pub(crate) fn take(&mut self, limit: &RateLimit, now: Timestamp) -> Option<u64> {
        if limit.per_second == 0 {
            self.last = None;
            return None;
        }
        let rate = f64::from(limit.per_second);
        let size = if limit.burst == 0 {
            rate
        } else {
            f64::from(limit.burst)
        };
        let gained = match self.last {
            None => size,
            Some(last) => now.duration_since(last).as_secs_f64().max(0.0) * rate,
        };
        self.tokens = (self.tokens.max(0.0) + gained).min(size);
        self.last = Some(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(((1.0 - self.tokens) / rate).ceil().max(1.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_counts() {
        let limit = RateLimit {
            per_second: 2,
            burst: 3,
            ..RateLimit::default()
        };
        let mut limiter = Limiter::default();
        let at = |ms: i64| Timestamp::from_millisecond(1_000_000 + ms).unwrap();
        let passed = (0..5)
            .filter(|_| limiter.take(&limit, at(0)).is_none())
            .count();
        assert_eq!(passed, 3);
        assert_eq!(limiter.take(&limit, at(400)), Some(1));
        assert_eq!(limiter.take(&limit, at(900)), None);
    }
}
