//! PATCH of a group (rows 31 to 34).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::attributes::CORE_GROUP;
use super::desk::Desk;
use super::error::{Outcome, Refusal};
use super::filter;
use super::groups::member;
use super::knobs::{Acceptance, NoOpMember, UnknownMember};
use super::members::{self, MemberRef, Resolved};
use super::model::Members;
use super::operations::{self, Operation, Verb, takes};

/// What was done so far, for undoing it and for telling the organisation.
#[derive(Debug, Default)]
struct Journal {
    /// Member and whether it was added (or removed).
    members: Vec<(Uuid, bool)>,
    other: bool,
}

/// What a path of a group points at.
enum Path {
    Members,
    OneMember(String),
    DisplayName,
    ExternalId,
    ReadOnly(&'static str),
    Unknown,
}

fn read_path(path: &str) -> Path {
    let path = match path.get(..CORE_GROUP.len()) {
        Some(head) if head.eq_ignore_ascii_case(CORE_GROUP) => path
            .get(CORE_GROUP.len()..)
            .unwrap_or_default()
            .trim_start_matches(':'),
        _ => path,
    };
    let lower = path.to_ascii_lowercase();
    match lower.as_str() {
        "members" => return Path::Members,
        "displayname" => return Path::DisplayName,
        "externalid" => return Path::ExternalId,
        "id" => return Path::ReadOnly("id"),
        "meta" => return Path::ReadOnly("meta"),
        "schemas" => return Path::ReadOnly("schemas"),
        _ => {}
    }
    let inner = lower
        .starts_with("members[")
        .then(|| path.get("members[".len()..))
        .flatten()
        .and_then(|rest| rest.strip_suffix(']'))
        .and_then(filter::parse);
    match inner {
        Some(comparison) if comparison.attribute.eq_ignore_ascii_case("value") => {
            Path::OneMember(comparison.value)
        }
        _ => Path::Unknown,
    }
}

impl Desk<'_> {
    pub(crate) fn patch_group(&mut self, id: &Uuid, body: &Map<String, Value>) -> Outcome<()> {
        let operations = operations::read(body, self.knobs)?;
        self.check_batch(&operations)?;
        let before = self
            .directory
            .group(id)
            .map(|g| (g.name.clone(), g.external_id.clone(), g.modified));
        let mut journal = Journal::default();
        let mut outcome = Ok(());
        for operation in &operations {
            outcome = self.patch_one(id, operation, &mut journal);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_err() && self.knobs.group_patch_atomic {
            self.undo_members(id, &journal);
            if let Some((name, external_id, modified)) = before {
                if self.directory.group(id).is_some_and(|g| g.name != name) {
                    self.force_rename(id, &name);
                }
                if let Some(group) = self.directory.group_mut(id) {
                    group.external_id = external_id;
                    group.modified = modified;
                }
            }
            return outcome;
        }
        let pick = |wanted: bool| {
            journal
                .members
                .iter()
                .filter(|(_, added)| *added == wanted)
                .map(|(m, _)| *m)
                .collect()
        };
        let (added, removed): (Vec<Uuid>, Vec<Uuid>) = (pick(true), pick(false));
        if journal.other || !journal.members.is_empty() {
            self.touch_group(id, &added, &removed);
        }
        outcome
    }

    fn check_batch(&self, operations: &[Operation]) -> Outcome<()> {
        let limits = &self.knobs.limits;
        let count = |o: &Operation| match &o.value {
            Value::Array(array) => array.len(),
            Value::Object(object) => member(object, "members")
                .and_then(Value::as_array)
                .map_or(1, Vec::len),
            _ => 1,
        };
        let named: usize = operations.iter().map(count).sum();
        if limits.members_per_patch > 0 && named > limits.members_per_patch {
            let detail = format!("At most {} members in one PATCH.", limits.members_per_patch);
            return Err(Refusal::scim(limits.status, "tooMany", detail));
        }
        Ok(())
    }

    fn undo_members(&mut self, id: &Uuid, journal: &Journal) {
        for (member, added) in journal.members.iter().rev() {
            if *added {
                self.directory.remove_member(id, member);
            } else {
                self.directory.add_member(id, member);
            }
        }
    }

    fn patch_one(&mut self, id: &Uuid, operation: &Operation, log: &mut Journal) -> Outcome<()> {
        let (verb, value) = (operation.verb, &operation.value);
        if let Some(path) = &operation.path {
            return self.patch_path(id, verb, path, value, log);
        }
        if !takes(self.knobs.pathless_patch, "no path")? {
            return Ok(());
        }
        let Some(object) = value.as_object() else {
            return Ok(());
        };
        for (path, value) in object {
            match read_path(path) {
                Path::ReadOnly(_) | Path::Unknown => {}
                _ => self.patch_path(id, verb, path, value, log)?,
            }
        }
        Ok(())
    }

    fn patch_path(
        &mut self,
        id: &Uuid,
        verb: Verb,
        path: &str,
        value: &Value,
        log: &mut Journal,
    ) -> Outcome<()> {
        match (read_path(path), verb) {
            (Path::Members, Verb::Add) => self.add_members(id, &members::read(value)?, log),
            (Path::Members, Verb::Replace) => self.replace_members(id, value, log),
            (Path::Members, Verb::Remove) => self.remove_members(id, value, log),
            (Path::OneMember(member), Verb::Remove) => {
                if takes(self.knobs.remove_members_by_filter, path)? {
                    self.remove_member(id, &member, log)?;
                }
                Ok(())
            }
            (Path::OneMember(_), Verb::Add | Verb::Replace) => {
                Err(Refusal::path(format!("Unsupported path: {path}")))
            }
            (Path::DisplayName, Verb::Remove) => Err(Refusal::mutability(
                "Attribute displayName of a group is immutable.",
            )),
            (Path::DisplayName, Verb::Add | Verb::Replace) => match value.as_str() {
                Some(name) if !name.trim().is_empty() => {
                    log.other |= self.rename(id, name)?;
                    Ok(())
                }
                _ => Err(Refusal::value("Attribute displayName: expected a string.")),
            },
            (Path::ExternalId, verb) => self.patch_external_id(id, verb, value, log),
            (Path::ReadOnly(name), _) => Err(Refusal::mutability(format!(
                "Attribute {name} is read-only."
            ))),
            (Path::Unknown, _) => match self.knobs.unknown_path {
                Acceptance::Refuse => Err(Refusal::path(format!("Unknown path: {path}"))),
                Acceptance::Accept | Acceptance::Ignore => Ok(()),
            },
        }
    }

    fn patch_external_id(
        &mut self,
        id: &Uuid,
        verb: Verb,
        value: &Value,
        log: &mut Journal,
    ) -> Outcome<()> {
        let new = match (verb, value) {
            (Verb::Remove, _) | (_, Value::Null) => None,
            (_, Value::String(text)) => Some(text.clone()),
            _ => return Err(Refusal::value("Attribute externalId: expected a string.")),
        };
        log.other |= self.set_external_id(id, new);
        Ok(())
    }

    /// A member to add: its id, or nothing to do.
    fn addable(&self, member: &MemberRef) -> Outcome<Option<Uuid>> {
        match (self.resolve(member)?, self.knobs.unknown_member) {
            (Resolved::User(id), _) => Ok(Some(id)),
            (Resolved::Skipped, _) | (Resolved::Unknown, UnknownMember::Ignored) => Ok(None),
            (Resolved::Unknown, UnknownMember::NotFound) => {
                Err(Refusal::missing("USER", &member.value))
            }
            (Resolved::Unknown, UnknownMember::BadRequest) => Err(Refusal::value(format!(
                "members: no user with id[{}].",
                member.value
            ))),
        }
    }

    fn add_members(&mut self, id: &Uuid, members: &[MemberRef], log: &mut Journal) -> Outcome<()> {
        for member in members {
            let Some(user) = self.addable(member)? else {
                continue;
            };
            let held = self
                .directory
                .group(id)
                .map(|g| (g.members.len(), g.members.contains(&user)));
            let Some((len, there)) = held else {
                return Ok(());
            };
            if there {
                if self.knobs.already_member == NoOpMember::Refused {
                    return Err(Refusal::value(format!(
                        "members: {user} is a member already."
                    )));
                }
                continue;
            }
            self.check_room(len, 1)?;
            self.directory.add_member(id, &user);
            log.members.push((user, true));
        }
        Ok(())
    }

    fn replace_members(&mut self, id: &Uuid, value: &Value, log: &mut Journal) -> Outcome<()> {
        if !takes(self.knobs.replace_members, "replace members")? {
            return Ok(());
        }
        let mut wanted = Members::default();
        for member in members::read(value)? {
            if let Some(user) = self.addable(&member)? {
                wanted.insert(user);
            }
        }
        let held = self.directory.group(id).map_or(0, |g| g.members.len());
        self.check_room(held, wanted.len().saturating_sub(held))?;
        let (added, removed) = self.set_members(id, &wanted);
        log.members.extend(removed.into_iter().map(|m| (m, false)));
        log.members.extend(added.into_iter().map(|m| (m, true)));
        Ok(())
    }

    fn remove_members(&mut self, id: &Uuid, value: &Value, log: &mut Journal) -> Outcome<()> {
        if value.is_null() {
            let (_, removed) = self.set_members(id, &Members::default());
            log.members.extend(removed.into_iter().map(|m| (m, false)));
            return Ok(());
        }
        if !takes(
            self.knobs.remove_members_by_array,
            "remove members by value array",
        )? {
            return Ok(());
        }
        for member in members::read(value)? {
            self.remove_member(id, &member.value, log)?;
        }
        Ok(())
    }

    fn remove_member(&mut self, id: &Uuid, member: &str, log: &mut Journal) -> Outcome<()> {
        let user = Uuid::try_parse(member).ok();
        match user.filter(|user| self.directory.remove_member(id, user)) {
            Some(user) => log.members.push((user, false)),
            None if self.knobs.not_a_member == NoOpMember::Refused => {
                return Err(Refusal::value(format!(
                    "members: {member} is not a member."
                )));
            }
            None => {}
        }
        Ok(())
    }
}
