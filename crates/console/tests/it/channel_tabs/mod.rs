//! The tabs of a channel.

mod fields;
mod mapping;
mod policy;
mod seen;
pub(crate) mod sent;
mod source;
