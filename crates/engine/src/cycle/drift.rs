//! What a reconcile finds changed at the target without us. It reports; it never writes.

use std::collections::HashMap;

use usher_core::model::{Kind, Subject, SubjectId, SubjectState, TargetId};
use usher_core::planner::drift;
use usher_store::{IndexKey, IndexRow, SubjectFilter};

use super::run::Run;
use crate::error::EngineError;

const BATCH: u32 = 500;
/// Findings that are kept in words.
const KEPT: usize = 1_000;

impl Run<'_> {
    /// Compares every link with the listing that this reconcile made, and looks for resources that
    /// carry a key of ours although no subject has it.
    pub(super) async fn find_drift(&mut self) -> Result<(), EngineError> {
        let filter = SubjectFilter {
            channel: Some(self.open.channel.id.clone()),
            states: vec![
                SubjectState::Linked,
                SubjectState::Disabled,
                SubjectState::Frozen,
            ],
            ..SubjectFilter::default()
        };
        let mut after = SubjectId(0);
        loop {
            let subjects = self.engine.store.list(&filter, after, BATCH).await?;
            let Some(last) = subjects.last().and_then(|subject| subject.id) else {
                break;
            };
            after = last;
            for kind in [Kind::User, Kind::Group] {
                let of_kind: Vec<&Subject> = subjects
                    .iter()
                    .filter(|subject| subject.kind == kind)
                    .collect();
                self.compare(kind, &of_kind).await?;
            }
        }
        self.find_strays().await
    }

    async fn compare(&mut self, kind: Kind, subjects: &[&Subject]) -> Result<(), EngineError> {
        let keys: Vec<IndexKey> = subjects
            .iter()
            .filter_map(|subject| subject.target_id.clone().map(IndexKey::Id))
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let rows = self
            .engine
            .store
            .index_find(&self.open.sp.id, kind, &keys)
            .await?;
        let rows: HashMap<TargetId, IndexRow> = rows
            .into_iter()
            .map(|row| (row.observed.target_id.clone(), row))
            .collect();
        for subject in subjects {
            let Some(id) = &subject.target_id else {
                continue;
            };
            match rows.get(id) {
                None => self.report(format!("{}: missing at the target (id {id})", subject.dn)),
                Some(row) => {
                    for one in drift(&self.rules.clone(), subject, &row.observed) {
                        let shown = |value: &Option<usher_core::model::FieldValue>| {
                            value
                                .as_ref()
                                .map_or_else(|| "unset".to_owned(), |v| v.shown())
                        };
                        self.report(format!(
                            "{}: {} is `{}`, was left as `{}`",
                            subject.dn,
                            one.field,
                            shown(&one.observed),
                            shown(&one.believed)
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Resources with an `externalId` in the form of our keys that no subject has: left behind by
    /// a lost state or a deleted channel. Listed, never removed.
    async fn find_strays(&mut self) -> Result<(), EngineError> {
        let mut after: Option<TargetId> = None;
        loop {
            let rows = self
                .engine
                .store
                .index_scan(&self.open.sp.id, Kind::User, after.as_ref(), BATCH)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.observed.target_id.clone());
            let ids: Vec<TargetId> = rows
                .iter()
                .map(|row| row.observed.target_id.clone())
                .collect();
            let linked = self.engine.store.by_target(&self.open.sp.id, &ids).await?;
            for row in rows {
                let is_linked = linked.iter().any(|subject| {
                    subject.state.is_linked()
                        && subject.target_id.as_ref() == Some(&row.observed.target_id)
                });
                if let Some(key) = row.external_id.filter(|key| !is_linked && is_our_form(key)) {
                    self.report(format!(
                        "{}: carries the key {key}, which belongs to nobody in this state; left alone",
                        row.name.unwrap_or_default()
                    ));
                }
            }
        }
    }

    fn report(&mut self, finding: String) {
        if self.drift.len() < KEPT {
            self.drift.push(finding);
        }
    }
}

/// Lower-case dashed text of a UUID.
fn is_our_form(key: &str) -> bool {
    key.len() == 36
        && key.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_digit() || ('a'..='f').contains(&c),
        })
}

#[cfg(test)]
mod tests {
    use super::is_our_form;

    #[test]
    fn a_key_of_ours_is_a_lower_case_dashed_uuid() {
        assert!(is_our_form("0f8fad5b-d9cb-469f-a165-70867728950e"));
        assert!(!is_our_form("0F8FAD5B-d9cb-469f-a165-70867728950e"));
        assert!(!is_our_form("0f8fad5bd9cb469fa16570867728950e"));
        assert!(!is_our_form("somebody-elses"));
    }
}
