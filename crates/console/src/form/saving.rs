//! What came of saving a document, for the page that it was edited on.

use serde_json::Value;
use usher_admin_api::documents::Refused;

use super::field::{Field, Mistakes};
use super::spec::{self, Spec};
use crate::frame::Notice;

/// The fields of a document that was not saved, with what is told on top.
pub(crate) struct NotSaved {
    pub(crate) fields: Vec<Field>,
    pub(crate) notice: Option<Notice>,
    pub(crate) mistakes: Mistakes,
    /// The tag of what is saved now: whoever sends the form again has seen that.
    pub(crate) seen: Option<String>,
}

impl NotSaved {
    /// `mine` is what was sent, `theirs` what is saved.
    pub(crate) fn new(specs: &[Spec], mine: &Value, theirs: &Value, refused: Refused) -> Self {
        if refused.changed_meanwhile {
            let lines = vec![
                refused.message,
                "What you typed is still here; beside each field that differs stands what is saved now. Saving again puts yours in its place.".to_owned(),
            ];
            return Self {
                fields: spec::show_beside(specs, mine, theirs),
                notice: Some(Notice::bad(lines)),
                mistakes: Mistakes::default(),
                seen: Some(usher_admin_api::documents::tag(theirs)),
            };
        }
        let mut mistakes = Mistakes::default();
        for (place, words) in refused.mistakes {
            mistakes.add(place, words);
        }
        if mistakes.is_empty() {
            mistakes.add("", refused.message);
        }
        Self {
            fields: spec::show(specs, mine, &mistakes),
            notice: None,
            mistakes,
            seen: None,
        }
    }
}
