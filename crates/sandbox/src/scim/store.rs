//! A directory with its indexes. No method scans, except the lists right after a deletion.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::model::{Group, User, fold};

/// One SCIM directory.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) key_expires: Timestamp,
    /// `http://127.0.0.1:PORT/scim/directory/ID`
    pub(crate) base_url: String,
    pub(crate) memberships: usize,
    users: HashMap<Uuid, User>,
    groups: HashMap<Uuid, Group>,
    user_order: Order,
    group_order: Order,
    live_users: usize,
    by_user_name: HashMap<String, Uuid>,
    by_email: HashMap<String, Uuid>,
    by_external_id: HashMap<String, Vec<Uuid>>,
    by_group_name: HashMap<String, Uuid>,
    /// Deleted records by folded userName and email (row 26).
    grave_names: HashMap<String, Uuid>,
    grave_emails: HashMap<String, Uuid>,
}

/// Ids, oldest first; entries that are gone are swept out before the next list.
#[derive(Debug, Default)]
struct Order {
    ids: Vec<Uuid>,
    holes: bool,
}

impl Order {
    fn sweep(&mut self, keep: impl Fn(&Uuid) -> bool) {
        if self.holes {
            self.ids.retain(keep);
            self.holes = false;
        }
    }
}

impl Directory {
    pub(crate) fn new(id: String, key: String, key_expires: Timestamp, base_url: String) -> Self {
        Self {
            id,
            key,
            key_expires,
            base_url,
            memberships: 0,
            users: HashMap::new(),
            groups: HashMap::new(),
            user_order: Order::default(),
            group_order: Order::default(),
            live_users: 0,
            by_user_name: HashMap::new(),
            by_email: HashMap::new(),
            by_external_id: HashMap::new(),
            by_group_name: HashMap::new(),
            grave_names: HashMap::new(),
            grave_emails: HashMap::new(),
        }
    }

    pub(crate) fn user(&self, id: &Uuid) -> Option<&User> {
        self.users.get(id).filter(|u| !u.deleted)
    }

    /// The record even if it is deleted.
    pub(crate) fn any_user(&self, id: &Uuid) -> Option<&User> {
        self.users.get(id)
    }

    pub(crate) fn user_mut(&mut self, id: &Uuid) -> Option<&mut User> {
        self.users.get_mut(id)
    }

    pub(crate) fn group(&self, id: &Uuid) -> Option<&Group> {
        self.groups.get(id)
    }

    pub(crate) fn group_mut(&mut self, id: &Uuid) -> Option<&mut Group> {
        self.groups.get_mut(id)
    }

    pub(crate) fn user_count(&self) -> usize {
        self.live_users
    }

    pub(crate) fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub(crate) fn holder_of_user_name(&self, user_name: &str) -> Option<Uuid> {
        self.by_user_name.get(&fold(user_name)).copied()
    }

    pub(crate) fn holder_of_email(&self, email: &str) -> Option<Uuid> {
        self.by_email.get(&fold(email)).copied()
    }

