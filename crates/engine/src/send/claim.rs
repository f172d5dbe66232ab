//! Claiming steps: as many as can be sent soon, and no more.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use usher_core::model::{ChannelId, Operation, Step, Subject, SubjectId, Verb};
use usher_store::StepFilter;

use super::options::{Only, SendOptions};
use super::run::Sender;
use crate::error::EngineError;

/// What is claimed ahead is sent while the store does its work so many times: no place waits for it
/// even when one turn of the store takes longer than the last.
const TURNS_OF_STORE: f64 = 3.0;
/// However quick or slow the store is, what is claimed ahead is sent within so many seconds.
const SHORTEST_SECONDS: f64 = 0.01;
const LONGEST_SECONDS: f64 = 0.25;
/// How much of the last measurement counts where something gets faster.
const WEIGHT: f64 = 0.2;

/// How many steps are claimed before they can be sent.
///
/// A claim is a transaction, made for many, so that no place waits for the store. But what is
/// claimed can neither be overtaken nor planned anew, and after a crash each of it is looked up at the
/// target: it is no more than is sent while the store works, as fast as the target answers and as its
/// rate allows. Nothing before that is known.
pub(super) struct Ahead {
    /// Steps that are sent at once.
    width: usize,
    /// Requests per second; 0 = no limit.
    per_second: f64,
    /// Seconds that a step has its place, smoothed.
    took: Option<f64>,
    /// Seconds that the store needs to record what ended and to claim what follows, smoothed; until it
    /// is measured it is taken to be slow.
    store: Option<f64>,
}

impl Ahead {
    pub(super) fn new(width: usize, per_second: f64) -> Self {
        Self {
            width,
            per_second,
            took: None,
            store: None,
        }
    }

    /// A step had its place for so long.
    pub(super) fn note(&mut self, took: Duration) {
        self.took = Some(smoothed(self.took, took));
    }

    /// The store was at work for so long between two looks at what ended.
    pub(super) fn note_store(&mut self, took: Duration) {
        self.store = Some(smoothed(self.store, took));
    }

    fn most(&self) -> usize {
        let Some(took) = self.took else { return 0 };
        let most = self.width * 8;
        let mut sent_per_second = self.width as f64 / took.max(0.001);
        if self.per_second > 0.0 {
            sent_per_second = sent_per_second.min(self.per_second);
        }
        let store = self.store.unwrap_or(LONGEST_SECONDS) * TURNS_OF_STORE;
        let seconds = store.clamp(SHORTEST_SECONDS, LONGEST_SECONDS);
        most.min((sent_per_second * seconds).floor() as usize)
    }

    /// How many steps are to be taken up beside those that are under way. A few free places wait for
    /// more: claims are made for many.
    pub(super) fn room(&self, flying: usize) -> usize {
        let ahead = self.most();
        if flying > self.width + ahead / 2 {
            return 0;
        }
        (self.width + ahead).saturating_sub(flying)
    }
}

/// Slower takes effect at once, faster by and by.
fn smoothed(before: Option<f64>, took: Duration) -> f64 {
    let took = took.as_secs_f64();
    match before {
        Some(before) if took < before => before + (took - before) * WEIGHT,
        _ => took,
    }
}

