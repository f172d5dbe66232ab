//! What ran, how long it took, and the closing lines.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::counts::Counts;

/// All steps so far.
#[derive(Debug)]
pub(crate) struct Report {
    started: Instant,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    took: Duration,
    verdict: Verdict,
}

#[derive(Debug)]
enum Verdict {
    Holds,
    Failed(String),
    Skipped(&'static str),
}

impl Default for Report {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
        }
    }
}

impl Report {
    /// Runs a step under a heading.
    pub(crate) fn step(&mut self, name: &'static str, run: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let started = Instant::now();
        let verdict = match run() {
            Ok(()) => Verdict::Holds,
            Err(error) => Verdict::Failed(format!("{error:#}")),
        };
        let took = started.elapsed();
        match &verdict {
            Verdict::Failed(error) => println!("== {name}: FAILED after {}: {error}", human(took)),
            _ => println!("== {name}: ok, {}", human(took)),
        }
        self.steps.push(Step {
            name,
            took,
            verdict,
        });
    }

    /// Notes a step that does not run, and why.
    pub(crate) fn skip(&mut self, name: &'static str, why: &'static str) {
        println!("\n== {name}: skipped: {why}");
        self.steps.push(Step {
            name,
            took: Duration::ZERO,
            verdict: Verdict::Skipped(why),
        });
    }

    /// Whether nothing failed so far.
    pub(crate) fn holds(&self) -> bool {
        self.failures().is_empty()
    }

    /// The names of the failed steps with their errors.
    pub(crate) fn failures(&self) -> Vec<String> {
        let failed = self.steps.iter().filter_map(|step| match &step.verdict {
            Verdict::Failed(error) => Some(format!("{}: {error}", step.name)),
            Verdict::Holds | Verdict::Skipped(_) => None,
        });
        failed.collect()
    }

    /// The closing lines: one per step, then the counts.
    pub(crate) fn print(&self, counts: &Counts) {
        println!("\n== summary");
        for step in &self.steps {
            let verdict = match &step.verdict {
                Verdict::Holds => "ok".to_owned(),
                Verdict::Failed(_) => "FAILED".to_owned(),
                Verdict::Skipped(why) => format!("skipped: {why}"),
            };
            println!("{:<24} {:>10}  {verdict}", step.name, human(step.took));
        }
        println!("{}", self.last_line(counts));
    }

    fn last_line(&self, counts: &Counts) -> String {
        let verdict = if self.holds() {
            "everything holds"
        } else {
            "FAILED"
        };
        format!(
            "{verdict}: {counts}; {} in all",
            human(self.started.elapsed())
        )
    }
}

/// A duration for people: `9.4 s`, `2 min 05 s`.
fn human(took: Duration) -> String {
    if took < Duration::from_mins(1) {
        return format!("{:.1} s", took.as_secs_f64());
    }
    format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::bail;

    use super::{Report, human};
    use crate::test::counts::Counts;

    #[test]
    fn one_failed_step_fails_the_whole_and_the_others_still_run() {
        let mut report = Report::default();
        report.step("first", || bail!("broken"));
        let mut ran = false;
        report.step("second", || {
            ran = true;
            Ok(())
        });
        report.skip("third", "not here");
        assert!(ran);
        assert!(!report.holds());
        assert_eq!(report.failures(), ["first: broken"]);
        assert!(report.last_line(&Counts::default()).starts_with("FAILED: "));
    }

    #[test]
    fn skipped_steps_are_no_failure() {
        let mut report = Report::default();
        report.skip("servers", "not here");
        report.step("tests", || Ok(()));
        assert!(report.holds());
        assert!(
            report
                .last_line(&Counts::default())
                .starts_with("everything holds: ")
        );
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(human(Duration::from_millis(9_440)), "9.4 s");
        assert_eq!(human(Duration::from_secs(125)), "2 min 05 s");
    }
}
