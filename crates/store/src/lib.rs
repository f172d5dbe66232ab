//! The contract of Usher's state: what is stored, and which changes are one transaction.
//!
//! Rules for every backend:
//! - Not found is `Ok(None)` or an empty list, never an error.
//! - Time is a parameter.
//! - Every mutation that belongs to a target carries its [`Fence`]; a stale one is refused with
//!   [`StoreError::Fenced`] and changes nothing.
//! - A method is one transaction unless it says otherwise.
//! - What was committed survives the loss of power.
#![deny(missing_docs)]

mod alerts;
#[cfg(feature = "contract")]
pub mod contract;
mod drafts;
mod operators;
mod types;

pub use alerts::*;
pub use drafts::*;
pub use operators::*;
pub use types::*;

use async_trait::async_trait;
use usher_core::model::{
    ApprovalId, ChannelId, Configuration, ConnectionId, Cycle, CycleId, Hash128, Kind, Millis,
    SourceKey, Step, StepId, Subject, SubjectId, TargetId,
};

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Configuration, leases and channels.
#[async_trait]
pub trait Administration: Send + Sync {
    /// The configuration; an empty one at revision 0 when nothing was saved yet.
    async fn configuration(&self) -> Result<Configuration>;

    /// Saves a configuration whose `revision` is one more than the stored one, with its audit
    /// events. Otherwise [`StoreError::Conflict`].
    ///
    /// Archives every subject of the channels that it drops, each under the fence of its target: state
    /// `Archived`, live steps superseded; nothing happens at a target. All of it or nothing: a conflict or
    /// a stale fence saves and archives nothing.
    async fn save_configuration(
        &self,
        configuration: &Configuration,
        archive: &[(Fence, ChannelId)],
        audit: &[AuditEvent],
    ) -> Result<()>;

    /// Takes or renews the lease of a target for `ttl_ms`. `None` while another owner holds it.
    /// The epoch grows whenever the owner changes.
    async fn take_lease(
        &self,
        target: &ConnectionId,
        owner: &str,
        now: Millis,
        ttl_ms: i64,
    ) -> Result<Option<Fence>>;

    /// Gives a lease back at once. The epoch grows, so that the fence is stale from then on.
    async fn release_lease(&self, fence: &Fence) -> Result<()>;

    /// Makes the lease of a target expire at once. Only for a caller that knows its owner to be
    /// dead (it holds the lock of the state folder).
    async fn break_lease(&self, target: &ConnectionId) -> Result<()>;

    /// Changes where a channel is in its life, with its audit event. An operator's act: it needs
    /// no lease and takes effect beside a running process, which looks at it before every claim.
    /// Creates the channel's record if there is none.
    async fn set_state(
        &self,
        channel: &ChannelId,
        connection: &ConnectionId,
        state: &ChannelState,
        audit: &AuditEvent,
    ) -> Result<()>;

    /// What is kept per channel; a fresh record (with an empty SP connection) when nothing was
    /// kept yet.
    async fn channel(&self, channel: &ChannelId) -> Result<ChannelRecord>;

    /// Replaces what is kept of a channel, except its `state`: that changes by `set_state` only.
    async fn save_channel(&self, fence: &Fence, record: &ChannelRecord) -> Result<()>;

    /// Until when a target is left alone, as it was kept last; it may be over. `None` when nothing was
    /// kept yet.
    async fn pause(&self, target: &ConnectionId) -> Result<Option<TargetPause>>;

    /// Keeps until when the fence's target is left alone, in place of what was kept before.
    async fn keep_pause(&self, fence: &Fence, pause: TargetPause) -> Result<()>;

    /// Adds audit events.
    async fn audit(&self, events: &[AuditEvent]) -> Result<()>;

    /// Audit events, newest first; `before` pages on by id.
    async fn audit_log(&self, before: Option<i64>, limit: u32) -> Result<Vec<(i64, AuditEvent)>>;

    /// Deletes what is older than the retention, in several short transactions; returns how many
    /// rows went. Of a subject removed long ago only key, target id and hashes stay.
    async fn prune(&self, retention: &Retention, now: Millis) -> Result<u64>;

    /// Writes a consistent copy of the whole state to a new file or folder, while in use.
    async fn backup(&self, to: &std::path::Path) -> Result<()>;

