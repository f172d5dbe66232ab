//! What the planner must know beside the entry: existing resources, conflicts, owners.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use usher_connector::Failure;
use usher_core::model::{
    Kind, Observed, Resource, SourceKey, Subject, SubjectId, SubjectState, TargetId,
};
use usher_core::planner::{
    Candidate, Conflict, Copied, FoundBy, Ownership, SourceState, take_as_found,
};
use usher_directory::compare::fold;
use usher_store::{IndexKey, IndexRow, SubjectHead};

use super::index::{index_row, read_target};
use super::page::{Judged, display};
use super::run::Run;
use crate::copied::copied;
use crate::error::EngineError;

/// Another channel's read older than this says nothing of who is in its scope now.
const OTHER_CHANNEL_FRESH_MS: i64 = 24 * 3600 * 1000;

/// An entry with everything the planner needs.
pub(super) struct Gathered {
    pub(super) item: Judged,
    pub(super) subject: Subject,
    pub(super) candidates: Vec<Candidate>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) ownership: Ownership,
    pub(super) missing_at_target: bool,
    /// Whether the members are in the group that was created in place of another.
    pub(super) copied: Option<Copied>,
    /// The scope group that it was last seen in, if it leaves.
    pub(super) scope_group: Option<String>,
    /// Its name, or what people call it, is not what is stored.
    pub(super) renamed: bool,
    /// Why it cannot be planned now: it stays as it is, and due.
    pub(super) postponed: Option<String>,
}

