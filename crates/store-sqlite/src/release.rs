//! Decisions over held and parked steps, and the rolling window.

use std::collections::{BTreeMap, HashMap};

use usher_core::model::{ChannelId, Millis, StepId};
use usher_store::{Approval, Approved, Fence, Result};

use crate::admin::add_audit;
use crate::cells::Cells;
use crate::cycles::guard_counts;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::{release as sql, send};
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_approve(&self, fence: &Fence, approval: &Approval) -> Result<Approved> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let approved = sort_out(&mut tx, &approval.steps, "held").await?;
        let ids = list(&approved.done)?;
        sqlx::query(sql::APPROVE)
            .bind(&ids)
            .bind(approval.event.at)
            .bind(&approval.event.actor)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.batch(sql::APPROVED_SUBJECTS, &ids).await?;
        add_audit(&mut tx, &[approval.told(&approved)]).await?;
        tx.commit().await?;
        Ok(approved)
    }

    pub(crate) async fn do_reject(&self, fence: &Fence, approval: &Approval) -> Result<Approved> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let rejected = sort_out(&mut tx, &approval.steps, "held").await?;
        let ids = list(&rejected.done)?;
        tx.batch_with(sql::REJECT, &ids, approval.event.at).await?;
        tx.batch(sql::REJECTED_SUBJECTS, &ids).await?;
        sqlx::query(sql::REJECTED_VERDICTS)
            .bind(&ids)
            .bind(&approval.event.actor)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        add_audit(&mut tx, &[approval.told(&rejected)]).await?;
        tx.commit().await?;
        Ok(rejected)
    }

    pub(crate) async fn do_retry_parked(
        &self,
        fence: &Fence,
        approval: &Approval,
    ) -> Result<Approved> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let retried = sort_out(&mut tx, &approval.steps, "parked").await?;
        let ids = list(&retried.done)?;
        tx.batch_with(sql::RETRY_MADE, &ids, approval.event.at)
            .await?;
        tx.batch_with(sql::RETRY, &ids, approval.event.at).await?;
        tx.batch(sql::RETRIED_SUBJECTS, &ids).await?;
        add_audit(&mut tx, &[approval.told(&retried)]).await?;
        tx.commit().await?;
        Ok(retried)
    }

    pub(crate) async fn do_approved(&self, channel: &ChannelId) -> Result<Vec<StepId>> {
        let ids: Vec<i64> = sqlx::query_scalar(sql::APPROVED)
            .bind(channel.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        Ok(ids.into_iter().map(StepId).collect())
    }

    pub(crate) async fn do_expire_held(
        &self,
        fence: &Fence,
        older_than: Millis,
        now: Millis,
    ) -> Result<u64> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        let ids: Vec<i64> = sqlx::query_scalar(sql::EXPIRING)
            .bind(target)
            .bind(older_than)
            .fetch_all(tx.conn())
            .await
            .map_err(backend)?;
        let ids = list(&ids)?;
        let count = tx.batch_with(sql::EXPIRE, &ids, now).await?;
        tx.batch(sql::EXPIRED_SUBJECTS, &ids).await?;
        tx.batch(sql::EXPIRED_GROUPS, &ids).await?;
        tx.commit().await?;
        Ok(count)
    }

    pub(crate) async fn do_window(
        &self,
        channel: &ChannelId,
        since: Millis,
    ) -> Result<BTreeMap<String, u64>> {
        let rows = sqlx::query(sql::WINDOW)
            .bind(channel.as_str())
            .bind(since)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        guard_counts(&rows)
    }
}

/// Which of the steps are in the state that is expected. One that does not exist, or belongs to
/// another target, is stale as `gone`.
async fn sort_out(tx: &mut Tx, steps: &[StepId], expected: &str) -> Result<Approved> {
    let target = tx.target;
    let rows = sqlx::query(send::STATES)
        .bind(list(steps)?)
        .bind(target)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    let mut states: HashMap<StepId, String> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of("step", row);
        states.insert(StepId(cells.get("id")?), cells.get("state")?);
    }
    let mut approved = Approved::default();
    for step in steps {
        match states.remove(step) {
            Some(state) if state == expected => approved.done.push(*step),
            Some(state) => approved.stale.push((*step, state)),
            None if approved.done.contains(step) => {}
            None => approved.stale.push((*step, "gone".to_owned())),
        }
    }
    Ok(approved)
}