    /// Writes something of no consequence: an error says that the state cannot be written now, and why.
    async fn touch(&self) -> Result<()>;

    /// Whether there is room to begin anything: [`StoreError::Full`] says that no cycle begins and no step is
    /// claimed now, though the state can be written.
    async fn room(&self) -> Result<()>;

    /// Checks the state: reachable, writable, with room to begin anything, sound; its size in bytes.
    async fn check(&self) -> Result<u64>;
}

/// Subjects and memberships.
#[async_trait]
pub trait Subjects: Send + Sync {
    /// The heads of the subjects of these keys; keys never seen are left out.
    async fn heads(&self, channel: &ChannelId, keys: &[SourceKey]) -> Result<Vec<SubjectHead>>;

    /// Subjects by id; ids that do not exist are left out.
    async fn subjects(&self, ids: &[SubjectId]) -> Result<Vec<Subject>>;

    /// Who has these canonical-DN hashes, in this channel. Subjects that are `Removed`, `Archived` or
    /// out of scope are left out: only the source knows whether their entry is still there. A name that
    /// several share is returned for each.
    async fn by_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId, Kind)>>;

    /// People of this channel who had these names before they were renamed or moved: the hashes that
    /// [`Outbox::write`] replaced by others. Those whom [`Subjects::by_dn`] leaves out are left out
    /// here, too. A name that several had is returned for each.
    async fn by_former_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId)>>;

    /// Subjects of any channel of this SP connection that hold these target ids (linked ones).
    async fn by_target(&self, connection: &ConnectionId, ids: &[TargetId]) -> Result<Vec<Subject>>;

    /// Keeps with subjects what was read of them and what was made of it. Part of no version.
    async fn remember_reads(&self, fence: &Fence, reads: &[Remembered]) -> Result<()>;

    /// Which of these entries need not be mapped again: their content was remembered together with the
    /// desired hash that the subject still has, the DN is the same, and the subject is neither dirty,
    /// nor due by `now`, nor `Removed` or `Archived`. In no order.
    async fn unchanged(
        &self,
        channel: &ChannelId,
        marks: &[ReadMark],
        now: Millis,
    ) -> Result<Vec<Unchanged>>;

    /// Subjects that a complete read must account for: in scope, or dirty, or due by `now`. `Removed` and
    /// `Archived` ones are left out. In no order, some perhaps twice.
    async fn concerned(&self, channel: &ChannelId, now: Millis) -> Result<Vec<SubjectId>>;

    /// Heads by id; ids that do not exist are left out.
    async fn heads_of(&self, ids: &[SubjectId]) -> Result<Vec<SubjectHead>>;

    /// All heads of a channel in id order, `limit` at a time, after the given id. `Removed` and
    /// `Archived` ones are left out.
    async fn scan(
        &self,
        channel: &ChannelId,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<SubjectHead>>;

    /// Subjects that must be planned although the source reports nothing: dirty, or `next_at` has
    /// come; without those that have a step in flight. In id order after the given id.
    async fn due(
        &self,
        channel: &ChannelId,
        now: Millis,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>>;

    /// The next `next_at` of a channel, if any.
    async fn next_due(&self, channel: &ChannelId) -> Result<Option<Millis>>;

    /// Subjects that match a text: source key, DN, display or target id equal, or the display,
    /// e-mail or DN containing it (case-insensitive). At most `limit`, exact matches first.
    async fn search(
        &self,
        channel: Option<&ChannelId>,
        text: &str,
        limit: u32,
    ) -> Result<Vec<Subject>>;

    /// Subjects by filter, in id order after the given id.
    async fn list(
        &self,
        filter: &SubjectFilter,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>>;

    /// Counts of a channel.
    async fn counts(&self, channel: &ChannelId) -> Result<ChannelCounts>;

    /// Linked, active people per container (canonical parent DN as given in
    /// [`SubjectWrite::container`]), for the containers named.
    async fn container_sizes(
        &self,
        channel: &ChannelId,
        containers: &[String],
    ) -> Result<Vec<(String, u64)>>;

    /// Whether anybody among the people in scope may be disabled in the source, by what is stored of them: they are
    /// to be inactive, are disabled at the target, or are skipped or invalid, so that it is not stored what they are
    /// to be. `false` is certain.
    async fn may_have_disabled(&self, channel: &ChannelId) -> Result<bool>;

    /// Keeps the scope group (canonical DN) that people were seen in.
    async fn remember_scope_groups(
        &self,
        fence: &Fence,
        groups: &[(SubjectId, String)],
    ) -> Result<()>;

    /// The scope groups that these subjects were last seen in; those that were in none are left out.
    async fn scope_groups(&self, subjects: &[SubjectId]) -> Result<Vec<(SubjectId, String)>>;

    /// Linked, active people per scope group, for the groups named.
    async fn scope_group_sizes(
        &self,
        channel: &ChannelId,
        groups: &[String],
    ) -> Result<Vec<(String, u64)>>;

    /// Up to `n` keys of linked people, drawn by the seed.
    async fn sample_links(&self, channel: &ChannelId, n: u32, seed: u64) -> Result<Vec<SourceKey>>;

    /// Who holds these unique values in a channel, of those in scope: of each value at most the first
    /// two by DN who are linked, and the first two who are not, however many there are. Whoever asks for
    /// somebody's rival finds one beside himself.
    async fn unique_holders(
        &self,
        channel: &ChannelId,
        values: &[UniqueValue],
    ) -> Result<Vec<UniqueHolder>>;

    /// The e-mail domains of a unique field (as in [`UniqueValue::field`]) in a channel, folded, with how
    /// many subjects in scope claim an address there; most first. Values without `@` are left out.
    async fn domains(&self, channel: &ChannelId, field: &str) -> Result<Vec<(String, u64)>>;

    /// Subjects in scope that hold a unique value of the channel which another one in scope holds too,
    /// in id order, each once; removed, archived and re-keying ones do not count.
    async fn unique_duplicates(&self, channel: &ChannelId) -> Result<Vec<SubjectId>>;

    /// Adds desired members of a group as read by this cycle.
    async fn stage_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        members: &[StagedMember],
    ) -> Result<()>;

    /// Ends a group's member list. When `complete`, members that this cycle did not stage are no
    /// longer desired; otherwise they stay. Sets `members_complete`; sets `members_dirty` when the
    /// desired set changed or completeness did. Returns whether it did.
    async fn end_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        complete: bool,
    ) -> Result<bool>;

    /// What the member lists of groups were when they were last read: the desired members in the order of
    /// their ids, and whether the list was complete. Groups that do not exist are left out. Cheap: a list
    /// that did not change needs no write.
    async fn wanted(&self, groups: &[SubjectId]) -> Result<Vec<WantedMembers>>;

    /// The groups whose membership must be planned: linked and dirty, in scope or not (a group that
    /// left it may have to be emptied).
    async fn dirty_groups(&self, channel: &ChannelId) -> Result<Vec<SubjectId>>;

    /// All members of a group, desired or present.
    async fn members(&self, group: SubjectId) -> Result<Vec<Membership>>;

    /// All groups of a member.
    async fn groups_of(&self, user: SubjectId) -> Result<Vec<Membership>>;

    /// Replaces what is believed present in a group by what a complete listing returned: target
    /// ids that belong to no subject are ignored. `added_by_us` of known rows is kept.
    async fn observe_members(
        &self,
        fence: &Fence,
        group: SubjectId,
        present: &[TargetId],
    ) -> Result<()>;
}

