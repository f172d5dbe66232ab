//! The contracts between the engine and what it reads from ([`Source`]) and writes to
//! ([`Target`]).
#![deny(missing_docs)]

#[cfg(feature = "contract")]
pub mod contract;
pub mod scope;
mod source;
mod target;

pub use source::*;
pub use target::*;
