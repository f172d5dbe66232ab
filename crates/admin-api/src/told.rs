//! Differences of configuration, for the audit log.

use usher_engine::admin::Differences;
use usher_pf::Difference;
use usher_store::Change;

/// What differs, without secrets.
pub(crate) fn told(differences: Vec<Difference>) -> Differences {
    let changes = differences.into_iter().map(|one| Change {
        path: one.path,
        before: one.before,
        after: one.after,
    });
    changes.collect()
}