/// Cycles, the outbox and the target index.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Begins a cycle. One of the same channel that is still reading was abandoned by a process
    /// that died: it is aborted.
    async fn begin_cycle(&self, fence: &Fence, cycle: &NewCycle) -> Result<CycleId>;

    /// Writes some subjects with the steps planned for them, in state `Planned`; replaces their
    /// unique values and the steps that this same cycle planned for them before. Returns the
    /// subjects' ids in order. A subject with `replanned` will have its older steps that are not in
    /// flight superseded when the cycle settles.
    ///
    /// Of a known subject, `members_dirty` and `members_settled` are only ever raised, and
    /// `members_complete` stays as stored: they belong to `write_members` and `end_members`. What
    /// follows from a gained, changed or lost link is as for `record`.
    /// A subject that changed since it was read (see `Subject::version`) is not written, nor its steps:
    /// it becomes dirty instead, and is planned again from what it is now.
    async fn write(
        &self,
        fence: &Fence,
        cycle: CycleId,
        writes: &[SubjectWrite],
    ) -> Result<Vec<SubjectId>>;

    /// Writes membership steps of groups, in state `Planned`, and clears `members_dirty` (unless an
    /// outcome set it while this cycle was reading: the plan may lack it); older membership steps of
    /// those groups that are not in flight are superseded at settling.
    async fn write_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        groups: &[GroupWrite],
    ) -> Result<()>;

    /// How many steps the cycle planned, per guard name (members for membership guards).
    async fn planned_guards(
        &self,
        cycle: CycleId,
    ) -> Result<std::collections::BTreeMap<String, u64>>;

    /// Ends a cycle: supersedes what it replans, holds what exceeds a limit or carries a hold,
    /// makes the rest `Pending`, stores the cycle, the watermark and the channel's record (except
    /// its `state`): one transaction. Subjects any of whose steps are held get the verdict
    /// `Held` (with the hold's words as reason) if it was `Stepped`.
    async fn settle(&self, fence: &Fence, settle: &Settle) -> Result<Settled>;

    /// Replaces the row of a cycle that settled: its counts, once it is known what was held.
    async fn update_cycle(&self, fence: &Fence, cycle: &Cycle) -> Result<()>;

    /// Ends a cycle without effect: its planned steps are deleted, subjects that it touched stay
    /// dirty.
    async fn abort_cycle(
        &self,
        fence: &Fence,
        cycle: CycleId,
        reason: &str,
        now: Millis,
    ) -> Result<()>;

    /// Cycles, newest first; `before` pages on by id.
    async fn cycles(
        &self,
        channel: Option<&ChannelId>,
        before: Option<CycleId>,
        limit: u32,
    ) -> Result<Vec<Cycle>>;

    /// Claims up to `limit` steps durably, in order of priority: `Pending`, or `Waiting` whose time
    /// has come; of the given channels; at most one per subject, none for a subject that has one
    /// in flight, never a step while an earlier one of the same subject can still be sent. The one
    /// exception: a batch of members passes earlier batches of the same group that are `Waiting`,
    /// so that one refused member does not hold the group up; every other step waits for them, and
    /// a batch waits for every other step. A backend may return fewer than asked for (SQLite: at most
    /// 100 at once).
    async fn claim(
        &self,
        fence: &Fence,
        channels: &[ChannelId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>>;

    /// As [`Outbox::claim`], but steps of these subjects only, whatever their channel's state: a
    /// person named them (a pilot).
    async fn claim_of(
        &self,
        fence: &Fence,
        subjects: &[SubjectId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>>;

    /// As [`Outbox::claim`], but these steps only, whatever their channel's state: a person approved
    /// them. Other steps of the same subject are neither claimed nor waited for, unless they are in
    /// flight.
    async fn claim_steps(
        &self,
        fence: &Fence,
        steps: &[StepId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>>;

    /// At start: steps found `Claimed` become `Unknown`; returns every `Unknown` step of the target.
    async fn recover(&self, fence: &Fence, now: Millis) -> Result<Vec<Step>>;

    /// Records outcomes, all in one transaction: step states, subjects, presence of members, the
    /// target index, exchanges and audit events. A subject that gains, changes or loses its target
    /// id makes the groups it is desired or present in dirty; one that is unlinked, or has another
    /// resource now, loses `present`, and its membership stays desired only if it is in scope; one
    /// that is removed leaves all its rows. A group that has another resource, or none, believes
    /// nothing present and is not `members_settled`. A group where a member's recorded presence is not
    /// what is desired becomes dirty, and stays so beside a cycle that is reading: its plan was made
    /// while the step was in flight. A forbidden transition is
    /// [`StoreError::Transition`] and changes nothing.
    ///
    /// An outcome that was made from a subject that changed in between (see `Subject::version`), or
    /// whose subject an earlier outcome of the same call changes, is not recorded: its step is
    /// returned, stays as it was, and is to be recorded again from the subject as it is now.
    async fn record(&self, fence: &Fence, outcomes: &[Outcome], now: Millis)
    -> Result<Vec<StepId>>;

    /// When the next `Waiting` step of the target is due; `Some(now or earlier)` when one is
    /// `Pending`; `None` when nothing can be sent.
    async fn next_send(
        &self,
        connection: &ConnectionId,
        channels: &[ChannelId],
    ) -> Result<Option<Millis>>;

    /// Steps by filter, in id order after the given id.
    async fn steps(&self, filter: &StepFilter, after: StepId, limit: u32) -> Result<Vec<Step>>;

    /// The steps of earlier cycles of the channel that this cycle, which is still reading, leaves as
    /// they are: `Pending`, `Waiting` or `Held` ones that it does not plan anew, and whatever is in
    /// flight (`Claimed`, `Unknown`). In id order after the given id.
    async fn standing_steps(&self, cycle: CycleId, after: StepId, limit: u32) -> Result<Vec<Step>>;

    /// What waits for another attempt in a channel. Of those that failed, what lasts: `attempts` or more,
    /// or not due within `ms` before or after `now`.
    async fn waiting(
        &self,
        channel: &ChannelId,
        now: Millis,
        attempts: u32,
        ms: i64,
    ) -> Result<WaitingSteps>;

    /// How many steps there are by verb and state.
    async fn step_counts(&self, filter: &StepFilter) -> Result<Vec<StepCount>>;

    /// Releases held steps: `Held` becomes `Pending`, marked as approved. Steps in another state
    /// are listed as stale, those that do not exist (or belong to another target) as `gone`. A
    /// subject with nothing held any more is `Stepped` again. What the audit log says of the decision
    /// ([`Approval::told`]) is written in the same transaction.
    async fn approve(&self, fence: &Fence, approval: &Approval) -> Result<Approved>;

    /// Rejects held steps: their subjects stay as they are, dismissed for their desired hash
    /// (`parked_hash`); one with nothing held any more is `Parked`. Rejecting a membership step does
    /// not dismiss its group. Others are listed as of [`Outbox::approve`], and the audit log is written with it.
    async fn reject(&self, fence: &Fence, approval: &Approval) -> Result<Approved>;

    /// Makes parked steps `Pending` again, with no attempts made; their parked subjects are `Stepped`
    /// and no longer dismissed. Others are listed as of [`Outbox::approve`], and the audit log is written with it.
    async fn retry_parked(&self, fence: &Fence, approval: &Approval) -> Result<Approved>;

    /// Steps of a channel that a person approved and that still wait to be sent, in id order.
    async fn approved(&self, channel: &ChannelId) -> Result<Vec<StepId>>;

    /// Held steps that were planned before `older_than` become `Expired`, their subjects dirty.
    async fn expire_held(&self, fence: &Fence, older_than: Millis, now: Millis) -> Result<u64>;

    /// What was released or sent since a time, per guard name, without what a person approved, and
    /// without unsent steps that the cycle under way has planned anew (settling supersedes them).
    async fn window(
        &self,
        channel: &ChannelId,
        since: Millis,
    ) -> Result<std::collections::BTreeMap<String, u64>>;

    /// Exchanges of a subject, newest first.
    async fn exchanges(&self, subject: SubjectId, limit: u32) -> Result<Vec<ExchangeRecord>>;

    /// Adds rows to the target index. `generation` marks the listing they belong to.
    async fn index_put(&self, fence: &Fence, generation: i64, rows: &[IndexRow]) -> Result<()>;

    /// Ends a complete listing of a kind: rows of older generations go, except those that outcomes
    /// wrote since the last listing ended (this one may have passed their place before).
    async fn index_finish(
        &self,
        fence: &Fence,
        kind: Kind,
        generation: i64,
        now: Millis,
    ) -> Result<()>;

    /// When the last complete listing of a kind ended; `None` = never.
    async fn index_age(&self, connection: &ConnectionId, kind: Kind) -> Result<Option<Millis>>;

    /// Rows of the index that match any of the keys.
    async fn index_find(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        keys: &[IndexKey],
    ) -> Result<Vec<IndexRow>>;

    /// How many rows the index has of a kind, and how many of those no subject is linked to.
    async fn index_count(&self, connection: &ConnectionId, kind: Kind) -> Result<(u64, u64)>;

    /// Rows of the index in target id order, after the given one.
    async fn index_scan(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        after: Option<&TargetId>,
        limit: u32,
    ) -> Result<Vec<IndexRow>>;
}

/// The whole store.
pub trait Store: Administration + Subjects + Outbox + Operators + Alerts + Drafts {}

impl<T: Administration + Subjects + Outbox + Operators + Alerts + Drafts> Store for T {}

/// The id of an approval, for those who only store.
pub type ApprovalKey = ApprovalId;
