//! The tabs of a channel.

pub(crate) mod sent;
mod source;
