//! Where the sandbox gets the time from.

use std::sync::Arc;

use jiff::Timestamp;

/// Source of the present moment. Time stamps, key expiry, the rate limit and every delay that is
/// counted in time stamps come from here; real waiting (service time, delay faults) does not.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

impl<F> Clock for F
where
    F: Fn() -> Timestamp + Send + Sync + 'static,
{
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of the machine.
#[allow(clippy::disallowed_methods)] // The one default place; everything else takes a `Clock`.
pub fn system_clock() -> Arc<dyn Clock> {
    Arc::new(Timestamp::now)
}

/// RFC 3339 in UTC with at most six fraction digits and no trailing zeros (row 46).
pub(crate) fn print_time(at: Timestamp) -> String {
    let micros = at.as_microsecond();
    Timestamp::from_microsecond(micros)
        .unwrap_or(at)
        .to_string()
}
