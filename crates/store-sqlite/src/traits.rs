//! The contract, method by method.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use usher_core::model::{
    ChannelId, Configuration, ConnectionId, Cycle, CycleId, Hash128, Kind, Millis, SourceKey, Step,
    StepId, Subject, SubjectId, TargetId,
};
use usher_store::{
    Administration, Approval, Approved, AuditEvent, ChannelCounts, ChannelRecord, ChannelState,
    ExchangeRecord, Fence, GroupWrite, IndexKey, IndexRow, Membership, NewCycle, Outbox, Outcome,
    ReadMark, Remembered, Result, Retention, Settle, Settled, StagedMember, StepCount, StepFilter,
    SubjectFilter, SubjectHead, SubjectWrite, Subjects, TargetPause, Unchanged, UniqueHolder,
    UniqueValue, WaitingSteps, WantedMembers,
};

use crate::open::SqliteStore;

#[async_trait]
impl Administration for SqliteStore {
    async fn configuration(&self) -> Result<Configuration> {
        self.do_configuration().await
    }
    async fn save_configuration(
        &self,
        configuration: &Configuration,
        archive: &[(Fence, ChannelId)],
        audit: &[AuditEvent],
    ) -> Result<()> {
        self.do_save_configuration(configuration, archive, audit)
            .await
    }
    async fn take_lease(
        &self,
        target: &ConnectionId,
        owner: &str,
        now: Millis,
        ttl_ms: i64,
    ) -> Result<Option<Fence>> {
        self.do_take_lease(target, owner, now, ttl_ms).await
    }
    async fn release_lease(&self, fence: &Fence) -> Result<()> {
        self.do_release_lease(fence).await
    }
    async fn break_lease(&self, target: &ConnectionId) -> Result<()> {
        self.do_break_lease(target).await
    }
    async fn set_state(
        &self,
        channel: &ChannelId,
        connection: &ConnectionId,
        state: &ChannelState,
        audit: &AuditEvent,
    ) -> Result<()> {
        self.do_set_state(channel, connection, state, audit).await
    }
    async fn channel(&self, channel: &ChannelId) -> Result<ChannelRecord> {
        self.do_channel(channel).await
    }
    async fn save_channel(&self, fence: &Fence, record: &ChannelRecord) -> Result<()> {
        self.do_save_channel(fence, record).await
    }
    async fn pause(&self, target: &ConnectionId) -> Result<Option<TargetPause>> {
        self.do_pause(target).await
    }
    async fn keep_pause(&self, fence: &Fence, pause: TargetPause) -> Result<()> {
        self.do_keep_pause(fence, pause).await
    }
    async fn audit(&self, events: &[AuditEvent]) -> Result<()> {
        self.do_audit(events).await
    }
    async fn audit_log(&self, before: Option<i64>, limit: u32) -> Result<Vec<(i64, AuditEvent)>> {
        self.do_audit_log(before, limit).await
    }
    async fn prune(&self, retention: &Retention, now: Millis) -> Result<u64> {
        self.do_prune(retention, now).await
    }
    async fn backup(&self, to: &Path) -> Result<()> {
        self.do_backup(to).await
    }
    async fn touch(&self) -> Result<()> {
        self.do_touch().await
    }
    async fn room(&self) -> Result<()> {
        self.writer.require_room().await
    }
    async fn check(&self) -> Result<u64> {
        self.do_check().await
    }
}

