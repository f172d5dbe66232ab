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
