//! Looking up an outcome that is not known.

use usher_core::model::{
    FieldChange, FieldValue, Kind, Observed, Operation, Resource, Step, TargetId,
};

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
}

impl Attempt<'_> {
    /// Finds out whether a step whose reply was lost was carried out.
    pub(super) async fn look_up(&self, step: &Step) -> Result<Found, Trouble> {
        match &step.planned.operation {
            Operation::Create { resource, .. } => {
                Ok(match self.find_created(step.kind, resource).await? {
                    Some(observed) => Found::Done(Some(observed)),
                    None => Found::NotDone,
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

    /// The resource that a create made: recognised by the source key in `externalId`, else by its
    /// unique name when the target cannot look up or keep an `externalId`.
    pub(super) async fn find_created(
        &self,
        kind: Kind,
        resource: &Resource,
    ) -> Result<Option<Observed>, Trouble> {
        let external_id = resource.text(&self.open.descriptor.external_id_field);
        for (of, field) in &self.open.descriptor.capabilities.lookups {
            let Some(value) = resource.text(field) else {
                continue;
            };
            if *of != kind {
                continue;
            }
            let target = &self.open.target;
            let hits = match self.look(|| target.find(kind, field, value)).await {
                Ok(hits) => hits,
                // A target that refuses one look-up may still answer the next.
                Err(trouble) if trouble.is_refusal() => continue,
                Err(trouble) => return Err(trouble),
            };
            let ours = hits.into_iter().find(|hit| {
                let found = hit.resource.text(&self.open.descriptor.external_id_field);
                found.is_some() && found == external_id
            });
            if ours.is_some() {
                return Ok(ours);
            }
        }
        Ok(None)
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
