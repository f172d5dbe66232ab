//! Alerts, their deliveries, troubles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use usher_core::alerts::Happening;
use usher_core::model::{ChannelId, Millis};
use usher_store::{
    AlertChange, AlertId, Alerts, Delivery, DeliveryEnd, DeliveryId, DeliveryState, HeldSteps,
    Raise, Result, StoredAlert,
};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::operators::execute;
use crate::sql::alerts as sql;
use crate::tx::{Tx, list};

#[async_trait]
impl Alerts for SqliteStore {
    async fn troubles(&self) -> Result<BTreeMap<String, Millis>> {
        let rows = sqlx::query(sql::TROUBLES)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        let trouble = |row: &SqliteRow| {
            let cells = Cells::of("trouble", row);
            Ok((cells.get("key")?, cells.get("since")?))
        };
        rows.iter().map(trouble).collect()
    }

    async fn set_trouble(&self, key: &str, since: Option<Millis>) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let query = match since {
            Some(since) => sqlx::query(sql::TROUBLE_BEGIN).bind(key).bind(since),
            None => sqlx::query(sql::TROUBLE_END).bind(key),
        };
        execute(&mut tx, query).await?;
        tx.commit().await
    }

    async fn held_steps(&self, channel: &ChannelId, left_out: &[&str]) -> Result<HeldSteps> {
        let row = sqlx::query(sql::HELD)
            .bind(channel.as_str())
            .bind(list(left_out)?)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let cells = Cells::of("step", &row);
        Ok(HeldSteps {
            count: cells.count("n")?,
            removals: cells.count("removals")?,
            since: cells.get("since")?,
        })
    }

    async fn open_alerts(&self) -> Result<Vec<StoredAlert>> {
        let rows = sqlx::query(sql::OPEN)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(stored).collect()
    }

    async fn alerts(&self, before: Option<AlertId>, limit: u32) -> Result<Vec<StoredAlert>> {
        let rows = sqlx::query(sql::PAGE)
            .bind(before.map(|id| id.0))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(stored).collect()
    }

    async fn change_alerts(&self, change: &AlertChange, now: Millis) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        for (id, alert) in &change.update {
            let update = sqlx::query(sql::UPDATE).bind(id.0).bind(list(alert)?);
            execute(&mut tx, update).await?;
        }
        for over in &change.over {
            let clear = sqlx::query(sql::CLEAR).bind(over.id.0).bind(now);
            if execute(&mut tx, clear).await? == 0 {
                continue;
            }
            execute(&mut tx, sqlx::query(sql::DROP_RAISED).bind(over.id.0)).await?;
            if over.told {
                let tell = sqlx::query(sql::TELL_CLEARED).bind(over.id.0).bind(now);
                execute(&mut tx, tell).await?;
            }
        }
        for raise in &change.raise {
            add(&mut tx, raise, now).await?;
        }
        tx.commit().await
    }

    async fn claim_delivery(&self, now: Millis, until: Millis) -> Result<Option<Delivery>> {
        let mut tx = Tx::begin(&self.writer).await?;
        let claimed: Option<i64> = sqlx::query_scalar(sql::CLAIM)
            .bind(now)
            .bind(until)
            .fetch_optional(tx.conn())
            .await
            .map_err(backend)?;
        let Some(id) = claimed else {
            return Ok(None);
        };
        let row = sqlx::query(sql::DELIVERY)
            .bind(id)
            .fetch_one(tx.conn())
            .await
            .map_err(backend)?;
        let found = delivery(&row)?;
        tx.commit().await?;
        Ok(Some(found))
    }

    async fn settle_delivery(&self, id: DeliveryId, end: &DeliveryEnd, now: Millis) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let (statement, at, error) = match end {
            DeliveryEnd::Done => (sql::DONE, now, None),
            DeliveryEnd::Again { due_at, error } => (sql::AGAIN, *due_at, Some(error)),
            DeliveryEnd::GivenUp { error } => (sql::DONE, now, Some(error)),
        };
        let settle = sqlx::query(statement).bind(id.0).bind(at).bind(error);
        execute(&mut tx, settle).await?;
        if matches!(end, DeliveryEnd::GivenUp { .. }) {
            execute(&mut tx, sqlx::query(sql::DROP_CLEARED).bind(id.0)).await?;
        }
        tx.commit().await
    }

    async fn deliveries(&self, alerts: &[AlertId]) -> Result<Vec<DeliveryState>> {
        let rows = sqlx::query(sql::DELIVERIES)
            .bind(list(alerts)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(delivery_state).collect()
    }
}

async fn add(tx: &mut Tx, raise: &Raise, now: Millis) -> Result<()> {
    let row = sqlx::query(sql::RAISE)
        .bind(&raise.alert.key)
        .bind(&raise.alert.matter)
        .bind(list(&raise.alert)?)
        .bind(now)
        .fetch_optional(tx.conn())
        .await
        .map_err(backend)?;
    let Some(row) = row else {
        return Ok(());
    };
    let id: i64 = row.try_get(0).map_err(backend)?;
    let tell = sqlx::query(sql::TELL_RAISED)
        .bind(id)
        .bind(list(&raise.recipients)?)
        .bind(now);
    execute(tx, tell).await?;
    Ok(())
}

fn stored(row: &SqliteRow) -> Result<StoredAlert> {
    let cells = Cells::of("alert", row);
    Ok(StoredAlert {
        id: AlertId(cells.get("alert_id")?),
        alert: cells.json("body_json")?,
        raised_at: cells.get("raised_at")?,
        cleared_at: cells.get("cleared_at")?,
    })
}

fn happening(cells: &Cells<'_>) -> Result<Happening> {
    cells.parsed("happening", |text| match text {
        "raised" => Some(Happening::Raised),
        "cleared" => Some(Happening::Cleared),
        _ => None,
    })
}

fn tries(cells: &Cells<'_>) -> Result<u32> {
    Ok(u32::try_from(cells.count("tries")?).unwrap_or(u32::MAX))
}

fn delivery(row: &SqliteRow) -> Result<Delivery> {
    let cells = Cells::of("delivery", row);
    Ok(Delivery {
        id: DeliveryId(cells.get("id")?),
        alert: stored(row)?,
        happening: happening(&cells)?,
        at: cells.get("at")?,
        recipient: cells.get("recipient")?,
        tries: tries(&cells)?,
    })
}

fn delivery_state(row: &SqliteRow) -> Result<DeliveryState> {
    let cells = Cells::of("delivery", row);
    Ok(DeliveryState {
        alert: AlertId(cells.get("alert")?),
        happening: happening(&cells)?,
        recipient: cells.get("recipient")?,
        tries: tries(&cells)?,
        done_at: cells.get("done_at")?,
        error: cells.get("error")?,
    })
}
