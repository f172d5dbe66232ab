//! What an engine does with the contract, as small as it can be: other encodings, smaller batches.

use usher_connector::{Failure, Premise, Reply, Request, Target, TargetError};
use usher_core::model::{FieldValue, Kind, Member, Operation, TargetId};

use crate::rig::TestOpener;

/// What became of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Option<Box<Reply>>),
    /// These members could not be added or removed.
    Partly(Vec<TargetId>),
    Failed(TargetError),
}

impl Outcome {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Done(Some(reply)) => *reply,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn error(self) -> TargetError {
        match self {
            Self::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }
}

/// Carries out an operation: the first encoding, then the others after a refusal or when a value did not stick. Members go in halves
/// when a whole batch is refused in every form.
pub(crate) async fn apply(target: &dyn Target, kind: Kind, operation: &Operation) -> Outcome {
    match every_form(target, kind, operation).await {
        Outcome::Failed(error) if is_about_members(operation) && is_refusal(&error) => {
            halves(target, operation).await
        }
        other => other,
    }
}

async fn every_form(target: &dyn Target, kind: Kind, operation: &Operation) -> Outcome {
    let mut attempt = 0;
    let mut last = None;
    while let Some(request) = encode(target, kind, operation, attempt) {
        match target.send(&request).await {
            Ok(reply) if sticks(operation, &reply) => return Outcome::Done(Some(Box::new(reply))),
            Ok(reply) => last = Some(Outcome::Done(Some(Box::new(reply)))),
            Err(error) if error.failure == Failure::AlreadyDone => return Outcome::Done(None),
            // An earlier encoding that was carried out stands.
            Err(error) if is_refusal(&error) => last = last.or(Some(Outcome::Failed(error))),
            Err(error) => return Outcome::Failed(error),
        }
        attempt += 1;
    }
    last.unwrap_or(Outcome::Done(None))
}

fn is_about_members(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddMembers { .. } | Operation::RemoveMembers { .. }
    )
}

fn is_refusal(error: &TargetError) -> bool {
    let member_gone = Failure::Replan {
        premise: Premise::MemberGone,
    };
    error.failure == member_gone || matches!(error.failure, Failure::Refused { .. })
}

fn encode(target: &dyn Target, kind: Kind, operation: &Operation, attempt: u32) -> Option<Request> {
    match attempt {
        0 => target.encode(kind, operation, &TestOpener).unwrap(),
        n => target
            .encode_otherwise(kind, operation, n, &TestOpener)
            .unwrap(),
    }
}

/// Whether the reply shows what was asked for, as far as it shows anything.
pub(crate) fn sticks(operation: &Operation, reply: &Reply) -> bool {
    let Some(observed) = &reply.observed else {
        return true;
    };
    let changes = match operation {
        Operation::Disable { .. } => return observed.active != Some(true),
        Operation::Enable { .. } => return observed.active != Some(false),
        Operation::Update { changes, .. }
        | Operation::Adopt { changes, .. }
        | Operation::Rekey { changes, .. } => changes,
        _ => return true,
    };
    let text = |value: Option<&FieldValue>| match value {
        Some(FieldValue::Sealed { digest, .. }) => Some(digest.clone()),
        Some(value) => Some(value.shown()),
        None => None,
    };
    changes
        .iter()
        .all(|change| text(change.to.as_ref()) == text(observed.resource.fields.get(&change.field)))
}

async fn halves(target: &dyn Target, operation: &Operation) -> Outcome {
    let (group, all, adding) = match operation {
        Operation::AddMembers { target_id, members } => (target_id, members, true),
        Operation::RemoveMembers { target_id, members } => (target_id, members, false),
        other => panic!("no membership: {other:?}"),
    };
    let part = |members: &[Member]| {
        let (target_id, members) = (group.clone(), members.to_vec());
        if adding {
            Operation::AddMembers { target_id, members }
        } else {
            Operation::RemoveMembers { target_id, members }
        }
    };
    let mut bad = Vec::new();
    let mut open: Vec<Vec<Member>> = vec![all.clone()];
    while let Some(batch) = open.pop() {
        match every_form(target, Kind::Group, &part(&batch)).await {
            Outcome::Done(_) => {}
            Outcome::Failed(error) if is_refusal(&error) && batch.len() == 1 => {
                bad.extend(batch.into_iter().map(|member| member.target_id));
            }
            Outcome::Failed(error) if is_refusal(&error) => {
                let (left, right) = batch.split_at(batch.len() / 2);
                open.extend([left.to_vec(), right.to_vec()]);
            }
            other => panic!("{other:?}"),
        }
    }
    bad.sort();
    if bad.is_empty() {
        Outcome::Done(None)
    } else {
        Outcome::Partly(bad)
    }
}
