//! Differences of configuration, for the audit log.

use usher_core::model::Configuration;
use usher_store::Change;

/// What differs, without secrets.
pub(crate) fn told(before: &Configuration, after: &Configuration) -> Vec<Change> {
    let changes = usher_pf::diff(before, after).into_iter();
    let changes = changes.map(|one| Change {
        path: one.path,
        before: one.before,
        after: one.after,
    });
    changes.collect()
}
