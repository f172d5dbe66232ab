//! The plan's hash: what a person reviewed and `usher apply` is to carry out.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::model::{
    Expectation, FieldChange, FieldValue, Hold, Member, Operation, PlannedStep, Resource,
    SourceKey, SubjectId, TargetId,
};

/// Hashes a plan in whatever order its steps come, so that a stream needs no sorting.
///
/// Covered are each step's subject key, operation, part, reason's name, expectations and hold, and
/// the configuration's revision. Left out are times, ids that the store gave, watermarks, the words
/// of proofs, the tokens of masked values (their digests count) and holds by a guard, which depend
/// on totals.
#[derive(Clone, Debug, Default)]
pub struct PlanHasher {
    /// The digests' sum, as four little-endian lanes. Addition is commutative.
    sum: [u64; 4],
    steps: u64,
}

#[derive(Serialize)]
struct Canonical<'a> {
    operation: Operation,
    part: u32,
    reason: &'static str,
    expects: &'a Expectation,
    hold: Option<&'a Hold>,
}

impl PlanHasher {
    /// Counts one step of the subject with that key.
    pub fn add(&mut self, key: &SourceKey, step: &PlannedStep) {
        for (lane, value) in self.sum.iter_mut().zip(digest(key, step)) {
            *lane = lane.wrapping_add(value);
        }
        self.steps = self.steps.wrapping_add(1);
    }

    /// Takes back one step that was added: its subject is planned again.
    pub fn remove(&mut self, key: &SourceKey, step: &PlannedStep) {
        for (lane, value) in self.sum.iter_mut().zip(digest(key, step)) {
            *lane = lane.wrapping_sub(value);
        }
        self.steps = self.steps.wrapping_sub(1);
    }

    /// The hash of everything added, at a revision of the configuration: 64 hexadecimal digits.
    pub fn finish(&self, revision: u64) -> String {
        let mut hasher = Sha256::new();
        for lane in self.sum {
            hasher.update(lane.to_le_bytes());
        }
        hasher.update(self.steps.to_le_bytes());
        hasher.update(revision.to_le_bytes());
        hex::encode(hasher.finalize())
    }
}

/// Whether two plans of one subject's steps are the same for whoever decides over them: effect, reason,
/// expectations, holds and guards. Numbers of parts, the words of proofs and the tokens of masked values
/// do not count.
pub fn is_same_plan(one: &[PlannedStep], other: &[PlannedStep]) -> bool {
    let same = |(one, other): (&PlannedStep, &PlannedStep)| {
        without_ids(&one.operation) == without_ids(&other.operation)
            && one.reason.name() == other.reason.name()
            && one.expects == other.expects
            && one.hold == other.hold
            && one.guards == other.guards
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

fn digest(key: &SourceKey, step: &PlannedStep) -> [u64; 4] {
    let canonical = Canonical {
        operation: without_ids(&step.operation),
        part: step.part,
        reason: step.reason.name(),
        expects: &step.expects,
        hold: step
            .hold
            .as_ref()
            .filter(|hold| !matches!(hold, Hold::Guard { .. })),
    };
    // The types of a step always serialise; were it otherwise, its key would still count.
    let json = serde_json::to_vec(&canonical).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update((key.as_str().len() as u64).to_le_bytes());
    hasher.update(key.as_str().as_bytes());
    hasher.update(&json);
    let digest = hasher.finalize();
    let mut lanes = [0; 4];
    for (lane, bytes) in lanes.iter_mut().zip(digest.as_slice().chunks_exact(8)) {
        *lane = bytes
            .iter()
            .rev()
            .fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    }
    lanes
}

/// The operation without what differs between two plans of the same effect.
fn without_ids(operation: &Operation) -> Operation {
    match operation {
        Operation::Create { resource, active } => Operation::Create {
            resource: Resource {
                fields: resource
                    .fields
                    .iter()
                    .map(|(field, value)| (field.clone(), without_token(value)))
                    .collect(),
            },
            active: *active,
        },
        Operation::Update { target_id, changes } => Operation::Update {
            target_id: target_id.clone(),
            changes: without_tokens(changes),
        },
        Operation::Adopt {
            target_id,
            changes,
            found_by,
        } => Operation::Adopt {
            target_id: target_id.clone(),
            changes: without_tokens(changes),
            found_by: found_by.clone(),
        },
        Operation::Rekey {
            target_id,
            old_key,
            old_subject: _,
            changes,
        } => Operation::Rekey {
            target_id: target_id.clone(),
            old_key: old_key.clone(),
            old_subject: SubjectId(0),
            changes: without_tokens(changes),
        },
        Operation::AddMembers { target_id, members } => Operation::AddMembers {
            target_id: target_id.clone(),
            members: members.iter().map(member).collect(),
        },
        Operation::RemoveMembers { target_id, members } => Operation::RemoveMembers {
            target_id: target_id.clone(),
            members: members.iter().map(member).collect(),
        },
        Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Unlink { .. } => operation.clone(),
    }
}

fn member(member: &Member) -> Member {
    Member {
        subject: SubjectId(0),
        target_id: TargetId::new(member.target_id.as_str()),
    }
}

fn without_tokens(changes: &[FieldChange]) -> Vec<FieldChange> {
    changes
        .iter()
        .map(|change| FieldChange {
            field: change.field.clone(),
            from: change.from.as_ref().map(without_token),
            to: change.to.as_ref().map(without_token),
        })
        .collect()
}

fn without_token(value: &FieldValue) -> FieldValue {
    match value {
        FieldValue::Sealed { token: _, digest } => FieldValue::Sealed {
            token: String::new(),
            digest: digest.clone(),
        },
        FieldValue::Text(_) | FieldValue::Bool(_) | FieldValue::List(_) => value.clone(),
    }
}
