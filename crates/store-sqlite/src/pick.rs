//! Listing and counting steps by filter.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use usher_core::model::{CycleId, Step, StepId, Verb};
use usher_store::{Result, StepCount, StepFilter};

use crate::cells::Cells;
use crate::error::backend;
use crate::listing::any_of;
use crate::open::SqliteStore;
use crate::rows;
use crate::sql::{admin, step as sql};
use crate::tx::list;

/// Every state's name, for a filter that names a channel but no state.
const STATES: &[&str] = &[
    "planned",
    "pending",
    "held",
    "claimed",
    "waiting",
    "succeeded",
    "parked",
    "replan",
    "unknown",
    "superseded",
    "rejected",
    "expired",
];

/// A filter with its channels resolved.
struct Picked<'f> {
    filter: &'f StepFilter,
    channels: Option<String>,
}

impl SqliteStore {
    pub(crate) async fn do_steps(
        &self,
        filter: &StepFilter,
        after: StepId,
        limit: u32,
    ) -> Result<Vec<Step>> {
        let mut reader = self.readers.acquire().await.map_err(backend)?;
        let picked = pick(&mut reader, filter).await?;
        let statement = picked.statement([
            sql::LIST_IDS,
            sql::LIST_SUBJECT,
            sql::LIST_CYCLE,
            sql::LIST_STATES,
            sql::LIST_ALL,
        ]);
        let rows = picked.bind(statement, after, limit)?;
        let rows = rows.fetch_all(&mut *reader).await.map_err(backend)?;
        rows.iter().map(rows::step).collect()
    }

    pub(crate) async fn do_standing_steps(
        &self,
        cycle: CycleId,
        after: StepId,
        limit: u32,
    ) -> Result<Vec<Step>> {
        let rows = sqlx::query(sql::STANDING)
            .bind(cycle.0)
            .bind(after.0)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(rows::step).collect()
    }

    pub(crate) async fn do_step_counts(&self, filter: &StepFilter) -> Result<Vec<StepCount>> {
        let mut reader = self.readers.acquire().await.map_err(backend)?;
        let picked = pick(&mut reader, filter).await?;
        let statement = picked.statement([
            sql::COUNT_IDS,
            sql::COUNT_SUBJECT,
            sql::COUNT_CYCLE,
            sql::COUNT_STATES,
            sql::COUNT_ALL,
        ]);
        let rows = picked.bind(statement, StepId(i64::MIN), 0)?;
        let rows = rows.fetch_all(&mut *reader).await.map_err(backend)?;
        rows.iter().map(count).collect()
    }
}

async fn pick<'f>(conn: &mut SqliteConnection, filter: &'f StepFilter) -> Result<Picked<'f>> {
    let ids: Option<Vec<i64>> = match (&filter.channel, &filter.connection) {
        (Some(channel), connection) => {
            let ids: Vec<i64> = sqlx::query_scalar(admin::CHANNEL_IN)
                .bind(channel.as_str())
                .bind(connection.as_ref().map(|connection| connection.as_str()))
                .fetch_all(conn)
                .await
                .map_err(backend)?;
            Some(ids)
        }
        (None, Some(connection)) => {
            let ids = sqlx::query_scalar(admin::CHANNELS_OF_TARGET)
                .bind(connection.as_str())
                .fetch_all(conn)
                .await
                .map_err(backend)?;
            Some(ids)
        }
        (None, None) if !filter.states.is_empty() => {
            let ids = sqlx::query_scalar(admin::CHANNELS)
                .fetch_all(conn)
                .await
                .map_err(backend)?;
            Some(ids)
        }
        (None, None) => None,
    };
    let channels = ids.map(|ids| list(&ids)).transpose()?;
    Ok(Picked { filter, channels })
}

impl Picked<'_> {
    /// The statement that reads least: by ids, by subjects, by cycle, by channels and states, all.
    fn statement(&self, [ids, subject, cycle, states, all]: [&'static str; 5]) -> &'static str {
        if !self.filter.ids.is_empty() {
            ids
        } else if !self.filter.subjects.is_empty() {
            subject
        } else if self.filter.cycle.is_some() {
            cycle
        } else if self.channels.is_some() {
            states
        } else {
            all
        }
    }

    fn bind(
        &self,
        statement: &'static str,
        after: StepId,
        limit: u32,
    ) -> Result<sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>> {
        let mut states: Vec<&str> = self.filter.states.iter().map(String::as_str).collect();
        if states.is_empty() && self.channels.is_some() {
            states = STATES.to_vec();
        }
        states.sort_unstable();
        states.dedup();
        let verbs: Vec<&str> = self.filter.verbs.iter().map(|verb| verb.as_str()).collect();
        Ok(sqlx::query(statement)
            .bind(after.0)
            .bind(limit)
            .bind(self.channels.clone())
            .bind(any_of(&states)?)
            .bind(any_of(&verbs)?)
            .bind(self.filter.cycle.map(|cycle| cycle.0))
            .bind(some_of(
                self.filter.subjects.iter().map(|subject| subject.0),
            )?)
            .bind(some_of(self.filter.ids.iter().map(|step| step.0))?))
    }
}

/// A list of ids, each once; null = any.
fn some_of(ids: impl Iterator<Item = i64>) -> Result<Option<String>> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    (!ids.is_empty()).then(|| list(&ids)).transpose()
}

fn count(row: &SqliteRow) -> Result<StepCount> {
    let cells = Cells::of("step", row);
    Ok(StepCount {
        kind: cells.kind("kind")?,
        verb: cells.parsed("verb", Verb::parse)?,
        state: cells.get("state")?,
        count: cells.count("n")?,
        members: cells.count("members")?,
    })
}
