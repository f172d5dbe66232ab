//! Memberships: what the source wants, and what the target has.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use usher_core::model::{ChannelId, CycleId, SubjectId, SubjectState, TargetId};
use usher_store::{Fence, Membership, Result, StagedMember, WantedMembers};

use crate::cells::Cells;
use crate::compact;
use crate::error::{backend, inconsistent};
use crate::open::SqliteStore;
use crate::sql::member as sql;
use crate::tx::{Tx, list};

impl SqliteStore {
    pub(crate) async fn do_stage_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        members: &[StagedMember],
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        tx.open_cycle(cycle).await?;
        check_group(&mut tx, group).await?;
        let rows: Vec<(i64, Option<&[String]>)> = members
            .iter()
            .map(|member| {
                let via = (!member.via.is_empty()).then_some(member.via.as_slice());
                (member.user.0, via)
            })
            .collect();
        let rows = list(&rows)?;
        let new: i64 = sqlx::query_scalar(sql::STAGE_NEW)
            .bind(&rows)
            .bind(group.0)
            .fetch_one(tx.conn())
            .await
            .map_err(backend)?;
        sqlx::query(sql::STAGE)
            .bind(&rows)
            .bind(group.0)
            .bind(cycle.0)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        if new > 0 {
            two(&mut tx, sql::CHANGED, group.0, cycle.0).await?;
        }
        tx.commit().await
    }

    pub(crate) async fn do_end_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        group: SubjectId,
        complete: bool,
    ) -> Result<bool> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        tx.open_cycle(cycle).await?;
        check_group(&mut tx, group).await?;
        let dropped = if complete {
            let dropped = two(&mut tx, sql::DROP_DESIRED, group.0, cycle.0).await?;
            if dropped > 0 {
                crate::cycles::run(&mut tx, sql::SWEEP, group.0).await?;
            }
            dropped
        } else {
            0
        };
        let changed = sqlx::query(sql::END)
            .bind(group.0)
            .bind(cycle.0)
            .bind(complete)
            .bind(dropped as i64)
            .fetch_optional(tx.conn())
            .await
            .map_err(backend)?
            .is_some();
        tx.commit().await?;
        Ok(changed)
    }

    pub(crate) async fn do_wanted(&self, groups: &[SubjectId]) -> Result<Vec<WantedMembers>> {
        let row = sqlx::query(sql::WANTED)
            .bind(list(groups)?)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        compact::wanted(&row)
    }

    pub(crate) async fn do_dirty_groups(&self, channel: &ChannelId) -> Result<Vec<SubjectId>> {
        let ids: Vec<i64> = sqlx::query_scalar(sql::DIRTY)
            .bind(channel.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        Ok(ids.into_iter().map(SubjectId).collect())
    }

    pub(crate) async fn do_members(&self, group: SubjectId) -> Result<Vec<Membership>> {
        self.memberships(sql::MEMBERS, group).await
    }

    pub(crate) async fn do_groups_of(&self, user: SubjectId) -> Result<Vec<Membership>> {
        self.memberships(sql::GROUPS_OF, user).await
    }

    async fn memberships(&self, sql: &'static str, id: SubjectId) -> Result<Vec<Membership>> {
        let rows = sqlx::query(sql)
            .bind(id.0)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(membership).collect()
    }

    pub(crate) async fn do_observe_members(
        &self,
        fence: &Fence,
        group: SubjectId,
        present: &[TargetId],
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        check_group(&mut tx, group).await?;
        let target = tx.target;
        let ids = list(present)?;
        tx.batch_with(sql::OBSERVE_ABSENT, &ids, group.0).await?;
        sqlx::query(sql::OBSERVE)
            .bind(&ids)
            .bind(target)
            .bind(group.0)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        crate::cycles::run(&mut tx, sql::SWEEP, group.0).await?;
        tx.commit().await
    }
}

async fn check_group(tx: &mut Tx, group: SubjectId) -> Result<()> {
    let target = tx.target;
    let row = sqlx::query(sql::GROUP)
        .bind(group.0)
        .bind(target)
        .fetch_optional(tx.conn())
        .await
        .map_err(backend)?;
    let kind: Option<String> = match row {
        None => None,
        Some(row) => Some(row.try_get(0).map_err(backend)?),
    };
    if kind.as_deref() == Some("group") {
        Ok(())
    } else {
        Err(inconsistent(
            "subject",
            "kind",
            group,
            "expected a group of this target, found something else or nothing",
        ))
    }
}

async fn two(tx: &mut Tx, sql: &'static str, first: i64, second: i64) -> Result<u64> {
    Ok(sqlx::query(sql)
        .bind(first)
        .bind(second)
        .execute(tx.conn())
        .await
        .map_err(backend)?
        .rows_affected())
}

fn membership(row: &SqliteRow) -> Result<Membership> {
    let cells = Cells::of("membership", row);
    let state = cells.parsed("state", SubjectState::parse)?;
    let target_id: Option<String> = cells.get("target_id")?;
    Ok(Membership {
        group: SubjectId(cells.get("group_id")?),
        user: SubjectId(cells.get("user_id")?),
        target_id: target_id.filter(|_| state.is_linked()).map(TargetId::new),
        frozen: state == SubjectState::Frozen,
        desired: cells.get("desired")?,
        present: cells.get("present")?,
        added_by_us: cells.get("added_by_us")?,
        via: cells.json_or_none("via_json")?.unwrap_or_default(),
    })
}
