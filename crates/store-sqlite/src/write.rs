//! Writing subjects with their plan.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use usher_core::model::{ChannelId, CycleId, Kind, Millis, Subject, SubjectId};
use usher_store::{Fence, GroupWrite, Result, SubjectWrite};

use crate::cells::Cells;
use crate::error::{backend, inconsistent};
use crate::given::{DataRow, StepRow, SubjectRow, Touched, data_row, step_row};
use crate::links::{self, Before};
use crate::open::SqliteStore;
use crate::sql::write as sql;
use crate::tx::{OpenCycle, Tx, list};

impl SqliteStore {
    pub(crate) async fn do_write(
        &self,
        fence: &Fence,
        cycle: CycleId,
        writes: &[SubjectWrite],
    ) -> Result<Vec<SubjectId>> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let cycle = tx.open_cycle(cycle).await?;
        let all: Vec<&Subject> = writes.iter().map(|write| &write.subject).collect();
        let stale = stale(&mut tx, &all).await?;
        if !stale.is_empty() {
            let ids: Vec<i64> = stale.iter().map(|id| id.0).collect();
            tx.batch(sql::STALE, &list(&ids)?).await?;
        }
        let fresh: Vec<&SubjectWrite> = writes
            .iter()
            .filter(|write| write.subject.id.is_none_or(|id| !stale.contains(&id)))
            .collect();
        let written = write_fresh(&mut tx, &cycle, &fresh).await?;
        tx.commit().await?;
        let mut written = written.into_iter();
        Ok(writes
            .iter()
            .filter_map(|write| match write.subject.id {
                Some(id) if stale.contains(&id) => Some(id),
                Some(_) | None => written.next(),
            })
            .collect())
    }

    pub(crate) async fn do_write_members(
        &self,
        fence: &Fence,
        cycle: CycleId,
        groups: &[GroupWrite],
    ) -> Result<()> {
        let mut tx = Tx::fenced(&self.writer, fence).await?;
        let cycle = tx.open_cycle(cycle).await?;
        let ids: Vec<i64> = groups.iter().map(|group| group.group.0).collect();
        let touched: Vec<Touched> = ids.iter().map(|id| (*id, false, true, false)).collect();
        touch(&mut tx, &cycle, &touched).await?;
        let planned: Vec<(i64, i64)> = groups
            .iter()
            .map(|group| (group.group.0, i64::from(group.settled)))
            .collect();
        tx.batch(sql::GROUPS_PLANNED, &list(&planned)?).await?;
        tx.batch_with(sql::STEPS_DROP_MEMBERS, &list(&ids)?, cycle.id)
            .await?;
        let steps: Vec<StepRow<'_>> = groups
            .iter()
            .flat_map(|group| {
                let steps = group.steps.iter();
                steps.map(|step| step_row(group.group, Kind::Group, step))
            })
            .collect();
        put_steps(&mut tx, &cycle, &steps).await?;
        tx.commit().await
    }
}

/// Writes subjects that nobody changed in between, with their plan. Returns their ids in order.
async fn write_fresh(
    tx: &mut Tx,
    cycle: &OpenCycle,
    writes: &[&SubjectWrite],
) -> Result<Vec<SubjectId>> {
    let subjects: Vec<(&Subject, &str)> = writes
        .iter()
        .map(|write| (&write.subject, write.container.as_str()))
        .collect();
    let ids = put_subjects(tx, &subjects, cycle.started_at).await?;
    let touched: Vec<Touched> = ids
        .iter()
        .zip(writes)
        .map(|(id, write)| (id.0, write.replanned, false, true))
        .collect();
    touch(tx, cycle, &touched).await?;
    put_unique(tx, cycle, &ids, writes).await?;
    tx.batch_with(sql::STEPS_DROP_ACCOUNT, &list(&ids)?, cycle.id)
        .await?;
    let steps: Vec<StepRow<'_>> = ids
        .iter()
        .zip(writes)
        .flat_map(|(id, write)| {
            let steps = write.steps.iter();
            steps.map(|step| step_row(*id, write.subject.kind, step))
        })
        .collect();
    put_steps(tx, cycle, &steps).await?;
    Ok(ids)
}

/// The subjects that were changed since they were read. One that was never read (version 0) is not.
async fn stale(tx: &mut Tx, subjects: &[&Subject]) -> Result<HashSet<SubjectId>> {
    let read: Vec<&&Subject> = subjects
        .iter()
        .filter(|subject| subject.version > 0)
        .collect();
    if read.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = read
        .iter()
        .filter_map(|subject| subject.id)
        .map(|id| id.0)
        .collect();
    let rows = sqlx::query(sql::VERSIONS)
        .bind(list(&ids)?)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    let mut versions: HashMap<SubjectId, u64> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of("subject", row);
        versions.insert(
            SubjectId(cells.get("id")?),
            cells.get::<u32>("version")?.into(),
        );
    }
    let changed = read.into_iter().filter_map(|subject| {
        let id = subject.id?;
        (versions.get(&id) != Some(&subject.version)).then_some(id)
    });
    Ok(changed.collect())
}

