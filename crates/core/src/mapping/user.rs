//! Mapping of one person and of one group.

use super::{Mapped, Mask, Rules};
use crate::model::{Desired, Entry, Millis, Resource};

/// What the account of a person should be. `now` is UTC milliseconds and decides expiry.
pub fn map_user(entry: &Entry, rules: &Rules, mask: &dyn Mask, now: Millis) -> Mapped {
    let _ = (mask, now);
    let resource = Resource::default().with(&rules.username_field, entry.key.as_str());
    Mapped::Desired(Desired {
        resource,
        disabled: None,
        changes_at: None,
        notes: Vec::new(),
    })
}

/// What a group should be: its name and its key. A group is never disabled.
pub fn map_group(entry: &Entry, rules: &Rules) -> Mapped {
    map_user(entry, rules, &super::Unmasked, 0)
}
