//! Creating, changing and deleting users (rows 12 to 26).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::attributes::{check_required, read_user};
use super::desk::Desk;
use super::distort::distort;
use super::error::{Outcome, Refusal};
use super::knobs::{
    DeleteUser, ExternalIdDuplicate, PutOmitted, PutWithoutActive, Recreate, UserNameConflict,
};
use super::model::{Attributes, User, primary_email};
use super::{operations, patch};

type Object = Map<String, Value>;

fn text<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is_active(attributes: &Attributes) -> bool {
    attributes.get("active").and_then(Value::as_bool) != Some(false)
}

impl Desk<'_> {
    /// The user with this id as written in a path.
    pub(crate) fn find_user(&self, id: &str) -> Outcome<Uuid> {
        let found = Uuid::try_parse(id)
            .ok()
            .filter(|id| self.directory.user(id).is_some());
        found.ok_or_else(|| Refusal::missing("USER", id))
    }

    pub(crate) fn create_user(&mut self, body: &Object) -> Outcome<Uuid> {
        let mut attributes = read_user(body, self.knobs)?;
        check_required(&mut attributes, self.knobs)?;
        distort(&mut attributes, None, self.knobs);
        let limits = &self.knobs.limits;
        if self.directory.user_count() >= limits.users {
            let detail = format!("The directory holds its maximum of {} users.", limits.users);
            return Err(Refusal::scim(limits.status, "tooMany", detail));
        }
        let email = primary_email(&attributes).unwrap_or_default().to_owned();
        let grave = self.directory.grave(text(&attributes, "userName"), &email);
        if grave.is_some() && self.knobs.recreate == Recreate::Conflict {
            return Err(Refusal::exists("USER", "email", &email));
        }
        self.check_unique(&attributes, None)?;
        let account = self.account_for_new(&email)?;
        let old = grave.filter(|_| self.knobs.recreate == Recreate::OldId);
        let id = old.unwrap_or_else(|| self.new_id());
        let groups = self
            .directory
            .any_user(&id)
            .map(|u| u.groups.clone())
            .unwrap_or_default();
        let (created, modified) = (self.now, self.now);
        let account = Some(account);
        let user = User {
            id,
            attributes,
            created,
            modified,
            account,
            deleted: false,
            groups,
        };
        let wakes = grave.is_none() || self.knobs.recreate_reactivates;
        let active = if is_active(&user.attributes) {
            wakes.then_some(true)
        } else {
            Some(false)
        };
        self.send_profile(&user, active);
        self.directory.put_user(user);
        Ok(id)
    }

    pub(crate) fn replace_user(&mut self, id: &Uuid, body: &Object) -> Outcome<()> {
        let new = read_user(body, self.knobs)?;
        if text(&new, "userName").is_empty() {
            return Err(Refusal::value("Invalid payload: userName is required."));
        }
        let Some(old) = self.directory.user(id).map(|u| u.attributes.clone()) else {
            return Err(Refusal::missing("USER", &id.to_string()));
        };
        let was_active = old.get("active").cloned();
        let active_given = new.contains_key("active");
        let mut attributes = match self.knobs.put_omitted {
            PutOmitted::Cleared => Attributes::new(),
            PutOmitted::Kept => old,
        };
        attributes.extend(new);
        if !active_given {
            let active = match self.knobs.put_without_active {
                PutWithoutActive::Cleared => None,
                PutWithoutActive::Kept => was_active,
                PutWithoutActive::Deactivated => Some(Value::Bool(false)),
            };
            if let Some(active) = active {
                attributes.insert("active".to_owned(), active);
            }
        }
        self.change_user(id, attributes)
    }

    pub(crate) fn patch_user(&mut self, id: &Uuid, body: &Object) -> Outcome<()> {
        let operations = operations::read(body, self.knobs)?;
        let Some(mut attributes) = self.directory.user(id).map(|u| u.attributes.clone()) else {
            return Err(Refusal::missing("USER", &id.to_string()));
        };
        patch::apply(&mut attributes, &operations, self.knobs)?;
        self.change_user(id, attributes)
    }

    /// Stores a whole new set of attributes with all that follows from it.
    fn change_user(&mut self, id: &Uuid, mut attributes: Attributes) -> Outcome<()> {
        let Some(old) = self.directory.user(id).cloned() else {
            return Err(Refusal::missing("USER", &id.to_string()));
        };
        check_required(&mut attributes, self.knobs)?;
        distort(&mut attributes, Some(&old.attributes), self.knobs);
        if attributes == old.attributes {
            return Ok(());
        }
        self.check_unique(&attributes, Some(*id))?;
        let unlinks = self.settle_account(&old, &attributes)?;
        let deactivated = is_active(&old.attributes) && !is_active(&attributes);
        let reactivated = !is_active(&old.attributes) && is_active(&attributes);
        if unlinks || (deactivated && !self.knobs.deactivated_keep_memberships) {
            self.leave_all_groups(id);
        }
        let Some(mut user) = self.directory.user(id).cloned() else {
            return Ok(());
        };
        user.attributes = attributes;
        user.modified = self.now;
        if unlinks {
            user.account = None;
        }
        let switched = deactivated || reactivated;
        self.send_profile(&user, switched.then_some(reactivated));
        self.directory.put_user(user);
        Ok(())
    }

    pub(crate) fn delete_user(&mut self, id: &Uuid) -> Outcome<()> {
        let Some(mut user) = self.directory.user(id).cloned() else {
            return Err(Refusal::missing("USER", &id.to_string()));
        };
        self.send_profile(&user, Some(false));
        match self.knobs.delete_user {
            DeleteUser::Removed => {
                self.leave_all_groups(id);
            }
            DeleteUser::Deactivated => {
                user.attributes
                    .insert("active".to_owned(), Value::Bool(false));
                self.directory.put_user(user);
            }
        }
        self.directory.bury_user(id);
        Ok(())
    }

    /// Rows 14, 15 and 19, and externalId by its knob.
    fn check_unique(&self, attributes: &Attributes, own: Option<Uuid>) -> Outcome<()> {
        let taken = |holder: Option<Uuid>| holder.is_some_and(|holder| Some(holder) != own);
        let email = primary_email(attributes).unwrap_or_default();
        if taken(self.directory.holder_of_email(email)) {
            return Err(Refusal::exists("USER", "email", email));
        }
        let user_name = text(attributes, "userName");
        if taken(self.directory.holder_of_user_name(user_name)) {
            return Err(match self.knobs.user_name_conflict {
                UserNameConflict::NamesUserName => Refusal::exists("USER", "userName", user_name),
                UserNameConflict::NamesEmail => Refusal::exists("USER", "email", email),
            });
        }
        let external_id = text(attributes, "externalId");
        if self.knobs.external_id_duplicate == ExternalIdDuplicate::Refused
            && !external_id.is_empty()
        {
            let holders = self.directory.holders_of_external_id(external_id);
            if holders.iter().any(|holder| Some(*holder) != own) {
                return Err(Refusal::exists("USER", "externalId", external_id));
            }
        }
        Ok(())
    }
}
