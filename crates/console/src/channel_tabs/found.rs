//! What a directory said: its probe, and who is in scope.

use askama::Template;
use usher_connector::{Check, CheckOutcome};
use usher_engine::admin::{ClauseCount, Survey};

use crate::frame::text::number;
use crate::frame::{Fault, Shown};

/// What the probe of a directory found.
pub(super) struct Probed {
    pub(super) server: String,
    pub(super) host: String,
    /// The kind of directory that it looks like.
    pub(super) kind: &'static str,
    /// The kind that the data store is said to be, where that is another.
    pub(super) otherwise: Option<&'static str>,
    pub(super) contexts: Vec<String>,
    pub(super) checks: Vec<Check>,
}

#[derive(Template)]
#[template(path = "channel_tabs/found.html")]
struct Found<'f> {
    probed: Option<&'f Probed>,
    survey: Option<&'f Survey>,
    /// Whether it was said that it is right that nobody is disabled.
    acknowledged: bool,
}

/// As a part of a page.
pub(super) fn render(
    probed: Option<&Probed>,
    survey: Option<&Survey>,
    acknowledged: bool,
) -> Result<String, Fault> {
    let found = Found {
        probed,
        survey,
        acknowledged,
    };
    found.render().map_err(|_| Fault::defect())
}

impl Found<'_> {
    fn disabled(survey: &Survey) -> String {
        format!(
            "{} of {} people are disabled.",
            number(survey.disabled),
            number(survey.people)
        )
    }

    fn tone(check: &Check) -> (&'static str, &'static str) {
        match check.outcome {
            CheckOutcome::Good => ("good", "good"),
            CheckOutcome::Warning => ("warn", "look"),
            CheckOutcome::Failed => ("bad", "failed"),
        }
    }

    fn clause_tone(clause: &ClauseCount) -> (&'static str, &'static str) {
        if clause.is_in {
            ("good", "in scope")
        } else {
            ("off", "not in scope")
        }
    }
}
