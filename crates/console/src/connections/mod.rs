//! Identity Provider > SP Connections.

pub(crate) mod draft;
pub(crate) mod tab;
