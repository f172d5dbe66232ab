//! The beginning and the lists of cycles.

use std::collections::BTreeMap;

use sqlx::Row as _;
use usher_core::model::{ChannelId, Cycle, CycleId, CycleState, Millis};
use usher_store::{Fence, NewCycle, Result};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::cycle as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_begin_cycle(&self, fence: &Fence, new: &NewCycle) -> Result<CycleId> {
        self.writer.require_room().await?;
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let channel = tx.channel(&new.channel).await?;
        let open = sqlx::query(sql::OPEN_OF_CHANNEL)
            .bind(channel)
            .fetch_all(tx.conn())
            .await
            .map_err(backend)?;
        for row in &open {
            let cycle: i64 = row.try_get(0).map_err(backend)?;
            abort(
                &mut tx,
                CycleId(cycle),
                "interrupted: a later cycle began",
                new.now,
            )
            .await?;
        }
        run(&mut tx, sql::MARKS_SEEN, channel).await?;
        let id = sqlx::query(sql::BEGIN)
            .bind(channel)
            .bind(new.now)
            .execute(tx.conn())
            .await
            .map_err(backend)?
            .last_insert_rowid();
        let cycle = Cycle {
            id: CycleId(id),
            channel: new.channel.clone(),
            mode: new.mode,
            started_at: new.now,
            ended_at: None,
            state: CycleState::Reading,
            read: 0,
            verdicts: BTreeMap::new(),
            steps: BTreeMap::new(),
            held: BTreeMap::new(),
            breaches: Vec::new(),
            drift: Vec::new(),
            remarks: Vec::new(),
            certificate: None,
            plan_hash: None,
            revision: new.revision,
        };
        save(&mut tx, &cycle).await?;
        tx.commit().await?;
        Ok(cycle.id)
    }

    pub(crate) async fn do_planned_guards(&self, cycle: CycleId) -> Result<BTreeMap<String, u64>> {
        let rows = sqlx::query(sql::PLANNED_GUARDS)
            .bind(cycle.0)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        guard_counts(&rows)
    }

    pub(crate) async fn do_abort_cycle(
        &self,
        fence: &Fence,
        cycle: CycleId,
        reason: &str,
        now: Millis,
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let cycle = tx.open_cycle(cycle).await?;
        abort(&mut tx, CycleId(cycle.id), reason, now).await?;
        tx.commit().await
    }

    pub(crate) async fn do_cycles(
        &self,
        channel: Option<&ChannelId>,
        before: Option<CycleId>,
        limit: u32,
    ) -> Result<Vec<Cycle>> {
        let rows = sqlx::query(sql::LIST)
            .bind(channel.map(ChannelId::as_str))
            .bind(before.map_or(i64::MAX, |id| id.0))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter()
            .map(|row| Cells::of("cycle", row).json("document_json"))
            .collect()
    }
}

/// Rows of a guard's name and its count.
pub(crate) fn guard_counts(rows: &[sqlx::sqlite::SqliteRow]) -> Result<BTreeMap<String, u64>> {
    rows.iter()
        .map(|row| {
            let cells = Cells::of("step", row);
            Ok((cells.get("guard")?, cells.count("n")?))
        })
        .collect()
}

/// Executes a statement with one number.
pub(crate) async fn run(tx: &mut Tx, sql: &'static str, number: i64) -> Result<u64> {
    Ok(sqlx::query(sql)
        .bind(number)
        .execute(tx.conn())
        .await
        .map_err(backend)?
        .rows_affected())
}

pub(crate) async fn save(tx: &mut Tx, cycle: &Cycle) -> Result<()> {
    sqlx::query(sql::SAVE)
        .bind(cycle.id.0)
        .bind(cycle.state.name())
        .bind(list(cycle)?)
        .execute(tx.conn())
        .await
        .map_err(backend)?;
    Ok(())
}

async fn abort(tx: &mut Tx, id: CycleId, reason: &str, now: Millis) -> Result<()> {
    let row = sqlx::query(sql::DOCUMENT)
        .bind(id.0)
        .fetch_one(tx.conn())
        .await
        .map_err(backend)?;
    let mut cycle: Cycle = Cells::of("cycle", &row).json("document_json")?;
    for statement in [
        sql::ABORT_STEPS,
        sql::ABORT_SUBJECTS,
        sql::ABORT_GROUPS,
        sql::TOUCHED_CLEAR,
    ] {
        run(tx, statement, id.0).await?;
    }
    cycle.ended_at = Some(now);
    cycle.state = CycleState::Aborted {
        reason: reason.to_owned(),
    };
    save(tx, &cycle).await
}
