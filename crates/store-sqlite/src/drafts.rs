//! Drafts.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use usher_core::model::Sealed;
use usher_store::{Draft, DraftHead, DraftId, Drafts, Result};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::operators::execute;
use crate::sql::drafts as sql;
use crate::tx::Tx;

#[async_trait]
impl Drafts for SqliteStore {
    async fn drafts(&self) -> Result<Vec<DraftHead>> {
        let rows = sqlx::query(sql::HEADS)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(head).collect()
    }

    async fn draft(&self, id: &DraftId) -> Result<Option<Draft>> {
        let row = sqlx::query(sql::DRAFT)
            .bind(&id.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        row.as_ref().map(draft).transpose()
    }

    async fn save_draft(&self, draft: &Draft) -> Result<bool> {
        let head = &draft.head;
        let statement = if head.version <= 1 {
            sql::ADD
        } else {
            sql::REPLACE
        };
        let save = sqlx::query(statement)
            .bind(&head.id.0)
            .bind(&head.kind)
            .bind(head.of.as_deref())
            .bind(&head.name)
            .bind(&head.by)
            .bind(head.at)
            .bind(head.version as i64)
            .bind(&draft.body.0);
        let mut tx = Tx::begin(&self.writer).await?;
        let saved = execute(&mut tx, save).await? > 0;
        tx.commit().await?;
        Ok(saved)
    }

    async fn remove_draft(&self, id: &DraftId) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        execute(&mut tx, sqlx::query(sql::REMOVE).bind(&id.0)).await?;
        tx.commit().await
    }
}

fn draft(row: &SqliteRow) -> Result<Draft> {
    let cells = Cells::of("draft", row);
    Ok(Draft {
        head: head(row)?,
        body: Sealed(cells.get("body")?),
    })
}

fn head(row: &SqliteRow) -> Result<DraftHead> {
    let cells = Cells::of("draft", row);
    Ok(DraftHead {
        id: DraftId(cells.get("key")?),
        kind: cells.get("kind")?,
        of: cells.get("about")?,
        name: cells.get("name")?,
        by: cells.get("operator")?,
        at: cells.get("at")?,
        version: cells.count("version")?,
    })
}
