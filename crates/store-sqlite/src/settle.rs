//! The end of a cycle: one transaction from planned steps to steps that may be sent.

use usher_core::model::{Cycle, Millis, SubjectId};
use usher_store::{Fence, Result, Settle, Settled};

use crate::admin::save_record;
use crate::cycles::{run, save};
use crate::error::{backend, inconsistent};
use crate::open::SqliteStore;
use crate::sql::cycle as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_settle(&self, fence: &Fence, settle: &Settle) -> Result<Settled> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let open = tx.open_cycle(settle.cycle.id).await?;
        let now = settle.cycle.ended_at.unwrap_or(open.started_at);
        let channel = save_record(&mut tx, &settle.record).await?;
        if channel != open.channel || settle.cycle.channel != settle.record.channel {
            return Err(inconsistent(
                "cycle",
                "channel",
                open.id,
                format!(
                    "the cycle is not one of the channel {}",
                    settle.record.channel
                ),
            ));
        }
        let superseded = timed(&mut tx, sql::SUPERSEDE, open.id, now).await?;
        let mut held = timed(&mut tx, sql::HOLD_OWN, open.id, now).await?;
        held += hold_breaches(&mut tx, settle, open.id, now).await?;
        let subjects_held = if held == 0 {
            Vec::new()
        } else {
            hold_subjects(&mut tx, open.id).await?
        };
        let pending = timed(&mut tx, sql::RELEASE, open.id, now).await?;
        run(&mut tx, sql::TOUCHED_CLEAR, open.id).await?;
        save(&mut tx, &settle.cycle).await?;
        tx.commit().await?;
        Ok(Settled {
            pending,
            held,
            subjects_held,
            superseded,
        })
    }

    pub(crate) async fn do_update_cycle(&self, fence: &Fence, cycle: &Cycle) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let channel = tx.channel(&cycle.channel).await?;
        let rows = sqlx::query(sql::UPDATE)
            .bind(cycle.id.0)
            .bind(cycle.state.name())
            .bind(list(cycle)?)
            .bind(channel)
            .execute(tx.conn())
            .await
            .map_err(backend)?
            .rows_affected();
        if rows == 0 {
            return Err(inconsistent(
                "cycle",
                "state",
                cycle.id,
                "expected a cycle of this channel that has settled, found none",
            ));
        }
        tx.commit().await
    }
}

async fn hold_breaches(tx: &mut Tx, settle: &Settle, cycle: i64, now: Millis) -> Result<u64> {
    if settle.breaches.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = settle.breaches.iter().collect();
    tx.batch(sql::BREACHES, &list(&rows)?).await?;
    let held = timed(tx, sql::HOLD_GUARDED, cycle, now).await?;
    sqlx::query(sql::BREACHES_CLEAR)
        .execute(tx.conn())
        .await
        .map_err(backend)?;
    Ok(held)
}

async fn hold_subjects(tx: &mut Tx, cycle: i64) -> Result<Vec<SubjectId>> {
    let mut ids: Vec<i64> = sqlx::query_scalar(sql::VERDICTS)
        .bind(cycle)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    ids.sort_unstable();
    Ok(ids.into_iter().map(SubjectId).collect())
}

async fn timed(tx: &mut Tx, sql: &'static str, cycle: i64, now: Millis) -> Result<u64> {
    Ok(sqlx::query(sql)
        .bind(cycle)
        .bind(now)
        .execute(tx.conn())
        .await
        .map_err(backend)?
        .rows_affected())
}
