//! Entries whose key cannot be read. One that was not there before may be somebody who is missing: renamed
//! while the right to read the key got lost (behaviour §7).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use usher_core::model::{Hash128, Hold, StepId, SubjectId};
use usher_store::StepFilter;

use super::page::{Judged, dn_hash};
use super::run::Run;
use crate::error::EngineError;

/// Where more have no key, the attribute is not everybody's, and a missing key says nothing.
const MOST: usize = 1_000;

/// Steps that are looked through at once.
const PAGE: u32 = 1_000;

/// What a cycle found of them.
#[derive(Default)]
pub(super) struct Keyless {
    /// DNs by the hash of their canonical form; no more than one above the limit.
    read: BTreeMap<Hash128, String>,
    /// The entry that a missing person may be.
    may_be: HashMap<SubjectId, String>,
    /// Somebody is missing of whom it was not decided whether one of these is theirs.
    undecided: bool,
}

impl Keyless {
    /// Notes one that was read.
    pub(super) fn read(&mut self, dn: &str) {
        if self.read.len() <= MOST {
            self.read.insert(dn_hash(dn), dn.to_owned());
        }
    }

    /// Whether a missing person waits because of one.
    pub(super) fn holds(&self, person: SubjectId) -> bool {
        self.may_be.contains_key(&person)
    }

    /// Notes that somebody is missing of whom nothing was decided: the next read must find these as new as this one.
    pub(super) fn leave_undecided(&mut self) {
        self.undecided = true;
    }

    fn are_too_many(&self) -> bool {
        self.read.len() > MOST
    }

    /// What is kept of a complete read: those that nobody who is missing can be.
    pub(super) fn known(&self, before: Option<BTreeSet<Hash128>>) -> Option<BTreeSet<Hash128>> {
        if self.undecided {
            return before;
        }
        (!self.are_too_many()).then(|| self.read.keys().copied().collect())
    }
}

impl Run<'_> {
    /// Looks whether people whose absence two looks confirmed may be there without their key.
    pub(super) async fn look_at_keyless(
        &mut self,
        absent: &[SubjectId],
    ) -> Result<(), EngineError> {
        if self.keyless.read.is_empty() || self.keyless.are_too_many() {
            return Ok(());
        }
        let new = self.new_keyless();
        for person in self.engine.store.subjects(absent).await? {
            let Some(id) = person.id else { continue };
            let entry = if person.left_at.is_none() {
                new.clone()
            } else {
                // The time of a removal that waited for this ran out.
                match self.last_hold(id).await? {
                    Some(Hold::KeyUnreadable { entry }) => Some(entry)
                        .filter(|dn| self.keyless.read.contains_key(&dn_hash(dn)))
                        // It may have got another name once more.
                        .or_else(|| new.clone()),
                    _ => None,
                }
            };
            self.keyless.may_be.extend(entry.map(|entry| (id, entry)));
        }
        Ok(())
    }

    /// One that the last complete read did not return.
    fn new_keyless(&self) -> Option<String> {
        let known = self.record.keyless.as_ref()?;
        let mut read = self.keyless.read.iter();
        let new = read.find(|(name, _)| !known.contains(name));
        new.map(|(_, dn)| dn.clone())
    }

    /// Of somebody who waits because of one already, further ones may be the next name: they stay new.
    pub(super) async fn look_who_waits_for_a_key(&mut self) -> Result<(), EngineError> {
        if self.new_keyless().is_none() {
            return Ok(());
        }
        let filter = StepFilter {
            channel: Some(self.open.channel.id.clone()),
            states: vec!["held".to_owned()],
            ..StepFilter::default()
        };
        let mut after = StepId(0);
        loop {
            let steps = self.engine.store.steps(&filter, after, PAGE).await?;
            let Some(last) = steps.last() else {
                return Ok(());
            };
            after = last.id;
            let mut holds = steps.iter().map(|step| &step.planned.hold);
            if holds.any(|hold| matches!(hold, Some(Hold::KeyUnreadable { .. }))) {
                self.keyless.leave_undecided();
                return Ok(());
            }
        }
    }

    /// Why it cannot be told whether somebody whom two looks did not find is gone.
    pub(super) fn absence_doubt(&self, item: &Judged, id: Option<SubjectId>) -> Option<Hold> {
        if self.containers_seen.missing.contains(&item.container) {
            let container = item.container.clone();
            return Some(Hold::ContainerMissing { container });
        }
        let entry = self.keyless.may_be.get(&id?)?.clone();
        Some(Hold::KeyUnreadable { entry })
    }
}
