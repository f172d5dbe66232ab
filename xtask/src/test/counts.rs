//! How many tests ran, read from the closing lines of the runners.

use std::fmt;

/// Tests, and examples in the documentation.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) tests: Count,
    pub(crate) examples: Count,
}

/// One runner's numbers, added up over all its closing lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Count {
    /// Adds what a line says, if it is a closing line: `Summary [ 3.2s] 5 tests run: 4 passed, 1 failed, 2 skipped` of
    /// nextest, or `test result: ok. 4 passed; 0 failed; 2 ignored; ...` of cargo test.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim();
        let numbers = if line.starts_with("Summary [") {
            line.split_once(" run: ").map(|(_, rest)| rest)
        } else {
            line.strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
                .map(|(_, rest)| rest)
        };
        for part in numbers.unwrap_or_default().split([',', ';']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(what)) =
                (words.next().map(str::parse::<u64>), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                "skipped" | "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tests, examples } = self;
        write!(
            out,
            "{} tests passed, {} failed, {} skipped; {} documentation examples passed, {} failed",
            tests.passed, tests.failed, tests.skipped, examples.passed, examples.failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Counts};

    fn read(lines: &[&str]) -> Count {
        let mut count = Count::default();
        for line in lines {
            count.read(line);
        }
        count
    }

    #[test]
    fn the_summary_of_nextest_is_read() {
        let line =
            "     Summary [   3.201s] 124 tests run: 121 passed (1 slow), 3 failed, 2 skipped";
        assert_eq!(
            read(&[line]),
            Count {
                passed: 121,
                failed: 3,
                skipped: 2
            }
        );
    }

    #[test]
    fn the_results_of_several_test_programs_add_up() {
        let lines = [
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ];
        assert_eq!(
            read(&lines),
            Count {
                passed: 6,
                failed: 1,
                skipped: 1
            }
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        let lines = [
            "running 12 tests",
            "7 passed, or so a test prints",
            "error: 3 failed",
        ];
        assert_eq!(read(&lines), Count::default());
    }

    #[test]
    fn the_counts_read_as_a_sentence() {
        let tests = Count {
            passed: 3,
            failed: 0,
            skipped: 1,
        };
        let counts = Counts {
            tests,
            examples: Count::default(),
        };
        assert!(
            counts
                .to_string()
                .starts_with("3 tests passed, 0 failed, 1 skipped; 0 ")
        );
    }
}