/// Writes subjects, new or known, with their containers, and what follows from it. Returns their ids
/// in order.
async fn put_subjects(
    tx: &mut Tx,
    subjects: &[(&Subject, &str)],
    now: Millis,
) -> Result<Vec<SubjectId>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let channels = channel_ids(tx, subjects).await?;
    let mut keys = Vec::with_capacity(subjects.len());
    let mut rows = Vec::with_capacity(subjects.len());
    for (subject, container) in subjects {
        let channel = channels.get(&subject.channel).copied().unwrap_or(0);
        keys.push((channel, subject.key.as_str()));
        rows.push(SubjectRow {
            channel,
            subject,
            container,
        });
    }
    let before = read_before(tx, &list(&keys)?).await?;
    let containers: Vec<&str> = subjects.iter().map(|(_, container)| *container).collect();
    tx.batch(sql::CONTAINERS, &list(&containers)?).await?;
    let ids = upsert(tx, &rows, &keys, now).await?;
    check_ids(subjects, &ids)?;
    let data: Vec<DataRow<'_>> = ids
        .iter()
        .zip(subjects)
        .map(|(id, (subject, _))| data_row(*id, subject))
        .collect();
    tx.batch(sql::DATA, &list(&data)?).await?;
    let written: Vec<(SubjectId, &Subject)> = ids
        .iter()
        .copied()
        .zip(subjects.iter().map(|(subject, _)| *subject))
        .collect();
    links::follow(tx, &before, &written).await?;
    Ok(ids)
}

async fn channel_ids(
    tx: &mut Tx,
    subjects: &[(&Subject, &str)],
) -> Result<HashMap<ChannelId, i64>> {
    let mut channels = HashMap::new();
    for (subject, _) in subjects {
        if !channels.contains_key(&subject.channel) {
            let id = tx.channel(&subject.channel).await?;
            channels.insert(subject.channel.clone(), id);
        }
    }
    Ok(channels)
}

async fn read_before(tx: &mut Tx, keys: &str) -> Result<HashMap<SubjectId, Before>> {
    let rows = sqlx::query(sql::BEFORE)
        .bind(keys)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    let mut before = HashMap::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of("subject", row);
        before.insert(
            SubjectId(cells.get("id")?),
            Before {
                state: cells.parsed("state", usher_core::model::SubjectState::parse)?,
                target_id: cells.get("target_id")?,
            },
        );
    }
    Ok(before)
}

async fn upsert(
    tx: &mut Tx,
    rows: &[SubjectRow<'_>],
    keys: &[(i64, &str)],
    now: Millis,
) -> Result<Vec<SubjectId>> {
    let returned = sqlx::query(sql::SUBJECTS)
        .bind(list(rows)?)
        .bind(now)
        .fetch_all(tx.conn())
        .await
        .map_err(backend)?;
    let mut by_key: HashMap<(i64, String), SubjectId> = HashMap::with_capacity(returned.len());
    for row in &returned {
        let key = (
            row.try_get(1).map_err(backend)?,
            row.try_get(2).map_err(backend)?,
        );
        by_key.insert(key, SubjectId(row.try_get(0).map_err(backend)?));
    }
    keys.iter()
        .map(|(channel, key)| {
            by_key
                .get(&(*channel, (*key).to_owned()))
                .copied()
                .ok_or_else(|| inconsistent("subject", "source_key", key, "it was not written"))
        })
        .collect()
}

/// A subject never changes its key: an id that came with another key is a mistake of the caller.
fn check_ids(subjects: &[(&Subject, &str)], ids: &[SubjectId]) -> Result<()> {
    for ((subject, _), id) in subjects.iter().zip(ids) {
        if let Some(expected) = subject.id.filter(|expected| expected != id) {
            return Err(inconsistent(
                "subject",
                "source_key",
                expected,
                format!("the key {} belongs to the subject {id}", subject.key),
            ));
        }
    }
    Ok(())
}

async fn put_unique(
    tx: &mut Tx,
    cycle: &OpenCycle,
    ids: &[SubjectId],
    writes: &[&SubjectWrite],
) -> Result<()> {
    let mut replaced = Vec::new();
    let mut values = Vec::new();
    for (id, write) in ids.iter().zip(writes) {
        if let Some(unique) = &write.unique {
            replaced.push(id.0);
            for value in unique {
                values.push((cycle.channel, &value.field, &value.folded, id.0));
            }
        }
    }
    if !replaced.is_empty() {
        tx.batch(sql::UNIQUE_CLEAR, &list(&replaced)?).await?;
        tx.batch(sql::UNIQUE_ADD, &list(&values)?).await?;
    }
    Ok(())
}

async fn touch(tx: &mut Tx, cycle: &OpenCycle, rows: &[Touched]) -> Result<()> {
    tx.batch_with(sql::TOUCHED, &list(rows)?, cycle.id).await?;
    Ok(())
}

async fn put_steps(tx: &mut Tx, cycle: &OpenCycle, steps: &[StepRow<'_>]) -> Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    sqlx::query(sql::STEPS)
        .bind(list(steps)?)
        .bind(cycle.id)
        .bind(cycle.channel)
        .bind(cycle.started_at)
        .execute(tx.conn())
        .await
        .map_err(backend)?;
    Ok(())
}