#[async_trait]
impl Subjects for SqliteStore {
    async fn heads(&self, channel: &ChannelId, keys: &[SourceKey]) -> Result<Vec<SubjectHead>> {
        self.do_heads(channel, keys).await
    }
    async fn subjects(&self, ids: &[SubjectId]) -> Result<Vec<Subject>> {
        self.do_subjects(ids).await
    }
    async fn by_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId, Kind)>> {
        self.do_by_dn(channel, dn_hashes).await
    }

    async fn by_former_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId)>> {
        self.do_by_former_dn(channel, dn_hashes).await
    }
    async fn by_target(&self, connection: &ConnectionId, ids: &[TargetId]) -> Result<Vec<Subject>> {
        self.do_by_target(connection, ids).await
    }
    async fn remember_reads(&self, fence: &Fence, reads: &[Remembered]) -> Result<()> {
        self.do_remember_reads(fence, reads).await
    }

    async fn unchanged(
        &self,
        channel: &ChannelId,
        marks: &[ReadMark],
        now: Millis,
    ) -> Result<Vec<Unchanged>> {
        self.do_unchanged(channel, marks, now).await
    }

    async fn concerned(&self, channel: &ChannelId, now: Millis) -> Result<Vec<SubjectId>> {
        self.do_concerned(channel, now).await
    }

    async fn heads_of(&self, ids: &[SubjectId]) -> Result<Vec<SubjectHead>> {
        self.do_heads_of(ids).await
    }

    async fn scan(
        &self,
        channel: &ChannelId,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<SubjectHead>> {
        self.do_scan(channel, after, limit).await
    }
    async fn due(
        &self,
        channel: &ChannelId,
        now: Millis,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        self.do_due(channel, now, after, limit).await
    }
    async fn next_due(&self, channel: &ChannelId) -> Result<Option<Millis>> {
        self.do_next_due(channel).await
    }
    async fn search(
        &self,
        channel: Option<&ChannelId>,
        text: &str,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        self.do_search(channel, text, limit).await
    }
    async fn list(
        &self,
        filter: &SubjectFilter,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        self.do_list(filter, after, limit).await
    }
    async fn counts(&self, channel: &ChannelId) -> Result<ChannelCounts> {
        self.do_counts(channel).await
    }
    async fn container_sizes(
        &self,
        channel: &ChannelId,
        containers: &[String],
    ) -> Result<Vec<(String, u64)>> {
        self.do_container_sizes(channel, containers).await
    }
    async fn may_have_disabled(&self, channel: &ChannelId) -> Result<bool> {
        self.do_may_have_disabled(channel).await
    }
    async fn remember_scope_groups(
        &self,
        fence: &Fence,
        groups: &[(SubjectId, String)],
    ) -> Result<()> {
        self.do_remember_scope_groups(fence, groups).await
    }
    async fn scope_groups(&self, subjects: &[SubjectId]) -> Result<Vec<(SubjectId, String)>> {
        self.do_scope_groups(subjects).await
    }
    async fn scope_group_sizes(
        &self,
        channel: &ChannelId,
        groups: &[String],
    ) -> Result<Vec<(String, u64)>> {
        self.do_scope_group_sizes(channel, groups).await
    }
    async fn sample_links(&self, channel: &ChannelId, n: u32, seed: u64) -> Result<Vec<SourceKey>> {
        self.do_sample_links(channel, n, seed).await
    }
    async fn unique_holders(
        &self,
        channel: &ChannelId,
        values: &[UniqueValue],
    ) -> Result<Vec<UniqueHolder>> {
        self.do_unique_holders(channel, values).await
    }
    async fn domains(&self, channel: &ChannelId, field: &str) -> Result<Vec<(String, u64)>> {
        self.do_domains(channel, field).await
    }
    async fn unique_duplicates(&self, channel: &ChannelId) -> Result<Vec<SubjectId>> {
        self.do_unique_duplicates(channel).await
    }
    async fn stage_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        members: &[StagedMember],
    ) -> Result<()> {
        self.do_stage_members(fence, cycle, group, members).await
    }
    async fn end_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        complete: bool,
    ) -> Result<bool> {
        self.do_end_members(fence, cycle, group, complete).await
    }
    async fn wanted(&self, groups: &[SubjectId]) -> Result<Vec<WantedMembers>> {
        self.do_wanted(groups).await
    }

    async fn dirty_groups(&self, channel: &ChannelId) -> Result<Vec<SubjectId>> {
        self.do_dirty_groups(channel).await
    }
    async fn members(&self, group: SubjectId) -> Result<Vec<Membership>> {
        self.do_members(group).await
    }
    async fn groups_of(&self, user: SubjectId) -> Result<Vec<Membership>> {
        self.do_groups_of(user).await
    }
    async fn observe_members(
        &self,
        fence: &Fence,
        group: SubjectId,
        present: &[TargetId],
    ) -> Result<()> {
        self.do_observe_members(fence, group, present).await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn begin_cycle(&self, fence: &Fence, cycle: &NewCycle) -> Result<CycleId> {
        self.do_begin_cycle(fence, cycle).await
    }
    async fn write(
        &self,
        fence: &Fence,
        cycle: CycleId,
        writes: &[SubjectWrite],
    ) -> Result<Vec<SubjectId>> {
        self.do_write(fence, cycle, writes).await
    }
    async fn write_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        groups: &[GroupWrite],
    ) -> Result<()> {
        self.do_write_members(fence, cycle, groups).await
    }
    async fn planned_guards(&self, cycle: CycleId) -> Result<BTreeMap<String, u64>> {
        self.do_planned_guards(cycle).await
    }
    async fn settle(&self, fence: &Fence, settle: &Settle) -> Result<Settled> {
        self.do_settle(fence, settle).await
    }
    async fn update_cycle(&self, fence: &Fence, cycle: &Cycle) -> Result<()> {
        self.do_update_cycle(fence, cycle).await
    }
    async fn abort_cycle(
        &self,
        fence: &Fence,
        cycle: CycleId,
        reason: &str,
        now: Millis,
    ) -> Result<()> {
        self.do_abort_cycle(fence, cycle, reason, now).await
    }
    async fn cycles(
        &self,
        channel: Option<&ChannelId>,
        before: Option<CycleId>,
        limit: u32,
    ) -> Result<Vec<Cycle>> {
        self.do_cycles(channel, before, limit).await
    }
    async fn claim(
        &self,
        fence: &Fence,
        channels: &[ChannelId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        self.do_claim(fence, channels, now, limit).await
    }
    async fn claim_of(
        &self,
        fence: &Fence,
        subjects: &[SubjectId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        self.do_claim_of(fence, subjects, now, limit).await
    }
    async fn claim_steps(
        &self,
        fence: &Fence,
        steps: &[StepId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        self.do_claim_steps(fence, steps, now, limit).await
    }
    async fn recover(&self, fence: &Fence, now: Millis) -> Result<Vec<Step>> {
        self.do_recover(fence, now).await
    }
    async fn record(
        &self,
        fence: &Fence,
        outcomes: &[Outcome],
        now: Millis,
    ) -> Result<Vec<StepId>> {
        self.do_record(fence, outcomes, now).await
    }
    async fn next_send(
        &self,
        connection: &ConnectionId,
        channels: &[ChannelId],
    ) -> Result<Option<Millis>> {
        self.do_next_send(connection, channels).await
    }
    async fn waiting(
        &self,
        channel: &ChannelId,
        now: Millis,
        attempts: u32,
        ms: i64,
    ) -> Result<WaitingSteps> {
        self.do_waiting(channel, now, attempts, ms).await
    }
    async fn steps(&self, filter: &StepFilter, after: StepId, limit: u32) -> Result<Vec<Step>> {
        self.do_steps(filter, after, limit).await
    }
    async fn standing_steps(&self, cycle: CycleId, after: StepId, limit: u32) -> Result<Vec<Step>> {
        self.do_standing_steps(cycle, after, limit).await
    }
    async fn step_counts(&self, filter: &StepFilter) -> Result<Vec<StepCount>> {
        self.do_step_counts(filter).await
    }
    async fn approve(&self, fence: &Fence, approval: &Approval) -> Result<Approved> {
        self.do_approve(fence, approval).await
    }
    async fn reject(&self, fence: &Fence, approval: &Approval) -> Result<Approved> {
        self.do_reject(fence, approval).await
    }
    async fn retry_parked(&self, fence: &Fence, approval: &Approval) -> Result<Approved> {
        self.do_retry_parked(fence, approval).await
    }
    async fn approved(&self, channel: &ChannelId) -> Result<Vec<StepId>> {
        self.do_approved(channel).await
    }
    async fn expire_held(&self, fence: &Fence, older_than: Millis, now: Millis) -> Result<u64> {
        self.do_expire_held(fence, older_than, now).await
    }
    async fn window(&self, channel: &ChannelId, since: Millis) -> Result<BTreeMap<String, u64>> {
        self.do_window(channel, since).await
    }
    async fn exchanges(&self, subject: SubjectId, limit: u32) -> Result<Vec<ExchangeRecord>> {
        self.do_exchanges(subject, limit).await
    }
    async fn index_put(&self, fence: &Fence, generation: i64, rows: &[IndexRow]) -> Result<()> {
        self.do_index_put(fence, generation, rows).await
    }
    async fn index_finish(
        &self,
        fence: &Fence,
        kind: Kind,
        generation: i64,
        now: Millis,
    ) -> Result<()> {
        self.do_index_finish(fence, kind, generation, now).await
    }
    async fn index_age(&self, connection: &ConnectionId, kind: Kind) -> Result<Option<Millis>> {
        self.do_index_age(connection, kind).await
    }
    async fn index_find(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        keys: &[IndexKey],
    ) -> Result<Vec<IndexRow>> {
        self.do_index_find(connection, kind, keys).await
    }
    async fn index_count(&self, connection: &ConnectionId, kind: Kind) -> Result<(u64, u64)> {
        self.do_index_count(connection, kind).await
    }
    async fn index_scan(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        after: Option<&TargetId>,
        limit: u32,
    ) -> Result<Vec<IndexRow>> {
        self.do_index_scan(connection, kind, after, limit).await
    }
}
