//! How long and by how many directories and targets are asked for an operator who waits.

use std::time::Duration;

use super::Admin;
use crate::shared::Shared;

/// How long whoever waits is kept waiting.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a question waits for a place among the others.
const FOR_A_PLACE: Duration = Duration::from_secs(5);
/// Questions that may be under way.
pub(crate) const AT_ONCE: usize = 8;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impatient {
    /// Others ask.
    #[error("{AT_ONCE} requests read a directory or ask a target already")]
    TooMany,
    /// It took too long.
    #[error("there was no result within {} seconds", PATIENCE.as_secs())]
    TooLong,
}

impl Admin {
    /// Work that reads a directory or asks a target while somebody waits: it begins when there is a place for it
    /// among its kind, which is waited for a little, and ends when it takes too long.
    pub async fn patient<T>(&self, work: impl Future<Output = T>) -> Result<T, Impatient> {
        among_others(&self.engine.shared, Box::pin(work)).await
    }

    /// The same for whoever saves, which waits for its place: the time begins when it has one.
    pub(super) async fn patient_in_turn<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Impatient> {
        in_turn(&self.engine.shared, PATIENCE, work).await
    }
}

async fn among_others<T>(shared: &Shared, work: impl Future<Output = T>) -> Result<T, Impatient> {
    let place = shared.outside.acquire();
    let Ok(_place) = tokio::time::timeout(FOR_A_PLACE, place).await else {
        return Err(Impatient::TooMany);
    };
    let ended = tokio::time::timeout(PATIENCE, work).await;
    ended.map_err(|_| Impatient::TooLong)
}

async fn in_turn<T>(
    shared: &Shared,
    patience: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Impatient> {
    // Nobody closes it.
    let _place = shared.saving.acquire().await;
    let ended = tokio::time::timeout(patience, work).await;
    ended.map_err(|_| Impatient::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_question_waits_a_little_for_its_place_and_not_for_ever() {
        let shared = Shared::default();
        let looking = shared.outside.acquire_many(AT_ONCE as u32).await;
        let refused = among_others(&shared, async { 1 }).await;
        assert_eq!(refused, Err(Impatient::TooMany));
        let soon = async {
            tokio::time::advance(FOR_A_PLACE / 2).await;
            drop(looking);
        };
        let (answered, ()) = tokio::join!(among_others(&shared, async { 1 }), soon);
        assert_eq!(answered, Ok(1));
        let endless = among_others(&shared, std::future::pending::<()>()).await;
        assert_eq!(endless, Err(Impatient::TooLong));
    }

    #[tokio::test]
    async fn whoever_looks_is_not_in_the_way_of_whoever_saves() {
        let shared = Shared::default();
        let looking = shared.outside.acquire_many(AT_ONCE as u32).await;
        let saved = tokio::select! {
            biased;
            saved = in_turn(&shared, PATIENCE, async { 1 }) => Some(saved),
            () = std::future::ready(()) => None,
        };
        assert_eq!(saved, Some(Ok(1)));
        drop(looking);
    }
}
