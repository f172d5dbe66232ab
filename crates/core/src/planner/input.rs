//! What the planner is given and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{
    ChannelId, Desired, DirectoryKind, Hash128, Hold, Millis, Observed, PlannedStep, Policy,
    Problem, ProvisioningOptions, Subject, SubjectId, Verdict,
};

/// What the planner needs to know of a channel; made once per cycle.
#[derive(Clone, Debug)]
pub struct ChannelRules {
    /// The channel.
    pub channel: ChannelId,
    /// Provisioning options of the SP connection.
    pub options: ProvisioningOptions,
    /// The policy.
    pub policy: Policy,
    /// Fields that a mapping rule makes: one of them that has no value any more is cleared.
    pub mapped_fields: BTreeSet<String>,
    /// Fields that are sent on create, never on update.
    pub create_only: BTreeSet<String>,
    /// Fields that the target compares with regard to case; all others compare case-folded.
    pub case_exact: BTreeSet<String>,
    /// Fields that must be unique at the target.
    pub unique: BTreeSet<String>,
    /// The field that identifies an account (`userName`).
    pub username_field: String,
    /// The field of the work e-mail (`workEmail`).
    pub email_field: String,
    /// The field that carries the source key (`externalId`).
    pub external_id_field: String,
    /// The field that holds a group's name (`displayName`).
    pub group_name_field: String,
    /// Group name patterns that are never written, with `*` (the connector's and the policy's).
    pub protected_groups: Vec<String>,
    /// What kind of directory the channel reads.
    pub directory: DirectoryKind,
    /// The target can change a group's name.
    pub group_rename: bool,
    /// Members in one request.
    pub member_batch: usize,
    /// The first complete plan has not run to its end yet: adoptions wait for approval, creates
    /// are not guarded.
    pub first_sync: bool,
    /// This cycle plans a changed configuration: everything removing is held.
    pub configuration_changed: bool,
}

/// What the source says about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// In scope, and mapping made a valid account of it.
    InScope(Desired),
    /// In scope, but mapping could not make a valid account of it.
    Invalid {
        /// Every problem.
        problems: Vec<Problem>,
        /// Whether the source has it disabled: a leaver leaves even when mapping fails.
        disabled: Option<crate::model::DisabledReason>,
    },
    /// Present, but not in scope.
    OutOfScope {
        /// The clause that does not hold, in words.
        clause: String,
    },
    /// Gone.
    Gone {
        /// What proves it, in words. A subject is only ever planned as gone with a proof.
        proof: String,
        /// The source said so itself (tombstone), rather than a complete read without it.
        explicit: bool,
    },
    /// A protected account: no write of any kind.
    Protected {
        /// Which rule protects it, in words.
        rule: String,
    },
}

impl SourceState {
    /// The hash by which an unchanged entry is recognised: [`Desired::hash`] for a valid account,
    /// otherwise a hash of what else the source says.
    pub fn hash(&self) -> Hash128 {
        match self {
            Self::InScope(desired) => desired.hash(),
            Self::Invalid { problems, disabled } => {
                Hash128::of_json(&("invalid", problems, disabled))
            }
            Self::OutOfScope { clause } => Hash128::of_json(&("out", clause)),
            Self::Gone { explicit, .. } => Hash128::of_json(&("gone", explicit)),
            Self::Protected { rule } => Hash128::of_json(&("protected", rule)),
        }
    }
}

/// How a candidate was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// `externalId` equals the source key exactly.
    ExternalId,
    /// The user name (or a group's name), case-folded.
    Name,
    /// The work e-mail: a proposal only, never alone.
    Email,
}

impl FoundBy {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExternalId => "externalId",
            Self::Name => "name",
            Self::Email => "work e-mail",
        }
    }
}

/// An existing resource at the target that may correspond to an unlinked subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The resource.
    pub observed: Observed,
    /// How it was found.
    pub found_by: FoundBy,
    /// The subject that is linked to it already, if any, in words (its DN).
    pub linked_to: Option<String>,
    /// The other channel that owns it, if any, by name.
    pub owned_by: Option<String>,
}

/// Another subject of the channel that has, or wants, the same unique value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: String,
    /// The value.
    pub value: String,
    /// The other subject.
    pub other: SubjectId,
    /// Its DN.
    pub other_dn: String,
    /// Whether the other one is linked and holds the value already.
    pub other_is_incumbent: bool,
    /// The other one has the value now and gives it up, but only in exchange: its change waits, by way
    /// of others perhaps, for a value that this subject has.
    pub is_swap: bool,
}

/// How far the members of a group were copied to the one that was created in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Every member is in the new group.
    Whole,
    /// Some are not in it yet.
    NotYet {
        /// How many, in words.
        reason: String,
    },
    /// Some are not in it, and will not be unless a person acts.
    Refused {
        /// Who, and why, in words.
        reason: String,
    },
}

