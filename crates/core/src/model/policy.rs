//! The policy beside each channel: every default of the behaviour document in one table.

use serde::{Deserialize, Serialize};

/// A limit of the form `max(at_least, min(percent of N, at_most))`; N is the number of active
/// links, or the size of the group or container it is about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Never less than this.
    pub at_least: u64,
    /// Percent of N.
    pub percent: f64,
    /// Never more than this, unless `at_least` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

impl Limit {
    /// A limit.
    pub const fn new(at_least: u64, percent: f64, at_most: Option<u64>) -> Self {
        Self {
            at_least,
            percent,
            at_most,
        }
    }

    /// The number above which the guard holds.
    pub fn of(&self, n: u64) -> u64 {
        let share = (n as f64 * self.percent / 100.0).floor() as u64;
        self.at_least
            .max(self.at_most.map_or(share, |most| share.min(most)))
    }
}

/// The guards' numbers (behaviour §4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardLimits {
    /// Removals by absence or lost scope.
    pub removals_by_absence: Limit,
    /// Removals by explicit evidence (disabled, tombstone).
    pub removals_by_evidence: Limit,
    /// Accounts that are enabled again.
    pub enables: Limit,
    /// Deletes of users.
    pub user_deletes: Limit,
    /// People of one container or scope group that vanish: held when both numbers are exceeded.
    pub container_people: u64,
    /// See `container_people`.
    pub container_percent: f64,
    /// Members that one group loses.
    pub members_lost: Limit,
    /// A group of this size or more that would become empty is always held.
    pub emptied_group_size: u64,
    /// Members that one settled group gains.
    pub members_gained: Limit,
    /// Creates after the first sync.
    pub creates: Limit,
    /// People of whom one attribute changes.
    pub attribute_changed: Limit,
    /// People of whom one attribute is cleared.
    pub attribute_cleared: Limit,
    /// People whose userName or work e-mail changes.
    pub identity_changed: Limit,
    /// A read of under this share of the last complete read proves no absence.
    pub shrunk_percent: f64,
}

impl Default for GuardLimits {
    fn default() -> Self {
        Self {
            removals_by_absence: Limit::new(10, 1.0, Some(100)),
            removals_by_evidence: Limit::new(25, 2.0, Some(300)),
            enables: Limit::new(10, 1.0, Some(100)),
            user_deletes: Limit::new(5, 0.0, None),
            container_people: 10,
            container_percent: 50.0,
            members_lost: Limit::new(10, 20.0, None),
            emptied_group_size: 5,
            members_gained: Limit::new(200, 25.0, None),
            creates: Limit::new(50, 5.0, Some(500)),
            attribute_changed: Limit::new(50, 10.0, None),
            attribute_cleared: Limit::new(20, 2.0, None),
            identity_changed: Limit::new(20, 1.0, Some(100)),
            shrunk_percent: 50.0,
        }
    }
}

/// What to do with a group that left the scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRemoval {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Remove the members that Usher added; always held.
    Empty,
    /// Delete it; always held.
    Delete,
}

/// What to do when a group's name changes (most targets cannot rename).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRename {
    /// Keep the old name and say so.
    #[default]
    Keep,
    /// Create the new one, copy the members, delete the old one.
    CreateCopyDelete,
    /// Park the group with the reason.
    Fail,
}

/// The mode of a channel (behaviour §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelMode {
    /// Reads and plans, never writes.
    Observe,
    /// Reads, plans and sends.
    #[default]
    Active,
    /// Does nothing.
    Paused,
}

/// Accounts that are never written to (behaviour §3), matched on source and target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protected {
    /// DNs, compared in canonical form.
    pub dns: Vec<String>,
    /// E-mail addresses and user names, compared case-folded.
    pub names: Vec<String>,
    /// An LDAP filter evaluated on the entry.
    pub filter: Option<String>,
}

impl Protected {
    /// Whether it can match nobody; blank texts match nobody.
    pub fn is_empty(&self) -> bool {
        let texts = self.dns.iter().chain(&self.names).chain(&self.filter);
        texts.into_iter().all(|text| text.trim().is_empty())
    }
}

/// When cycles run (behaviour §15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Seconds between incremental cycles.
    pub incremental_seconds: u32,
    /// Seconds between full cycles.
    pub full_seconds: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            incremental_seconds: 60,
            full_seconds: 6 * 3600,
        }
    }
}

/// How the target is treated (behaviour §15, §17). `None` = the connector's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Requests per second; 0 = no limit.
    pub requests_per_second: Option<f64>,
    /// Requests in flight.
    pub in_flight: Option<u16>,
    /// Members in one request.
    pub member_batch: Option<u16>,
}

/// The policy of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The guards' numbers.
    pub guards: GuardLimits,
    /// Accounts that are never written to.
    pub protected: Protected,
    /// Further DNs and a filter that take entries out of scope.
    pub exclude: Protected,
    /// E-mail domains that may be sent; empty = not checked.
    pub email_domains: Vec<String>,
    /// What to do with a group that left the scope.
    pub group_removal: GroupRemoval,
    /// What to do when a group's name changes.
    pub group_rename: GroupRename,
    /// Further group names that are never written, with `*`.
    pub protected_groups: Vec<String>,
    /// Remove members that Usher did not add.
    pub authoritative_members: bool,
    /// Take disabled people out of their groups, and put them back when they return.
    pub remove_members_on_disable: bool,
    /// Days between disabling somebody who is gone and deleting the account (action Delete).
    pub delete_grace_days: u32,
    /// Re-create a linked resource that the target lost, instead of holding it.
    pub recreate_missing: bool,
    /// Hours after which held steps expire.
    pub approval_hours: u32,
    /// The scope's count was seen: an empty target runs at once.
    pub scope_count_seen: bool,
    /// That nobody among the people in scope is disabled was seen: without it a channel of more than 500 people
    /// of whom none is disabled is not activated (behaviour §16).
    pub no_disabled_seen: bool,
    /// When cycles run.
    pub schedule: Schedule,
    /// How the target is treated.
    pub load: Load,
    /// DNs that must be present; a read without one proves nothing.
    pub sentinels: Vec<String>,
    /// Linked people that each read looks up as sentinels.
    pub sentinel_sample: u32,
    /// 404 on linked resources above `max(at_least, percent)` in a cycle stops the channel.
    pub target_replaced: Limit,
    /// Further group DNs of the users' location.
    pub further_group_dns: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            guards: GuardLimits::default(),
            protected: Protected::default(),
            exclude: Protected::default(),
            email_domains: Vec::new(),
            group_removal: GroupRemoval::default(),
            group_rename: GroupRename::default(),
            protected_groups: Vec::new(),
            authoritative_members: false,
            remove_members_on_disable: false,
            delete_grace_days: 7,
            recreate_missing: false,
            approval_hours: 72,
            scope_count_seen: false,
            no_disabled_seen: false,
            schedule: Schedule::default(),
            load: Load::default(),
            sentinels: Vec::new(),
            sentinel_sample: 20,
            target_replaced: Limit::new(5, 0.5, None),
            further_group_dns: Vec::new(),
        }
    }
}
