//! Sending: steps leave the outbox by priority. Nothing here decides about an effect; an outcome
//! that is not known is looked up before anything is repeated.

mod attempt;
mod backoff;
mod health;
mod limiter;
mod lookup;
mod outcome;
mod recover;
mod run;
mod split;

pub(crate) use backoff::retry_read;
pub use run::{SendOptions, SendReport};