/// Who owns the linked resource when the subject leaves this channel (behaviour §9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ownership {
    /// No other channel has it in scope.
    #[default]
    Ours,
    /// Another channel's last complete scope contains it: ownership moves without a write.
    MovesTo {
        /// The other channel's name.
        channel: String,
    },
    /// Another channel may contain it, but was not read since: hold.
    Unclear {
        /// The other channel's name.
        channel: String,
    },
}

/// Everything the planner may know about one subject.
#[derive(Clone, Debug)]
pub struct SubjectInput<'a> {
    /// The channel's rules.
    pub rules: &'a ChannelRules,
    /// The subject as stored, or a new one for an entry never seen, with `dn`, `dn_hash` and
    /// `display` as just read. The planner sets everything else that its answer changes.
    pub subject: Subject,
    /// What the source says.
    pub source: SourceState,
    /// Existing resources that may correspond; asked for only when the subject is not linked.
    pub candidates: Vec<Candidate>,
    /// Conflicts over unique values, at most one for each field.
    pub conflicts: Vec<Conflict>,
    /// Who owns the resource if the subject leaves.
    pub ownership: Ownership,
    /// The scope group that it was last seen in, as a canonical DN; asked for only when it leaves.
    pub scope_group: Option<String>,
    /// Why it cannot be told whether a missing person is gone: the container is not seen either, or the
    /// entry may be there under another name, without its key.
    pub absence_doubt: Option<Hold>,
    /// The linked resource is missing at the target, confirmed by a read by id.
    pub missing_at_target: bool,
    /// Whether the members of a group that was created in place of another are in it; asked for only
    /// when there is such another (see `Shadow::replaced_groups`). `None` = not known.
    pub copied: Option<Copied>,
    /// This is planned after a complete full read that did not return it, and an earlier such read
    /// ended since it left: only then is an account deleted that left (behaviour §11).
    pub proven_again: bool,
    /// The time.
    pub now: Millis,
}

/// The result of classifying one subject (the table stands in the style guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// In scope, no link, nothing at the target.
    Absent,
    /// In scope, no link, one match.
    Found,
    /// In scope, no link, one match that is linked to another subject.
    FoundButLinked,
    /// In scope, no link, several matches.
    Ambiguous,
    /// In scope, linked, present.
    Confirmed,
    /// In scope, linked, missing at the target.
    Missing,
    /// No longer in scope, linked.
    Unqualified,
    /// Gone, proven, linked.
    SourceMissing,
    /// The key changed, the person stayed.
    Rekey,
    /// Protected.
    Protected,
    /// Another channel owns the resource.
    OwnedElsewhere,
    /// Not in scope or gone, and never linked: nothing to do.
    Unrelated,
}

/// The planner's answer for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectPlan {
    /// What it is.
    pub situation: Situation,
    /// The subject as it is to be stored.
    pub subject: Subject,
    /// The steps, in the order they are to run; empty when there is nothing to do.
    pub steps: Vec<PlannedStep>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
}

/// The members of one group, as wanted and as believed.
#[derive(Clone, Debug)]
pub struct GroupMembers<'a> {
    /// The channel's rules.
    pub rules: &'a ChannelRules,
    /// The group; linked.
    pub group: &'a Subject,
    /// Desired members that have a target id, by subject.
    pub desired: BTreeMap<SubjectId, crate::model::TargetId>,
    /// Members believed present, by subject, with whether Usher added them.
    pub present: BTreeMap<SubjectId, PresentMember>,
    /// The list was read to its end and every DN of it was resolved; otherwise nobody is removed.
    pub complete: bool,
    /// Members whose removal a change of configuration caused, and nobody approved: it stays held.
    pub kept_back: BTreeSet<SubjectId>,
    /// Members of whom this removal leaves no membership at all (behaviour §4 counts that as a
    /// removal): they are removed by steps of their own, under a guard of their own.
    pub last: BTreeMap<SubjectId, LastMembership>,
}

/// How somebody who loses every membership counts under the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastMembership {
    /// Here: the guard counts people.
    Counted,
    /// In another group of the same plan, that loses the same person.
    CountedElsewhere,
}

/// A member believed to be in a group at the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentMember {
    /// Its id at the target.
    pub target_id: crate::model::TargetId,
    /// Whether Usher added it.
    pub added_by_us: bool,
}

/// A vanishing link and the newcomer that takes it over (behaviour §8).
#[derive(Clone, Debug)]
pub struct RekeyInput<'a> {
    /// The channel's rules.
    pub rules: &'a ChannelRules,
    /// The subject whose key vanished; linked.
    pub old: &'a Subject,
    /// The subject of the new key; not linked.
    pub newcomer: Subject,
    /// What mapping says of the newcomer.
    pub desired: Desired,
    /// The time.
    pub now: Millis,
}
