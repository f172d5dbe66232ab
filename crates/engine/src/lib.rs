//! Cycles, the outbox's sender and the service that every face of Usher calls.
//!
//! A cycle reads, maps, plans, guards and makes its steps durable; then it is over. Sending is
//! separate: it takes steps from the outbox by priority and decides nothing about their effect.

pub mod access;
pub mod admin;
mod clock;
mod context;
mod copied;
mod cycle;
mod distress;
mod each_step;
mod error;
mod lease;
mod masking;
pub mod meters;
mod protection;
mod secrets;
mod send;
pub mod service;
mod shared;
mod to_its_end;
mod trouble;

pub use clock::{Clock, ManualClock, SystemClock};
pub use context::{Connectors, Engine, OpenChannel, Progress, Silent};
pub use cycle::{CycleOptions, CycleReport, planning_digest};
pub use error::EngineError;
pub use lease::{LEASE_MS, Lease};
pub use protection::Protection;
pub use secrets::{KeyError, Sealer};
pub use send::{Limiters, Only, SendOptions, SendReport};
pub use shared::Shared;
pub use to_its_end::to_its_end;
