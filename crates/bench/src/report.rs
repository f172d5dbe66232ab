//! The table, and whether every limit holds.

use comfy_table::{Table, presets};
use serde::Serialize;

/// What a number must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    Exactly(f64),
    /// Shown beside the others.
    None,
}

/// One number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) limit: Limit,
    pub(crate) holds: bool,
}

/// All numbers of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        limit: Limit,
    ) {
        let holds = match limit {
            Limit::AtMost(most) => value <= most,
            Limit::AtLeast(least) => value >= least,
            Limit::Exactly(wanted) => (value - wanted).abs() < 1e-9,
            Limit::None => value.is_finite(),
        };
        let line = Line {
            name: name.into(),
            value,
            unit,
            limit,
            holds,
        };
        eprintln!("  {}: {}", line.name, shown(line.value, line.unit));
        self.lines.push(line);
    }

    /// A number that is only shown.
    pub(crate) fn tell(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.add(name, value, unit, Limit::None);
    }

    pub(crate) fn holds(&self) -> bool {
        self.lines.iter().all(|line| line.holds)
    }

    pub(crate) fn print(&self, judged: bool) {
        let mut table = Table::new();
        table
            .load_style(presets::ASCII_MARKDOWN)
            .set_header(["What", "Measured", "Limit", "Holds"]);
        for line in &self.lines {
            let limit = match line.limit {
                Limit::AtMost(most) => format!("at most {}", shown(most, line.unit)),
                Limit::AtLeast(least) => format!("at least {}", shown(least, line.unit)),
                Limit::Exactly(wanted) => format!("exactly {}", shown(wanted, line.unit)),
                Limit::None => String::new(),
            };
            let holds = match (line.limit, judged, line.holds) {
                (Limit::None, _, _) => "",
                (_, false, _) => "not judged",
                (_, true, true) => "yes",
                (_, true, false) => "NO",
            };
            table.add_row([
                line.name.clone(),
                shown(line.value, line.unit),
                limit,
                holds.to_owned(),
            ]);
        }
        println!("{table}");
    }
}

fn shown(value: f64, unit: &str) -> String {
    let number = if value.fract() == 0.0 {
        format!("{value}")
    } else {
        format!("{value:.2}")
    };
    if unit.is_empty() {
        number
    } else {
        format!("{number} {unit}")
    }
}

/// The middle of some measurements.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(value), 1) => *value,
        (Some(value), _) => {
            f64::midpoint(*value, sorted.get(middle - 1).copied().unwrap_or(*value))
        }
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_limit_is_told_and_fails_the_run() {
        let mut report = Report::default();
        report.add("ratio", 1.29, "", Limit::AtMost(1.3));
        report.add("throughput", 0.81, "", Limit::AtLeast(0.8));
        report.add("writes", 1.0, "", Limit::Exactly(1.0));
        report.tell("seconds", 3.0, "s");
        assert!(report.holds());
        report.add("ratio", 1.31, "", Limit::AtMost(1.3));
        assert!(!report.holds());
    }

    #[test]
    fn a_number_that_could_not_be_taken_is_no_success() {
        let mut report = Report::default();
        report.add("ratio", median(&[]), "", Limit::AtMost(1.3));
        assert!(!report.holds());
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }
}
