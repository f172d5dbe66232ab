//! Plain values that go in and out of the store.

mod administration;
mod audit;
mod outbox;
mod subjects;

pub use administration::*;
pub use audit::*;
pub use outbox::*;
pub use subjects::*;
