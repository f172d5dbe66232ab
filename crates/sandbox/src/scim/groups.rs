//! Creating, replacing and deleting groups (rows 27 to 37); PATCH is in `group_patch`.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::config::OrgGroupKind;
use super::desk::Desk;
use super::error::{Outcome, Refusal};
use super::knobs::{DefaultGroup, OrgGroupConflict, PutGroupError, PutOmitted, RenameGroup};
use super::members::{self, Resolved};
use super::model::{Group, Members, Reach};
use super::org::Change;

type Object = Map<String, Value>;

/// Finds a member of an object in any case.
pub(crate) fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn display_name(body: &Object) -> Outcome<&str> {
    match member(body, "displayName") {
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(name),
        Some(Value::String(_) | Value::Null) | None => {
            Err(Refusal::value("Invalid payload: displayName is required."))
        }
        Some(_) => Err(Refusal::value("Attribute displayName: expected a string.")),
    }
}

fn external_id(body: &Object) -> Outcome<Option<String>> {
    match member(body, "externalId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::value("Attribute externalId: expected a string.")),
    }
}

impl Desk<'_> {
    /// The group with this id as written in a path.
    pub(crate) fn find_group(&self, id: &str) -> Outcome<Uuid> {
        let found = Uuid::try_parse(id)
            .ok()
            .filter(|id| self.directory.group(id).is_some());
        found.ok_or_else(|| Refusal::missing("GROUP", id))
    }

    pub(crate) fn create_group(&mut self, body: &Object) -> Outcome<Uuid> {
        let name = display_name(body)?.to_owned();
        let external_id = external_id(body)?;
        let limits = &self.knobs.limits;
        if self.directory.group_count() >= limits.groups {
            let detail = format!(
                "The directory holds its maximum of {} groups.",
                limits.groups
            );
            return Err(Refusal::scim(limits.status, "tooMany", detail));
        }
        if self.directory.group_named(&name).is_some() {
            return Err(Refusal::exists("GROUP", "displayName", &name));
        }
        let reach = self.reach_of(&name)?;
        let members = match member(body, "members") {
            None | Some(Value::Null) => Members::default(),
            Some(value) => self.existing_members(value, Refusal::value)?,
        };
        self.check_room(0, members.len())?;
        let id = self.new_id();
        match reach {
            Reach::Propagated => {
                let members = members.iter().copied().collect();
                self.propagate(Change::GroupMade {
                    group: id,
                    name: name.clone(),
                    members,
                });
            }
            Reach::PendingReview | Reach::Never => self.note_not_created(&name),
        }
        let (created, modified) = (self.now, self.now);
        self.directory.put_group(Group {
            id,
            name,
            external_id,
            created,
            modified,
            reach,
            members,
        });
        Ok(id)
    }

    fn note_not_created(&mut self, name: &str) {
        let text = format!(
            "Failed to create group of name {name} for OrgId {} due to existing group with same \
             name in organization",
            self.org.id
        );
        self.org.note(self.now, true, text);
    }

    /// Rows 28, 29 and 30: what a group of the organisation with the same name means.
    fn reach_of(&self, name: &str) -> Outcome<Reach> {
        let Some(there) = self.org.group(name) else {
            return Ok(Reach::Propagated);
        };
        let conflict = || Err(Refusal::exists("GROUP", "displayName", name));
        match (
            there.kind,
            self.knobs.org_group_conflict,
            self.knobs.default_group,
        ) {
            (OrgGroupKind::Ordinary, OrgGroupConflict::Conflict, _) => conflict(),
            (OrgGroupKind::Ordinary, OrgGroupConflict::PendingReview, _) => {
                Ok(Reach::PendingReview)
            }
            (OrgGroupKind::Default | OrgGroupKind::BuiltIn, _, DefaultGroup::Conflict) => {
                conflict()
            }
            (OrgGroupKind::Default | OrgGroupKind::BuiltIn, _, DefaultGroup::NeverPropagated) => {
                Ok(Reach::Never)
            }
        }
    }

    /// Members that must all exist.
    fn existing_members(
        &self,
        value: &Value,
        refusal: impl Fn(String) -> Refusal,
    ) -> Outcome<Members> {
        let mut members = Members::default();
        for member in members::read(value)? {
            match self.resolve(&member)? {
                Resolved::User(id) => {
                    members.insert(id);
                }
                Resolved::Skipped => {}
                Resolved::Unknown => {
                    return Err(refusal(format!(
                        "members: no user with id[{}].",
                        member.value
                    )));
                }
            }
        }
        Ok(members)
    }

    pub(crate) fn replace_group(&mut self, id: &Uuid, body: &Object) -> Outcome<()> {
        let name = display_name(body)?.to_owned();
        let external_id = external_id(body)?;
        let refusal = |detail| match self.knobs.put_group_error {
            PutGroupError::JavaException => Refusal::Java { detail },
            PutGroupError::Scim => Refusal::value(detail),
        };
        let wanted = match (member(body, "members"), self.knobs.put_group_omitted) {
            (None | Some(Value::Null), PutOmitted::Kept) => None,
            (None | Some(Value::Null), PutOmitted::Cleared) => Some(Members::default()),
            (Some(value), _) => Some(self.existing_members(value, refusal)?),
        };
        if let Some(wanted) = &wanted {
            let held = self.directory.group(id).map_or(0, |g| g.members.len());
            self.check_room(held, wanted.len().saturating_sub(held))?;
        }
        self.rename(id, &name)?;
        let mut touched = self.set_external_id(id, external_id);
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        if let Some(wanted) = wanted {
            (added, removed) = self.set_members(id, &wanted);
        }
        touched |= !added.is_empty() || !removed.is_empty();
        if touched {
            self.touch_group(id, &added, &removed);
        }
        Ok(())
    }

    /// Whether it was another one.
    pub(crate) fn set_external_id(&mut self, id: &Uuid, external_id: Option<String>) -> bool {
        let Some(group) = self.directory.group_mut(id) else {
            return false;
        };
        let differs = group.external_id != external_id;
        group.external_id = external_id;
        differs
    }

    /// Makes the members exactly these; returns who came and who went.
    pub(crate) fn set_members(&mut self, id: &Uuid, wanted: &Members) -> (Vec<Uuid>, Vec<Uuid>) {
        let Some(group) = self.directory.group(id) else {
            return Default::default();
        };
        let removed: Vec<Uuid> = group
            .members
            .iter()
            .filter(|m| !wanted.contains(m))
            .copied()
            .collect();
        let added: Vec<Uuid> = wanted
            .iter()
            .filter(|m| !group.members.contains(m))
            .copied()
            .collect();
        for member in &removed {
            self.directory.remove_member(id, member);
        }
        for member in &added {
            self.directory.add_member(id, member);
        }
        (added, removed)
    }

    /// Row 34. Whether the name is another one now.
    pub(crate) fn rename(&mut self, id: &Uuid, name: &str) -> Outcome<bool> {
        let Some(group) = self.directory.group(id) else {
            return Err(Refusal::missing("GROUP", &id.to_string()));
        };
        if group.name == name {
            return Ok(false);
        }
        match self.knobs.rename_group {
            RenameGroup::Refused => {
                return Err(Refusal::mutability(
                    "Attribute displayName of a group is immutable.",
                ));
            }
            RenameGroup::Ignored => return Ok(false),
            RenameGroup::Renamed => {}
        }
        if self
            .directory
            .group_named(name)
            .is_some_and(|holder| holder != *id)
        {
            return Err(Refusal::exists("GROUP", "displayName", name));
        }
        self.force_rename(id, name);
        Ok(true)
    }

    /// Gives a group another name, in the organisation too.
    pub(crate) fn force_rename(&mut self, id: &Uuid, name: &str) {
        let now = self.now;
        let Some(group) = self.directory.group_mut(id) else {
            return;
        };
        group.modified = now;
        let (old, reach) = (group.name.clone(), group.reach);
        let members = group.members.iter().copied().collect();
        self.directory.rename_group(id, name);
        if reach == Reach::Propagated {
            self.propagate(Change::GroupGone {
                group: *id,
                name: old,
            });
            self.propagate(Change::GroupMade {
                group: *id,
                name: name.to_owned(),
                members,
            });
        }
    }

    pub(crate) fn delete_group(&mut self, id: &Uuid) -> Outcome<()> {
        let Some(group) = self.directory.remove_group(id) else {
            return Err(Refusal::missing("GROUP", &id.to_string()));
        };
        self.propagate(Change::GroupGone {
            group: *id,
            name: group.name,
        });
        Ok(())
    }

    /// Row 29: what the administrator's "Sync group" does. Whether there was something to do.
    pub(crate) fn synchronise_group(&mut self, name: &str) -> bool {
        let Some(id) = self.directory.group_named(name) else {
            return false;
        };
        let Some(group) = self.directory.group_mut(&id) else {
            return false;
        };
        if group.reach != Reach::PendingReview {
            return false;
        }
        group.reach = Reach::Propagated;
        let members = group.members.iter().copied().collect();
        self.org.hand_over(name, id, members);
        true
    }
}