    pub(crate) fn holders_of_external_id(&self, external_id: &str) -> &[Uuid] {
        self.by_external_id
            .get(external_id)
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn group_named(&self, name: &str) -> Option<Uuid> {
        self.by_group_name.get(&fold(name)).copied()
    }

    /// The deleted record that had this userName or email.
    pub(crate) fn grave(&self, user_name: &str, email: &str) -> Option<Uuid> {
        let by_name = self.grave_names.get(&fold(user_name));
        by_name
            .or_else(|| self.grave_emails.get(&fold(email)))
            .copied()
    }

    /// Live users, oldest first.
    pub(crate) fn user_ids(&mut self) -> &[Uuid] {
        let users = &self.users;
        self.user_order
            .sweep(|id| users.get(id).is_some_and(|u| !u.deleted));
        &self.user_order.ids
    }

    /// Groups, oldest first.
    pub(crate) fn group_ids(&mut self) -> &[Uuid] {
        let groups = &self.groups;
        self.group_order.sweep(|id| groups.contains_key(id));
        &self.group_order.ids
    }

    /// Every user record, the deleted ones too, in no order.
    pub(crate) fn all_users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Adds a user, brings a deleted one back, or replaces one. The caller has checked uniqueness.
    pub(crate) fn put_user(&mut self, user: User) {
        let id = user.id;
        let was_live = self.user(&id).is_some();
        self.unindex_user(&id);
        self.index_user(&user);
        if !user.deleted && !was_live {
            if self.users.contains_key(&id) {
                self.user_ids(); // Sweeps: a record that comes back must not be listed twice.
            }
            self.user_order.ids.push(id);
            self.live_users += 1;
        }
        if user.deleted && was_live {
            self.user_order.holes = true;
            self.live_users -= 1;
        }
        self.users.insert(id, user);
    }

    /// Marks a user as deleted; its memberships are the caller's business.
    pub(crate) fn bury_user(&mut self, id: &Uuid) {
        if let Some(user) = self.user(id).cloned() {
            self.put_user(User {
                deleted: true,
                ..user
            });
        }
    }

    fn index_user(&mut self, user: &User) {
        let id = user.id;
        let (name, email) = (fold(user.user_name()), fold(user.email()));
        if user.deleted {
            self.grave_names.insert(name, id);
            self.grave_emails.insert(email, id);
            return;
        }
        self.by_user_name.insert(name, id);
        if !email.is_empty() {
            self.by_email.insert(email, id);
        }
        if let Some(external_id) = user.text("externalId") {
            self.by_external_id
                .entry(external_id.to_owned())
                .or_default()
                .push(id);
        }
    }

    fn unindex_user(&mut self, id: &Uuid) {
        let Some(user) = self.users.get(id) else {
            return;
        };
        let (name, email) = (fold(user.user_name()), fold(user.email()));
        if user.deleted {
            remove_if(&mut self.grave_names, &name, id);
            remove_if(&mut self.grave_emails, &email, id);
            return;
        }
        remove_if(&mut self.by_user_name, &name, id);
        remove_if(&mut self.by_email, &email, id);
        let Some(external_id) = user.text("externalId") else {
            return;
        };
        if let Some(holders) = self.by_external_id.get_mut(external_id) {
            holders.retain(|holder| holder != id);
            if holders.is_empty() {
                self.by_external_id.remove(external_id);
            }
        }
    }

    /// Adds a group. The caller has checked uniqueness.
    pub(crate) fn put_group(&mut self, group: Group) {
        self.by_group_name.insert(fold(&group.name), group.id);
        self.memberships += group.members.len();
        for member in group.members.iter() {
            if let Some(user) = self.users.get_mut(member) {
                user.groups.insert(group.id);
            }
        }
        self.group_order.ids.push(group.id);
        self.groups.insert(group.id, group);
    }

    pub(crate) fn rename_group(&mut self, id: &Uuid, name: &str) {
        if let Some(group) = self.groups.get_mut(id) {
            remove_if(&mut self.by_group_name, &fold(&group.name), id);
            name.clone_into(&mut group.name);
            self.by_group_name.insert(fold(name), *id);
        }
    }

    pub(crate) fn remove_group(&mut self, id: &Uuid) -> Option<Group> {
        let group = self.groups.remove(id)?;
        remove_if(&mut self.by_group_name, &fold(&group.name), id);
        self.memberships -= group.members.len();
        for member in group.members.iter() {
            if let Some(user) = self.users.get_mut(member) {
                user.groups.remove(id);
            }
        }
        self.group_order.holes = true;
        Some(group)
    }

    /// Whether the member was new.
    pub(crate) fn add_member(&mut self, group: &Uuid, user: &Uuid) -> bool {
        let added = self
            .groups
            .get_mut(group)
            .is_some_and(|g| g.members.insert(*user));
        if added {
            self.memberships += 1;
            if let Some(user) = self.users.get_mut(user) {
                user.groups.insert(*group);
            }
        }
        added
    }

    /// Whether the member was there.
    pub(crate) fn remove_member(&mut self, group: &Uuid, user: &Uuid) -> bool {
        let removed = self
            .groups
            .get_mut(group)
            .is_some_and(|g| g.members.remove(user));
        if removed {
            self.memberships -= 1;
            if let Some(user) = self.users.get_mut(user) {
                user.groups.remove(group);
            }
        }
        removed
    }
}

fn remove_if(index: &mut HashMap<String, Uuid>, key: &str, id: &Uuid) {
    if index.get(key) == Some(id) {
        index.remove(key);
    }
}
