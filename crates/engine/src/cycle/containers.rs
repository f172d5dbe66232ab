//! The containers of people who are missing: where a container itself is not seen, nobody can tell
//! people who were deleted from people who may not be read any more (behaviour §7).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use usher_connector::{FetchBy, Fetched};
use usher_core::model::{Hold, Operation, PlannedStep, StepId, StepState, Subject, SubjectId};
use usher_directory::Dn;
use usher_store::StepFilter;

use super::page::canonical;
use super::run::Run;
use crate::error::EngineError;

/// Containers looked up at once.
const FETCH_BATCH: usize = 200;

/// What was found out about containers in this cycle, by canonical DN.
#[derive(Default)]
pub(super) struct Containers {
    /// Those that were looked at.
    looked: HashSet<String>,
    /// Those that the source says are not there, or does not show.
    pub(super) missing: HashSet<String>,
    /// Those of which it could not be found out.
    unknown: HashSet<String>,
}

impl Run<'_> {
    /// Looks at the containers of people whose absence two looks confirmed. Returns those of whom it
    /// is not proven all the same, since it could not be found out whether their container is there.
    pub(super) async fn look_at_containers(
        &mut self,
        absent: &[SubjectId],
    ) -> Result<HashSet<SubjectId>, EngineError> {
        let people = self.engine.store.subjects(absent).await?;
        let mut asked: BTreeMap<String, String> = BTreeMap::new();
        for person in &people {
            let parent = Dn::parse(&person.dn).ok().and_then(|dn| dn.parent());
            let Some(parent) = parent.filter(|parent| !parent.is_root()) else {
                continue;
            };
            if self.containers_seen.looked.insert(parent.canonical()) {
                asked.insert(parent.canonical(), parent.to_string());
            }
        }
        let asked: Vec<(String, String)> = asked.into_iter().collect();
        for some in asked.chunks(FETCH_BATCH) {
            self.look_at(some).await;
        }
        let unknown = &self.containers_seen.unknown;
        let unproven = people
            .iter()
            .filter(|person| unknown.contains(&canonical(&person.dn).1));
        Ok(unproven.filter_map(|person| person.id).collect())
    }

    async fn look_at(&mut self, containers: &[(String, String)]) {
        let dns = containers.iter().map(|(_, dn)| dn.clone()).collect();
        let by = FetchBy::Dns(dns);
        let fetched = self.open.source.fetch(&by, &self.open.attributes()).await;
        let (fetched, failed) = match fetched {
            Ok(fetched) => (fetched, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let mut fetched = fetched.into_iter();
        for (name, dn) in containers {
            let why = match fetched.next() {
                Some(Fetched::Present(_) | Fetched::Other { .. }) => continue,
                Some(Fetched::Absent) => {
                    self.containers_seen.missing.insert(name.clone());
                    format!(
                        "people are missing together with their container {dn}: it was deleted with them, or the right to read it got lost; their removal waits for a person"
                    )
                }
                Some(Fetched::Unknown { reason }) => {
                    self.containers_seen.unknown.insert(name.clone());
                    format!("nobody is missing from {dn}, since it cannot be read: {reason}")
                }
                None => {
                    self.containers_seen.unknown.insert(name.clone());
                    let reason = failed
                        .as_deref()
                        .unwrap_or("the source did not answer for it");
                    format!(
                        "nobody is missing from {dn}, since it could not be looked up: {reason}"
                    )
                }
            };
            self.notes.push(why);
        }
    }

    /// Of those whom these steps take out of a group freely, the ones who wait for a person: because their
    /// container is not seen, because too many vanished at once, or because a re-key keeps their account. They stay members
    /// until then.
    pub(super) async fn undecided(
        &self,
        steps: &[PlannedStep],
    ) -> Result<BTreeSet<SubjectId>, EngineError> {
        let mut undecided = BTreeSet::new();
        let free = steps.iter().filter(|step| step.hold.is_none());
        let removed: Vec<SubjectId> = free
            .filter_map(|step| match &step.operation {
                Operation::RemoveMembers { members, .. } => Some(members),
                _ => None,
            })
            .flat_map(|members| members.iter().map(|member| member.subject))
            .collect();
        for some in removed.chunks(500) {
            for person in self.engine.store.subjects(some).await? {
                if self.is_undecided(&person).await? {
                    undecided.extend(person.id);
                }
            }
        }
        Ok(undecided)
    }

    /// Why somebody's removal waits, or waited until its time ran out.
    pub(super) async fn last_hold(&self, person: SubjectId) -> Result<Option<Hold>, EngineError> {
        let filter = StepFilter {
            subjects: vec![person],
            states: vec![
                "planned".to_owned(),
                "held".to_owned(),
                "expired".to_owned(),
            ],
            ..StepFilter::default()
        };
        let mut steps = self.engine.store.steps(&filter, StepId(0), 1_000).await?;
        let last = steps.pop();
        Ok(last.and_then(|step| match step.state {
            StepState::Held { hold } => Some(hold),
            _ => step.planned.hold,
        }))
    }

    async fn is_undecided(&self, person: &Subject) -> Result<bool, EngineError> {
        // A key that vanishes in a re-key: the account is kept, with its memberships.
        if person.state.is_linked() && person.desired_hash.is_none() {
            return Ok(true);
        }
        let Some(id) = person.id.filter(|_| person.left_at.is_some()) else {
            return Ok(false);
        };
        if self.unsure.contains(&id) {
            return Ok(true);
        }
        Ok(matches!(
            self.last_hold(id).await?,
            Some(Hold::ContainerMissing { .. } | Hold::KeyUnreadable { .. } | Hold::Guard { .. })
        ))
    }
}
