//! Looking up an outcome that is not known.

use usher_core::model::{
    FieldChange, FieldValue, Kind, Observed, Operation, Resource, Step, TargetId,
};

use usher_directory::compare::fold;

use super::attempt::Attempt;
use super::trouble::Trouble;

/// What a look-up found.
pub(super) enum Found {
    /// It was carried out; the resource, if there is one.
    Done(Option<Observed>),
    /// It was not carried out: it may be sent again.
    NotDone,
    /// The resource that it acts on does not exist.
    Gone,
    /// A record with the name of what was to be created is there, and nothing tells that it is ours.
    Named(Box<Observed>),
}

/// What a search for a resource that was to be created found.
pub(super) enum Created {
    /// It carries our key.
    Ours(Observed),
    /// It has the name, and not our key.
    Named(Observed),
    /// Nothing.
    Nothing,
}

impl Attempt<'_> {
    /// Finds out whether a step whose reply was lost was carried out.
    pub(super) async fn look_up(&self, step: &Step) -> Result<Found, Trouble> {
        match &step.planned.operation {
            Operation::Create { resource, .. } => {
                Ok(match self.find_created(step, resource).await? {
                    Created::Ours(observed) => Found::Done(Some(observed)),
                    Created::Named(observed) => Found::Named(Box::new(observed)),
                    Created::Nothing => Found::NotDone,
                })
            }
            Operation::Delete { target_id } => {
                let target = &self.open.target;
                let there = self.look(|| target.read(step.kind, target_id)).await?;
                Ok(if there.is_some() {
                    Found::NotDone
                } else {
                    Found::Done(None)
                })
            }
            Operation::Update { target_id, changes }
            | Operation::Adopt {
                target_id, changes, ..
            }
            | Operation::Rekey {
                target_id, changes, ..
            } => {
                self.compare(step.kind, target_id, |observed| {
                    holds_all(observed, changes)
                })
                .await
            }
            Operation::Disable { target_id } => {
                self.compare(step.kind, target_id, |observed| {
                    observed.active == Some(false)
                })
                .await
            }
            Operation::Enable { target_id } => {
                self.compare(step.kind, target_id, |observed| {
                    observed.active == Some(true)
                })
                .await
            }
            Operation::AddMembers { target_id, members } => {
                self.compare(step.kind, target_id, |observed| {
                    observed.members.as_ref().is_some_and(|present| {
                        members
                            .iter()
                            .all(|member| present.contains(&member.target_id))
                    })
                })
                .await
            }
            Operation::RemoveMembers { target_id, members } => {
                self.compare(step.kind, target_id, |observed| {
                    observed.members.as_ref().is_some_and(|present| {
                        members
                            .iter()
                            .all(|member| !present.contains(&member.target_id))
                    })
                })
                .await
            }
            Operation::Unlink { .. } => Ok(Found::Done(None)),
        }
    }

    async fn compare(
        &self,
        kind: Kind,
        id: &TargetId,
        as_wanted: impl Fn(&Observed) -> bool,
    ) -> Result<Found, Trouble> {
        Ok(match self.look(|| self.open.target.read(kind, id)).await? {
            None => Found::Gone,
            Some(observed) if as_wanted(&observed) => Found::Done(Some(observed)),
            Some(_) => Found::NotDone,
        })
    }

    /// The resource that a create made, looked for by every field that the target can search. It is
    /// ours if it carries the source key that was sent as `externalId`, by whatever field it was found.
    ///
    /// The user name (or a group's display name), compared case-folded, finds a record as well, but does
    /// not tell whose it is: where the target keeps no `externalId` it may be ours, or somebody made it in
    /// the meantime. Nobody is linked to it here, and nothing is created beside it: the planner makes an
    /// adoption of it, which waits for a person. What the subject was linked to when the step was
    /// planned is not what it creates.
    pub(super) async fn find_created(
        &self,
        step: &Step,
        resource: &Resource,
    ) -> Result<Created, Trouble> {
        let key = &self.open.descriptor.external_id_field;
        let linked = step.planned.expects.target_id.as_deref();
        let mut named = Created::Nothing;
        for (of, field) in &self.open.descriptor.capabilities.lookups {
            let Some(value) = resource.text(field) else {
                continue;
            };
            if *of != step.kind {
                continue;
            }
            let target = &self.open.target;
            let hits = match self.look(|| target.find(step.kind, field, value)).await {
                Ok(hits) => hits,
                // A target that refuses one look-up may still answer the next.
                Err(trouble) if trouble.is_refusal() => continue,
                Err(trouble) => return Err(trouble),
            };
            for hit in hits {
                if Some(hit.target_id.as_str()) == linked {
                    continue;
                }
                if self.is_ours(step, resource, &hit) {
                    return Ok(Created::Ours(hit));
                }
                let has_name =
                    field != key && hit.resource.text(field).map(fold) == Some(fold(value));
                if has_name && matches!(named, Created::Nothing) {
                    named = Created::Named(hit);
                }
            }
        }
        Ok(named)
    }

    /// Whether a record is what a create made: it carries the source key that was sent, and is not what the
    /// subject was linked to before.
    pub(super) fn is_ours(&self, step: &Step, resource: &Resource, found: &Observed) -> bool {
        let key = &self.open.descriptor.external_id_field;
        let linked = step.planned.expects.target_id.as_deref();
        let carried = found.resource.text(key);
        Some(found.target_id.as_str()) != linked
            && carried.is_some()
            && carried == resource.text(key)
    }

    /// The resource that stands in the way of a create: found by any look-up, whoever made it.
    pub(super) async fn find_in_the_way(
        &self,
        kind: Kind,
        resource: &Resource,
    ) -> Result<Option<Observed>, Trouble> {
        for (of, field) in &self.open.descriptor.capabilities.lookups {
            let Some(value) = resource.text(field) else {
                continue;
            };
            if *of != kind {
                continue;
            }
            let target = &self.open.target;
            let hits = self.look(|| target.find(kind, field, value)).await?;
            if let Some(hit) = hits.into_iter().next() {
                return Ok(Some(hit));
            }
        }
        Ok(None)
    }
}

fn holds_all(observed: &Observed, changes: &[FieldChange]) -> bool {
    changes.iter().all(
        |change| match (&change.to, observed.resource.fields.get(&change.field)) {
            (None, None) => true,
            (Some(FieldValue::Sealed { .. }), _) => false,
            (Some(wanted), Some(found)) => wanted == found,
            (None, Some(_)) | (Some(_), None) => false,
        },
    )
}
