//! The names of guards and the totals they judge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names of guards. A step carries the names of the guards that count it; a name may have a part
/// after a colon (the field, the group's subject id, the container's canonical DN).
pub mod name {
    /// Removals by absence or lost scope.
    pub const REMOVAL_ABSENCE: &str = "removal.absence";
    /// Removals by explicit evidence.
    pub const REMOVAL_EVIDENCE: &str = "removal.evidence";
    /// Removals caused by a change of configuration.
    pub const REMOVAL_CONFIGURATION: &str = "removal.configuration";
    /// Deletes of groups, and emptying them.
    pub const GROUP_REMOVAL: &str = "group.removal";
    /// Accounts that are enabled again.
    pub const ENABLE: &str = "enable";
    /// Deletes of users.
    pub const USER_DELETE: &str = "user.delete";
    /// Creates after the first sync.
    pub const CREATE: &str = "create";
    /// userName or work e-mail changed.
    pub const IDENTITY_CHANGED: &str = "identity.changed";
    /// One attribute changed; `attribute.changed:FIELD`.
    pub const ATTRIBUTE_CHANGED: &str = "attribute.changed";
    /// One attribute cleared; `attribute.cleared:FIELD`.
    pub const ATTRIBUTE_CLEARED: &str = "attribute.cleared";
    /// Members that one group loses; `members.lost:SUBJECT`.
    pub const MEMBERS_LOST: &str = "members.lost";
    /// Members that one group gains; `members.gained:SUBJECT`.
    pub const MEMBERS_GAINED: &str = "members.gained";
    /// People who lose their last membership; counted by person, in the first of the groups that lose
    /// them.
    pub const MEMBERS_LAST: &str = "members.last";
    /// The same people in the other groups that lose them: judged by the count of `members.last`.
    pub const MEMBERS_LAST_ELSEWHERE: &str = "members.last:elsewhere";
    /// People of one container that vanish; `container:CANONICAL-DN`.
    pub const CONTAINER: &str = "container";
    /// People of one scope group that vanish; `scope.group:CANONICAL-DN`.
    pub const SCOPE_GROUP: &str = "scope.group";
}

/// What one plan adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTotals {
    /// Active links of the channel (N).
    pub active_links: u64,
    /// Steps of this plan per guard name. For membership guards: members, not steps.
    pub counts: BTreeMap<String, u64>,
    /// What was sent, or released to be sent, in the last 24 hours per guard name, without what a
    /// person approved.
    pub window: BTreeMap<String, u64>,
    /// The size of what a name's part stands for: members believed present in a group, linked
    /// people of a container or scope group; by full guard name.
    pub sizes: BTreeMap<String, u64>,
    /// What a name's part is called where it is a number: groups; by full guard name. Without one the
    /// part is shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The first complete plan has not run to its end yet.
    pub first_sync: bool,
}

/// A limit that a plan exceeds: every step that carries the guard's name is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The guard's full name.
    pub guard: String,
    /// In words with the numbers: what was found, what the limit is, where it comes from, what to do.
    pub reason: String,
}
