//! Looking up an outcome that is not known.

use usher_connector::{Failure, Target, TargetError};
use usher_core::model::{FieldChange, FieldValue, Kind, Observed, Operation, Resource, Step};

use super::backoff::retry_read;
use crate::context::OpenChannel;

/// What a look-up found.
pub(super) enum Found {
    /// It was carried out; the resource, if there is one.
    Done(Option<Observed>),
    /// It was not carried out: it may be sent again.
    NotDone,
    /// The resource that it acts on does not exist.
    Gone,
}

/// Finds out whether a step whose reply was lost was carried out.
pub(super) async fn look_up(open: &OpenChannel, step: &Step) -> Result<Found, TargetError> {
    let target = open.target.as_ref();
    match &step.planned.operation {
        Operation::Create { resource, .. } => {
            Ok(match find_created(open, step.kind, resource).await? {
                Some(observed) => Found::Done(Some(observed)),
                None => Found::NotDone,
            })
        }
        Operation::Delete { target_id } => {
            let there = retry_read(|| target.read(step.kind, target_id)).await?;
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
            compare(target, step.kind, target_id, |observed| {
                holds_all(observed, changes)
            })
            .await
        }
        Operation::Disable { target_id } => {
            compare(target, step.kind, target_id, |observed| {
                observed.active == Some(false)
            })
            .await
        }
        Operation::Enable { target_id } => {
            compare(target, step.kind, target_id, |observed| {
                observed.active == Some(true)
            })
            .await
        }
        Operation::AddMembers { target_id, members } => {
            compare(target, step.kind, target_id, |observed| {
                observed.members.as_ref().is_some_and(|present| {
                    members
                        .iter()
                        .all(|member| present.contains(&member.target_id))
                })
            })
            .await
        }
        Operation::RemoveMembers { target_id, members } => {
            compare(target, step.kind, target_id, |observed| {
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
    target: &dyn Target,
    kind: Kind,
    id: &usher_core::model::TargetId,
    as_wanted: impl Fn(&Observed) -> bool,
) -> Result<Found, TargetError> {
    Ok(match retry_read(|| target.read(kind, id)).await? {
        None => Found::Gone,
        Some(observed) if as_wanted(&observed) => Found::Done(Some(observed)),
        Some(_) => Found::NotDone,
    })
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

/// The resource that a create made: recognised by the source key in `externalId`, else by its
/// unique name when the target cannot look up or keep an `externalId`.
pub(super) async fn find_created(
    open: &OpenChannel,
    kind: Kind,
    resource: &Resource,
) -> Result<Option<Observed>, TargetError> {
    let external_id = resource.text(&open.descriptor.external_id_field);
    for (of, field) in &open.descriptor.capabilities.lookups {
        let Some(value) = resource.text(field) else {
            continue;
        };
        if *of != kind {
            continue;
        }
        let target = open.target.as_ref();
        let hits = match retry_read(|| target.find(kind, field, value)).await {
            Ok(hits) => hits,
            // A target that refuses one look-up may still answer the next.
            Err(error) if matches!(error.failure, Failure::Refused { .. }) => continue,
            Err(error) => return Err(error),
        };
        let ours = hits.into_iter().find(|hit| {
            let found = hit.resource.text(&open.descriptor.external_id_field);
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
    open: &OpenChannel,
    kind: Kind,
    resource: &Resource,
) -> Result<Option<Observed>, TargetError> {
    for (of, field) in &open.descriptor.capabilities.lookups {
        let Some(value) = resource.text(field) else {
            continue;
        };
        if *of != kind {
            continue;
        }
        let target = open.target.as_ref();
        let hits = retry_read(|| target.find(kind, field, value)).await?;
        if let Some(hit) = hits.into_iter().next() {
            return Ok(Some(hit));
        }
    }
    Ok(None)
}
