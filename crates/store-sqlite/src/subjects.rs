//! Reading subjects.

use sqlx::sqlite::SqliteRow;
use usher_core::model::{
    ChannelId, ConnectionId, Hash128, Kind, Millis, SourceKey, Subject, SubjectId, SubjectState,
    TargetId,
};
use usher_store::{
    Fence, ReadMark, Remembered, Result, SubjectHead, Unchanged, UniqueHolder, UniqueValue,
};

use crate::cells::Cells;
use crate::compact;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::rows;
use crate::sql::subject as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_heads(
        &self,
        channel: &ChannelId,
        keys: &[SourceKey],
    ) -> Result<Vec<SubjectHead>> {
        let row = sqlx::query(sql::HEADS)
            .bind(channel.as_str())
            .bind(list(keys)?)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        compact::heads(&row)
    }

    pub(crate) async fn do_subjects(&self, ids: &[SubjectId]) -> Result<Vec<Subject>> {
        let rows = sqlx::query(sql::BY_IDS)
            .bind(list(ids)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(rows::subject).collect()
    }

    pub(crate) async fn do_by_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId, Kind)>> {
        self.named(sql::BY_DN, channel, dn_hashes).await
    }

    pub(crate) async fn do_by_former_dn(
        &self,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId)>> {
        let named = self.named(sql::BY_FORMER_DN, channel, dn_hashes).await?;
        Ok(named.into_iter().map(|(hash, id, _)| (hash, id)).collect())
    }

    async fn named(
        &self,
        statement: &'static str,
        channel: &ChannelId,
        dn_hashes: &[Hash128],
    ) -> Result<Vec<(Hash128, SubjectId, Kind)>> {
        let row = sqlx::query(statement)
            .bind(channel.as_str())
            .bind(list(dn_hashes)?)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        compact::names(&row)
    }

    pub(crate) async fn do_by_target(
        &self,
        connection: &ConnectionId,
        ids: &[TargetId],
    ) -> Result<Vec<Subject>> {
        let rows = sqlx::query(sql::BY_TARGET)
            .bind(connection.as_str())
            .bind(list(ids)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(rows::subject).collect()
    }

    pub(crate) async fn do_remember_reads(
        &self,
        fence: &Fence,
        reads: &[Remembered],
    ) -> Result<()> {
        if reads.is_empty() {
            return Ok(());
        }
        let rows: Vec<(i64, String)> = reads
            .iter()
            .map(|read| {
                (
                    read.subject.0,
                    format!("{}{}", read.content, read.desired_hash),
                )
            })
            .collect();
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        tx.batch_with(sql::REMEMBER, &list(&rows)?, target).await?;
        tx.commit().await
    }

    pub(crate) async fn do_unchanged(
        &self,
        channel: &ChannelId,
        marks: &[ReadMark],
        now: Millis,
    ) -> Result<Vec<Unchanged>> {
        let rows: Vec<String> = marks
            .iter()
            .map(|mark| format!("{}{}{}", mark.dn_hash, mark.content, mark.key.as_str()))
            .collect();
        let row = sqlx::query(sql::UNCHANGED)
            .bind(channel.as_str())
            .bind(list(&rows)?)
            .bind(now)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        compact::unchanged(&row)
    }

    pub(crate) async fn do_concerned(
        &self,
        channel: &ChannelId,
        now: Millis,
    ) -> Result<Vec<SubjectId>> {
        let row = sqlx::query(sql::CONCERNED)
            .bind(channel.as_str())
            .bind(now)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let ids: Option<Vec<i64>> = Cells::of("subject", &row).json_or_none("ids_json")?;
        Ok(ids.unwrap_or_default().into_iter().map(SubjectId).collect())
    }

    pub(crate) async fn do_heads_of(&self, ids: &[SubjectId]) -> Result<Vec<SubjectHead>> {
        let row = sqlx::query(sql::HEADS_OF)
            .bind(list(ids)?)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        compact::heads(&row)
    }

    pub(crate) async fn do_scan(
        &self,
        channel: &ChannelId,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<SubjectHead>> {
        let row = sqlx::query(sql::SCAN)
            .bind(channel.as_str())
            .bind(after.0)
            .bind(limit)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let mut heads = compact::heads(&row)?;
        heads.sort_unstable_by_key(|head| head.id);
        Ok(heads)
    }

    pub(crate) async fn do_due(
        &self,
        channel: &ChannelId,
        now: Millis,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        let ids: Vec<i64> = sqlx::query_scalar(sql::DUE)
            .bind(channel.as_str())
            .bind(now)
            .bind(after.0)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        let ids: Vec<SubjectId> = ids.into_iter().map(SubjectId).collect();
        self.do_subjects(&ids).await
    }

    pub(crate) async fn do_next_due(&self, channel: &ChannelId) -> Result<Option<Millis>> {
        sqlx::query_scalar(sql::NEXT_DUE)
            .bind(channel.as_str())
            .fetch_one(&self.readers)
            .await
            .map_err(backend)
    }

    pub(crate) async fn do_unique_holders(
        &self,
        channel: &ChannelId,
        values: &[UniqueValue],
    ) -> Result<Vec<UniqueHolder>> {
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|value| (value.field.as_str(), value.folded.as_str()))
            .collect();
        let rows = sqlx::query(sql::UNIQUE_HOLDERS)
            .bind(channel.as_str())
            .bind(list(&values)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(holder).collect()
    }

    pub(crate) async fn do_unique_duplicates(&self, channel: &ChannelId) -> Result<Vec<SubjectId>> {
        let ids: Vec<i64> = sqlx::query_scalar(sql::UNIQUE_DUPLICATES)
            .bind(channel.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        Ok(ids.into_iter().map(SubjectId).collect())
    }
}

fn holder(row: &SqliteRow) -> Result<UniqueHolder> {
    let cells = Cells::of("subject", row);
    Ok(UniqueHolder {
        value: UniqueValue {
            field: cells.get("field")?,
            folded: cells.get("folded")?,
        },
        subject: SubjectId(cells.get("id")?),
        dn: cells.get("dn")?,
        state: cells.parsed("state", SubjectState::parse)?,
    })
}
