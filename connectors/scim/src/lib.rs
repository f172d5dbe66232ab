//! The generic SCIM 2.0 client: it implements the target contract over HTTP, driven by a [`Profile`] that is data.
//!
//! A vendor's folder makes a profile and wraps it in a [`ScimConnector`]; there is no branch for any vendor here.
//!
//! What a caller may rely on:
//! - The key goes to the configured address only: redirects are never followed, plain http is refused except on loopback.
//! - Every operation ends within its time-out, and every reply is read with a limit.
//! - `encode` is pure, and what it shows of a request holds no masked value.
//! - A write is never repeated here. Its error says what follows from it; only a create whose outcome is open is
//!   [`Unknown`](usher_connector::Failure::Unknown), since repeating any other request gives the same state.
#![deny(missing_docs)]

pub mod address;
mod check;
mod classify;
mod client;
mod connector;
mod encode;
mod errors;
mod fields;
pub mod http;
mod mask;
mod members;
mod profile;
mod read;
pub mod settings;
mod target;
mod write;

pub use connector::ScimConnector;
pub use profile::{Profile, Remedy};
