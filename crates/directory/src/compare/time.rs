//! GeneralizedTime (RFC 4517 §3.3.13) and Windows FILETIME, to and from milliseconds since 1970 in UTC.

use crate::escape::found_at;

/// A text that is not a GeneralizedTime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time, position {position}: expected {expected}, found {found}")]
pub struct TimeError {
    /// Byte offset in the text, from 0.
    pub position: usize,
    /// What would have been right there.
    pub expected: &'static str,
    /// What stood there.
    pub found: String,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads `YYYYMMDDhh[mm[ss]][(.|,)fraction](Z|±hh[mm])`, such as `20240229120000Z`, `20240229120000.0Z` or
/// `202402291300+0100`. Gives milliseconds since 1970-01-01T00:00:00Z; finer fractions are cut off. A
/// fraction belongs to the last unit written (RFC 4517: half an hour is `2024022912.5Z`). A leap second
/// (`60`) counts as the first second of the next minute.
///
/// # Errors
/// The first place that is not as above, dates that do not exist included.
pub fn generalized_time_to_unix_ms(text: &str) -> Result<i64, TimeError> {
    let mut reader = Reader { text, pos: 0 };
    let year = reader.number(4, 0, 9999, "a year of four digits")?;
    let month = reader.number(2, 1, 12, "a month from 01 to 12")?;
    let last_day = days_in_month(year, month);
    let day = reader.number(2, 1, last_day, "a day that this month has")?;
    let mut ms = days_from_civil(year, month, day) * DAY;
    ms += reader.number(2, 0, 23, "an hour from 00 to 23")? * HOUR;
    let mut unit = HOUR;
    if reader.at_digit() {
        ms += reader.number(2, 0, 59, "a minute from 00 to 59")? * MINUTE;
        unit = MINUTE;
        if reader.at_digit() {
            ms += reader.number(2, 0, 60, "a second from 00 to 60")? * 1000;
            unit = 1000;
        }
    }
    ms += reader.fraction(unit)?;
    ms -= reader.offset()?;
    if reader.pos < text.len() {
        return Err(reader.error("the end of the time"));
    }
    Ok(ms)
}

/// Prints `YYYYMMDDhhmmssZ`, with a fraction of three digits where there are milliseconds. Times outside
/// the years 0000 to 9999 become the nearest one that can be written.
pub fn unix_ms_to_generalized_time(unix_ms: i64) -> String {
    let (seconds, ms) = print_seconds(unix_ms);
    if ms == 0 {
        format!("{seconds}Z")
    } else {
        format!("{seconds}.{ms:03}Z")
    }
}

/// Prints `YYYYMMDDhhmmss.0Z`, the only form that Active Directory accepts in filters. Milliseconds are cut
/// off, so that `>=` with the result never misses an entry.
pub fn unix_ms_to_ad_time(unix_ms: i64) -> String {
    format!("{}.0Z", print_seconds(unix_ms).0)
}

/// 100-nanosecond ticks between 1601-01-01 and 1970-01-01.
const FILETIME_EPOCH: i64 = 116_444_736_000_000_000;

/// A Windows FILETIME (100-nanosecond ticks since 1601-01-01 UTC, as in `pwdLastSet` or `accountExpires`) in
/// milliseconds since 1970. `None` for 0, for the greatest value (both mean "never" or "not set") and for
/// negative numbers (durations in Active Directory).
pub fn filetime_to_unix_ms(ticks: i64) -> Option<i64> {
    if ticks <= 0 || ticks == i64::MAX {
        return None;
    }
    Some((ticks - FILETIME_EPOCH).div_euclid(10_000))
}

/// The reverse of [`filetime_to_unix_ms`]. `None` before 1601 and where the ticks would not fit.
pub fn unix_ms_to_filetime(unix_ms: i64) -> Option<i64> {
    unix_ms
        .checked_mul(10_000)?
        .checked_add(FILETIME_EPOCH)
        .filter(|t| *t > 0 && *t < i64::MAX)
}

fn print_seconds(unix_ms: i64) -> (String, i64) {
    let first = days_from_civil(0, 1, 1) * DAY;
    let last = days_from_civil(10_000, 1, 1) * DAY - 1;
    let clamped = unix_ms.clamp(first, last);
    let (year, month, day) = civil_from_days(clamped.div_euclid(DAY));
    let in_day = clamped.rem_euclid(DAY);
    let (h, m, s) = (
        in_day / HOUR,
        in_day % HOUR / MINUTE,
        in_day % MINUTE / 1000,
    );
    (
        format!("{year:04}{month:02}{day:02}{h:02}{m:02}{s:02}"),
        in_day % 1000,
    )
}

// Proleptic Gregorian calendar, counted in years that begin in March so that the leap day is the last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let year_of_era = y.rem_euclid(400);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let in_era = shifted.rem_euclid(146_097);
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * in_year + 2) / 153;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, in_year - (153 * shifted_month + 2) / 5 + 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn at_digit(&self) -> bool {
        self.peek().is_some_and(|b| b.is_ascii_digit())
    }

    fn error(&self, expected: &'static str) -> TimeError {
        TimeError {
            position: self.pos,
            expected,
            found: found_at(self.text, self.pos),
        }
    }

    fn digit(&mut self) -> Option<i64> {
        let digit = self.peek().filter(u8::is_ascii_digit)?;
        self.pos += 1;
        Some(i64::from(digit - b'0'))
    }

    fn number(
        &mut self,
        digits: usize,
        min: i64,
        max: i64,
        expected: &'static str,
    ) -> Result<i64, TimeError> {
        let start = self.pos;
        let mut value = 0;
        for _ in 0..digits {
            value = value * 10 + self.digit().ok_or_else(|| self.error(expected))?;
        }
        if value < min || value > max {
            return Err(TimeError {
                position: start,
                expected,
                found: format!("{value:0digits$}"),
            });
        }
        Ok(value)
    }

    fn fraction(&mut self, unit: i64) -> Result<i64, TimeError> {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return Ok(0);
        }
        self.pos += 1;
        if !self.at_digit() {
            return Err(self.error("at least one digit of a fraction"));
        }
        // Nine digits of an hour are microseconds: the rest cannot change a millisecond.
        let (mut numerator, mut denominator) = (0_i64, 1_i64);
        while let Some(digit) = self.digit() {
            if denominator < 1_000_000_000 {
                numerator = numerator * 10 + digit;
                denominator *= 10;
            }
        }
        Ok(numerator * unit / denominator)
    }

    fn offset(&mut self) -> Result<i64, TimeError> {
        const EXPECTED: &str = "`Z` or an offset such as `+0100`";
        let sign = match self.peek() {
            Some(b'Z' | b'z') => 0,
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.error(EXPECTED)),
        };
        self.pos += 1;
        if sign == 0 {
            return Ok(0);
        }
        let hours = self.number(2, 0, 23, EXPECTED)?;
        let minutes = if self.at_digit() {
            self.number(2, 0, 59, EXPECTED)?
        } else {
            0
        };
        Ok(sign * (hours * HOUR + minutes * MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_and_of_active_directory_are_read() {
        for (text, ms) in [
            ("19700101000000Z", 0),
            ("199412161032Z", 787_573_920_000),
            ("199412160532-0500", 787_573_920_000),
            ("20240229120000.0Z", 1_709_208_000_000),
            ("20240229120000,123999Z", 1_709_208_000_123),
            ("2024022912.5Z", 1_709_209_800_000),
            ("202402291230.5Z", 1_709_209_830_000),
            ("20240229130000+01", 1_709_208_000_000),
            ("20161231235960Z", 1_483_228_800_000),
            ("16010101000000.0Z", -11_644_473_600_000),
        ] {
            assert_eq!(generalized_time_to_unix_ms(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_where_and_what_was_expected() {
        for (text, position) in [
            ("", 0),
            ("2024", 4),
            ("20241301000000Z", 4),
            ("20230229000000Z", 6),
            ("2024022924Z", 8),
            ("20240229120000", 14),
            ("20240229120000.Z", 15),
            ("20240229120000Zx", 15),
            ("20240229120000+2460", 15),
            ("２024", 0),
        ] {
            let error = generalized_time_to_unix_ms(text).expect_err(text);
            assert_eq!(error.position, position, "{text}: {error}");
        }
    }

    #[test]
    fn printed_times_are_read_back() {
        for ms in [
            0,
            1,
            -1,
            1_709_208_000_123,
            -62_167_219_200_000,
            253_402_300_799_999,
        ] {
            let text = unix_ms_to_generalized_time(ms);
            assert_eq!(generalized_time_to_unix_ms(&text), Ok(ms), "{text}");
        }
        assert_eq!(
            unix_ms_to_generalized_time(1_709_208_000_000),
            "20240229120000Z"
        );
        assert_eq!(unix_ms_to_ad_time(1_709_208_000_999), "20240229120000.0Z");
        assert_eq!(unix_ms_to_generalized_time(i64::MAX), "99991231235959.999Z");
        assert_eq!(unix_ms_to_generalized_time(i64::MIN), "00000101000000Z");
    }

    #[test]
    fn filetimes_are_converted_and_never_means_none() {
        assert_eq!(filetime_to_unix_ms(FILETIME_EPOCH), Some(0));
        assert_eq!(
            filetime_to_unix_ms(133_536_816_000_000_000),
            Some(1_709_208_000_000)
        );
        assert_eq!(
            unix_ms_to_filetime(1_709_208_000_000),
            Some(133_536_816_000_000_000)
        );
        for never in [0, i64::MAX, -1, i64::MIN] {
            assert_eq!(filetime_to_unix_ms(never), None);
        }
        assert_eq!(unix_ms_to_filetime(i64::MAX), None);
        assert_eq!(unix_ms_to_filetime(-11_644_473_600_001), None);
    }
}
