//! How records look in replies (C.4).

use std::collections::HashSet;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::attributes::{ATLASSIAN, CORE_GROUP, CORE_USER, ENTERPRISE};
use super::clock::print_time;
use super::knobs::{ActiveInReplies, EnterpriseLocation, Knobs, UnlinkedAccount};
use super::model::{Group, User};
use super::store::Directory;

/// A user as the service shows it.
pub(crate) struct UserView<'a> {
    pub(crate) user: &'a User,
    pub(crate) directory: &'a Directory,
    pub(crate) knobs: &'a Knobs,
}

impl Serialize for UserView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            user,
            directory,
            knobs,
        } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[ATLASSIAN, CORE_USER, ENTERPRISE])?;
        map.serialize_entry("id", &user.id)?;
        for (name, value) in &user.attributes {
            match name.as_str() {
                ENTERPRISE => self.enterprise(&mut map, value)?,
                "active" => {}
                _ => map.serialize_entry(name, value)?,
            }
        }
        let active = user.attributes.get("active");
        match (knobs.active_in_replies, active) {
            (ActiveInReplies::AsSent | ActiveInReplies::Always, Some(value)) => {
                map.serialize_entry("active", value)?;
            }
            (ActiveInReplies::Always, None) => map.serialize_entry("active", &true)?,
            (ActiveInReplies::AsSent, None) | (ActiveInReplies::Never, _) => {}
        }
        map.serialize_entry("groups", &GroupsOf { user, directory })?;
        match (&user.account, knobs.unlinked_account) {
            (None, UnlinkedAccount::Omitted) => {}
            (account, _) => {
                map.serialize_entry(ATLASSIAN, &json!({"atlassianAccountId": account}))?;
            }
        }
        let location = format!("{}/Users/{}", directory.base_url, user.id);
        map.serialize_entry(
            "meta",
            &Meta::new("User", location, user.created, user.modified),
        )?;
        map.end()
    }
}

impl UserView<'_> {
    fn enterprise<M: SerializeMap>(&self, map: &mut M, value: &Value) -> Result<(), M::Error> {
        let place = self.knobs.enterprise_location;
        if place != EnterpriseLocation::TopLevel {
            map.serialize_entry(ENTERPRISE, value)?;
        }
        if place != EnterpriseLocation::Extension {
            for (name, value) in value.as_object().into_iter().flatten() {
                map.serialize_entry(name, value)?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    location: String,
    last_modified: String,
    created: String,
}

impl Meta {
    fn new(
        resource_type: &'static str,
        location: String,
        created: jiff::Timestamp,
        modified: jiff::Timestamp,
    ) -> Self {
        let (last_modified, created) = (print_time(modified), print_time(created));
        Self {
            resource_type,
            location,
            last_modified,
            created,
        }
    }
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: uuid::Uuid,
    display: &'a str,
    #[serde(rename = "$ref")]
    location: String,
}

struct GroupsOf<'a> {
    user: &'a User,
    directory: &'a Directory,
}

impl Serialize for GroupsOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.user.groups.len()))?;
        for group in self
            .user
            .groups
            .iter()
            .filter_map(|id| self.directory.group(id))
        {
            list.serialize_element(&Reference {
                kind: "direct",
                value: group.id,
                display: &group.name,
                location: format!("{}/Groups/{}", self.directory.base_url, group.id),
            })?;
        }
        list.end()
    }
}

/// A group as the service shows it, always with all members (row 11).
pub(crate) struct GroupView<'a> {
    pub(crate) group: &'a Group,
    pub(crate) directory: &'a Directory,
}

impl Serialize for GroupView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { group, directory } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[CORE_GROUP])?;
        map.serialize_entry("id", &group.id)?;
        if let Some(external_id) = &group.external_id {
            map.serialize_entry("externalId", external_id)?;
        }
        map.serialize_entry("displayName", &group.name)?;
        map.serialize_entry("members", &MembersOf { group, directory })?;
        let location = format!("{}/Groups/{}", directory.base_url, group.id);
        map.serialize_entry(
            "meta",
            &Meta::new("Group", location, group.created, group.modified),
        )?;
        map.end()
    }
}

struct MembersOf<'a> {
    group: &'a Group,
    directory: &'a Directory,
}

impl Serialize for MembersOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.group.members.len()))?;
        for id in self.group.members.iter() {
            list.serialize_element(&Reference {
                kind: "User",
                value: *id,
                display: self.directory.any_user(id).map_or("", User::user_name),
                location: format!("{}/Users/{id}", self.directory.base_url),
            })?;
        }
        list.end()
    }
}

/// Which attributes a reply shows (row 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Projection {
    All,
    Only(HashSet<String>),
    Without(HashSet<String>),
}

/// Reads a comma-separated list of attribute paths; they are compared in lower case.
pub(crate) fn read_paths(text: &str) -> HashSet<String> {
    let core = CORE_USER.to_ascii_lowercase() + ":";
    text.split(',')
        .map(|path| path.trim().to_ascii_lowercase())
        .map(|path| {
            path.strip_prefix(&core)
                .map_or_else(|| path.clone(), str::to_owned)
        })
        .filter(|path| !path.is_empty())
        .collect()
}

impl Projection {
    /// The shown part. `schemas` and `id` are always there.
    pub(crate) fn apply(&self, resource: Value) -> Value {
        let Value::Object(object) = resource else {
            return resource;
        };
        let mut shown = Map::new();
        for (name, value) in object {
            if let Some(value) = self.shown(&name, value) {
                shown.insert(name, value);
            }
        }
        Value::Object(shown)
    }

    fn shown(&self, name: &str, value: Value) -> Option<Value> {
        let lower = name.to_ascii_lowercase();
        if lower == "schemas" || lower == "id" {
            return Some(value);
        }
        match self {
            Self::All => Some(value),
            Self::Only(paths) if paths.contains(&lower) => Some(value),
            Self::Without(paths) if paths.contains(&lower) => None,
            Self::Only(paths) => {
                let value = keep_parts(value, &|part| paths.contains(&join(&lower, part)))?;
                Some(value)
            }
            Self::Without(paths) => {
                keep_parts(value.clone(), &|part| !paths.contains(&join(&lower, part)))
                    .or_else(|| (!value.is_object() && !value.is_array()).then_some(value))
            }
        }
    }
}

fn join(name: &str, part: &str) -> String {
    let separator = if name.starts_with("urn:") { ':' } else { '.' };
    format!("{name}{separator}{}", part.to_ascii_lowercase())
}

/// The named parts of an object, or of each object of an array; nothing if there are none.
fn keep_parts(value: Value, keep: &dyn Fn(&str) -> bool) -> Option<Value> {
    match value {
        Value::Object(object) => {
            let kept: Map<_, _> = object.into_iter().filter(|(name, _)| keep(name)).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(array) => {
            let empty = array.is_empty();
            let kept: Vec<_> = array
                .into_iter()
                .filter_map(|e| keep_parts(e, keep))
                .collect();
            (!kept.is_empty() || empty && keep("")).then_some(Value::Array(kept))
        }
        _ => None,
    }
}
