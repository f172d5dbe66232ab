//! Sending: steps leave the outbox by priority. Nothing here decides about an effect; an outcome
//! that is not known is looked up before anything is repeated.

mod attempt;
mod backoff;
mod claim;
mod fly;
mod fruitless;
mod gate;
mod health;
mod keep;
mod limiter;
mod lookup;
mod options;
mod ours;
mod outcome;
mod paced;
mod partly;
mod record;
mod recover;
mod replaced;
mod run;
mod split;
mod trouble;

pub(crate) use backoff::retry_read;
pub use limiter::Limiters;
pub use options::{Only, SendOptions, SendReport};
pub(crate) use paced::PacedTarget;
