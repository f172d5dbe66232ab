//! Planning entries, and writing their subjects with their steps.

use std::collections::HashMap;

use usher_core::guard::source_shrunk;
use usher_core::model::{Hash128, Millis, PlannedStep, SourceKey, Step, Subject, Verdict};
use usher_core::planner::{SourceState, SubjectInput, SubjectPlan, plan_subject};
use usher_store::{Remembered, SubjectHead, SubjectWrite, UniqueValue};

use super::candidates::Gathered;
use super::page::{Counting, Judged, canonical, unique_values};
use super::run::Run;
use crate::error::EngineError;

/// What is kept of an entry beside its subject.
struct Read {
    content: Option<Hash128>,
    hash: Hash128,
    scope_group: Option<String>,
    /// Somebody else has or wants one of its unique values.
    contested: bool,
}

impl Run<'_> {
    /// Plans entries that changed, and writes their subjects with their steps; not those that wait as
    /// they are.
    pub(super) async fn plan_changed(
        &mut self,
        changed: Vec<Judged>,
        heads: &HashMap<SourceKey, SubjectHead>,
        counting: Counting,
    ) -> Result<(), EngineError> {
        if changed.is_empty() {
            return Ok(());
        }
        let gathered_all = self.gather(changed, heads).await?;
        // Those who share a value may be many, and wait as a rule: their steps are read together.
        let together = gathered_all.iter().filter_map(|one| {
            let many = counting == Counting::Again || !one.conflicts.is_empty();
            one.subject.id.filter(|_| many)
        });
        let live = self.live_of(&together.collect::<Vec<_>>()).await?;
        let mut writes = Vec::with_capacity(gathered_all.len());
        let mut reads = Vec::with_capacity(gathered_all.len());
        for gathered in gathered_all {
            let known = gathered.subject.id.and_then(|id| live.get(&id));
            if let Some((write, read)) = self.plan_gathered(gathered, counting, known).await? {
                writes.push(write);
                reads.push(read);
            }
        }
        let store = &self.engine.store;
        let ids = store.write(self.fence, self.cycle, &writes).await?;
        let mut remembered = Vec::new();
        let mut seen_in = Vec::new();
        for (subject, read) in ids.into_iter().zip(reads) {
            seen_in.extend(read.scope_group.map(|group| (subject, group)));
            remembered.extend(read.content.map(|content| Remembered {
                subject,
                content,
                desired_hash: read.hash,
            }));
            self.conflicted.extend(read.contested.then_some(subject));
        }
        store.remember_scope_groups(self.fence, &seen_in).await?;
        Ok(store.remember_reads(self.fence, &remembered).await?)
    }

    /// Plans one entry; `known` are its steps that are not over, if they were read already. `None` when
    /// nothing is to be written.
    async fn plan_gathered(
        &mut self,
        gathered: Gathered,
        counting: Counting,
        known: Option<&Vec<Step>>,
    ) -> Result<Option<(SubjectWrite, Read)>, EngineError> {
        if let Some(reason) = gathered.postponed {
            if counting != Counting::Again {
                let counted = counting == Counting::Entry;
                self.postpone(&gathered.subject, &reason, counted).await?;
            }
            return Ok(None);
        }
        let rules = self.rules.clone();
        let item = gathered.item;
        let contested = !gathered.conflicts.is_empty();
        let absence_doubt = match &item.source {
            SourceState::Gone {
                explicit: false, ..
            } => self.absence_doubt(&item, gathered.subject.id),
            SourceState::Gone { explicit: true, .. }
            | SourceState::InScope(_)
            | SourceState::Invalid { .. }
            | SourceState::OutOfScope { .. }
            | SourceState::Protected { .. } => None,
        };
        let input = SubjectInput {
            rules: &rules,
            absence_doubt,
            proven_again: self.proves_again(gathered.subject.left_at),
            subject: gathered.subject,
            source: item.source,
            candidates: gathered.candidates,
            conflicts: gathered.conflicts,
            ownership: gathered.ownership,
            scope_group: gathered.scope_group,
            missing_at_target: gathered.missing_at_target,
            copied: gathered.copied,
            // Not when the cycle began: who is found to have left now may have been there then.
            now: self.engine.clock.now(),
        };
        let plan = plan_subject(&input);
        self.count_plan(&plan, input.subject.verdict, counting);
        let own = match counting {
            Counting::Again => known.map(|live| self.own_of(live)).unwrap_or_default(),
            Counting::Entry | Counting::Not => Vec::new(),
        };
        let is_new = gathered.renamed || !own.is_empty();
        if !is_new && self.stands(&plan, &input.subject, item.hash, known).await? {
            let id = input.subject.id.filter(|_| contested);
            self.conflicted.extend(id);
            return Ok(None);
        }
        self.take_back(&input.subject.key, &own);
        let unique = unique_values(&rules, item.kind, &input.source);
        let stays_parked = self.stays_parked(&plan, known).await?;
        let mut write = self.subject_write(plan, item.hash, item.container, unique);
        write.replanned = !stays_parked;
        let read = Read {
            content: item.content,
            hash: item.hash,
            scope_group: item.scope_group,
            contested,
        };
        Ok(Some((write, read)))
    }

    /// Counts what became of one subject.
    fn count_plan(&mut self, plan: &SubjectPlan, before: Verdict, counting: Counting) {
        match (counting, plan.subject.id) {
            (Counting::Entry, _) => self.count(plan.verdict),
            (Counting::Not, id) => self.uncounted.extend(id),
            (Counting::Again, Some(id)) if self.uncounted.contains(&id) => {}
            (Counting::Again, _) => self.recount(before, plan.verdict),
        }
    }

    /// Takes back steps that this cycle planned: their subject is planned again.
    fn take_back(&mut self, key: &SourceKey, steps: &[PlannedStep]) {
        for step in steps {
            self.hasher.remove(key, step);
            let verb = step.operation.verb().as_str();
            if let Some(count) = self.steps.get_mut(verb) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.steps.remove(verb);
                }
            }
        }
    }

    /// Leaves a subject that cannot be planned now as it is, and due; one that is new is kept
    /// with its reason, so that nothing is lost.
    async fn postpone(
        &mut self,
        subject: &Subject,
        reason: &str,
        counted: bool,
    ) -> Result<(), EngineError> {
        let mut subject = subject.clone();
        subject.dirty = true;
        subject.verdict = Verdict::Held;
        subject.reason = format!("whether the target has it could not be found out: {reason}");
        if counted {
            self.count(subject.verdict);
        } else {
            self.uncounted.extend(subject.id);
        }
        self.notes
            .push(format!("{}: {}", subject.dn, subject.reason));
        let (_, container) = canonical(&subject.dn);
        let write = SubjectWrite {
            subject,
            container,
            replanned: false,
            steps: Vec::new(),
            unique: None,
        };
        self.write(&[write]).await
    }

    /// Whether this is the second complete full read at least since a subject left. While a read is
    /// going on nothing is proven.
    fn proves_again(&self, left_at: Option<Millis>) -> bool {
        let complete = self.full
            && self.certificate.as_ref().is_some_and(|found| {
                let limits = &self.open.channel.policy.guards;
                found.is_complete() && source_shrunk(found.users, self.expected, limits).is_none()
            });
        let earlier = self.record.last_complete_at;
        complete && left_at.is_some_and(|left| earlier.is_some_and(|at| at >= left))
    }

    /// The row that a plan makes, with its counts taken.
    pub(super) fn subject_write(
        &mut self,
        plan: SubjectPlan,
        hash: Hash128,
        container: String,
        unique: Option<Vec<UniqueValue>>,
    ) -> SubjectWrite {
        let SubjectPlan {
            mut subject,
            steps,
            verdict,
            reason,
            ..
        } = plan;
        subject.desired_hash = Some(hash);
        subject.verdict = verdict;
        subject.reason = reason;
        for step in &steps {
            self.hasher.add(&subject.key, step);
            *self
                .steps
                .entry(step.operation.verb().as_str().to_owned())
                .or_default() += 1;
            for name in &step.guards {
                if let Some(container) = name.strip_prefix("container:") {
                    self.containers.insert(container.to_owned());
                } else if let Some(group) = name.strip_prefix("scope.group:") {
                    self.scope_groups.insert(group.to_owned());
                }
            }
        }
        SubjectWrite {
            subject,
            container,
            replanned: true,
            steps,
            unique,
        }
    }

    pub(super) async fn write(&mut self, writes: &[SubjectWrite]) -> Result<(), EngineError> {
        self.engine
            .store
            .write(self.fence, self.cycle, writes)
            .await?;
        Ok(())
    }
}
