//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

use std::time::Duration;

/// No service is waited for longer than this at its word.
const MOST: Duration = Duration::from_hours(24);

/// How long the service asks to wait. A date is measured against the reply's own `Date`, so that this machine's clock does not
/// matter; without one it says nothing. Never more than a day.
pub fn retry_after(value: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let value = value?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        let usable = seconds.is_finite() && seconds >= 0.0;
        return usable.then(|| Duration::from_secs_f64(seconds.ceil().min(MOST.as_secs_f64())));
    }
    let then = http_date(value)?;
    let now = http_date(date?)?;
    Some(Duration::from_secs(u64::try_from(then - now).unwrap_or(0)).min(MOST))
}

/// Seconds since 1970 of an HTTP date in any of its three forms (RFC 9110 §5.6.7).
fn http_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text
        .split([' ', ',', '-'])
        .filter(|word| !word.is_empty())
        .collect();
    // "Sun 06 Nov 1994 08:49:37 GMT", "Sunday 06 Nov 94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994"
    let (day, month, year, time) = match words.as_slice() {
        [_, day, month, year, time, "GMT"] if !day.starts_with(char::is_alphabetic) => {
            (day, month, year, time)
        }
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = names.iter().position(|name| name == month)? as i64 + 1;
    let day: i64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let year: i64 = year.parse().ok().filter(|year| (0..=9999).contains(year))?;
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    };
    let clock: Vec<i64> = time
        .split(':')
        .map_while(|part| part.parse().ok())
        .collect();
    let [hour, minute, second] = clock.as_slice() else {
        return None;
    };
    let within = (0..24).contains(hour) && (0..60).contains(minute) && (0..=60).contains(second);
    within.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day at the end of a year.
    let y = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_date_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(http_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date("Thu, 29 Feb 2024 00:00:00 GMT"),
            Some(1_709_164_800)
        );
    }

    #[test]
    fn a_date_is_measured_against_the_date_of_the_reply() {
        let wait = retry_after(
            Some("Sun, 06 Nov 1994 08:50:37 GMT"),
            Some("Sun, 06 Nov 1994 08:49:37 GMT"),
        );
        assert_eq!(wait, Some(Duration::from_mins(1)));
        let past = retry_after(
            Some("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some("Sun, 06 Nov 1994 08:50:37 GMT"),
        );
        assert_eq!(past, Some(Duration::ZERO));
        assert_eq!(
            retry_after(Some("Sun, 06 Nov 1994 08:50:37 GMT"), None),
            None
        );
    }

    #[test]
    fn seconds_are_bounded_and_nonsense_says_nothing() {
        assert_eq!(retry_after(Some(" 7 "), None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(Some("0.4"), None), Some(Duration::from_secs(1)));
        assert_eq!(retry_after(Some("99999999999"), None), Some(MOST));
        for bad in [
            "-1",
            "soon",
            "",
            "NaN",
            "inf",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(
                retry_after(Some(bad), Some("Sun, 06 Nov 1994 08:49:37 GMT")),
                None,
                "{bad}"
            );
        }
    }
}
