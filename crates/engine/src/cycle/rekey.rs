//! Re-keys (behaviour §8).

use usher_core::model::{Hash128, SourceKey, Subject, SubjectId};
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
        let Some(newcomer) = self.newcomer_for(&old).await? else {
            return Ok(false);
        };
        let Some(newcomer) = self.engine.store.subjects(&[newcomer]).await?.pop() else {
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

    /// When people who were looked for by their key are there under another one, says so in the words of
    /// the certificate, with the command that keeps their accounts.
    pub(super) async fn tell_other_keys(&mut self) -> Result<(), EngineError> {
        let incomplete = self
            .certificate
            .as_ref()
            .is_some_and(|found| !found.is_complete());
        if !incomplete || !self.full {
            return Ok(());
        }
        let is_missed =
            |key: &&SourceKey| !self.seen.contains(&Hash128::of(key.as_str().as_bytes()));
        let missed: Vec<SourceKey> = self.sampled.iter().filter(is_missed).cloned().collect();
        let heads = self.heads(&missed).await?;
        let ids: Vec<SubjectId> = heads.values().map(|head| head.id).collect();
        let mut elsewhere = 0;
        for old in self.engine.store.subjects(&ids).await? {
            elsewhere += usize::from(self.newcomer_for(&old).await?.is_some());
        }
        let asked = self.sampled.len();
        if let Some(certificate) = self.certificate.as_mut().filter(|_| elsewhere > 0) {
            certificate.incomplete.push(format!(
                "{elsewhere} of the {asked} people looked for are there under another key: the directory was built anew, or the GUID attribute changed. If that is so, `usher plan --rekey` shows and `usher sync --rekey` holds one step for each person that keeps the account; nobody is removed by it"
            ));
        }
        Ok(())
    }

    /// Somebody in scope and not linked who has a unique value of a linked subject.
    async fn newcomer_for(&self, old: &Subject) -> Result<Option<SubjectId>, EngineError> {
        let values = self.shadow_values(old);
        if values.is_empty() {
            return Ok(None);
        }
        let store = &self.engine.store;
        let holders = store.unique_holders(&self.open.channel.id, &values).await?;
        let newcomer = holders
            .into_iter()
            .find(|holder| Some(holder.subject) != old.id && !holder.state.is_linked());
        Ok(newcomer.map(|holder| holder.subject))
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
