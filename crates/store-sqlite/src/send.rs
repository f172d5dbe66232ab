//! Claiming steps: durably, by priority, one per subject.

use std::collections::HashSet;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use usher_core::model::{ChannelId, ConnectionId, Millis, Step, StepId, SubjectId};
use usher_store::{Fence, Result, WaitingSteps};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::rows;
use crate::sql::{admin, send as sql, step};
use crate::tx::{Tx, list};

/// Claims are made in groups of at most this many, so that each transaction is short.
const LARGEST_CLAIM: u32 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    priority: i64,
    id: i64,
    subject: i64,
}

impl SqliteStore {
    pub(crate) async fn do_claim(
        &self,
        fence: &Fence,
        channels: &[ChannelId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        self.writer.require_room().await?;
        let limit = limit.min(LARGEST_CLAIM);
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let channels = channels_named(tx.conn(), &fence.target, channels).await?;
        let mut candidates = Vec::new();
        for channel in channels {
            for statement in [sql::CLAIM_PENDING, sql::CLAIM_DUE] {
                let rows = sqlx::query(statement)
                    .bind(channel)
                    .bind(limit)
                    .bind(now)
                    .fetch_all(tx.conn())
                    .await
                    .map_err(backend)?;
                for row in &rows {
                    candidates.push(candidate(row)?);
                }
            }
        }
        claim_chosen(tx, &choose(candidates, limit), now).await
    }

    pub(crate) async fn do_claim_of(
        &self,
        fence: &Fence,
        subjects: &[SubjectId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        let ids: Vec<i64> = subjects.iter().map(|id| id.0).collect();
        self.claim_listed(sql::CLAIM_OF, fence, &ids, now, limit)
            .await
    }

    pub(crate) async fn do_claim_steps(
        &self,
        fence: &Fence,
        steps: &[StepId],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        let ids: Vec<i64> = steps.iter().map(|id| id.0).collect();
        self.claim_listed(sql::CLAIM_STEPS, fence, &ids, now, limit)
            .await
    }

    async fn claim_listed(
        &self,
        statement: &'static str,
        fence: &Fence,
        ids: &[i64],
        now: Millis,
        limit: u32,
    ) -> Result<Vec<Step>> {
        self.writer.require_room().await?;
        let limit = limit.min(LARGEST_CLAIM);
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        let rows = sqlx::query(statement)
            .bind(list(ids)?)
            .bind(limit)
            .bind(now)
            .bind(target)
            .fetch_all(tx.conn())
            .await
            .map_err(backend)?;
        let candidates = rows.iter().map(candidate).collect::<Result<Vec<_>>>()?;
        claim_chosen(tx, &choose(candidates, limit), now).await
    }

    pub(crate) async fn do_recover(&self, fence: &Fence, now: Millis) -> Result<Vec<Step>> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        sqlx::query(sql::RECOVER)
            .bind(target)
            .bind(now)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        let rows = sqlx::query(sql::UNKNOWN)
            .bind(target)
            .fetch_all(tx.conn())
            .await
            .map_err(backend)?;
        let ids = rows
            .iter()
            .map(|row| Cells::of("step", row).get::<i64>("id"))
            .collect::<Result<Vec<i64>>>()?;
        let steps = steps_of(tx.conn(), &list(&ids)?).await?;
        tx.commit().await?;
        Ok(steps)
    }

    pub(crate) async fn do_waiting(
        &self,
        channel: &ChannelId,
        now: Millis,
        attempts: u32,
        ms: i64,
    ) -> Result<WaitingSteps> {
        let row = sqlx::query(sql::WAITING)
            .bind(channel.as_str())
            .bind(now)
            .bind(attempts)
            .bind(ms)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let cells = Cells::of("step", &row);
        let (all, failed) = (cells.count("n")?, cells.count("failed")?);
        let lasting = cells.count("lasting")?;
        let first = sqlx::query(sql::NEXT_FAILED)
            .bind(channel.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        let next = match &first {
            None => None,
            Some(row) => {
                let cells = Cells::of("step", row);
                Some((cells.get("until")?, cells.get("reason")?))
            }
        };
        Ok(WaitingSteps {
            put_back: all.saturating_sub(failed),
            failed,
            lasting,
            next,
        })
    }

    pub(crate) async fn do_next_send(
        &self,
        connection: &ConnectionId,
        channels: &[ChannelId],
    ) -> Result<Option<Millis>> {
        let mut reader = self.readers.acquire().await.map_err(backend)?;
        let channels = channels_named(&mut reader, connection, channels).await?;
        let mut next: Option<Millis> = None;
        for channel in channels {
            for statement in [sql::NEXT_PENDING, sql::NEXT_WAITING] {
                let row = sqlx::query(statement)
                    .bind(channel)
                    .fetch_optional(&mut *reader)
                    .await
                    .map_err(backend)?;
                if let Some(row) = row {
                    let due: Millis = Cells::of("step", &row).get("due")?;
                    next = Some(next.map_or(due, |next| next.min(due)));
                }
            }
        }
        Ok(next)
    }
}

/// The rows of channels, those of another SP connection left out.
async fn channels_named(
    conn: &mut SqliteConnection,
    target: &ConnectionId,
    channels: &[ChannelId],
) -> Result<Vec<i64>> {
    sqlx::query_scalar(admin::CHANNELS_NAMED)
        .bind(list(channels)?)
        .bind(target.as_str())
        .fetch_all(conn)
        .await
        .map_err(backend)
}

/// Steps by id, in the list's order.
pub(crate) async fn steps_of(conn: &mut SqliteConnection, ids: &str) -> Result<Vec<Step>> {
    let rows = sqlx::query(step::BY_IDS)
        .bind(ids)
        .fetch_all(conn)
        .await
        .map_err(backend)?;
    rows.iter().map(rows::step).collect()
}

fn candidate(row: &SqliteRow) -> Result<Candidate> {
    let cells = Cells::of("step", row);
    Ok(Candidate {
        priority: cells.get("priority")?,
        id: cells.get("id")?,
        subject: cells.get("subject")?,
    })
}

/// The first ones by priority, one per subject.
fn choose(mut candidates: Vec<Candidate>, limit: u32) -> Vec<i64> {
    candidates.sort_unstable();
    let mut subjects = HashSet::new();
    candidates
        .into_iter()
        .filter(|candidate| subjects.insert(candidate.subject))
        .take(limit as usize)
        .map(|candidate| candidate.id)
        .collect()
}

/// Claims the chosen steps and reads them.
async fn claim_chosen(mut tx: Tx, ids: &[i64], now: Millis) -> Result<Vec<Step>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = list(ids)?;
    tx.batch_with(sql::CLAIM, &ids, now).await?;
    let steps = steps_of(tx.conn(), &ids).await?;
    tx.commit().await?;
    Ok(steps)
}
