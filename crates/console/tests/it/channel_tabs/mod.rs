//! The tabs of a channel.

mod fields;
mod mapping;
mod policy;
pub(crate) mod sent;
mod source;
