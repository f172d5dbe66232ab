//! Rows as the statements of [`crate::sql::write`] take them: lists that are written as JSON straight away, since values in
//! between cost more than the statements.

use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};
use usher_core::model::{
    Desired, Expectation, Hold, Kind, Operation, PlannedStep, Reason, Shadow, Subject, SubjectId,
};

/// Subject, account, members, written.
pub(crate) type Touched = (i64, bool, bool, bool);

/// Subject, desired, shadow.
pub(crate) type DataRow<'s> = (i64, Option<&'s Desired>, &'s Shadow);

pub(crate) fn data_row(id: SubjectId, subject: &Subject) -> DataRow<'_> {
    (id.0, subject.desired.as_ref(), &subject.shadow)
}

/// The light part of a subject.
pub(crate) struct SubjectRow<'s> {
    pub(crate) channel: i64,
    pub(crate) subject: &'s Subject,
    pub(crate) container: &'s str,
}

impl Serialize for SubjectRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subject = self.subject;
        let mut row = serializer.serialize_seq(Some(23))?;
        row.serialize_element(&self.channel)?;
        row.serialize_element(&subject.key)?;
        row.serialize_element(&subject.kind)?;
        row.serialize_element(&subject.dn)?;
        row.serialize_element(&subject.dn_hash)?;
        row.serialize_element(&subject.display)?;
        row.serialize_element(&subject.state)?;
        row.serialize_element(&subject.target_id)?;
        row.serialize_element(&subject.in_scope)?;
        row.serialize_element(&subject.desired_hash)?;
        row.serialize_element(&subject.synced_hash)?;
        row.serialize_element(&subject.verdict)?;
        row.serialize_element(&subject.reason)?;
        row.serialize_element(&subject.attempts)?;
        row.serialize_element(&subject.next_at)?;
        row.serialize_element(&subject.parked_hash)?;
        row.serialize_element(&subject.dirty)?;
        row.serialize_element(&subject.left_at)?;
        row.serialize_element(&subject.members_settled)?;
        row.serialize_element(&subject.members_complete)?;
        row.serialize_element(&subject.members_dirty)?;
        row.serialize_element(&self.container)?;
        row.serialize_element(&subject.standing_hold)?;
        row.end()
    }
}

/// Subject, kind, verb, priority, part, members, operation, reason, expects, hold, guards.
pub(crate) type StepRow<'s> = (
    i64,
    Kind,
    &'static str,
    u8,
    u32,
    usize,
    &'s Operation,
    &'s Reason,
    &'s Expectation,
    Option<&'s Hold>,
    &'s [String],
);

pub(crate) fn step_row(subject: SubjectId, kind: Kind, step: &PlannedStep) -> StepRow<'_> {
    let verb = step.operation.verb();
    let members = match &step.operation {
        Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. } => {
            members.len()
        }
        Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Adopt { .. }
        | Operation::Rekey { .. }
        | Operation::Unlink { .. } => 0,
    };
    (
        subject.0,
        kind,
        verb.as_str(),
        verb.priority(kind),
        step.part,
        members,
        &step.operation,
        &step.reason,
        &step.expects,
        step.hold.as_ref(),
        &step.guards,
    )
}
