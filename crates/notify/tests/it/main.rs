//! Messages as receivers get them.
#![allow(clippy::string_slice, clippy::unwrap_used, clippy::indexing_slicing)]

mod mail;
mod webhook;
