//! Rows of what is recorded, bound cell by cell (see [`crate::sql::sent`]).

use std::collections::{HashMap, HashSet};

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use usher_core::model::{Hash128, Millis, StepId, StepState, Subject, SubjectId, SubjectState};
use usher_store::{AuditEvent, IndexRow, Outcome, Result};

use crate::cells::Cells;
use crate::error::{backend, inconsistent};
use crate::links::{self, Before};
use crate::sql::{ROWS, sent as sql};
use crate::tx::{Tx, list};

/// A statement whose rows are being bound.
type Bound = Query<'static, Sqlite, SqliteArguments>;

impl Tx {
    /// Executes a statement of [`crate::sql::sent`] over rows of so many cells.
    async fn each<T>(
        &mut self,
        statement: &'static str,
        cells: usize,
        rows: &[T],
        bind: impl Fn(Bound, &T) -> Result<Bound>,
    ) -> Result<()> {
        for some in rows.chunks(ROWS) {
            let mut query = sqlx::query(statement);
            for row in some {
                query = bind(query, row)?;
            }
            for _ in 0..(ROWS - some.len()) * cells {
                query = query.bind(None::<i64>);
            }
            query.execute(self.conn()).await.map_err(backend)?;
        }
        Ok(())
    }
}

/// Subjects as stored before, with their versions.
pub(crate) struct Stored(HashMap<SubjectId, (u64, Before)>);

impl Stored {
    pub(crate) async fn read(tx: &mut Tx, subjects: &[&Subject]) -> Result<Self> {
        let ids: Vec<i64> = subjects
            .iter()
            .filter_map(|one| one.id)
            .map(|id| id.0)
            .collect();
        if ids.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let rows = sqlx::query(sql::BEFORE)
            .bind(list(&ids)?)
            .fetch_all(tx.conn())
            .await
            .map_err(backend)?;
        let mut stored = HashMap::with_capacity(rows.len());
        for row in &rows {
            let cells = Cells::of("subject", row);
            let before = Before {
                state: cells.parsed("state", SubjectState::parse)?,
                target_id: cells.get("target_id")?,
            };
            let version = cells.get::<u32>("version")?.into();
            stored.insert(SubjectId(cells.get("id")?), (version, before));
        }
        Ok(Self(stored))
    }

    /// The outcomes that were made from subjects as they are stored, and the steps of the others. A
    /// subject that was never read (version 0) is taken to be so.
    pub(crate) fn fresh<'o>(&self, outcomes: &'o [Outcome]) -> (Vec<&'o Outcome>, Vec<StepId>) {
        let mut taken: HashSet<SubjectId> = HashSet::new();
        let (mut good, mut left) = (Vec::with_capacity(outcomes.len()), Vec::new());
        for outcome in outcomes {
            // Two outcomes over one subject: the second must see what the first made of it.
            let late = outcome.subjects.iter().any(|subject| {
                self.is_stale(subject) || subject.id.is_some_and(|id| taken.contains(&id))
            });
            if late {
                left.push(outcome.step);
            } else {
                taken.extend(outcome.subjects.iter().filter_map(|subject| subject.id));
                good.push(outcome);
            }
        }
        (good, left)
    }

    fn is_stale(&self, subject: &Subject) -> bool {
        let stored = subject.id.and_then(|id| self.0.get(&id));
        subject.version > 0 && stored.map(|(version, _)| *version) != Some(subject.version)
    }

    /// Writes what sending changes of subjects, and what follows from it.
    pub(crate) async fn put(
        mut self,
        tx: &mut Tx,
        subjects: &[&Subject],
        now: Millis,
    ) -> Result<()> {
        let mut written = Vec::with_capacity(subjects.len());
        let mut before = HashMap::with_capacity(subjects.len());
        for subject in subjects {
            let known = subject.id.and_then(|id| Some((id, self.0.remove(&id)?)));
            let Some((id, (_, stored))) = known else {
                let what = "expected a stored subject in an outcome, found none";
                return Err(inconsistent("subject", "id", &subject.key, what));
            };
            written.push((id, *subject));
            before.insert(id, stored);
        }
        tx.each(sql::SUBJECTS, 17, &written, |query, (id, subject)| {
            Ok(bind_subject(query, *id, subject, now))
        })
        .await?;
        tx.each(sql::DATA, 3, &written, |query, (id, subject)| {
            let query = query.bind(id.0).bind(list(&subject.shadow)?);
            Ok(query.bind(subject.desired.is_some()))
        })
        .await?;
        links::follow(tx, &before, &written).await
    }
}

