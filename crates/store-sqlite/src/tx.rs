//! Write transactions and the fence.

use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{Row as _, Transaction};
use usher_core::model::{ChannelId, CycleId, Millis};
use usher_store::{Fence, Result, StoreError};

use crate::error::{backend, inconsistent};
use crate::sql::admin as sql;
use crate::writer::Writer;

/// Takes the one place of those who write at once, not at the first write.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// A write transaction; dropped without [`Tx::commit`], nothing happened.
pub(crate) struct Tx {
    inner: Transaction<'static, Sqlite>,
    /// The row of the fence's target; 0 without a fence.
    pub(crate) target: i64,
}

/// A cycle that has not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenCycle {
    pub(crate) id: i64,
    pub(crate) channel: i64,
    pub(crate) started_at: Millis,
}

impl Tx {
    /// Begins; waits for the one writer.
    pub(crate) async fn begin(writer: &Writer) -> Result<Self> {
        writer.require_in_place()?;
        let begun = match writer.begin_with(BEGIN).await {
            // SQLite ends a transaction by itself where the disk fails, and sqlx goes on counting it: such
            // a connection never begins another one. A new one does.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let stuck = writer.acquire().await.map_err(backend)?;
                if let Err(error) = stuck.close().await {
                    tracing::debug!(%error, "a connection that had lost its transaction ended badly");
                }
                writer.begin_with(BEGIN).await
            }
            begun => begun,
        };
        Ok(Self {
            inner: begun.map_err(backend)?,
            target: 0,
        })
    }

    /// Begins, and checks that the fence still holds. Since there is one writer at a time, it holds
    /// until the commit.
    pub(crate) async fn fenced(writer: &Writer, fence: &Fence) -> Result<Self> {
        let mut tx = Self::begin(writer).await?;
        tx.check(fence).await?;
        Ok(tx)
    }

    /// Checks that a fence still holds; what follows is about its target.
    pub(crate) async fn check(&mut self, fence: &Fence) -> Result<()> {
        let row = sqlx::query(sql::FENCE)
            .bind(fence.target.as_str())
            .bind(fence.epoch)
            .fetch_optional(self.conn())
            .await
            .map_err(backend)?;
        let Some(row) = row else {
            return Err(StoreError::Fenced {
                target: fence.target.to_string(),
                held: fence.epoch,
            });
        };
        self.target = row.try_get(0).map_err(backend)?;
        Ok(())
    }

    pub(crate) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(backend)
    }

    /// The row of a channel of the fence's target; made when missing.
    pub(crate) async fn channel(&mut self, channel: &ChannelId) -> Result<i64> {
        let target = self.target;
        sqlx::query(sql::CHANNEL_ENSURE)
            .bind(channel.as_str())
            .bind(target)
            .execute(self.conn())
            .await
            .map_err(backend)?;
        let row = sqlx::query(sql::CHANNEL_ID)
            .bind(channel.as_str())
            .fetch_one(self.conn())
            .await
            .map_err(backend)?;
        let found: i64 = row.try_get(1).map_err(backend)?;
        if found != target {
            return Err(inconsistent(
                "channel",
                "target",
                channel,
                "the channel belongs to another SP connection than the lease that was presented",
            ));
        }
        row.try_get(0).map_err(backend)
    }

    /// A cycle of the fence's target that has not ended.
    pub(crate) async fn open_cycle(&mut self, cycle: CycleId) -> Result<OpenCycle> {
        let target = self.target;
        let row = sqlx::query(sql::CYCLE_OPEN)
            .bind(cycle.0)
            .bind(target)
            .fetch_optional(self.conn())
            .await
            .map_err(backend)?
            .ok_or_else(|| {
                inconsistent(
                    "cycle",
                    "state",
                    cycle,
                    "expected a cycle of this target that is still reading, found none",
                )
            })?;
        Ok(OpenCycle {
            id: cycle.0,
            channel: row.try_get(0).map_err(backend)?,
            started_at: row.try_get(1).map_err(backend)?,
        })
    }

    /// Executes a statement with one list of rows (JSON); returns how many rows changed.
    pub(crate) async fn batch(&mut self, sql: &'static str, rows: &str) -> Result<u64> {
        Ok(sqlx::query(sql)
            .bind(rows)
            .execute(self.conn())
            .await
            .map_err(backend)?
            .rows_affected())
    }

    /// The same with one number more.
    pub(crate) async fn batch_with(
        &mut self,
        sql: &'static str,
        rows: &str,
        number: i64,
    ) -> Result<u64> {
        Ok(sqlx::query(sql)
            .bind(rows)
            .bind(number)
            .execute(self.conn())
            .await
            .map_err(backend)?
            .rows_affected())
    }
}

/// A list as the JSON that `json_each` takes apart.
pub(crate) fn list<T: serde::Serialize + ?Sized>(values: &T) -> Result<String> {
    serde_json::to_string(values).map_err(backend)
}
