//! Re-keys (behaviour §8).

use usher_core::model::Subject;
use usher_core::planner::record::record_vanishing;
use usher_core::planner::{RekeyInput, plan_rekey};
use usher_directory::compare::fold;
use usher_store::{SubjectHead, SubjectWrite, UniqueValue};

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
    pub(super) fn shadow_values(&self, subject: &Subject) -> Vec<UniqueValue> {
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
}
