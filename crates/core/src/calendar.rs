//! Dates of the calendar.

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, before which days are negative: the
/// proleptic Gregorian calendar, UTC.
pub fn civil(days: i64) -> (i64, i64, i64) {
    // In years that begin in March the leap day is the last. 719468 days lie between 0000-03-01 and 1970-01-01; 146097 days make 400 years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day of a date written `YYYY-MM-DD`, counted from 1970-01-01; `None` for what is no date.
pub fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok()).flatten()
    };
    let date = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = date;
    // In years that begin in March the leap day is the last.
    let (year, shifted) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    (civil(days) == date).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::{civil, day};

    #[test]
    fn a_date_is_read_back_and_what_is_none_is_refused() {
        for days in [-719_468, -1, 0, 59, 11_016, 19_782, 20_783, 47_540] {
            let (year, month, of_month) = civil(days);
            assert_eq!(
                day(&format!("{year:04}-{month:02}-{of_month:02}")),
                Some(days)
            );
        }
        for none in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "26-01-01",
            "2026-1-01",
            "2026-01-01-",
            "2026-01-0x",
        ] {
            assert_eq!(day(none), None, "{none}");
        }
    }
}
