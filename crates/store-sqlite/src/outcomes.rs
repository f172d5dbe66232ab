//! Recording what became of claimed steps: one transaction for a group of them.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use usher_core::model::{Millis, StepId, StepState, Subject, SubjectId};
use usher_store::{
    AuditEvent, ExchangeRecord, Fence, IndexRow, Outcome, Presence, Result, StoreError,
};

use crate::cells::Cells;
use crate::error::{backend, inconsistent};
use crate::index;
use crate::open::SqliteStore;
use crate::rows;
use crate::sent::{self, Stored};
use crate::sql::send as sql;
use crate::tx::{Tx, list};

struct Current {
    subject: i64,
    state: StepState,
}

impl SqliteStore {
    pub(crate) async fn do_record(
        &self,
        fence: &Fence,
        outcomes: &[Outcome],
        now: Millis,
    ) -> Result<Vec<StepId>> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let all: Vec<&Subject> = outcomes.iter().flat_map(|o| &o.subjects).collect();
        let stored = Stored::read(&mut tx, &all).await?;
        let (outcomes, stale) = stored.fresh(outcomes);
        let subjects = put_states(&mut tx, &outcomes, now).await?;
        let written: Vec<&Subject> = outcomes.iter().flat_map(|o| &o.subjects).collect();
        stored.put(&mut tx, &written, now).await?;
        put_presence(&mut tx, &outcomes).await?;
        let index: Vec<&IndexRow> = outcomes.iter().flat_map(|o| &o.index).collect();
        sent::put_index(&mut tx, &index).await?;
        let gone: Vec<_> = outcomes.iter().flat_map(|o| &o.index_gone).collect();
        index::remove(&mut tx, &gone).await?;
        let exchanges: Vec<(StepId, i64, &Value)> = outcomes
            .iter()
            .zip(&subjects)
            .flat_map(|(outcome, subject)| {
                let exchanges = outcome.exchanges.iter();
                exchanges.map(|exchange| (outcome.step, *subject, exchange))
            })
            .collect();
        sent::put_exchanges(&mut tx, &exchanges, now).await?;
        let audit: Vec<&AuditEvent> = outcomes.iter().flat_map(|o| &o.audit).collect();
        sent::put_audit(&mut tx, &audit).await?;
        tx.commit().await?;
        Ok(stale)
    }

    pub(crate) async fn do_exchanges(
        &self,
        subject: SubjectId,
        limit: u32,
    ) -> Result<Vec<ExchangeRecord>> {
        let rows = sqlx::query(sql::EXCHANGE_LIST)
            .bind(subject.0)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(exchange).collect()
    }
}

/// Moves the steps to their new states; returns each one's subject.
async fn put_states(tx: &mut Tx, outcomes: &[&Outcome], now: Millis) -> Result<Vec<i64>> {
    let ids: Vec<i64> = outcomes.iter().map(|outcome| outcome.step.0).collect();
    let mut current = current_states(tx, &list(&ids)?).await?;
    let mut moved = Vec::with_capacity(outcomes.len());
    let mut subjects = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let Some(Current { subject, state }) = current.remove(&outcome.step) else {
            return Err(inconsistent(
                "step",
                "id",
                outcome.step,
                "expected a step of this target, named once; found none, or it was named twice",
            ));
        };
        let state =
            state
                .transition(outcome.state.clone())
                .map_err(|source| StoreError::Transition {
                    step: outcome.step,
                    source,
                })?;
        moved.push((*outcome, state));
        subjects.push(subject);
    }
    sent::put_states(tx, &moved, now).await?;
    Ok(subjects)
}

async fn current_states(tx: &mut Tx, ids: &str) -> Result<HashMap<StepId, Current>> {
    let target = tx.target;
    let rows = sqlx::query(sql::STATES)
        .bind(ids)
        .bind(target)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    let mut current = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of("step", row);
        let value = Current {
            subject: cells.get("subject")?,
            state: rows::step_state(&cells)?,
        };
        current.insert(StepId(cells.get("id")?), value);
    }
    Ok(current)
}

async fn put_presence(tx: &mut Tx, outcomes: &[&Outcome]) -> Result<()> {
    let rows: Vec<(i64, i64, bool, bool)> = outcomes
        .iter()
        .flat_map(|outcome| outcome.presence.iter().map(presence_row))
        .collect();
    if !rows.is_empty() {
        let rows = list(&rows)?;
        tx.batch(sql::PRESENCE, &rows).await?;
        tx.batch(sql::PRESENCE_MARK, &rows).await?;
        tx.batch(sql::PRESENCE_SWEEP, &rows).await?;
    }
    Ok(())
}

fn presence_row(presence: &Presence) -> (i64, i64, bool, bool) {
    (
        presence.group.0,
        presence.user.0,
        presence.present,
        presence.present && presence.added_by_us,
    )
}

fn exchange(row: &SqliteRow) -> Result<ExchangeRecord> {
    let cells = Cells::of("exchange", row);
    Ok(ExchangeRecord {
        step: StepId(cells.get("step")?),
        at: cells.get("at")?,
        exchange: cells.json("document_json")?,
    })
}
