//! What one request works on: a directory, the organisation, the knobs and the time.

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::knobs::Knobs;
use super::org::{Change, Org};
use super::store::Directory;

pub(crate) struct Desk<'a> {
    pub(crate) directory: &'a mut Directory,
    pub(crate) org: &'a mut Org,
    pub(crate) rng: &'a mut StdRng,
    pub(crate) knobs: &'a Knobs,
    pub(crate) now: Timestamp,
}

impl Desk<'_> {
    pub(crate) fn new_id(&mut self) -> Uuid {
        new_uuid(self.rng)
    }

    /// Sends a change on its way to the organisation (row 43).
    pub(crate) fn propagate(&mut self, change: Change) {
        let delay = Duration::from_millis(self.knobs.propagation_delay_ms);
        self.org
            .send(self.now.checked_add(delay).unwrap_or(self.now), change);
    }

    /// Takes a user out of all groups.
    pub(crate) fn leave_all_groups(&mut self, user: &Uuid) {
        let groups = self
            .directory
            .any_user(user)
            .map(|u| u.groups.clone())
            .unwrap_or_default();
        for group in groups {
            self.directory.remove_member(&group, user);
            self.touch_group(&group, &[], &[*user]);
        }
    }

    /// Notes that members of a group have changed.
    pub(crate) fn touch_group(&mut self, group: &Uuid, added: &[Uuid], removed: &[Uuid]) {
        let now = self.now;
        let Some(group) = self.directory.group_mut(group) else {
            return;
        };
        group.modified = now;
        if group.reach == super::model::Reach::Propagated {
            let name = group.name.clone();
            let (added, removed) = (added.to_vec(), removed.to_vec());
            self.propagate(Change::Members {
                name,
                added,
                removed,
            });
        }
    }

    /// Whether lists and filters see a record that was made at `created`.
    pub(crate) fn visible(&self, created: Timestamp) -> bool {
        if self.knobs.visible_after_ms == 0 {
            return true;
        }
        let delay = Duration::from_millis(self.knobs.visible_after_ms);
        created.checked_add(delay).is_ok_and(|at| at <= self.now)
    }
}

/// A random UUID (version 4) from the seedable generator.
pub(crate) fn new_uuid(rng: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.random()).into_uuid()
}

/// `digits` random hexadecimal digits.
pub(crate) fn new_hex(rng: &mut StdRng, digits: usize) -> String {
    (0..digits)
        .map(|_| char::from_digit(rng.random_range(0..16), 16).unwrap_or('0'))
        .collect()
}
