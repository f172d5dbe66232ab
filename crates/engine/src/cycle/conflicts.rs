//! Conflicts over unique values, and swaps of them (behaviour §10).

use std::collections::{BTreeSet, HashMap, HashSet};

use usher_core::model::{
    Hold, Kind, SourceKey, StepId, StepState, Subject, SubjectId, SubjectState, TargetId,
};
use usher_core::planner::{Conflict, SourceState};
use usher_directory::compare::fold;
use usher_store::{IndexKey, StepFilter, UniqueHolder, UniqueValue};

use super::candidates::Gathered;
use super::page::{Counting, Judged, canonical, unique_values};
use super::run::Run;
use crate::error::EngineError;

/// How many subjects are planned again at once.
const AGAIN_AT_ONCE: usize = 200;
/// Held steps that are looked through at once.
const STEPS_AT_ONCE: u32 = 1_000;

/// How far a chain of people who each take the next one's value is followed. A longer one is sent as it
/// is: the target refuses what cannot be.
const LONGEST_CHAIN: usize = 50;

/// Somebody who takes a value that the target does not have for him yet.
struct Taking {
    /// Which of the gathered.
    of: usize,
    field: String,
    value: String,
}

impl Run<'_> {
    /// Finds whom the values that subjects want belong to.
    pub(super) async fn find_conflicts(&self, all: &mut [Gathered]) -> Result<(), EngineError> {
        let mut values: BTreeSet<UniqueValue> = BTreeSet::new();
        for one in all.iter() {
            values.extend(
                unique_values(&self.rules, one.item.kind, &one.item.source).unwrap_or_default(),
            );
        }
        if values.is_empty() {
            return Ok(());
        }
        let values: Vec<UniqueValue> = values.into_iter().collect();
        let holders = self
            .engine
            .store
            .unique_holders(&self.open.channel.id, &values)
            .await?;
        let mut by_value: HashMap<UniqueValue, Vec<UniqueHolder>> = HashMap::new();
        for holder in holders {
            by_value
                .entry(holder.value.clone())
                .or_default()
                .push(holder);
        }
        for one in all.iter_mut() {
            let own = unique_values(&self.rules, one.item.kind, &one.item.source);
            one.conflicts = own
                .unwrap_or_default()
                .iter()
                .filter_map(|value| conflict(value, by_value.get(value)?, &one.subject))
                .collect();
        }
        self.find_swaps(all).await
    }

    /// Finds those whose value is given up only in exchange for theirs.
    async fn find_swaps(&self, all: &mut [Gathered]) -> Result<(), EngineError> {
        let taking: Vec<Taking> = (0..)
            .zip(all.iter())
            .flat_map(|(n, g)| self.taking(n, g))
            .collect();
        if taking.is_empty() {
            return Ok(());
        }
        let keys: BTreeSet<IndexKey> = taking
            .iter()
            .map(|t| self.key(&t.field, &t.value))
            .collect();
        let owners = self.owners_of(keys.into_iter().collect()).await?;
        for one in taking {
            let Some(owner) = owners.get(&self.key(&one.field, &one.value)) else {
                continue;
            };
            let Some(taker) = all.get_mut(one.of) else {
                continue;
            };
            let subject = &taker.subject;
            if owner.id == subject.id || !self.waits_for_exchange(&one, owner, subject).await? {
                continue;
            }
            let swap = Conflict {
                field: one.field,
                value: one.value,
                other: owner.id.unwrap_or(SubjectId(0)),
                other_dn: owner.dn.clone(),
                other_is_incumbent: true,
                is_swap: true,
            };
            taker.conflicts.push(swap);
        }
        Ok(())
    }

    /// What a linked person takes that nobody claims any more.
    fn taking(&self, of: usize, one: &Gathered) -> Vec<Taking> {
        let SourceState::InScope(desired) = &one.item.source else {
            return Vec::new();
        };
        if one.item.kind != Kind::User || one.subject.linked_id().is_none() {
            return Vec::new();
        }
        let has = self.shadow_values(&one.subject);
        [&self.rules.username_field, &self.rules.email_field]
            .into_iter()
            .filter(|field| one.conflicts.iter().all(|found| found.field != **field))
            .filter_map(|field| {
                let value = fold(desired.resource.text(field)?);
                let name = format!("{}.{field}", one.item.kind);
                let is_new = !has.iter().any(|v| v.field == name && v.folded == value);
                is_new.then(|| Taking {
                    of,
                    field: field.clone(),
                    value,
                })
            })
            .collect()
    }

    fn key(&self, field: &str, value: &str) -> IndexKey {
        if field == self.rules.username_field {
            IndexKey::Name(value.to_owned())
        } else {
            IndexKey::Email(value.to_owned())
        }
    }

    /// Who has these values at the target, of those that are linked to this channel.
    async fn owners_of(
        &self,
        keys: Vec<IndexKey>,
    ) -> Result<HashMap<IndexKey, Subject>, EngineError> {
        let store = &self.engine.store;
        let rows = store
            .index_find(&self.open.sp.id, Kind::User, &keys)
            .await?;
        let ids: Vec<TargetId> = rows
            .iter()
            .map(|row| row.observed.target_id.clone())
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let subjects = store.by_target(&self.open.sp.id, &ids).await?;
        let subjects = subjects
            .into_iter()
            .filter(|subject| subject.channel == self.open.channel.id && subject.state.is_linked());
        let by_id: HashMap<TargetId, Subject> = subjects
            .filter_map(|subject| Some((subject.target_id.clone()?, subject)))
            .collect();
        let mut owners = HashMap::new();
        for row in rows {
            let Some(owner) = by_id.get(&row.observed.target_id) else {
                continue;
            };
            let names = [row.name.map(IndexKey::Name), row.email.map(IndexKey::Email)];
            for key in names.into_iter().flatten() {
                owners.insert(key, owner.clone());
            }
        }
        Ok(owners)
    }

    /// Whether the owner gives the value up for another that, from one to the next, comes back to the
    /// subject, or to somebody met before.
    async fn waits_for_exchange(
        &self,
        taking: &Taking,
        owner: &Subject,
        subject: &Subject,
    ) -> Result<bool, EngineError> {
        let mut met: HashSet<Option<SubjectId>> = HashSet::from([subject.id]);
        let (mut owner, mut value) = (owner.clone(), taking.value.clone());
        for _ in 0..LONGEST_CHAIN {
            if !met.insert(owner.id) {
                return Ok(true);
            }
            let desired = owner.desired.as_ref().filter(|_| owner.in_scope);
            let next = desired.and_then(|desired| desired.resource.text(&taking.field));
            let Some(next) = next.map(fold).filter(|next| *next != value) else {
                return Ok(false);
            };
            let key = self.key(&taking.field, &next);
            let Some(found) = self.owners_of(vec![key.clone()]).await?.remove(&key) else {
                return Ok(false);
            };
            (owner, value) = (found, next);
        }
        Ok(false)
    }

    /// Plans once more those whose plan depends on what others want, now that all is known: the order in
    /// which entries were read decides nothing.
    pub(super) async fn plan_conflicts_again(&mut self) -> Result<(), EngineError> {
        if self.steps.is_empty() {
            // Nobody wants anything new.
            return Ok(());
        }
        let mut ids = std::mem::take(&mut self.conflicted);
        for some in self.sharing().await?.chunks(AGAIN_AT_ONCE) {
            // Those of whom nothing is new wait, or go on, as they did.
            ids.extend(self.planned_of(some).await?);
        }
        let ids: Vec<SubjectId> = ids.into_iter().collect();
        for some in ids.chunks(AGAIN_AT_ONCE) {
            let mut items = Vec::new();
            let mut heads = HashMap::new();
            for head in self.engine.store.heads_of(some).await? {
                heads.insert(head.key.clone(), head);
            }
            for subject in self.engine.store.subjects(some).await? {
                // A re-key keeps the account, whoever has the name; it was planned with that known.
                if subject.state != SubjectState::Rekeying && subject.in_scope {
                    items.extend(wanted_again(subject));
                }
            }
            self.plan_changed(items, &heads, Counting::Again).await?;
        }
        Ok(())
    }

    /// Those who share a unique value with somebody else.
    async fn sharing(&self) -> Result<Vec<SubjectId>, EngineError> {
        let store = &self.engine.store;
        Ok(store.unique_duplicates(&self.open.channel.id).await?)
    }

    /// Subjects whose steps were held over a unique value that nobody else wants any more.
    pub(super) async fn released_conflicts(&self) -> Result<Vec<SourceKey>, EngineError> {
        let filter = StepFilter {
            channel: Some(self.open.channel.id.clone()),
            states: vec!["held".to_owned()],
            ..StepFilter::default()
        };
        let mut in_conflict: BTreeSet<SubjectId> = BTreeSet::new();
        let mut after = StepId(0);
        loop {
            let held = self
                .engine
                .store
                .steps(&filter, after, STEPS_AT_ONCE)
                .await?;
            let Some(last) = held.last() else { break };
            after = last.id;
            let conflicts = held.iter().filter(|step| is_conflict(&step.state));
            in_conflict.extend(conflicts.map(|step| step.subject));
        }
        if in_conflict.is_empty() {
            return Ok(Vec::new());
        }
        for still in self.sharing().await? {
            in_conflict.remove(&still);
        }
        let freed: Vec<SubjectId> = in_conflict.into_iter().collect();
        let mut keys = Vec::with_capacity(freed.len());
        for some in freed.chunks(AGAIN_AT_ONCE) {
            let heads = self.engine.store.heads_of(some).await?;
            keys.extend(heads.into_iter().map(|head| head.key));
        }
        Ok(keys)
    }
}