impl Run<'_> {
    /// Gathers for many entries with few look-ups.
    pub(super) async fn gather(
        &mut self,
        changed: Vec<Judged>,
        heads: &HashMap<SourceKey, SubjectHead>,
    ) -> Result<Vec<Gathered>, EngineError> {
        let mut subjects = self.stored(&changed, heads).await?;
        if self.beginning.believes_target {
            self.take_as_found(&mut subjects, &changed).await?;
        }
        let mut all = Vec::with_capacity(changed.len());
        for (item, mut subject) in changed.into_iter().zip(subjects) {
            let display = display(&self.rules, &subject, &item.source);
            let renamed = subject.dn != item.dn || subject.display != display;
            subject.dn.clone_from(&item.dn);
            subject.dn_hash = item.dn_hash;
            subject.display = display;
            all.push(Gathered {
                item,
                subject,
                candidates: Vec::new(),
                conflicts: Vec::new(),
                renamed,
                ownership: Ownership::Ours,
                missing_at_target: false,
                copied: None,
                scope_group: None,
                postponed: None,
            });
        }
        self.find_candidates(&mut all).await?;
        self.find_conflicts(&mut all).await?;
        self.find_scope_groups(&mut all).await?;
        for one in &mut all {
            self.protect_at_target(one);
            one.ownership = self.ownership(one).await?;
            one.missing_at_target = self.is_missing(&one.subject).await?;
            one.copied = copied(self.engine, &self.rules, &one.subject).await?;
        }
        Ok(all)
    }

    /// Of a restored state, the target's listing is believed rather than what is stored.
    async fn take_as_found(
        &self,
        subjects: &mut [Subject],
        items: &[Judged],
    ) -> Result<(), EngineError> {
        for kind in [Kind::User, Kind::Group] {
            let linked = subjects.iter().filter(|subject| subject.kind == kind);
            let ids = linked.filter_map(|subject| subject.linked_id().cloned());
            let keys: Vec<IndexKey> = ids.map(IndexKey::Id).collect();
            if keys.is_empty() {
                continue;
            }
            let rows = self
                .engine
                .store
                .index_find(&self.open.sp.id, kind, &keys)
                .await?;
            let found: HashMap<TargetId, Observed> = rows
                .into_iter()
                .map(|row| (row.observed.target_id.clone(), row.observed))
                .collect();
            let of_kind = subjects.iter_mut().zip(items);
            for (subject, item) in of_kind.filter(|(subject, _)| subject.kind == kind) {
                let Some(observed) = subject.linked_id().and_then(|id| found.get(id)) else {
                    continue;
                };
                let wants_active = match &item.source {
                    SourceState::InScope(desired) => desired.active(),
                    SourceState::Invalid { disabled, .. } => disabled.is_none(),
                    SourceState::OutOfScope { .. } | SourceState::Gone { .. } => false,
                    SourceState::Protected { .. } => true,
                };
                *subject = take_as_found(&self.rules, subject.clone(), observed, wants_active);
            }
        }
        Ok(())
    }

    async fn stored(
        &self,
        changed: &[Judged],
        heads: &HashMap<SourceKey, SubjectHead>,
    ) -> Result<Vec<Subject>, EngineError> {
        let ids: Vec<SubjectId> = changed
            .iter()
            .filter_map(|item| heads.get(&item.key).map(|head| head.id))
            .collect();
        let stored: HashMap<SourceKey, Subject> = if ids.is_empty() {
            HashMap::new()
        } else {
            let subjects = self.engine.store.subjects(&ids).await?;
            subjects
                .into_iter()
                .map(|subject| (subject.key.clone(), subject))
                .collect()
        };
        Ok(changed
            .iter()
            .map(|item| self.subject_of(item, stored.get(&item.key)))
            .collect())
    }

    fn subject_of(&self, item: &Judged, stored: Option<&Subject>) -> Subject {
        stored.cloned().unwrap_or_else(|| {
            let channel = self.open.channel.id.clone();
            Subject::new(channel, item.key.clone(), item.kind, &item.dn, item.dn_hash)
        })
    }

    async fn find_candidates(&self, all: &mut [Gathered]) -> Result<(), EngineError> {
        for kind in [Kind::User, Kind::Group] {
            let mut keys: BTreeSet<IndexKey> = BTreeSet::new();
            for one in all.iter().filter(|one| wants_candidates(one, kind)) {
                keys.extend(self.index_keys(one).into_iter().map(|(key, _)| key));
            }
            if keys.is_empty() {
                continue;
            }
            let keys: Vec<IndexKey> = keys.into_iter().collect();
            let mut rows = self
                .engine
                .store
                .index_find(&self.open.sp.id, kind, &keys)
                .await?;
            if !self.index_fresh.contains(&kind) {
                rows.extend(self.look_up(all, kind, &rows).await?);
            }
            let owners = self.owners(&rows).await?;
            for one in all.iter_mut().filter(|one| wants_candidates(one, kind)) {
                one.candidates = self.candidates_of(one, &rows, &owners);
            }
        }
        Ok(())
    }

    /// The keys by which an entry's resource can be found, strongest first.
    fn index_keys(&self, one: &Gathered) -> Vec<(IndexKey, FoundBy)> {
        let mut keys = vec![(
            IndexKey::ExternalId(one.item.key.to_string()),
            FoundBy::ExternalId,
        )];
        let SourceState::InScope(desired) = &one.item.source else {
            return keys;
        };
        let text = |field: &str| desired.resource.text(field).map(fold);
        let name = match one.item.kind {
            Kind::User => text(&self.rules.username_field),
            Kind::Group => text(&self.rules.group_name_field),
        };
        keys.extend(name.map(|name| (IndexKey::Name(name), FoundBy::Name)));
        if one.item.kind == Kind::User {
            let email = text(&self.rules.email_field);
            keys.extend(email.map(|email| (IndexKey::Email(email), FoundBy::Email)));
        }
        keys
    }

    /// Looks entries up singly while the index may not say that something is absent.
    async fn look_up(
        &self,
        all: &mut [Gathered],
        kind: Kind,
        known: &[IndexRow],
    ) -> Result<Vec<IndexRow>, EngineError> {
        let mut found: BTreeMap<TargetId, Observed> = BTreeMap::new();
        for one in all.iter_mut().filter(|one| wants_candidates(one, kind)) {
            for (field, value) in self.lookups(one, kind) {
                let target = self.open.target.as_ref();
                let hits = crate::send::retry_read(|| target.find(kind, &field, &value)).await;
                match hits {
                    Ok(hits) => {
                        found.extend(hits.into_iter().map(|hit| (hit.target_id.clone(), hit)));
                    }
                    Err(error) if matches!(error.failure, Failure::StopTarget) => {
                        return Err(error.into());
                    }
                    // A value that the target refuses to look up is not there; anything else is
                    // not known, and nobody is created on a guess.
                    Err(error) if matches!(error.failure, Failure::Refused { .. }) => {}
                    Err(error) => one.postponed = Some(error.message),
                }
            }
        }
        for row in known {
            found.remove(&row.observed.target_id);
        }
        Ok(found
            .into_values()
            .map(|observed| index_row(self.open, observed))
            .collect())
    }

    fn lookups(&self, one: &Gathered, kind: Kind) -> Vec<(String, String)> {
        let SourceState::InScope(desired) = &one.item.source else {
            return Vec::new();
        };
        let fields = self.open.descriptor.capabilities.lookups.iter();
        let fields = fields.filter(|(of, _)| *of == kind).map(|(_, field)| field);
        fields
            .filter_map(|field| {
                let value = if *field == self.rules.external_id_field {
                    one.item.key.to_string()
                } else {
                    desired.resource.text(field)?.to_owned()
                };
                Some((field.clone(), value))
            })
            .collect()
    }

    /// The subjects that are linked to these resources.
    async fn owners(&self, rows: &[IndexRow]) -> Result<HashMap<TargetId, Subject>, EngineError> {
        let ids: Vec<TargetId> = rows
            .iter()
            .map(|row| row.observed.target_id.clone())
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let subjects = self.engine.store.by_target(&self.open.sp.id, &ids).await?;
        let linked = subjects
            .into_iter()
            .filter(|subject| subject.state.is_linked());
        Ok(linked
            .filter_map(|subject| Some((subject.target_id.clone()?, subject)))
            .collect())
    }

    fn candidates_of(
        &self,
        one: &Gathered,
        rows: &[IndexRow],
        owners: &HashMap<TargetId, Subject>,
    ) -> Vec<Candidate> {
        let mut found: BTreeMap<TargetId, Candidate> = BTreeMap::new();
        for (key, found_by) in self.index_keys(one) {
            for row in rows.iter().filter(|row| matches(row, &key)) {
                let id = &row.observed.target_id;
                if found.contains_key(id) {
                    continue;
                }
                let owner = owners.get(id).filter(|owner| owner.id != one.subject.id);
                let elsewhere = owner.filter(|owner| owner.channel != self.open.channel.id);
                found.insert(
                    id.clone(),
                    Candidate {
                        observed: row.observed.clone(),
                        found_by,
                        linked_to: owner
                            .filter(|_| elsewhere.is_none())
                            .map(|owner| owner.dn.clone()),
                        owned_by: elsewhere.map(|owner| self.channel_name(owner)),
                    },
                );
            }
        }
        found.into_values().collect()
    }

    fn channel_name(&self, owner: &Subject) -> String {
        let channel = self
            .open
            .sp
            .channels
            .iter()
            .find(|channel| channel.id == owner.channel);
        channel.map_or_else(|| owner.channel.to_string(), |channel| channel.name.clone())
    }

    /// The scope groups that those who leave were last seen in.
    async fn find_scope_groups(&self, all: &mut [Gathered]) -> Result<(), EngineError> {
        let leaving = |one: &Gathered| leaves(&one.item.source).then_some(one.subject.id)?;
        let ids: Vec<SubjectId> = all.iter().filter_map(leaving).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let groups = self.engine.store.scope_groups(&ids).await?;
        let groups: HashMap<SubjectId, String> = groups.into_iter().collect();
        for one in all.iter_mut() {
            one.scope_group = leaving(one).and_then(|id| groups.get(&id).cloned());
        }
        Ok(())
    }

    /// Who owns the account of somebody who leaves. Another channel has it only if a complete read of
    /// its own, begun after the leaving was found, says so: whoever left this channel may have left that
    /// one in the same minute, and an account that was given to nobody would stay active for good.
    async fn ownership(&self, one: &Gathered) -> Result<Ownership, EngineError> {
        if !leaves(&one.item.source) || one.subject.linked_id().is_none() {
            return Ok(Ownership::Ours);
        }
        let gone = matches!(one.item.source, SourceState::Gone { .. });
        let store = &self.open.channel.source.data_store;
        let others = self.open.sp.channels.iter().filter(|other| {
            // Who is gone from a directory is in no scope of it.
            other.id != self.open.channel.id && !(gone && other.source.data_store == *store)
        });
        for other in others {
            let heads = self
                .engine
                .store
                .heads(&other.id, std::slice::from_ref(&one.item.key))
                .await?;
            if !heads
                .iter()
                .any(|head| head.in_scope && head.state != SubjectState::Removed)
            {
                continue;
            }
            let record = self.engine.kept(&other.id).await?;
            let read = record.last_complete_began;
            let fresh = read.is_some_and(|at| self.started_at - at < OTHER_CHANNEL_FRESH_MS);
            let since = one
                .subject
                .left_at
                .is_some_and(|left| read.is_some_and(|at| at >= left));
            let channel = other.name.clone();
            return Ok(if fresh && since {
                Ownership::MovesTo { channel }
            } else {
                Ownership::Unclear { channel }
            });
        }
        Ok(Ownership::Ours)
    }

    /// An account that is protected by its names at the target is protected, whatever the entry
    /// that corresponds to it is called (behaviour §3).
    fn protect_at_target(&self, one: &mut Gathered) {
        if matches!(one.item.source, SourceState::Protected { .. }) {
            return;
        }
        let of_candidates = one.candidates.iter().find_map(|candidate| {
            self.open
                .protected
                .matches_fields(&candidate.observed.resource)
        });
        let rule = of_candidates.or_else(|| {
            one.subject.linked_id()?;
            let fields = one.subject.shadow.fields.iter();
            let observed =
                fields.filter_map(|(name, field)| Some((name.clone(), field.observed.clone()?)));
            self.open.protected.matches_fields(&Resource {
                fields: observed.collect(),
            })
        });
        if let Some(rule) = rule {
            one.item.source = SourceState::Protected { rule };
        }
    }

    /// After a failure that said "not found", a read by id tells whether the resource is gone.
    async fn is_missing(&mut self, subject: &Subject) -> Result<bool, EngineError> {
        match subject.linked_id() {
            Some(id) if subject.dirty && subject.attempts > 0 => {
                match read_target(self.open.target.as_ref(), subject.kind, id).await {
                    Ok(found) => Ok(found.is_none()),
                    Err(error) if matches!(error.failure, Failure::StopTarget) => Err(error.into()),
                    // Not known is not missing: one resource that cannot be read stops nobody.
                    Err(error) => {
                        self.notes.push(format!("{}: {error}", subject.dn));
                        Ok(false)
                    }
                }
            }
            Some(_) | None => Ok(false),
        }
    }
}

fn leaves(source: &SourceState) -> bool {
    match source {
        SourceState::OutOfScope { .. } | SourceState::Gone { .. } => true,
        SourceState::InScope(_) | SourceState::Invalid { .. } | SourceState::Protected { .. } => {
            false
        }
    }
}

fn wants_candidates(one: &Gathered, kind: Kind) -> bool {
    one.item.kind == kind
        && one.subject.linked_id().is_none()
        && matches!(one.item.source, SourceState::InScope(_))
}

fn matches(row: &IndexRow, key: &IndexKey) -> bool {
    match key {
        IndexKey::ExternalId(id) => row.external_id.as_ref() == Some(id),
        IndexKey::Name(name) => row.name.as_ref() == Some(name),
        IndexKey::Email(email) => row.email.as_ref() == Some(email),
        IndexKey::Id(id) => &row.observed.target_id == id,
    }
}
