//! Guarding and settling: the end of a cycle.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::guard::{PlanTotals, guard, kind_of, name};
use usher_core::model::{
    Certificate, Cycle, CycleMode, CycleState, Hold, SourceKey, StepId, Subject, SubjectId, Verdict,
};
use usher_store::{Settle, Settled, StepFilter};

use super::run::Run;
use super::{CycleOptions, CycleReport};
use crate::admin::restored;
use crate::error::EngineError;

/// Steps that are looked at together.
const PAGE: u32 = 1_000;

const DAY_MS: i64 = 24 * 3600 * 1000;

impl Run<'_> {
    pub(super) async fn end(&mut self, options: &CycleOptions) -> Result<CycleReport, EngineError> {
        if options.hash_all {
            self.hash_standing(options.only.as_deref()).await?;
        }
        let plan_hash = self.hasher.finish(self.open.revision);
        if let Some(reviewed) = &options.expected_hash
            && *reviewed != plan_hash
        {
            return Err(EngineError::PlanChanged {
                reviewed: reviewed.clone(),
                found: plan_hash,
            });
        }
        let breaches = self.breaches().await?;
        let whole = options.only.is_none() && self.beginning.mode != CycleMode::FollowUp;
        let disabled_before = self.record.disabled_people;
        self.note_disabled(whole).await?;
        self.refuse_unknown_status(whole, disabled_before).await?;
        if whole {
            self.update_record();
        }
        let mut cycle = self.cycle_row(plan_hash, &breaches);
        let settle = Settle {
            cycle: cycle.clone(),
            breaches: breaches
                .iter()
                .map(|(name, reason)| {
                    (
                        name.clone(),
                        Hold::Guard {
                            reason: reason.clone(),
                        },
                    )
                })
                .collect(),
            record: self.record.clone(),
        };
        let settled = self.engine.store.settle(self.fence, &settle).await?;
        self.count_held(&mut cycle, &settled).await?;
        if cycle.unexplained() != 0 {
            tracing::error!(
                cycle.id = %self.cycle, unexplained = cycle.unexplained(),
                "the conservation law is broken: entries were read that no verdict accounts for"
            );
        }
        Ok(CycleReport {
            cycle,
            settled,
            record: self.record.clone(),
        })
    }

    /// Adds what earlier cycles left to be sent: whoever applies the plan sends it with the rest.
    async fn hash_standing(&mut self, only: Option<&[SourceKey]>) -> Result<(), EngineError> {
        let store = &self.engine.store;
        let mut after = StepId(0);
        loop {
            let steps = store.standing_steps(self.cycle, after, PAGE).await?;
            let Some(last) = steps.last() else {
                return Ok(());
            };
            after = last.id;
            let ids: BTreeSet<SubjectId> = steps.iter().map(|step| step.subject).collect();
            let ids: Vec<SubjectId> = ids.into_iter().collect();
            let subjects = store.subjects(&ids).await?;
            let keys: BTreeMap<SubjectId, SourceKey> = subjects
                .into_iter()
                .filter_map(|subject| Some((subject.id?, subject.key)))
                .collect();
            for step in &steps {
                let key = keys.get(&step.subject);
                let wanted = key.filter(|key| only.is_none_or(|only| only.contains(key)));
                if let Some(key) = wanted {
                    self.hasher.add(key, &step.planned);
                }
            }
        }
    }

    /// The limits that this plan exceeds, by guard name, in words.
    async fn breaches(&self) -> Result<BTreeMap<String, String>, EngineError> {
        let store = &self.engine.store;
        let channel = &self.open.channel.id;
        let counts = store.planned_guards(self.cycle).await?;
        if counts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        let containers: Vec<String> = self.containers.iter().cloned().collect();
        for (container, size) in store.container_sizes(channel, &containers).await? {
            sizes.insert(format!("container:{container}"), size);
        }
        let groups: Vec<String> = self.scope_groups.iter().cloned().collect();
        for (group, size) in store.scope_group_sizes(channel, &groups).await? {
            sizes.insert(format!("scope.group:{group}"), size);
        }
        let mut labels = BTreeMap::new();
        for name in counts.keys() {
            let Some(group) = counted_group(name) else {
                continue;
            };
            let members = store.members(group).await?;
            let present = members.iter().filter(|member| member.present).count() as u64;
            sizes.insert(name.clone(), present);
            let known = store.subjects(&[group]).await?.pop();
            labels.extend(known.map(|group| (name.clone(), called(&group))));
        }
        let totals = PlanTotals {
            active_links: store.counts(channel).await?.active_links,
            counts,
            window: store.window(channel, self.started_at - DAY_MS).await?,
            sizes,
            labels,
            first_sync: self.rules.first_sync,
        };
        let found = guard(&totals, &self.open.channel.policy.guards);
        let mut breaches: BTreeMap<String, String> = found
            .into_iter()
            .map(|breach| (breach.guard, breach.reason))
            .collect();
        if let Some(why) = self.unconfirmed_removals() {
            let guard = name::REMOVAL_ABSENCE.to_owned();
            breaches.entry(guard).or_insert(why);
        }
        breaches.extend(self.unproven(&totals));
        Ok(breaches)
    }

    /// An incomplete read clears no value, takes nobody's account away and gives nobody one back: who lost the
    /// right to read entries may have lost the right to read attributes, those that scope and status go by
    /// among them.
    fn unproven(&self, totals: &PlanTotals) -> BTreeMap<String, String> {
        let Some(certificate) = &self.certificate else {
            return BTreeMap::new();
        };
        let incomplete = certificate.incomplete.first();
        let of_scope = incomplete.or(certificate.scope_doubt.as_ref());
        let mut found = BTreeMap::new();
        for guard in totals.counts.keys() {
            let (what, why) = match kind_of(guard) {
                name::ATTRIBUTE_CLEARED => ("values are cleared", incomplete),
                name::ENABLE => ("accounts are enabled", incomplete),
                name::REMOVAL_ABSENCE => ("people leave the scope", of_scope),
                _ => continue,
            };
            if let Some(why) = why {
                let reason = format!(
                    "{what} although the read proves nothing ({why}): check it in the directory, then approve the held steps (`usher approve`)"
                );
                found.insert(guard.clone(), reason);
            }
        }
        found
    }

    pub(super) fn is_complete(&self) -> bool {
        let certificate = self.certificate.as_ref();
        // A re-key looked at keys only: who is missing is for the next ordinary read.
        certificate.is_some_and(Certificate::is_complete) && self.beginning.mode != CycleMode::Rekey
    }

    fn update_record(&mut self) {
        let complete = self.is_complete();
        self.record.target_identity = Some(self.open.identity.clone());
        // The mark of an incomplete read must not be passed: what it did not return is read again.
        if complete && let Some(mark) = self.mark.take() {
            self.record.watermark = Some(mark);
        }
        if self.reads_all() {
            self.record.full_incomplete = self.reasons();
        }
        if complete && self.full {
            if let Some(certificate) = &self.certificate {
                self.record.last_complete_users = certificate.users;
                self.record.last_complete_groups = certificate.groups;
            }
            self.record.last_complete_at = Some(self.engine.clock.now());
            self.record.last_complete_began = Some(self.started_at);
            self.record.keyless = self.keyless.known(self.record.keyless.take());
            self.record.planned_revision = Some(self.open.revision);
            self.record.planned_digest = Some(self.beginning.digest);
            restored::settle(&mut self.record, self.beginning.mode);
        }
    }

    /// Whether a full read was made or asked for.
    fn reads_all(&self) -> bool {
        self.full || matches!(self.beginning.mode, CycleMode::Full | CycleMode::Reconcile)
    }

    /// Why the read is not complete.
    fn reasons(&self) -> Vec<String> {
        let certificate = self.certificate.as_ref();
        certificate
            .map(|found| found.incomplete.clone())
            .unwrap_or_default()
    }

    fn cycle_row(&self, plan_hash: String, breaches: &BTreeMap<String, String>) -> Cycle {
        let incomplete = self.reasons();
        let mut certificate = self.certificate.clone();
        if let Some(certificate) = certificate.as_mut() {
            certificate.bad_entries.extend(self.notes.iter().cloned());
            certificate.bad_entries.truncate(1_000);
        }
        Cycle {
            id: self.cycle,
            channel: self.open.channel.id.clone(),
            mode: self.beginning.mode,
            started_at: self.started_at,
            ended_at: Some(self.engine.clock.now()),
            state: if incomplete.is_empty() {
                CycleState::Completed
            } else {
                CycleState::Incomplete {
                    reasons: incomplete,
                }
            },
            read: self.read,
            verdicts: self
                .verdicts
                .iter()
                .map(|(verdict, count)| (verdict.as_str().to_owned(), *count))
                .collect(),
            steps: self.steps.clone(),
            held: BTreeMap::new(),
            breaches: breaches.values().cloned().collect(),
            drift: self.drift.clone(),
            remarks: self.remarks(),
            certificate,
            plan_hash: Some(plan_hash),
            revision: self.open.revision,
        }
    }

    /// Entries whose steps were held at settling count as held.
    async fn count_held(
        &mut self,
        cycle: &mut Cycle,
        settled: &Settled,
    ) -> Result<(), EngineError> {
        let counted = settled
            .subjects_held
            .iter()
            .filter(|id| !self.uncounted.contains(id))
            .count();
        for _ in 0..counted {
            self.recount(Verdict::Stepped, Verdict::Held);
        }
        cycle.verdicts = self
            .verdicts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(verdict, count)| (verdict.as_str().to_owned(), *count))
            .collect();
        let filter = StepFilter {
            cycle: Some(self.cycle),
            ..StepFilter::default()
        };
        for count in self.engine.store.step_counts(&filter).await? {
            if count.state == "held" {
                *cycle
                    .held
                    .entry(count.verb.as_str().to_owned())
                    .or_default() += count.count;
            }
        }
        Ok(self.engine.store.update_cycle(self.fence, cycle).await?)
    }
}

/// The group whose members a guard counts.
fn counted_group(guard: &str) -> Option<SubjectId> {
    let part = guard
        .strip_prefix("members.lost:")
        .or(guard.strip_prefix("members.gained:"))?;
    part.parse().ok().map(SubjectId)
}

/// What people call a group, and where it is.
fn called(group: &Subject) -> String {
    if group.display.is_empty() {
        return group.dn.clone();
    }
    format!("\"{}\" ({})", group.display, group.dn)
}
