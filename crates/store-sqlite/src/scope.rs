//! The scope: groups that people were last seen in, and their e-mail domains.

use usher_core::model::{ChannelId, SubjectId};
use usher_store::{Fence, Result};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::scope as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_remember_scope_groups(
        &self,
        fence: &Fence,
        groups: &[(SubjectId, String)],
    ) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let rows = list(groups)?;
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let target = tx.target;
        tx.batch(sql::NAMES, &rows).await?;
        tx.batch_with(sql::REMEMBER, &rows, target).await?;
        tx.commit().await
    }

    pub(crate) async fn do_scope_groups(
        &self,
        subjects: &[SubjectId],
    ) -> Result<Vec<(SubjectId, String)>> {
        let rows = sqlx::query(sql::OF)
            .bind(list(subjects)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter()
            .map(|row| {
                let cells = Cells::of("subject", row);
                Ok((SubjectId(cells.get("id")?), cells.get("dn")?))
            })
            .collect()
    }

    pub(crate) async fn do_domains(
        &self,
        channel: &ChannelId,
        field: &str,
    ) -> Result<Vec<(String, u64)>> {
        let rows = sqlx::query(sql::DOMAINS)
            .bind(channel.as_str())
            .bind(field)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter()
            .map(|row| {
                let cells = Cells::of("unique_value", row);
                Ok((cells.get("domain")?, cells.count("n")?))
            })
            .collect()
    }

    pub(crate) async fn do_scope_group_sizes(
        &self,
        channel: &ChannelId,
        groups: &[String],
    ) -> Result<Vec<(String, u64)>> {
        self.sizes(sql::SIZES, channel, groups).await
    }
}
