//! Times as the published shape writes them.

use usher_core::calendar::civil;
use usher_core::model::Millis;

const DAY: i64 = 86_400_000;

/// UTC milliseconds as RFC 3339, such as `2026-11-24T08:00:00.000Z`.
pub fn date(millis: Millis) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (seconds, millis) = (rest / 1_000, rest % 1_000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_507_200_000, "2026-11-24T08:00:00.000Z"),
            (4_107_542_399_007, "2100-02-28T23:59:59.007Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(date(millis), text);
        }
    }
}
