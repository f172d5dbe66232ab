//! Re-keys and conflicts over unique values (behaviour §8, §10).

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{Hold, SourceKey, Subject, SubjectId, SubjectState};
use usher_core::planner::record::record_vanishing;
use usher_core::planner::{RekeyInput, plan_rekey};
use usher_directory::compare::fold;
use usher_store::{StepFilter, SubjectHead, SubjectWrite, UniqueHolder, UniqueValue};

use super::page::canonical;
use super::run::Run;
use crate::error::EngineError;

impl Run<'_> {
    /// If a newcomer has the vanishing subject's user name or e-mail, plans one held re-key
    /// instead of a removal.
    pub(super) async fn plan_rekeyed(&mut self, head: &SubjectHead) -> Result<bool, EngineError> {
        let Some(old) = self.engine.store.subjects(&[head.id]).await?.pop() else {
            return Ok(false);
        };
        if old.linked_id().is_none() {
            return Ok(false);
        }
        let values = self.shadow_values(&old);
        if values.is_empty() {
            return Ok(false);
        }
        let holders = self
            .engine
            .store
            .unique_holders(&self.open.channel.id, &values)
            .await?;
        let newcomer = holders.into_iter().find(|holder| {
            holder.subject != head.id && holder.in_scope && !holder.state.is_linked()
        });
        let Some(newcomer) = newcomer else {
            return Ok(false);
        };
        let Some(newcomer) = self.engine.store.subjects(&[newcomer.subject]).await?.pop() else {
            return Ok(false);
        };
        let Some(desired) = newcomer.desired.clone() else {
            return Ok(false);
        };
        let before = newcomer.verdict;
        let (hash, container) = (desired.hash(), canonical(&newcomer.dn).1);
        let plan = plan_rekey(&RekeyInput {
            rules: &self.rules,
            old: &old,
            newcomer,
            desired,
            now: self.started_at,
        });
        let after = plan.verdict;
        let write = self.subject_write(plan, hash, container, None);
        self.recount(before, after);
        let vanishing = SubjectWrite {
            container: canonical(&old.dn).1,
            subject: record_vanishing(old),
            replanned: true,
            steps: Vec::new(),
            unique: None,
        };
        self.write(&[write, vanishing]).await?;
        Ok(true)
    }

    /// The unique values that the target holds for a linked subject, as far as we know.
    fn shadow_values(&self, subject: &Subject) -> Vec<UniqueValue> {
        [&self.rules.username_field, &self.rules.email_field]
            .into_iter()
            .filter_map(|field| {
                let shadow = subject.shadow.fields.get(field)?;
                let value = shadow.sent.as_ref().or(shadow.observed.as_ref())?;
                Some(UniqueValue {
                    field: format!("{}.{field}", subject.kind),
                    folded: fold(value.as_text()?),
                })
            })
            .collect()
    }

    /// Holds the steps of subjects that want one unique value: the linked incumbent goes on; if
    /// none is linked, all are held.
    pub(super) async fn hold_duplicates(&mut self) -> Result<(), EngineError> {
        if self.steps.is_empty() {
            // Only steps of this cycle could be held.
            return Ok(());
        }
        let mut holds: Vec<(SubjectId, Hold)> = Vec::new();
        for holders in self.duplicates().await?.into_values() {
            for holder in holders.iter().filter(|holder| !holder.state.is_linked()) {
                let other = holders
                    .iter()
                    .filter(|other| other.subject != holder.subject)
                    .max_by_key(|other| other.state.is_linked());
                let Some(other) = other else { continue };
                let field = &holder.value.field;
                let hold = Hold::Conflict {
                    field: field
                        .split_once('.')
                        .map_or(field.as_str(), |(_, f)| f)
                        .to_owned(),
                    value: holder.value.folded.clone(),
                    other: other.dn.clone(),
                };
                holds.push((holder.subject, hold));
            }
        }
        if !holds.is_empty() {
            self.engine
                .store
                .hold_planned(self.fence, self.cycle, &holds)
                .await?;
        }
        Ok(())
    }

    async fn duplicates(&self) -> Result<BTreeMap<UniqueValue, Vec<UniqueHolder>>, EngineError> {
        let mut by_value: BTreeMap<UniqueValue, Vec<UniqueHolder>> = BTreeMap::new();
        for holder in self
            .engine
            .store
            .unique_duplicates(&self.open.channel.id)
            .await?
        {
            if holder.state != SubjectState::Rekeying {
                by_value
                    .entry(holder.value.clone())
                    .or_default()
                    .push(holder);
            }
        }
        by_value.retain(|_, holders| holders.len() > 1);
        Ok(by_value)
    }

    /// Subjects whose steps were held over a unique value that nobody else wants any more.
    pub(super) async fn released_conflicts(&self) -> Result<Vec<SourceKey>, EngineError> {
        let filter = StepFilter {
            channel: Some(self.open.channel.id.clone()),
            states: vec!["held".to_owned()],
            ..StepFilter::default()
        };
        let held = self
            .engine
            .store
            .steps(&filter, usher_core::model::StepId(0), 10_000)
            .await?;
        let in_conflict: BTreeSet<SubjectId> = held
            .into_iter()
            .filter(|step| {
                matches!(
                    step.state,
                    usher_core::model::StepState::Held {
                        hold: Hold::Conflict { .. }
                    }
                )
            })
            .map(|step| step.subject)
            .collect();
        if in_conflict.is_empty() {
            return Ok(Vec::new());
        }
        let still: BTreeSet<SubjectId> = self
            .duplicates()
            .await?
            .into_values()
            .flatten()
            .map(|holder| holder.subject)
            .collect();
        let freed: Vec<SubjectId> = in_conflict.difference(&still).copied().collect();
        let subjects = self.engine.store.subjects(&freed).await?;
        Ok(subjects.into_iter().map(|subject| subject.key).collect())
    }
}
