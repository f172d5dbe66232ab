//! Which steps belong to a plan.

use usher_core::model::{Cycle, SourceKey};
use usher_store::{StepFilter, Store};

use crate::context::OpenChannel;
use crate::error::EngineError;

/// The states of steps that a person who applies a plan lets through, or that are under way.
const TO_SEND: [&str; 5] = ["pending", "waiting", "held", "claimed", "unknown"];

/// The steps of a plan: what its cycle planned, and what earlier cycles left to be sent with it.
pub(super) async fn steps_of_plan(
    store: &dyn Store,
    open: &OpenChannel,
    cycle: &Cycle,
    only: Option<&[SourceKey]>,
) -> Result<StepFilter, EngineError> {
    let mut filter = StepFilter {
        channel: Some(open.channel.id.clone()),
        states: TO_SEND.map(str::to_owned).to_vec(),
        ..StepFilter::default()
    };
    if let Some(keys) = only {
        let heads = store.heads(&open.channel.id, keys).await?;
        filter.subjects = heads.into_iter().map(|head| head.id).collect();
        // An empty list would mean everybody.
        if filter.subjects.is_empty() {
            filter.cycle = Some(cycle.id);
        }
    }
    Ok(filter)
}
