//! What the target refuses as a whole is tried in parts: members are bisected, and optional fields
//! are kept from standing in the way of required ones (behaviour §6).

use usher_connector::Exchange;
use usher_core::model::{FieldChange, FieldValue, Member, Operation, Resource, Step};

use super::attempt::{Attempt, Done, Ended, replied};
use super::trouble::{Trouble, again};

impl Attempt<'_> {
    /// A refused operation in parts.
    pub(super) async fn split(
        &self,
        step: &Step,
        reason: String,
        log: &mut Vec<Exchange>,
    ) -> Ended {
        match &step.planned.operation {
            Operation::Create { resource, active } => {
                self.split_create(step, resource, *active, reason, log)
                    .await
            }
            Operation::Update { changes, .. }
            | Operation::Adopt { changes, .. }
            | Operation::Rekey { changes, .. }
                if changes.len() > 1 =>
            {
                self.split_changes(step, changes, reason, log).await
            }
            // Of an adoption or a re-key the link stands, whatever else is refused.
            Operation::Update { changes, .. }
            | Operation::Adopt { changes, .. }
            | Operation::Rekey { changes, .. } => Ended::Partly {
                done: None,
                operation: None,
                refused: with_changes(&step.planned.operation, changes.clone()),
                reason,
            },
            Operation::AddMembers { .. } | Operation::RemoveMembers { .. } => {
                self.split_members(step, reason, log).await
            }
            Operation::Disable { .. }
            | Operation::Enable { .. }
            | Operation::Delete { .. }
            | Operation::Unlink { .. } => Ended::Parked { reason },
        }
    }

    /// Required fields alone first; the optional ones follow as an update of their own.
    async fn split_create(
        &self,
        step: &Step,
        resource: &Resource,
        active: bool,
        reason: String,
        log: &mut Vec<Exchange>,
    ) -> Ended {
        let (needed, optional) = self.by_need(resource);
        if optional.fields.is_empty() {
            return Ended::Parked { reason };
        }
        let operation = Operation::Create {
            resource: needed,
            active,
        };
        match self.part(step, &operation, log).await {
            Ok(done) => Ended::Partly {
                done: Some(done),
                operation: Some(operation),
                // Nothing is refused for good yet: the update that follows finds out what is.
                refused: Operation::Create {
                    resource: Resource::default(),
                    active,
                },
                reason,
            },
            Err(trouble) if trouble.is_refusal() => Ended::Parked {
                reason: trouble.reason(),
            },
            Err(trouble) => again(&trouble),
        }
    }

    /// Whether the target cannot do without a field.
    fn is_needed(&self, field: &str) -> bool {
        let descriptor = &self.open.descriptor;
        field == descriptor.external_id_field
            || descriptor.field(field).is_some_and(|field| field.required)
    }

    fn by_need(&self, resource: &Resource) -> (Resource, Resource) {
        let is_needed = |field: &str| {
            self.is_needed(field)
                || field == crate::context::GROUP_NAME_FIELD && resource.fields.len() == 1
        };
        let mut needed = Resource::default();
        let mut optional = Resource::default();
        for (field, value) in &resource.fields {
            let to = if is_needed(field) {
                &mut needed
            } else {
                &mut optional
            };
            to.fields.insert(field.clone(), value.clone());
        }
        (needed, optional)
    }

    /// Required fields alone first; then halves until what is refused stands alone.
    async fn split_changes(
        &self,
        step: &Step,
        changes: &[FieldChange],
        reason: String,
        log: &mut Vec<Exchange>,
    ) -> Ended {
        let mut accepted: Vec<FieldChange> = Vec::new();
        let mut refused: Vec<FieldChange> = Vec::new();
        let mut last = Done::default();
        let (needed, optional): (Vec<FieldChange>, Vec<FieldChange>) = changes
            .iter()
            .cloned()
            .partition(|change| self.is_needed(&change.field));
        let mut rest = if needed.is_empty() || optional.is_empty() {
            let (left, right) = changes.split_at(changes.len() / 2);
            vec![right.to_vec(), left.to_vec()]
        } else {
            vec![optional, needed]
        };
        while let Some(part) = rest.pop() {
            let operation = with_changes(&step.planned.operation, part.clone());
            match self.part(step, &operation, log).await {
                Ok(done) => {
                    accepted.extend(part);
                    last = done;
                }
                Err(trouble) if trouble.is_refusal() => {
                    if part.len() == 1 {
                        refused.extend(part);
                    } else {
                        let (left, right) = part.split_at(part.len() / 2);
                        rest.push(right.to_vec());
                        rest.push(left.to_vec());
                    }
                }
                Err(trouble) => return again(&trouble),
            }
        }
        let done = !accepted.is_empty();
        Ended::Partly {
            done: done.then_some(last),
            operation: done.then(|| with_changes(&step.planned.operation, accepted)),
            refused: with_changes(&step.planned.operation, refused),
            reason,
        }
    }

    /// Bisects a batch of members to find those that do not exist.
    pub(super) async fn split_members(
        &self,
        step: &Step,
        reason: String,
        log: &mut Vec<Exchange>,
    ) -> Ended {
        let (Operation::AddMembers { members, target_id }
        | Operation::RemoveMembers { members, target_id }) = &step.planned.operation
        else {
            return Ended::Parked { reason };
        };
        let there = match self
            .look(|| self.open.target.read(step.kind, target_id))
            .await
        {
            Ok(None) => return Ended::Gone { reason },
            Ok(Some(group)) => group.members,
            Err(Trouble::Stopped) => return Ended::Unsent,
            Err(Trouble::Target(_)) => None,
        };
        let adds = matches!(step.planned.operation, Operation::AddMembers { .. });
        // Who is in the group, or out of it, as wanted is not refused.
        let is_done = |member: &Member| {
            there
                .as_ref()
                .is_some_and(|there| there.contains(&member.target_id) == adds)
        };
        let mut accepted: Vec<Member> = Vec::new();
        let mut refused: Vec<Member> = Vec::new();
        let mut rest = halves(members);
        while let Some(part) = rest.pop() {
            let operation = with_members(&step.planned.operation, part.clone());
            match self.part(step, &operation, log).await {
                Ok(_) => accepted.extend(part),
                Err(trouble) if trouble.is_about_content() && part.len() == 1 => {
                    refused.extend(part);
                }
                Err(trouble) if trouble.is_about_content() => rest.extend(halves(&part)),
                Err(trouble) => return again(&trouble),
            }
        }
        accepted.extend(refused.extract_if(.., |member| is_done(member)));
        Ended::Partly {
            done: Some(Done::default()),
            operation: Some(with_members(&step.planned.operation, accepted)),
            refused: with_members(&step.planned.operation, refused),
            reason,
        }
    }

    async fn part(
        &self,
        step: &Step,
        operation: &Operation,
        log: &mut Vec<Exchange>,
    ) -> Result<Done, Trouble> {
        let opener = self.engine.sealer.as_ref();
        let Some(request) = self.open.target.encode(step.kind, operation, opener)? else {
            return Ok(Done::default());
        };
        match replied(self.send(&request, log).await?) {
            Ended::Done(done) => Ok(done),
            _ => Ok(Done::default()),
        }
    }
}