/// Whether a step waits because somebody else has, or wants, a value of it.
fn is_conflict(state: &StepState) -> bool {
    matches!(
        state,
        StepState::Held {
            hold: Hold::Conflict { .. }
        }
    )
}

/// What mapping said of a subject when it was planned, to be planned again.
fn wanted_again(subject: Subject) -> Option<Judged> {
    let source = SourceState::InScope(subject.desired?);
    Some(Judged {
        container: canonical(&subject.dn).1,
        key: subject.key,
        kind: subject.kind,
        dn: subject.dn,
        dn_hash: subject.dn_hash,
        hash: source.hash(),
        source,
        content: None,
        scope_group: None,
    })
}

/// The conflict of a subject with those who hold a value: the linked incumbent first.
fn conflict(value: &UniqueValue, holders: &[UniqueHolder], subject: &Subject) -> Option<Conflict> {
    let others = holders
        .iter()
        .filter(|holder| Some(holder.subject) != subject.id);
    let other = others.min_by_key(|holder| (!holder.state.is_linked(), &holder.dn))?;
    Some(Conflict {
        field: value
            .field
            .split_once('.')
            .map_or(value.field.as_str(), |(_, f)| f)
            .to_owned(),
        value: value.folded.clone(),
        other: other.subject,
        other_dn: other.dn.clone(),
        other_is_incumbent: other.state.is_linked(),
        is_swap: false,
    })
}
