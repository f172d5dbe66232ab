//! Which events, as the address says it.

use serde::Deserialize;
use usher_core::model::{ChannelId, Millis};
use usher_engine::admin::AuditWanted;

use crate::frame::href;
use crate::frame::text::plain;

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) since: String,
    pub(super) until: String,
    pub(super) actor: String,
    pub(super) event: String,
    pub(super) channel: String,
    pub(super) outcome: String,
    pub(super) q: String,
    /// Older than the event with this number.
    pub(super) before: String,
    /// Of an export: `csv` or `jsonl`.
    pub(super) format: String,
    /// Of an export: what was sent, instead of what operators did.
    pub(super) sent: String,
}

impl Wanted {
    /// As the service takes it, or everything that is wrong with it.
    pub(super) fn filter(&self, at_targets: bool) -> Result<AuditWanted, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut time = |label: &str, text: &str| match read_time(text) {
            Ok(at) => at,
            Err(()) => {
                mistakes.push(format!(
                    "{label}: expected a day such as 2026-09-21, or a time such as 2026-09-21 14:30 (UTC), found `{}`",
                    plain(text, 80)
                ));
                None
            }
        };
        let (since, until) = (time("From", &self.since), time("Before", &self.until));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let events = self.event.split([',', ' ']).filter(|name| !name.is_empty());
        Ok(AuditWanted {
            channel: text(&self.channel).map(ChannelId::new),
            actor: text(&self.actor),
            events: events.map(str::to_owned).collect(),
            success: match self.outcome.as_str() {
                "succeeded" => Some(true),
                "failed" => Some(false),
                _ => None,
            },
            since,
            until,
            text: text(&self.q),
            at_targets: Some(at_targets),
        })
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        vec![
            ("since", &self.since),
            ("until", &self.until),
            ("actor", &self.actor),
            ("event", &self.event),
            ("channel", &self.channel),
            ("outcome", &self.outcome),
            ("q", &self.q),
        ]
    }

    /// The page of what is older than that event.
    pub(super) fn at(&self, path: &str, before: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("before", before));
        href(path, &pairs)
    }

    pub(super) fn export(&self, path: &str, at_targets: bool, format: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("sent", if at_targets { "true" } else { "" }));
        pairs.push(("format", format));
        href(path, &pairs)
    }
}

/// A day, or a time of it, in UTC.
fn read_time(text: &str) -> Result<Option<Millis>, ()> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    if text.is_empty() {
        return Ok(None);
    }
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "0:0"));
    let numbers = |text: &str, at: char| -> Option<Vec<i64>> {
        text.trim()
            .split(at)
            .map(|part| part.parse().ok())
            .collect()
    };
    let (Some(day), Some(time)) = (numbers(day, '-'), numbers(time, ':')) else {
        return Err(());
    };
    let (&[year, month, day], [hour, minute, rest @ ..]) = (day.as_slice(), time.as_slice()) else {
        return Err(());
    };
    let second = match rest {
        [] => 0,
        [second] => *second,
        _ => return Err(()),
    };
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(hour)
        && (0..60).contains(minute)
        && (0..60).contains(&second);
    if !fits {
        return Err(());
    }
    let seconds = (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    let at = seconds * 1000;
    // The 31st of a shorter month is none.
    let same = usher_pf::date(at).starts_with(&format!("{year:04}-{month:02}-{day:02}"));
    if same { Ok(Some(at)) } else { Err(()) }
}

/// Days since 1970-01-01 in the calendar of today: a year begins in March, so that the odd day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Wanted, read_time};

    #[test]
    fn days_and_times_are_read_and_what_is_none_is_refused() {
        for (text, at) in [
            ("1970-01-01", 0),
            ("2026-09-21", 1_789_948_800_000),
            ("2026-09-21 14:13:20", 1_790_000_000_000),
            ("2026-09-21T14:13:20Z", 1_790_000_000_000),
            ("2024-02-29 00:01", 1_709_164_860_000),
        ] {
            assert_eq!(read_time(text), Ok(Some(at)), "{text}");
        }
        assert_eq!(read_time("  "), Ok(None));
        for text in [
            "today",
            "2026-02-29",
            "2026-13-01",
            "2026-09-21 24:00",
            "1-2",
            "2026-9",
        ] {
            assert_eq!(read_time(text), Err(()), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let wanted = Wanted {
            since: "soon".to_owned(),
            until: "late".to_owned(),
            ..Wanted::default()
        };
        assert_eq!(wanted.filter(false).map_or_else(|all| all.len(), |_| 0), 2);
    }
}