/// The two halves of a batch; a batch of one stands alone.
fn halves(members: &[Member]) -> Vec<Vec<Member>> {
    if members.len() < 2 {
        return vec![members.to_vec()];
    }
    let (left, right) = members.split_at(members.len() / 2);
    vec![right.to_vec(), left.to_vec()]
}

/// The same operation with other changes.
pub(super) fn with_changes(operation: &Operation, changes: Vec<FieldChange>) -> Operation {
    let mut other = operation.clone();
    if let Operation::Update { changes: of, .. }
    | Operation::Adopt { changes: of, .. }
    | Operation::Rekey { changes: of, .. } = &mut other
    {
        *of = changes;
    }
    other
}

fn with_members(operation: &Operation, members: Vec<Member>) -> Operation {
    let mut other = operation.clone();
    if let Operation::AddMembers { members: of, .. }
    | Operation::RemoveMembers { members: of, .. } = &mut other
    {
        *of = members;
    }
    other
}

/// The fields of an operation, as changes.
pub(super) fn changes_of(operation: &Operation) -> Vec<(String, Option<FieldValue>)> {
    match operation {
        Operation::Create { resource, .. } => resource
            .fields
            .iter()
            .map(|(field, value)| (field.clone(), Some(value.clone())))
            .collect(),
        Operation::Update { changes, .. }
        | Operation::Adopt { changes, .. }
        | Operation::Rekey { changes, .. } => changes
            .iter()
            .map(|change| (change.field.clone(), change.to.clone()))
            .collect(),
        Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Unlink { .. }
        | Operation::AddMembers { .. }
        | Operation::RemoveMembers { .. } => Vec::new(),
    }
}
