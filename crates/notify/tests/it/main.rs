//! Messages as receivers get them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod mail;
mod webhook;
