//! Attempts to sign in while they cannot be written: counted in memory by the same rule.

use std::collections::HashMap;

use usher_core::model::Millis;
use usher_store::Failures;

use super::LOCK_OUT;

/// Most names that are remembered; with more of them, every name waits as if it were one of them.
const MOST: usize = 1_000;
/// What further names are counted under; no account has it.
const OTHERS: &str = "";

/// The failures of each name.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<String, Failures>);

impl Guesses {
    /// Begins an attempt: counted as a failure until [`Guesses::remove`]. `Some` = not before then.
    pub(super) fn begin(&mut self, name: &str, now: Millis) -> Option<Millis> {
        let name = name.to_lowercase();
        let is_new = !self.0.contains_key(&name);
        let key = if is_new && self.0.len() >= MOST {
            OTHERS.to_owned()
        } else {
            name
        };
        let failures = self.0.entry(key).or_default();
        // As in the state: a longer wait than there is comes of a clock that was ahead.
        if (now + 1..=now.saturating_add(LOCK_OUT.most_ms)).contains(&failures.locked_until) {
            return Some(failures.locked_until);
        }
        failures.count = failures.count.saturating_add(1);
        match LOCK_OUT.wait_ms(failures.count) {
            0 => {}
            wait => failures.locked_until = now.saturating_add(wait),
        }
        None
    }

    /// Whether attempts under this name are counted here and not in the state.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }

    /// One attempt under this name was added to the state.
    pub(super) fn written(&mut self, name: &str) {
        let name = name.to_lowercase();
        match self.0.get_mut(&name) {
            Some(failures) if failures.count > 1 => failures.count -= 1,
            _ => drop(self.0.remove(&name)),
        }
    }

    /// Forgets a name that signed in.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(&name.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::{Guesses, LOCK_OUT, MOST};

    #[test]
    fn a_name_waits_after_its_failures_and_not_for_ever() {
        let mut guesses = Guesses::default();
        for _ in 0..LOCK_OUT.after {
            assert_eq!(guesses.begin("ana", 0), None);
        }
        assert_eq!(guesses.begin("ANA", 1), Some(LOCK_OUT.first_ms));
        assert_eq!(guesses.begin("ben", 1), None);
        assert_eq!(guesses.begin("ana", LOCK_OUT.first_ms), None);
        guesses.remove("ana");
        assert_eq!(guesses.begin("ana", LOCK_OUT.first_ms + 1), None);
    }

    #[test]
    fn memory_is_bounded_and_no_name_is_free() {
        let mut guesses = Guesses::default();
        let waits = (0..2 * MOST).any(|n| guesses.begin(&format!("n{n}"), 0).is_some());
        assert!(waits && guesses.0.len() <= MOST + 1);
    }
}
