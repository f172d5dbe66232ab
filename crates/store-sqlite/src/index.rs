//! The target index: resources as last listed or written.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use usher_core::model::{ConnectionId, Kind, Millis, Observed, TargetId};
use usher_store::{Fence, IndexKey, IndexRow, Result};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::index as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_index_put(
        &self,
        fence: &Fence,
        generation: i64,
        rows: &[IndexRow],
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let rows: Vec<&IndexRow> = rows.iter().collect();
        put(&mut tx, &rows, generation).await?;
        tx.commit().await
    }

    pub(crate) async fn do_index_finish(
        &self,
        fence: &Fence,
        kind: Kind,
        generation: i64,
        now: Millis,
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        for (statement, number) in [
            (sql::FINISH, generation),
            (sql::FINISH_OWN, generation),
            (sql::FINISHED, now),
        ] {
            sqlx::query(statement)
                .bind(target)
                .bind(kind.to_string())
                .bind(number)
                .execute(tx.conn())
                .await
                .map_err(backend)?;
        }
        tx.commit().await
    }

    pub(crate) async fn do_index_age(
        &self,
        connection: &ConnectionId,
        kind: Kind,
    ) -> Result<Option<Millis>> {
        sqlx::query_scalar(sql::AGE)
            .bind(connection.as_str())
            .bind(kind.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)
    }

    pub(crate) async fn do_index_find(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        keys: &[IndexKey],
    ) -> Result<Vec<IndexRow>> {
        let mut by_column: [(&'static str, Vec<&str>); 4] = [
            (sql::FIND_EXTERNAL, Vec::new()),
            (sql::FIND_NAME, Vec::new()),
            (sql::FIND_EMAIL, Vec::new()),
            (sql::FIND_ID, Vec::new()),
        ];
        let [external, name, email, id] = &mut by_column;
        for key in keys {
            match key {
                IndexKey::ExternalId(value) => external.1.push(value),
                IndexKey::Name(value) => name.1.push(value),
                IndexKey::Email(value) => email.1.push(value),
                IndexKey::Id(value) => id.1.push(value.as_str()),
            }
        }
        let mut found: BTreeMap<i64, IndexRow> = BTreeMap::new();
        for (statement, values) in by_column {
            if values.is_empty() {
                continue;
            }
            let rows = sqlx::query(statement)
                .bind(connection.as_str())
                .bind(kind.to_string())
                .bind(list(&values)?)
                .fetch_all(&self.readers)
                .await
                .map_err(backend)?;
            for row in &rows {
                found.insert(Cells::of("target_index", row).get("id")?, index_row(row)?);
            }
        }
        Ok(found.into_values().collect())
    }

    pub(crate) async fn do_index_count(
        &self,
        connection: &ConnectionId,
        kind: Kind,
    ) -> Result<(u64, u64)> {
        let row = sqlx::query(sql::COUNT)
            .bind(connection.as_str())
            .bind(kind.to_string())
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let cells = Cells::of("target_index", &row);
        Ok((cells.count("n")?, cells.count("unlinked")?))
    }

    pub(crate) async fn do_index_scan(
        &self,
        connection: &ConnectionId,
        kind: Kind,
        after: Option<&TargetId>,
        limit: u32,
    ) -> Result<Vec<IndexRow>> {
        let rows = sqlx::query(sql::SCAN)
            .bind(connection.as_str())
            .bind(kind.to_string())
            .bind(after.map_or("", TargetId::as_str))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(index_row).collect()
    }
}

/// Resources that are gone.
pub(crate) async fn remove(tx: &mut Tx, gone: &[&(Kind, TargetId)]) -> Result<()> {
    if !gone.is_empty() {
        let target = tx.target;
        tx.batch_with(sql::REMOVE, &list(gone)?, target).await?;
    }
    Ok(())
}

async fn put(tx: &mut Tx, rows: &[&IndexRow], generation: i64) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<PutRow<'_>> = rows.iter().map(|row| put_row(row)).collect();
    let target = tx.target;
    sqlx::query(sql::PUT)
        .bind(list(&rows)?)
        .bind(target)
        .bind(generation)
        .execute(tx.conn())
        .await
        .map_err(backend)?;
    Ok(())
}

/// Kind, id, external id, name, e-mail address, the resource.
type PutRow<'r> = (
    Kind,
    &'r TargetId,
    Option<&'r str>,
    Option<&'r str>,
    Option<&'r str>,
    &'r Observed,
);

fn put_row(row: &IndexRow) -> PutRow<'_> {
    (
        row.observed.kind,
        &row.observed.target_id,
        row.external_id.as_deref(),
        row.name.as_deref(),
        row.email.as_deref(),
        &row.observed,
    )
}

fn index_row(row: &SqliteRow) -> Result<IndexRow> {
    let cells = Cells::of("target_index", row);
    Ok(IndexRow {
        observed: cells.json("observed_json")?,
        external_id: cells.get("external_id")?,
        name: cells.get("name")?,
        email: cells.get("email")?,
    })
}
