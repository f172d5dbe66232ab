//! Absence: what a complete read did not return, confirmed by a second look.

use std::collections::HashSet;

use usher_connector::{FetchBy, Fetched, ReadEntry};
use usher_core::guard::source_shrunk;
use usher_core::model::{
    CycleMode, Hash128, Kind, ScopeVerdict, SourceKey, SubjectId, SubjectState,
};
use usher_core::planner::SourceState;
use usher_store::SubjectHead;

use super::page::{Counting, Judged, present};
use super::run::Run;
use crate::error::EngineError;

const SCAN: u32 = 5_000;
const FETCH_BATCH: usize = 200;
/// More missing people with an active account than this are not looked up singly, unless the guard lets
/// more go: their steps are held.
const CONFIRM_AT_MOST: usize = 1_000;

/// Channels with fewer active links are small: a tenth of them is less than the usual sample.
const SMALL: u64 = 200;

impl Run<'_> {
    /// The source itself says that an entry is gone.
    pub(super) async fn gone(&mut self, key: &SourceKey, proof: String) -> Result<(), EngineError> {
        let heads = self.heads(std::slice::from_ref(key)).await?;
        let Some(head) = heads.get(key) else {
            return Ok(());
        };
        self.told_gone.insert(head.id);
        let item = self
            .left(
                head,
                SourceState::Gone {
                    proof,
                    explicit: true,
                },
            )
            .await?;
        self.plan_changed(item.into_iter().collect(), &heads, Counting::Not)
            .await
    }

    /// Plans subjects that nothing was read of although they must be looked at again: dirty ones,
    /// and those whose time has come.
    pub(super) async fn plan_due(&mut self) -> Result<(), EngineError> {
        let mut after = SubjectId(0);
        let now = self.engine.clock.now();
        loop {
            let due = self
                .engine
                .store
                .due(&self.open.channel.id, now, after, SCAN / 10)
                .await?;
            let Some(last) = due.last().and_then(|subject| subject.id) else {
                break;
            };
            after = last;
            let keys: Vec<SourceKey> = due
                .into_iter()
                .map(|subject| subject.key)
                .filter(|key| !self.seen.contains(&Hash128::of(key.as_str().as_bytes())))
                .collect();
            self.replan(&keys).await?;
        }
        let released = self.released_conflicts().await?;
        self.replan(&released).await
    }

    /// Reads subjects again by key and plans those that are there. One that the look-up does not
    /// find is left for a complete read: a single look-up proves nothing.
    async fn replan(&mut self, keys: &[SourceKey]) -> Result<(), EngineError> {
        for batch in keys.chunks(FETCH_BATCH) {
            let by = FetchBy::Keys(batch.to_vec());
            let fetched = match self.open.source.fetch(&by, &self.open.attributes()).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.notes.push(format!(
                        "{} subjects could not be read again: {error}; they stay due",
                        batch.len()
                    ));
                    continue;
                }
            };
            let entries = present(fetched);
            self.plan_fetched(entries).await?;
        }
        Ok(())
    }

    async fn plan_fetched(&mut self, entries: Vec<ReadEntry>) -> Result<(), EngineError> {
        let judged: Vec<Judged> = entries.into_iter().map(|entry| self.judge(entry)).collect();
        let keys: Vec<SourceKey> = judged.iter().map(|item| item.key.clone()).collect();
        let heads = self.heads(&keys).await?;
        let fresh: Vec<Judged> = judged
            .into_iter()
            .filter(|item| self.seen.insert(Hash128::of(item.key.as_str().as_bytes())))
            .collect();
        for item in &fresh {
            self.count_status(item);
        }
        self.plan_changed(fresh, &heads, Counting::Entry).await
    }

    /// After a complete full read: what it did not return is looked up, and planned as gone or
    /// out of scope.
    pub(super) async fn plan_absent(&mut self) -> Result<(), EngineError> {
        if !self.may_prove_absence() {
            return Ok(());
        }
        let missing = if self.beginning.configuration_changed {
            self.unseen_of_all().await?
        } else {
            self.unseen_of_concerned().await?
        };
        self.absent(missing).await
    }

    /// Of those whom a complete read must account for, the ones that it did not return.
    async fn unseen_of_concerned(&self) -> Result<Vec<SubjectHead>, EngineError> {
        let store = &self.engine.store;
        let concerned = store.concerned(&self.open.channel.id, self.started_at);
        let mut unmet = concerned.await?;
        unmet.retain(|id| !self.met.contains(id));
        unmet.sort_unstable();
        unmet.dedup();
        let mut missing = Vec::new();
        for some in unmet.chunks(SCAN as usize) {
            let heads = store.heads_of(some).await?.into_iter();
            missing.extend(heads.filter(|head| self.is_unseen(head)));
        }
        Ok(missing)
    }

    async fn unseen_of_all(&self) -> Result<Vec<SubjectHead>, EngineError> {
        let mut missing: Vec<SubjectHead> = Vec::new();
        let mut after = SubjectId(0);
        loop {
            let heads = self
                .engine
                .store
                .scan(&self.open.channel.id, after, SCAN)
                .await?;
            let Some(last) = heads.last().map(|head| head.id) else {
                return Ok(missing);
            };
            after = last;
            missing.extend(heads.into_iter().filter(|head| self.is_unseen(head)));
        }
    }

    fn is_unseen(&self, head: &SubjectHead) -> bool {
        // A changed option or protection may concern people who left long ago.
        let concerns = head.in_scope
            || head.state.is_linked()
                && (head.dirty
                    || self.beginning.configuration_changed
                    || head.next_at.is_some_and(|at| at <= self.started_at));
        concerns
            && !self
                .seen
                .contains(&Hash128::of(head.key.as_str().as_bytes()))
    }

    /// Whether the read may prove absence; if it shrank too much, that becomes a reason of
    /// incompleteness.
    fn may_prove_absence(&mut self) -> bool {
        if !self.full {
            return false;
        }
        let limits = &self.open.channel.policy.guards;
        let Some(certificate) = self.certificate.as_mut() else {
            return false;
        };
        // A shrunken source is no proof; a changed scope may well shrink it, and is held anyway.
        if !self.beginning.configuration_changed
            && let Some(reason) = source_shrunk(certificate.users, self.expected, limits)
        {
            certificate.incomplete.push(reason);
        }
        certificate.is_complete()
    }

    async fn absent(&mut self, missing: Vec<SubjectHead>) -> Result<(), EngineError> {
        self.look_who_waits_for_a_key().await?;
        // Whoever was protected when last read stays so until their entry is read again, and says otherwise.
        let is_frozen = |head: &SubjectHead| head.state == SubjectState::Frozen;
        let (linked, unlinked): (Vec<SubjectHead>, Vec<SubjectHead>) =
            missing.into_iter().partition(|head| head.state.is_linked());
        let unread = || SourceState::OutOfScope {
            clause: "not among the entries of a complete read".to_owned(),
        };
        // Nothing follows at the target for those who never had an account.
        let mut planned: Vec<(SubjectHead, SourceState)> =
            unlinked.into_iter().map(|head| (head, unread())).collect();
        let active = linked.iter().filter(|head| may_be_active(head)).count();
        if active > self.most_confirmed().await? {
            // Held, whatever a second look would say, and however few the guard counts of them.
            self.unconfirmed = active;
            self.keyless.leave_undecided();
            self.unsure.extend(linked.iter().map(|head| head.id));
            let linked = linked.into_iter().filter(|head| !is_frozen(head));
            planned.extend(linked.map(|head| (head, unread())));
            return self.plan_left(planned).await;
        }
        let mut vanished = HashSet::new();
        for batch in linked.chunks(FETCH_BATCH) {
            let fates = self.second_look(batch).await?;
            let absent = batch.iter().zip(&fates);
            let absent = absent.filter(|(_, fate)| matches!(fate, Fetched::Absent));
            let absent: Vec<SubjectId> = absent.map(|(head, _)| head.id).collect();
            let mut unproven = self.look_at_names(&absent).await?;
            unproven.extend(self.look_at_containers(&absent).await?);
            self.look_at_keyless(&absent).await?;
            for (head, fate) in batch.iter().zip(fates) {
                let source = match fate {
                    Fetched::Absent if unproven.contains(&head.id) => {
                        self.keyless.leave_undecided();
                        continue;
                    }
                    Fetched::Absent => {
                        if may_be_active(head) && !self.keyless.holds(head.id) {
                            vanished.insert(head.id);
                        }
                        SourceState::Gone {
                            proof: self.proof(),
                            explicit: false,
                        }
                    }
                    Fetched::Other { .. } if is_frozen(head) => continue,
                    Fetched::Other { what } => SourceState::OutOfScope { clause: what },
                    Fetched::Present(read) if read.scope == ScopeVerdict::In => {
                        return self.doubt(&read.entry.dn);
                    }
                    Fetched::Present(read) => self.judge(*read).source,
                    Fetched::Unknown { reason } => {
                        self.keyless.leave_undecided();
                        self.notes.push(format!(
                            "{}: its absence could not be confirmed: {reason}",
                            head.key
                        ));
                        continue;
                    }
                };
                planned.push((head.clone(), source));
            }
        }
        let links = self.engine.store.counts(&self.open.channel.id).await?;
        let links = links.active_links;
        let number = vanished.len() as u64;
        if too_many_vanished(number, links) {
            self.vanished = Some((number, links));
            self.unsure.extend(vanished);
        }
        self.plan_left(planned).await
    }

    /// So many missing people are looked up singly: never fewer than the guard lets go.
    async fn most_confirmed(&self) -> Result<usize, EngineError> {
        let counts = self.engine.store.counts(&self.open.channel.id).await?;
        let limits = &self.open.channel.policy.guards;
        let limit = limits.removals_by_absence.of(counts.active_links);
        Ok(CONFIRM_AT_MOST.max(usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    /// Removals that no second look confirmed are held, even if the guard counts few of them: most of
    /// those who are missing may only have changed their key, or wait for something else.
    pub(super) fn unconfirmed_removals(&self) -> Option<String> {
        if let Some((vanished, links)) = self.vanished {
            return Some(format!(
                "removals by absence or lost scope: {vanished} of {links} people with active accounts are not seen any more, neither by the read nor by their keys, which is a tenth or more of a small channel: the bind account may have lost rights; look in the directory, then approve the held steps (`usher approve`)"
            ));
        }
        (self.unconfirmed > 0).then(|| {
            format!(
                "removals by absence or lost scope: {} people with active accounts were not returned, too many to be looked up singly, so that nothing confirms it; look at the scope and at what the directory returned, then approve the held steps (`usher approve`)",
                self.unconfirmed
            )
        })
    }

    async fn second_look(&self, batch: &[SubjectHead]) -> Result<Vec<Fetched>, EngineError> {
        let keys: Vec<SourceKey> = batch.iter().map(|head| head.key.clone()).collect();
        let by = FetchBy::Keys(keys);
        let fetched = match self.open.source.fetch(&by, &self.open.attributes()).await {
            Ok(fetched) if fetched.len() == batch.len() => fetched,
            Ok(_) => vec![
                unknown("the directory answered for fewer entries than were asked");
                batch.len()
            ],
            Err(error) => vec![unknown(&error.to_string()); batch.len()],
        };
        Ok(fetched)
    }

    /// Looks at the names under which people and groups were last seen. Where there may be an entry whose key
    /// cannot be read (the right to it got lost, it has two), nobody is proven gone: returns those.
    async fn look_at_names(
        &mut self,
        absent: &[SubjectId],
    ) -> Result<HashSet<SubjectId>, EngineError> {
        let subjects = self.engine.store.subjects(absent).await?;
        if subjects.is_empty() {
            return Ok(HashSet::new());
        }
        let by = FetchBy::Dns(subjects.iter().map(|subject| subject.dn.clone()).collect());
        let fetched = self.open.source.fetch(&by, &self.open.attributes()).await;
        let failed = fetched.as_ref().err().map(ToString::to_string);
        let mut fetched = fetched.unwrap_or_default().into_iter();
        let mut unproven = HashSet::new();
        for subject in subjects {
            let reason = match fetched.next() {
                Some(Fetched::Absent | Fetched::Present(_) | Fetched::Other { .. }) => continue,
                Some(Fetched::Unknown { reason }) => reason,
                None => failed
                    .clone()
                    .unwrap_or_else(|| "the source did not answer for it".to_owned()),
            };
            self.notes.push(format!(
                "{}: nothing was found by its key, but it is not proven gone, since its name cannot be looked up: {reason}",
                subject.dn
            ));
            unproven.extend(subject.id);
        }
        Ok(unproven)
    }

    /// The second look found an entry that the complete read left out: the read proves nothing.
    fn doubt(&mut self, dn: &str) -> Result<(), EngineError> {
        if let Some(certificate) = self.certificate.as_mut() {
            certificate.incomplete.push(format!(
                "the read did not return {dn}, but a second look by its key found it in scope: nothing is removed by this read"
            ));
        }
        Ok(())
    }

    fn proof(&self) -> String {
        let host = self
            .certificate
            .as_ref()
            .map_or("", |certificate| certificate.host.as_str());
        format!(
            "cycle {}: a complete read from {host} did not return it, and a second look by its key found nothing",
            self.cycle
        )
    }

    /// Plans subjects that left, minding those that only changed their key.
    async fn plan_left(
        &mut self,
        left: Vec<(SubjectHead, SourceState)>,
    ) -> Result<(), EngineError> {
        for batch in left.chunks(FETCH_BATCH) {
            let mut items = Vec::new();
            let mut heads = std::collections::HashMap::new();
            for (head, source) in batch {
                let is_protected = matches!(source, SourceState::Protected { .. });
                if head.kind == Kind::User && !is_protected && self.plan_rekeyed(head).await? {
                    continue;
                }
                if self.beginning.mode == CycleMode::Rekey {
                    continue;
                }
                heads.insert(head.key.clone(), head.clone());
                items.extend(self.left(head, source.clone()).await?);
            }
            self.plan_changed(items, &heads, Counting::Not).await?;
        }
        Ok(())
    }

    /// The item of a subject that left: its stored DN stands for what can no longer be read.
    async fn left(
        &self,
        head: &SubjectHead,
        source: SourceState,
    ) -> Result<Option<Judged>, EngineError> {
        let Some(subject) = self.engine.store.subjects(&[head.id]).await?.pop() else {
            return Ok(None);
        };
        let (_, container) = super::page::canonical(&subject.dn);
        Ok(Some(Judged {
            key: head.key.clone(),
            kind: head.kind,
            dn: subject.dn,
            dn_hash: head.dn_hash,
            container,
            content: None,
            scope_group: None,
            hash: source.hash(),
            source,
        }))
    }
}

/// Two of twenty sentinels that are not seen prove that a read proves nothing (behaviour §7). A channel of
/// fewer than two hundred people has fewer sentinels than that, so everybody counts: two or more, and a
/// tenth or more, are too many to go unseen.
fn too_many_vanished(vanished: u64, links: u64) -> bool {
    links < SMALL && vanished >= 2 && vanished.saturating_mul(10) >= links
}

/// Whether a missing subject may have an account that would be disabled.
fn may_be_active(head: &SubjectHead) -> bool {
    head.kind == Kind::User && head.state == SubjectState::Linked
}

fn unknown(reason: &str) -> Fetched {
    Fetched::Unknown {
        reason: reason.to_owned(),
    }
}
