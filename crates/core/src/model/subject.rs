//! Subjects: what Usher keeps about one source key in one channel.

use serde::{Deserialize, Serialize};

use super::{
    ChannelId, Desired, Hash128, InvalidTransition, Kind, Millis, Shadow, SourceKey, SubjectId,
    TargetId,
};

/// The life of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectState {
    /// Known, not linked.
    Pending,
    /// Linked and active.
    Linked,
    /// Linked and disabled by us.
    Disabled,
    /// Removed at the target; the tombstone of the link stays.
    Removed,
    /// Linked, but protected: no write of any kind.
    Frozen,
    /// A re-key waits for approval.
    Rekeying,
    /// Several resources correspond.
    Ambiguous,
    /// Its channel was deleted; kept under the target's directory id.
    Archived,
}

impl SubjectState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Linked,
        Self::Disabled,
        Self::Removed,
        Self::Frozen,
        Self::Rekeying,
        Self::Ambiguous,
        Self::Archived,
    ];

    /// Its name in storage and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Linked => "linked",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
            Self::Frozen => "frozen",
            Self::Rekeying => "rekeying",
            Self::Ambiguous => "ambiguous",
            Self::Archived => "archived",
        }
    }

    /// Reads [`SubjectState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Moves to another state, or refuses.
    ///
    /// Allowed: Pending -> Linked | Disabled | Rekeying | Ambiguous | Archived; Linked -> Disabled |
    /// Removed | Frozen | Archived; Disabled -> Linked | Removed | Frozen | Archived; Removed ->
    /// Pending | Archived; Frozen -> Linked | Disabled | Archived; Rekeying and Ambiguous ->
    /// Pending | Linked | Disabled | each other | Archived. Archived is final.
    pub fn transition(self, to: Self) -> Result<Self, InvalidTransition> {
        let allowed = match self {
            Self::Pending => matches!(
                to,
                Self::Linked | Self::Disabled | Self::Rekeying | Self::Ambiguous | Self::Archived
            ),
            Self::Linked => matches!(
                to,
                Self::Disabled | Self::Removed | Self::Frozen | Self::Archived
            ),
            Self::Disabled => matches!(
                to,
                Self::Linked | Self::Removed | Self::Frozen | Self::Archived
            ),
            Self::Removed => matches!(to, Self::Pending | Self::Archived),
            Self::Frozen => matches!(to, Self::Linked | Self::Disabled | Self::Archived),
            Self::Rekeying => matches!(
                to,
                Self::Pending | Self::Linked | Self::Disabled | Self::Ambiguous | Self::Archived
            ),
            Self::Ambiguous => matches!(
                to,
                Self::Pending | Self::Linked | Self::Disabled | Self::Rekeying | Self::Archived
            ),
            Self::Archived => false,
        };
        if allowed {
            Ok(to)
        } else {
            Err(InvalidTransition {
                from: self.as_str(),
                to: to.as_str(),
            })
        }
    }

    /// Whether a link stands.
    pub fn is_linked(self) -> bool {
        match self {
            Self::Linked | Self::Disabled | Self::Frozen => true,
            Self::Pending | Self::Removed | Self::Rekeying | Self::Ambiguous | Self::Archived => {
                false
            }
        }
    }
}

/// What became of one entry in a cycle (behaviour: "The conservation law"). Every entry read gets
/// exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The target is as desired.
    Unchanged,
    /// Steps were planned (or still wait in the outbox).
    Stepped,
    /// Waits for a person.
    Held,
    /// Given up until something changes.
    Parked,
    /// A provisioning option says not to.
    SkippedByOption,
    /// A protected account.
    Protected,
    /// Not in scope.
    OutOfScope,
    /// Mapping could not make a valid account of it.
    Invalid,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Stepped,
        Self::Held,
        Self::Parked,
        Self::SkippedByOption,
        Self::Protected,
        Self::OutOfScope,
        Self::Invalid,
    ];

    /// Its name in storage and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Stepped => "stepped",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::SkippedByOption => "skipped_by_option",
            Self::Protected => "protected",
            Self::OutOfScope => "out_of_scope",
            Self::Invalid => "invalid",
        }
    }

    /// Reads [`Verdict::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
    }
}

/// Why what is planned for a subject waits for a person whatever time passes: it is planned as held
/// again until it was done, or until there is nothing left to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingHold {
    /// Its removal came from a change of configuration.
    ConfigurationChange,
    /// It corresponds to a resource that was there before the first sync.
    Adoption,
}