fn bind_subject(query: Bound, id: SubjectId, subject: &Subject, now: Millis) -> Bound {
    query
        .bind(id.0)
        .bind(subject.state.as_str())
        .bind(subject.target_id.as_ref().map(|id| id.as_str().to_owned()))
        .bind(subject.in_scope)
        .bind(bytes(subject.desired_hash))
        .bind(bytes(subject.synced_hash))
        .bind(subject.verdict.as_str())
        .bind(subject.reason.clone())
        .bind(subject.attempts)
        .bind(subject.next_at)
        .bind(bytes(subject.parked_hash))
        .bind(subject.dirty)
        .bind(subject.left_at)
        .bind(
            subject
                .standing_hold
                .map(usher_core::model::StandingHold::as_str),
        )
        .bind(subject.members_settled)
        .bind(subject.members_dirty)
        .bind(now)
}

fn bytes(hash: Option<Hash128>) -> Option<Vec<u8>> {
    hash.map(|hash| hash.0.to_vec())
}

/// Moves steps to their new states.
pub(crate) async fn put_states(
    tx: &mut Tx,
    moved: &[(&Outcome, StepState)],
    now: Millis,
) -> Result<()> {
    tx.each(sql::OUTCOMES, 6, moved, |query, (outcome, state)| {
        let (data, until) = state_data(state);
        Ok(query
            .bind(outcome.step.0)
            .bind(state.name())
            .bind(data.map(list).transpose()?)
            .bind(until)
            .bind(outcome.attempts)
            .bind(now))
    })
    .await
}

/// The whole state when it has data, and when it is due.
fn state_data(state: &StepState) -> (Option<&StepState>, Option<Millis>) {
    match state {
        StepState::Waiting { until, .. } => (Some(state), Some(*until)),
        StepState::Held { .. } | StepState::Parked { .. } | StepState::Replan { .. } => {
            (Some(state), None)
        }
        StepState::Planned
        | StepState::Pending
        | StepState::Claimed
        | StepState::Succeeded
        | StepState::Unknown
        | StepState::Superseded
        | StepState::Rejected
        | StepState::Expired => (None, None),
    }
}

/// Rows of the target index that we wrote ourselves: the end of a listing that is under way does not
/// delete them.
pub(crate) async fn put_index(tx: &mut Tx, rows: &[&IndexRow]) -> Result<()> {
    let target = tx.target;
    tx.each(sql::INDEX, 7, rows, |query, row| {
        Ok(query
            .bind(target)
            .bind(row.observed.kind.to_string())
            .bind(row.observed.target_id.as_str().to_owned())
            .bind(row.external_id.clone())
            .bind(row.name.clone())
            .bind(row.email.clone())
            .bind(list(&row.observed)?))
    })
    .await
}

/// Step, subject, exchange.
pub(crate) async fn put_exchanges(
    tx: &mut Tx,
    rows: &[(StepId, i64, &serde_json::Value)],
    now: Millis,
) -> Result<()> {
    tx.each(
        sql::EXCHANGES,
        4,
        rows,
        |query, (step, subject, exchange)| {
            let query = query.bind(step.0).bind(*subject).bind(now);
            Ok(query.bind(list(exchange)?))
        },
    )
    .await
}

pub(crate) async fn put_audit(tx: &mut Tx, events: &[&AuditEvent]) -> Result<()> {
    tx.each(sql::AUDIT, 10, events, |query, event| {
        Ok(query
            .bind(event.at)
            .bind(event.actor.clone())
            .bind(event.event.clone())
            .bind(event.channel.clone())
            .bind(event.cycle)
            .bind(event.source_id.clone())
            .bind(event.target_id.clone())
            .bind(event.success)
            .bind(event.detail.clone())
            .bind(list(&event.changes)?))
    })
    .await
}
