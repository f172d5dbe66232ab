//! Points in time, for people.

use jiff::Timestamp;
use usher_core::model::Millis;

/// `2026-11-24 05:12:09 UTC`.
pub(crate) fn when(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(
        |_| format!("{at} ms after 1970"),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// `4.2 s ago`, `in 3 min 20 s`.
pub(crate) fn ago(at: Millis, now: Millis) -> String {
    if at > now {
        format!("in {}", super::duration(at - now))
    } else {
        format!("{} ago", super::duration(now - at))
    }
}

#[cfg(test)]
mod tests {
    use super::{ago, when};

    #[test]
    fn times_are_utc_and_distances_have_a_direction() {
        assert_eq!(when(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(ago(1_000, 5_200), "4.2 s ago");
        assert_eq!(ago(5_200, 1_000), "in 4.2 s");
    }
}
