//! The tabs of a channel.

mod sent;
mod source;
