//! Failures, shown in the style of a good compiler.

use std::fmt::Write as _;

use serde::Serialize;
use usher_engine::{EngineError, KeyError};
use usher_store::StoreError;

use crate::exit::Exit;
use crate::ui::Ui;

/// Why a command did not do what it was asked.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// One sentence.
    pub(crate) message: String,
    /// What belongs to it, in order.
    pub(crate) problems: Vec<Problem>,
    /// What to do.
    pub(crate) help: Vec<String>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// One thing that is wrong, with its place.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: String,
    /// What would have been right.
    pub(crate) expected: String,
    /// What stands there.
    pub(crate) found: String,
    /// What to do; may be empty.
    pub(crate) hint: String,
}

impl Failure {
    /// The input or the present state does not allow it; nothing was done.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// It went wrong on the way.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            problems: Vec::new(),
            help: Vec::new(),
            exit,
        }
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what is wrong.
    pub(crate) fn problems(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// With another exit code.
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// Writes it to standard error: as one line of JSON when the command's output is JSON.
    pub(crate) fn show(&self, ui: &Ui) {
        if ui.is_json() {
            let error = serde_json::json!({"error": self, "exit": self.exit.code()});
            ui.complain(&error.to_string());
        } else {
            ui.complain(&self.text(ui));
        }
    }

    fn text(&self, ui: &Ui) -> String {
        let mut lines = self.message.lines();
        let mut text = format!(
            "{}: {}",
            ui.red("error"),
            printable(lines.next().unwrap_or_default())
        );
        for line in lines {
            let _ = write!(text, "\n  {}", printable(line.trim_start()));
        }
        for problem in &self.problems {
            let _ = write!(text, "\n\n{} {}", ui.blue("-->"), printable(&problem.place));
            for (label, what) in [
                ("expected", &problem.expected),
                ("found", &problem.found),
                ("help", &problem.hint),
            ] {
                if !what.is_empty() {
                    let _ = write!(text, "\n  {} {label}: {}", ui.blue("="), printable(what));
                }
            }
        }
        for help in &self.help {
            let _ = write!(text, "\n  {} help: {}", ui.blue("="), printable(help));
        }
        text
    }
}

/// What a server, a file or an argument says goes to a terminal: without what would steer it.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let exit = match &error {
            EngineError::Store(StoreError::Conflict { .. })
            | EngineError::Configuration(_)
            | EngineError::Refused(_)
            | EngineError::Forbidden(_)
            | EngineError::Busy { .. }
            | EngineError::PlanChanged { .. } => Exit::Refused,
            EngineError::Store(_) | EngineError::Source(_) | EngineError::Target(_) => Exit::Failed,
        };
        let failure = Self::new(exit, error.to_string());
        match &error {
            EngineError::Store(StoreError::Conflict { .. }) => failure,
            EngineError::Store(_) => failure.help(
                "look at the disk and the permissions of the state folder; a damaged state is moved away and a backup restored: `usher restore DIR`",
            ),
            _ => failure,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<usher_pf::ConfigProblem> for Problem {
    fn from(problem: usher_pf::ConfigProblem) -> Self {
        Self {
            place: problem.path,
            expected: problem.expected,
            found: problem.found,
            hint: problem.hint,
        }
    }
}