impl Sender<'_> {
    /// Claims up to `wish` steps durably, with their subjects.
    pub(super) async fn claim(
        &mut self,
        options: &SendOptions,
        wish: u32,
    ) -> Result<Vec<(Step, Subject)>, EngineError> {
        let allowed = self.allowed();
        if wish == 0 || self.report.stopped.is_some() || allowed.is_empty() {
            return Ok(Vec::new());
        }
        let store = &self.engine.store;
        let now = self.engine.clock.now();
        let steps = match &options.only {
            Some(Only::Subjects(ids)) => store.claim_of(self.fence, ids, now, wish).await?,
            Some(Only::Steps(ids)) => store.claim_steps(self.fence, ids, now, wish).await?,
            None => store.claim(self.fence, &allowed, now, wish).await?,
        };
        if !steps.is_empty() {
            self.waiting_since = None;
        }
        let mut subjects = self.subjects(&steps).await?;
        let mut claimed = Vec::with_capacity(steps.len());
        for mut step in steps {
            if step.attempts > 0 {
                self.leave_out_done(&mut step).await?;
            }
            if let Some(subject) = subjects.remove(&step.subject) {
                claimed.push((step, subject));
            }
        }
        Ok(claimed)
    }

    /// The channels that may send now.
    pub(super) fn allowed(&mut self) -> Vec<ChannelId> {
        let open = self.lanes.iter().filter(|(_, lane)| !lane.gate.is_shut());
        let allowed: Vec<ChannelId> = open.map(|(id, _)| id.clone()).collect();
        if allowed.is_empty() && self.report.stopped.is_none() {
            self.report.stopped =
                Some("no channel of this SP connection is active: nothing more is sent".to_owned());
        }
        allowed
    }

    /// Of a membership step that was carried out in part, only the rest is sent again.
    async fn leave_out_done(&self, step: &mut Step) -> Result<(), EngineError> {
        let adds = step.verb() == Verb::AddMembers;
        if !adds && step.verb() != Verb::RemoveMembers {
            return Ok(());
        }
        let rows = self.engine.store.members(step.subject).await?;
        let present: HashSet<SubjectId> = rows
            .into_iter()
            .filter(|row| row.present)
            .map(|row| row.user)
            .collect();
        if let Operation::AddMembers { members, .. } | Operation::RemoveMembers { members, .. } =
            &mut step.planned.operation
        {
            members.retain(|member| present.contains(&member.subject) != adds);
        }
        Ok(())
    }

    pub(super) async fn subjects(
        &self,
        steps: &[Step],
    ) -> Result<HashMap<SubjectId, Subject>, EngineError> {
        let ids: Vec<SubjectId> = steps.iter().map(|step| step.subject).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let subjects = self.engine.store.subjects(&ids).await?;
        Ok(subjects
            .into_iter()
            .filter_map(|subject| Some((subject.id?, subject)))
            .collect())
    }

    /// Steps of this SP connection that are still to be sent.
    pub(super) async fn waiting_count(&self) -> Result<u64, EngineError> {
        let filter = StepFilter {
            connection: Some(self.connection.clone()),
            states: vec!["pending".to_owned(), "waiting".to_owned()],
            ..StepFilter::default()
        };
        let counts = self.engine.store.step_counts(&filter).await?;
        Ok(counts.iter().map(|count| count.count).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took_ms: u64, per_second: f64, store_ms: u64) -> Ahead {
        let mut ahead = Ahead::new(4, per_second);
        ahead.note(Duration::from_millis(took_ms));
        ahead.note_store(Duration::from_millis(store_ms));
        ahead
    }

    #[test]
    fn what_is_claimed_ahead_is_sent_while_the_store_works_and_within_a_quarter_of_a_second() {
        assert_eq!(Ahead::new(4, 0.0).room(0), 4, "nothing is known yet");
        assert_eq!(
            after(5, 0.0, 100).room(0),
            36,
            "never more than eight times"
        );
        assert_eq!(after(20, 0.0, 5).room(0), 7, "a quick store needs few");
        assert_eq!(after(20, 0.0, 40).room(0), 28);
        assert_eq!(after(500, 0.0, 4_000).room(0), 6);
        assert_eq!(after(2_000, 0.0, 4_000).room(0), 4);
        assert_eq!(after(5, 5.0, 100).room(0), 5, "the rate counts, too");
        assert_eq!(after(5, 1.0, 100).room(0), 4);
    }

    #[test]
    fn a_target_that_gets_slow_is_believed_at_once_and_so_is_a_store() {
        let mut ahead = after(5, 0.0, 10);
        let before = ahead.room(0);
        assert!(before < 36);
        ahead.note_store(Duration::from_millis(100));
        assert_eq!(ahead.room(0), 36);
        ahead.note(Duration::from_secs(2));
        assert_eq!(ahead.room(0), 4);
        ahead.note(Duration::from_millis(5));
        assert!(ahead.room(0) < 36);
    }
}
