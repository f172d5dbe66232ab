//! Configuration, leases, channels, audit.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use usher_core::model::{ChannelId, Configuration, ConnectionId, Millis};
use usher_store::{
    AuditEvent, ChannelRecord, ChannelState, Fence, Result, StoreError, TargetPause,
};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::admin as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_configuration(&self) -> Result<Configuration> {
        let row = sqlx::query(sql::CONFIGURATION)
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        match row {
            None => Ok(Configuration::default()),
            Some(row) => Cells::of("configuration", &row).json("document_json"),
        }
    }

    pub(crate) async fn do_save_configuration(
        &self,
        configuration: &Configuration,
        archive: &[(Fence, ChannelId)],
        audit: &[AuditEvent],
    ) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let row = sqlx::query(sql::CONFIGURATION)
            .fetch_optional(tx.conn())
            .await
            .map_err(backend)?;
        let found = match row {
            None => 0,
            Some(row) => Cells::of("configuration", &row).count("revision")?,
        };
        if configuration.revision != found + 1 {
            return Err(StoreError::Conflict {
                expected: configuration.revision.saturating_sub(1),
                found,
            });
        }
        sqlx::query(sql::CONFIGURATION_SAVE)
            .bind(configuration.revision as i64)
            .bind(list(configuration)?)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        for (fence, channel) in archive {
            tx.check(fence).await?;
            archive_channel(&mut tx, channel).await?;
        }
        add_audit(&mut tx, audit).await?;
        tx.commit().await
    }

    pub(crate) async fn do_take_lease(
        &self,
        target: &ConnectionId,
        owner: &str,
        now: Millis,
        ttl_ms: i64,
    ) -> Result<Option<Fence>> {
        let mut tx = Tx::begin(&self.writer).await?;
        let row = sqlx::query(sql::LEASE_TAKE)
            .bind(target.as_str())
            .bind(owner)
            .bind(now)
            .bind(now.saturating_add(ttl_ms))
            .fetch_optional(tx.conn())
            .await
            .map_err(backend)?;
        let fence = match row {
            None => None,
            Some(row) => Some(Fence {
                target: target.clone(),
                epoch: row.try_get(0).map_err(backend)?,
            }),
        };
        tx.commit().await?;
        Ok(fence)
    }

    pub(crate) async fn do_release_lease(&self, fence: &Fence) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        sqlx::query(sql::LEASE_RELEASE)
            .bind(fence.target.as_str())
            .bind(fence.epoch)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await
    }

    pub(crate) async fn do_break_lease(&self, target: &ConnectionId) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        sqlx::query(sql::LEASE_BREAK)
            .bind(target.as_str())
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await
    }

    pub(crate) async fn do_set_state(
        &self,
        channel: &ChannelId,
        connection: &ConnectionId,
        state: &ChannelState,
        audit: &AuditEvent,
    ) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        sqlx::query(sql::TARGET_ENSURE)
            .bind(connection.as_str())
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        let row = sqlx::query(sql::TARGET_ID)
            .bind(connection.as_str())
            .fetch_one(tx.conn())
            .await
            .map_err(backend)?;
        tx.target = row.try_get(0).map_err(backend)?;
        let id = tx.channel(channel).await?;
        sqlx::query(sql::CHANNEL_STATE_SAVE)
            .bind(id)
            .bind(list(state)?)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        add_audit(&mut tx, std::slice::from_ref(audit)).await?;
        tx.commit().await
    }

    pub(crate) async fn do_channel(&self, channel: &ChannelId) -> Result<ChannelRecord> {
        let row = sqlx::query(sql::CHANNEL)
            .bind(channel.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        let Some(row) = row else {
            return Ok(ChannelRecord::new(channel.clone(), ConnectionId::new("")));
        };
        let cells = Cells::of("channel", &row);
        let connection = ConnectionId::new(cells.get::<String>("target")?);
        let mut record = cells
            .json_or_none::<ChannelRecord>("record_json")?
            .unwrap_or_else(|| ChannelRecord::new(channel.clone(), connection));
        record.state = cells.json_or_none("state_json")?.unwrap_or_default();
        Ok(record)
    }

    pub(crate) async fn do_save_channel(
        &self,
        fence: &Fence,
        record: &ChannelRecord,
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        save_record(&mut tx, record).await?;
        tx.commit().await
    }

    pub(crate) async fn do_pause(&self, target: &ConnectionId) -> Result<Option<TargetPause>> {
        let row = sqlx::query(sql::PAUSE)
            .bind(target.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        let pause = row.map(|row| {
            let cells = Cells::of("target", &row);
            Ok(TargetPause {
                until: cells.get("paused_until")?,
                told: cells.get("pause_told")?,
            })
        });
        pause.transpose()
    }

    pub(crate) async fn do_keep_pause(&self, fence: &Fence, pause: TargetPause) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        sqlx::query(sql::PAUSE_KEEP)
            .bind(target)
            .bind(pause.until)
            .bind(pause.told)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await
    }

    pub(crate) async fn do_audit(&self, events: &[AuditEvent]) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        add_audit(&mut tx, events).await?;
        tx.commit().await
    }

    pub(crate) async fn do_audit_log(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, AuditEvent)>> {
        let rows = sqlx::query(sql::AUDIT_LOG)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(audit_event).collect()
    }
}

/// Archives what is known of a channel of the fence's target.
async fn archive_channel(tx: &mut Tx, channel: &ChannelId) -> Result<()> {
    let id = tx.channel(channel).await?;
    for statement in [
        sql::ARCHIVE_STEPS,
        sql::ARCHIVE_MEMBERS,
        sql::ARCHIVE_UNIQUE,
        sql::ARCHIVE_SUBJECTS,
    ] {
        sqlx::query(statement)
            .bind(id)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
    }
    Ok(())
}

/// Stores what is kept of a channel, except its `state`.
pub(crate) async fn save_record(tx: &mut Tx, record: &ChannelRecord) -> Result<i64> {
    let id = tx.channel(&record.channel).await?;
    sqlx::query(sql::CHANNEL_SAVE)
        .bind(id)
        .bind(list(record)?)
        .execute(tx.conn())
        .await
        .map_err(backend)?;
    Ok(id)
}

pub(crate) async fn add_audit(tx: &mut Tx, events: &[AuditEvent]) -> Result<()> {
    if !events.is_empty() {
        tx.batch(sql::AUDIT_ADD, &list(events)?).await?;
    }
    Ok(())
}

fn audit_event(row: &SqliteRow) -> Result<(i64, AuditEvent)> {
    let cells = Cells::of("audit", row);
    let event = AuditEvent {
        at: cells.get("at")?,
        actor: cells.get("actor")?,
        event: cells.get("event")?,
        channel: cells.get("channel")?,
        cycle: cells.get("cycle")?,
        source_id: cells.get("source_id")?,
        target_id: cells.get("target_id")?,
        success: cells.get("success")?,
        detail: cells.get("detail")?,
        changes: cells.json_or_none("changes_json")?.unwrap_or_default(),
    };
    Ok((cells.get("id")?, event))
}