impl StandingHold {
    /// Every standing hold.
    pub const ALL: [Self; 2] = [Self::ConfigurationChange, Self::Adoption];

    /// Its name in storage and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationChange => "configuration_change",
            Self::Adoption => "adoption",
        }
    }

    /// Reads [`StandingHold::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.as_str() == text)
    }
}

/// One subject as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its id; `None` before the store gave it one.
    pub id: Option<SubjectId>,
    /// Its channel.
    pub channel: ChannelId,
    /// Its source key; unique within the channel.
    pub key: SourceKey,
    /// What it stands for.
    pub kind: Kind,
    /// The DN as last read.
    pub dn: String,
    /// The hash of the canonical DN, by which members are resolved.
    pub dn_hash: Hash128,
    /// The userName or group name as last mapped; for people to search by.
    pub display: String,
    /// Its life.
    pub state: SubjectState,
    /// The linked resource's id; kept after removal as the link's tombstone.
    pub target_id: Option<TargetId>,
    /// Whether it was in scope when last read.
    pub in_scope: bool,
    /// The hash of what mapping last said (or of the problem, when invalid).
    pub desired_hash: Option<Hash128>,
    /// The desired hash that the target was last brought to; equal to `desired_hash` when converged.
    pub synced_hash: Option<Hash128>,
    /// What mapping last said; kept only while not converged.
    pub desired: Option<Desired>,
    /// What the target holds.
    pub shadow: Shadow,
    /// What became of it last.
    pub verdict: Verdict,
    /// The verdict's reason, in words.
    pub reason: String,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// Look again at this time even if the source reports nothing (expiry, back-off, grace).
    pub next_at: Option<Millis>,
    /// Parked or dismissed for this desired hash: not tried again until it changes.
    pub parked_hash: Option<Hash128>,
    /// Must be planned again although the source reports nothing.
    pub dirty: bool,
    /// When it was found gone or out of scope; the start of a deletion's grace.
    pub left_at: Option<Millis>,
    /// What keeps its plan waiting for a person, expired approvals and later cycles notwithstanding.
    #[serde(default)]
    pub standing_hold: Option<StandingHold>,
    /// For a group: its members were brought in order at least once.
    pub members_settled: bool,
    /// For a group: its last member list was read to its end and every DN resolved.
    pub members_complete: bool,
    /// For a group: its membership must be planned again.
    pub members_dirty: bool,
    /// Grows with every change that is stored: what was made from an older version is not written
    /// over a newer one. 0 = not read from the store, written whatever is there.
    #[serde(default)]
    pub version: u64,
}

impl Subject {
    /// A subject that was never seen before.
    pub fn new(channel: ChannelId, key: SourceKey, kind: Kind, dn: &str, dn_hash: Hash128) -> Self {
        Self {
            id: None,
            channel,
            key,
            kind,
            dn: dn.to_owned(),
            dn_hash,
            display: String::new(),
            state: SubjectState::Pending,
            target_id: None,
            in_scope: true,
            desired_hash: None,
            synced_hash: None,
            desired: None,
            shadow: Shadow::default(),
            verdict: Verdict::Stepped,
            reason: String::new(),
            attempts: 0,
            next_at: None,
            parked_hash: None,
            dirty: true,
            left_at: None,
            standing_hold: None,
            members_settled: false,
            members_complete: false,
            members_dirty: kind == Kind::Group,
            version: 0,
        }
    }

    /// Whether the target is as mapping last said.
    pub fn is_converged(&self) -> bool {
        !self.dirty && self.desired_hash.is_some() && self.desired_hash == self.synced_hash
    }

    /// Ends a standing hold, if it is that one.
    pub fn lift(&mut self, hold: StandingHold) {
        if self.standing_hold == Some(hold) {
            self.standing_hold = None;
        }
    }

    /// Whether its resource, a group, was created in place of this one, which is still to be deleted.
    pub fn has_replaced(&self, target_id: &TargetId) -> bool {
        let mut replaced = self.shadow.replaced_groups.iter();
        self.linked_id().is_some_and(|linked| linked != target_id)
            && replaced.any(|old| old.target_id == *target_id)
    }

    /// The linked resource, if the link stands.
    pub fn linked_id(&self) -> Option<&TargetId> {
        if self.state.is_linked() {
            self.target_id.as_ref()
        } else {
            None
        }
    }
}
