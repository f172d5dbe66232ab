//! Members of groups as clients write them (rows 31 to 36).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::desk::Desk;
use super::error::{Outcome, Refusal};
use super::knobs::Acceptance;

/// A member as written in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberRef {
    pub(crate) value: String,
    pub(crate) is_group: bool,
}

/// What a written member turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolved {
    User(Uuid),
    Unknown,
    /// A group, which the knob says to leave out.
    Skipped,
}

/// Reads an array of `{value}` (or one such object).
pub(crate) fn read(value: &Value) -> Outcome<Vec<MemberRef>> {
    match value {
        Value::Array(array) => array.iter().map(read_one).collect(),
        Value::Object(_) => Ok(vec![read_one(value)?]),
        _ => Err(Refusal::value(
            "members: an array of objects with value is expected.",
        )),
    }
}

fn read_one(member: &Value) -> Outcome<MemberRef> {
    let text = |object: &Map<String, Value>, name: &str| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, v)| v.as_str()).map(str::to_owned)
    };
    let found = member.as_object().and_then(|object| {
        let is_group = text(object, "type").is_some_and(|t| t.eq_ignore_ascii_case("Group"));
        text(object, "value").map(|value| MemberRef { value, is_group })
    });
    found.ok_or_else(|| Refusal::value("members: each element needs a value."))
}

impl Desk<'_> {
    /// Finds out what a member is; a group is refused or skipped (row 36).
    pub(crate) fn resolve(&self, member: &MemberRef) -> Outcome<Resolved> {
        let id = Uuid::try_parse(&member.value).ok();
        let is_group = member.is_group || id.is_some_and(|id| self.directory.group(&id).is_some());
        if is_group {
            return match self.knobs.group_as_member {
                Acceptance::Refuse => Err(Refusal::value(
                    "members: a group cannot be a member of a group.",
                )),
                Acceptance::Accept | Acceptance::Ignore => Ok(Resolved::Skipped),
            };
        }
        Ok(match id.filter(|id| self.directory.user(id).is_some()) {
            Some(id) => Resolved::User(id),
            None => Resolved::Unknown,
        })
    }

    /// Row 42: whether a group, and the directory, can take `more` members.
    pub(crate) fn check_room(&self, in_group: usize, more: usize) -> Outcome<()> {
        let limits = &self.knobs.limits;
        let too_many = |what: &str, limit: usize| {
            let detail = format!("At most {limit} {what}.");
            Err(Refusal::scim(limits.status, "tooMany", detail))
        };
        if in_group + more > limits.members_per_group {
            return too_many("members in a group", limits.members_per_group);
        }
        if self.directory.memberships + more > limits.memberships {
            return too_many("memberships in a directory", limits.memberships);
        }
        Ok(())
    }
}
