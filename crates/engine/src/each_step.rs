//! Reading steps of the outbox page by page, however many there are.

use usher_core::model::{Step, StepId};

use crate::error::EngineError;

/// Steps that are read at once.
pub(crate) const STEPS_AT_ONCE: u32 = 500;

/// Passes every step on; `page` reads those after an id, some at a time.
pub(crate) async fn each_step<F, Fut>(
    mut page: F,
    mut take: impl FnMut(Step),
) -> Result<(), EngineError>
where
    F: FnMut(StepId) -> Fut,
    Fut: Future<Output = usher_store::Result<Vec<Step>>>,
{
    let mut after = StepId(0);
    loop {
        let steps = page(after).await?;
        let Some(last) = steps.last() else {
            return Ok(());
        };
        after = last.id;
        steps.into_iter().for_each(&mut take);
    }
}

#[cfg(test)]
mod tests {
    use usher_core::model::{
        ChannelId, CycleId, Expectation, Kind, Operation, PlannedStep, Reason, StepState,
        SubjectId, TargetId,
    };

    use super::*;

    fn step(id: i64) -> Step {
        Step {
            id: StepId(id),
            channel: ChannelId::new("staff"),
            cycle: CycleId(1),
            subject: SubjectId(1),
            kind: Kind::User,
            planned: PlannedStep {
                operation: Operation::Disable {
                    target_id: TargetId::new("T1"),
                },
                part: 0,
                reason: Reason::SourceDisabled,
                expects: Expectation::default(),
                hold: None,
                guards: Vec::new(),
            },
            state: StepState::Pending,
            attempts: 0,
            created_at: 0,
            changed_at: 0,
        }
    }

    #[tokio::test]
    async fn every_step_is_read_however_small_the_pages_are() {
        let all: Vec<Step> = [2, 3, 5, 7, 11, 13, 17].map(step).to_vec();
        for at_once in 1..=8 {
            let mut read = Vec::new();
            let page = |after: StepId| {
                let later = all.iter().filter(move |step| step.id > after);
                let page: Vec<Step> = later.take(at_once).cloned().collect();
                async move { Ok(page) }
            };
            each_step(page, |step| read.push(step.id.0)).await.unwrap();
            assert_eq!(read, [2, 3, 5, 7, 11, 13, 17], "{at_once} at once");
        }
    }
}
