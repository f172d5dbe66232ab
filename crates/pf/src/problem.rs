//! What is wrong with a configuration, and what is merely odd.

use std::fmt;

use serde::Serialize;

/// Something that keeps a configuration from being used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigProblem {
    /// Where, as a JSON path such as `pf.operations[2].items[0].name`.
    pub path: String,
    /// What would have been right.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, found {}",
            self.path, self.expected, self.found
        )?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

/// Something that works, but perhaps not as meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Where, as a JSON path.
    pub path: String,
    /// What is odd and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Collects problems and warnings.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) problems: Vec<ConfigProblem>,
    pub(crate) warnings: Vec<Warning>,
}

impl Report {
    pub(crate) fn problem(&mut self, path: &str, expected: &str, found: &str, hint: &str) {
        self.problems.push(ConfigProblem {
            path: path.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            hint: hint.to_owned(),
        });
    }

    pub(crate) fn warn(&mut self, path: &str, message: impl Into<String>) {
        self.warnings.push(Warning {
            path: path.to_owned(),
            message: message.into(),
        });
    }
}

/// Quotes a value for a message, shortened.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 120;
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
