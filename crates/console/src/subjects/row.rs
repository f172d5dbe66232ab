//! A person or group in a table.

use usher_core::model::{SubjectState, Verdict};
use usher_engine::admin::LinkView;

use crate::frame::Shown;
use crate::frame::text::plain;
use crate::steps::kind_words;

/// A person or group in a table.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) dn: Shown,
    pub(crate) channel: Shown,
    pub(crate) channel_id: String,
    pub(crate) state: (&'static str, &'static str),
    pub(crate) in_scope: bool,
    pub(crate) verdict: (&'static str, &'static str),
    pub(crate) reason: Shown,
    pub(crate) target_id: Shown,
}

impl Row {
    /// With the name of its channel, as far as there is one.
    pub(crate) fn new(link: &LinkView, channels: &[(String, String)]) -> Self {
        let channel = channels
            .iter()
            .find(|(id, _)| id.as_str() == link.channel.as_str());
        Self {
            id: link.id,
            name: called(&link.display, &link.dn),
            kind: kind_words(link.kind),
            dn: Shown::line(&link.dn),
            channel: Shown::name(channel.map_or(link.channel.as_str(), |(_, name)| name)),
            channel_id: link.channel.to_string(),
            state: state(link.state),
            in_scope: link.in_scope,
            verdict: verdict(link.verdict),
            reason: Shown::line(&link.reason),
            target_id: Shown::name(link.target_id.as_deref().unwrap_or_default()),
        }
    }
}

/// What somebody is called in a link or a heading: never empty.
pub(crate) fn called(display: &str, dn: &str) -> String {
    let name = if display.trim().is_empty() {
        dn
    } else {
        display
    };
    let name = plain(name, crate::frame::text::NAME);
    if name.is_empty() {
        "(without a name)".to_owned()
    } else {
        name
    }
}

/// Tone and word.
pub(super) fn state(state: SubjectState) -> (&'static str, &'static str) {
    match state {
        SubjectState::Pending => ("off", "Not linked"),
        SubjectState::Linked => ("good", "Linked"),
        SubjectState::Disabled => ("off", "Disabled"),
        SubjectState::Removed => ("off", "Removed"),
        SubjectState::Frozen => ("warn", "Protected"),
        SubjectState::Rekeying => ("warn", "New source key"),
        SubjectState::Ambiguous => ("warn", "Ambiguous"),
        SubjectState::Archived => ("off", "Archived"),
    }
}

/// Tone and word of what became of somebody last.
pub(crate) fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Unchanged => ("good", "As wanted"),
        Verdict::Stepped => ("good", "To be sent, or sent"),
        Verdict::Held => ("warn", "Held"),
        Verdict::Parked => ("bad", "Parked"),
        Verdict::SkippedByOption => ("off", "Left out by an option"),
        Verdict::Protected => ("warn", "Protected"),
        Verdict::OutOfScope => ("off", "Out of scope"),
        Verdict::Invalid => ("bad", "Cannot be mapped"),
    }
}
