//! Recognising an entry that reads as it did, without mapping it again.
//!
//! What was read is hashed together with the hash of what was made of it. The same entry gives the same account as long
//! as nothing else that mapping depends on has changed: the configuration (its change plans everything again), the
//! time (an account that expires is due by then, and its status is in the hash), the key that masks values, and
//! this program itself.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use usher_connector::ReadEntry;
use usher_core::mapping::account_status;
use usher_core::model::{
    DisabledReason, Entry, Hash128, Kind, ScopeVerdict, SubjectState, Verdict,
};
use usher_store::SubjectHead;

use super::page::canonical_name;
use super::run::Run;

/// Changes when mapping makes something else of the same entry, beside every version of this program.
const MAPPING: u8 = 1;

/// A first look at an entry.
pub(super) struct Look {
    /// The hash of its canonical DN.
    pub(super) name: Hash128,
    /// The hash of all that was read of it.
    pub(super) content: Hash128,
}

impl Look {
    /// What is kept with a subject whose entry gave something with this hash.
    pub(super) fn mark(&self, made: Hash128) -> Hash128 {
        mark(self.content, made)
    }
}

fn mark(content: Hash128, made: Hash128) -> Hash128 {
    let mut both = [0; 32];
    let (first, second) = both.split_at_mut(16);
    first.copy_from_slice(&content.0);
    second.copy_from_slice(&made.0);
    Hash128::of(&both)
}

impl Run<'_> {
    /// Looks at an entry.
    pub(super) fn look(&self, read: &ReadEntry) -> Look {
        Look {
            name: Hash128::of(canonical_name(&read.entry.dn).as_bytes()),
            content: self.content(read),
        }
    }

    /// The verdict of an entry that reads as it did when it was last planned.
    pub(super) fn unchanged_verdict(&self, look: &Look, head: &SubjectHead) -> Option<Verdict> {
        let due = head.next_at.is_some_and(|at| at <= self.started_at);
        let made = head.desired_hash?;
        let same = head.read_hash == Some(look.mark(made))
            && head.dn_hash == look.name
            && !head.dirty
            && !due
            && head.state != SubjectState::Archived;
        (same && !self.beginning.configuration_changed).then_some(head.verdict)
    }

    fn content(&self, read: &ReadEntry) -> Hash128 {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        put(env!("CARGO_PKG_VERSION").as_bytes());
        put(&[MAPPING]);
        put(self.engine.sealer.key_id().as_bytes());
        put(read.entry.dn.as_bytes());
        put(&[match read.entry.kind {
            Kind::User => 0,
            Kind::Group => 1,
        }]);
        match &read.scope {
            ScopeVerdict::In => put(b""),
            ScopeVerdict::Out { clause } => put(clause.as_bytes()),
        }
        match self.disabled(&read.entry) {
            None => put(b"enabled"),
            // A status is in the attributes; that a time has passed is not.
            Some(DisabledReason::Status { .. }) => put(b"status"),
            Some(DisabledReason::Expired { .. }) => put(b"expired"),
        }
        values(&read.entry.attributes, &mut put);
        let digest = hash.finalize();
        let mut out = [0; 16];
        out.iter_mut()
            .zip(digest.iter())
            .for_each(|(to, from)| *to = *from);
        Hash128(out)
    }

    fn disabled(&self, entry: &Entry) -> Option<DisabledReason> {
        let source = &self.open.channel.source;
        let expiry = source.expiry.as_ref()?;
        let (status, _) = account_status(entry, &source.status, Some(expiry), self.started_at);
        status.disabled
    }
}

fn values(attributes: &BTreeMap<String, Vec<Vec<u8>>>, put: &mut impl FnMut(&[u8])) {
    for (name, values) in attributes {
        put(name.as_bytes());
        put(&(values.len() as u64).to_le_bytes());
        for value in values {
            put(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(attributes: &[(&str, &[&str])]) -> Vec<u8> {
        let list = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| value.as_bytes().to_vec());
            ((*name).to_owned(), values.collect())
        });
        let mut out = Vec::new();
        let mut put = |bytes: &[u8]| {
            out.extend((bytes.len() as u64).to_le_bytes());
            out.extend(bytes);
        };
        values(&list.collect(), &mut put);
        out
    }

    #[test]
    fn values_that_move_between_attributes_are_not_the_same_content() {
        let all = [
            bytes(&[("a", &["x", "y"])]),
            bytes(&[("a", &["xy"])]),
            bytes(&[("a", &["x"]), ("b", &["y"])]),
            bytes(&[("a", &["x"]), ("y", &[])]),
            bytes(&[("a", &["y", "x"])]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_mark_goes_with_what_was_made_of_the_content() {
        let (read, made) = (Hash128::of(b"read"), Hash128::of(b"made"));
        assert_ne!(mark(read, made), mark(made, read));
        assert_ne!(mark(read, made), mark(read, Hash128::of(b"other")));
    }
}
